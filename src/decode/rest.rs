//! What is left of a frame behind the headers already taken, and how much of it should be there.

use crate::model::Skip;

/// A frame from some header on, with the lengths that say how much of it there was. All ends count from its first byte.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// Captured, and inside every length field so far.
    seen: &'a [u8],
    /// Where the rest begins; past `seen` only behind a header that was passed over.
    at: usize,
    /// End of the frame on the wire, at least that of what was captured.
    on_wire: usize,
    /// End of the packet by the innermost length field, or of the frame while none was met.
    promised: usize,
}

/// An end that nothing tells.
const UNKNOWN: usize = usize::MAX;

impl<'a> Rest<'a> {
    /// A whole frame; `original_len` 0 means that its length on the wire is not known.
    #[inline]
    pub fn new(seen: &'a [u8], original_len: u32) -> Self {
        let on_wire = if original_len == 0 { UNKNOWN } else { (original_len as usize).max(seen.len()) };
        Rest { seen, at: 0, on_wire, promised: on_wire }
    }

    /// The captured bytes.
    #[inline]
    pub fn seen(&self) -> &'a [u8] {
        self.seen.get(self.at..).unwrap_or_default()
    }

    /// The first `N` bytes, left in place.
    ///
    /// # Errors
    /// [`Skip::CutHeader`] if the capture cut them off, [`Skip::Malformed`] if the packet ends before.
    #[inline]
    pub fn peek<const N: usize>(&self) -> Result<&'a [u8; N], Skip> {
        self.seen().first_chunk().ok_or_else(|| self.ends_before(N))
    }

    /// The first `N` bytes, taken off. Errors as [`peek`](Self::peek).
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Skip> {
        let header = self.peek()?;
        self.at += N;
        Ok(header)
    }

    /// What is behind the first `count` bytes. Errors as [`peek`](Self::peek).
    #[inline]
    pub fn skip(&self, count: usize) -> Result<Rest<'a>, Skip> {
        if count > self.seen().len() {
            return Err(self.ends_before(count));
        }
        Ok(Rest { at: self.at + count, ..*self })
    }

    /// As [`skip`](Self::skip), but a header the capture cut is passed over: nothing is left then, only promised.
    #[inline]
    pub fn pass(&self, count: usize) -> Result<Rest<'a>, Skip> {
        if self.at + count > self.promised {
            return Err(Skip::Malformed);
        }
        Ok(Rest { at: self.at + count, ..*self })
    }

    /// Ends the rest after `length` bytes: what a length field says. More than was captured is promised only, and no more
    /// than what it lies in was on the wire.
    #[inline]
    pub fn limit(&self, length: usize) -> Rest<'a> {
        let promised = self.at + length;
        let on_wire = self.on_wire.min(self.promised);
        Rest { seen: &self.seen[..promised.min(self.seen.len())], promised, on_wire, ..*self }
    }

    /// Without the last `count` bytes of what is promised: they are no part of the packet.
    #[inline]
    pub fn without_tail(&self, count: usize) -> Rest<'a> {
        if self.promised == UNKNOWN {
            return *self;
        }
        let end = self.promised.saturating_sub(count).max(self.at);
        Rest { seen: &self.seen[..end.min(self.seen.len())], promised: end, on_wire: self.on_wire.min(end), ..*self }
    }

    /// Ends the rest with what it lies in, where a length field says nothing (0, as segmentation offload leaves it).
    #[inline]
    pub fn ending_with_frame(&self) -> Rest<'a> {
        let promised = if self.promised == UNKNOWN { self.seen.len() } else { self.promised };
        Rest { promised, ..*self }
    }

    /// At least `count` bytes are promised.
    #[inline]
    pub fn holds(&self, count: usize) -> bool {
        self.promised.saturating_sub(self.at) >= count
    }

    /// Everything promised was captured.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.promised <= self.seen.len()
    }

    /// Bytes promised but not captured. A length field cannot promise more than the frame held on the wire.
    #[inline]
    pub fn missing(&self) -> u32 {
        let missing = self.promised.min(self.on_wire).saturating_sub(self.seen.len().max(self.at));
        u32::try_from(missing).unwrap_or(u32::MAX)
    }

    /// Why there are not `count` bytes.
    #[cold]
    fn ends_before(&self, count: usize) -> Skip {
        if self.promised - self.at < count { Skip::Malformed } else { Skip::CutHeader }
    }
}
