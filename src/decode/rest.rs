//! What is left of a frame behind the headers already taken, and how much of it should be there.

use crate::model::Skip;

/// Captured bytes from some header on, with the lengths that say how many there were.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// Captured, and inside every length field so far.
    seen: &'a [u8],
    /// From here to the end of the frame on the wire; at least what was captured. `None`: not known.
    on_wire: Option<usize>,
    /// From here to the end that the innermost length field gives. `None`: none gave one.
    promised: Option<usize>,
}

impl<'a> Rest<'a> {
    /// A whole frame; `original_len` 0 means that its length on the wire is not known.
    pub fn new(seen: &'a [u8], original_len: u32) -> Self {
        let on_wire = (original_len > 0).then(|| (original_len as usize).max(seen.len()));
        Rest { seen, on_wire, promised: on_wire }
    }

    /// The captured bytes.
    pub fn seen(&self) -> &'a [u8] {
        self.seen
    }

    /// The first `N` bytes, left in place.
    ///
    /// # Errors
    /// [`Skip::CutHeader`] if the capture cut them off, [`Skip::Malformed`] if the packet ends before.
    #[inline]
    pub fn peek<const N: usize>(&self) -> Result<&'a [u8; N], Skip> {
        self.seen.first_chunk().ok_or_else(|| self.ends_before(N))
    }

    /// The first `N` bytes, taken off. Errors as [`peek`](Self::peek).
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Skip> {
        let header = self.peek()?;
        *self = self.skip(N)?;
        Ok(header)
    }

    /// What is behind the first `count` bytes. Errors as [`peek`](Self::peek).
    #[inline]
    pub fn skip(&self, count: usize) -> Result<Rest<'a>, Skip> {
        let Some((_, seen)) = self.seen.split_at_checked(count) else {
            return Err(self.ends_before(count));
        };
        Ok(Rest { seen, ..self.behind(count) })
    }

    /// As [`skip`](Self::skip), but a header the capture cut is passed over: nothing is left then, only promised.
    #[inline]
    pub fn pass(&self, count: usize) -> Result<Rest<'a>, Skip> {
        match self.ends_before(count) {
            Skip::Malformed => Err(Skip::Malformed),
            _ => Ok(Rest { seen: self.seen.get(count..).unwrap_or_default(), ..self.behind(count) }),
        }
    }

    /// Ends the rest after `length` bytes: what a length field says. More than was captured is promised only.
    #[inline]
    pub fn limit(&self, length: usize) -> Rest<'a> {
        Rest { seen: &self.seen[..length.min(self.seen.len())], on_wire: self.on_wire, promised: Some(length) }
    }

    /// Ends the rest with the frame, where a length field says nothing (0, as segmentation offload leaves it).
    #[inline]
    pub fn ending_with_frame(&self) -> Rest<'a> {
        Rest { promised: Some(self.on_wire.unwrap_or(self.seen.len())), ..*self }
    }

    /// Everything promised was captured.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.promised.is_none_or(|promised| promised <= self.seen.len())
    }

    /// Bytes promised but not captured. A length field cannot promise more than the frame held on the wire.
    #[inline]
    pub fn missing(&self) -> u32 {
        let there = self.promised.into_iter().chain(self.on_wire).min().unwrap_or_default();
        u32::try_from(there.saturating_sub(self.seen.len())).unwrap_or(u32::MAX)
    }

    fn behind(&self, count: usize) -> Rest<'a> {
        let less = |length: Option<usize>| length.map(|length| length.saturating_sub(count));
        Rest { seen: &[], on_wire: less(self.on_wire), promised: less(self.promised) }
    }

    /// Why there are not `count` bytes.
    fn ends_before(&self, count: usize) -> Skip {
        if self.promised.is_some_and(|promised| promised < count) { Skip::Malformed } else { Skip::CutHeader }
    }
}
