//! Payload read from front to end through a window, as scanners want it: lines, counted bytes, and no byte of a hole passed off
//! as data.

use super::{Error, Payload};
use crate::model::Timestamp;

/// Bytes read at once, unless more are asked for.
const WINDOW: usize = 64 << 10;

/// A place in a payload, moving forward. What it gives never reaches into a hole.
pub struct Bytes<'a> {
    payload: &'a dyn Payload,
    /// Where it is.
    at: u64,
    /// Up to where there is no hole.
    solid: u64,
    /// Bytes from `start` on.
    window: Vec<u8>,
    start: u64,
}

impl<'a> Bytes<'a> {
    /// At the beginning.
    pub fn new(payload: &'a dyn Payload) -> Self {
        let mut bytes = Bytes { payload, at: 0, solid: 0, window: Vec::new(), start: 0 };
        bytes.seek(0);
        bytes
    }

    /// Where it is.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// Where the payload ends.
    pub fn end(&self) -> u64 {
        self.payload.length()
    }

    /// Nothing follows, not even a hole.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.end()
    }

    /// A hole begins here: its length.
    pub fn hole(&self) -> Option<u64> {
        self.payload.gap_from(self.at).filter(|gap| gap.start <= self.at).map(|gap| gap.end - self.at)
    }

    /// Bytes that follow before the next hole or the end.
    pub fn solid(&self) -> u64 {
        self.solid - self.at
    }

    /// The time the next byte was captured.
    pub fn time(&self) -> Option<Timestamp> {
        self.payload.time_at(self.at)
    }

    /// Goes on `count` bytes, holes or not.
    pub fn skip(&mut self, count: u64) {
        self.seek(self.at.saturating_add(count).min(self.end()));
    }

    /// The next bytes, at least one unless a hole or the end is here, at most `most`. They stay: [`skip`](Self::skip) takes them.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn peek(&mut self, most: usize) -> Result<&[u8], Error> {
        let wanted = (most as u64).min(self.solid()) as usize;
        if wanted == 0 {
            return Ok(&[]);
        }
        let held = (self.start + self.window.len() as u64).saturating_sub(self.at) as usize;
        if self.at < self.start || held < wanted {
            self.fill(wanted)?;
        }
        let from = (self.at - self.start) as usize;
        Ok(&self.window[from..from + wanted])
    }

    /// The next bytes up to `most`, taken.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn take(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let taken = self.peek(most)?.to_vec();
        self.skip(taken.len() as u64);
        Ok(taken)
    }

    /// Whether `prefix` comes next.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn starts_with(&mut self, prefix: &[u8]) -> Result<bool, Error> {
        Ok(self.peek(prefix.len())? == prefix)
    }

    /// The next line without its end (LF, or CR LF), taken; `None` if none ends within `most` bytes, before a hole or the end:
    /// nothing is taken then.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn line(&mut self, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut look = 512.min(most);
        let (line, taken) = loop {
            let peeked = self.peek(look)?;
            if let Some(at) = peeked.iter().position(|&byte| byte == b'\n') {
                break (peeked[..at].strip_suffix(b"\r").unwrap_or(&peeked[..at]).to_vec(), at + 1);
            }
            if peeked.len() < look || look == most {
                return Ok(None);
            }
            look = (look * 4).min(most);
        };
        self.skip(taken as u64);
        Ok(Some(line))
    }

    /// Goes to `at`.
    fn seek(&mut self, at: u64) {
        self.at = at;
        if at >= self.solid {
            self.solid = match self.payload.gap_from(at) {
                Some(gap) if gap.start <= at => at,
                Some(gap) => gap.start.min(self.end()),
                None => self.end(),
            };
        }
    }

    /// Reads on, so that `wanted` bytes from here are held.
    fn fill(&mut self, wanted: usize) -> Result<(), Error> {
        let length = (wanted.max(WINDOW) as u64).min(self.solid()) as usize;
        self.window.resize(length, 0);
        self.start = self.at;
        self.payload.read_at(self.at, &mut self.window).inspect_err(|_| self.window.clear())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Memory;
    use super::*;

    #[test]
    fn lines_end_before_holes() {
        let memory = Memory::with_gap(b"one\r\ntwo\nthr    ee\n", 12..16);
        let mut bytes = Bytes::new(&memory);
        assert_eq!(bytes.line(100).unwrap().unwrap(), b"one");
        assert_eq!(bytes.line(3).unwrap(), None, "longer than asked for");
        assert_eq!(bytes.line(4).unwrap().unwrap(), b"two");
        assert_eq!(bytes.line(100).unwrap(), None);
        assert_eq!((bytes.offset(), bytes.solid(), bytes.hole()), (9, 3, None));
        assert_eq!(bytes.take(100).unwrap(), b"thr");
        assert_eq!((bytes.solid(), bytes.hole()), (0, Some(4)));
        assert_eq!(bytes.peek(5).unwrap(), b"");
        bytes.skip(4);
        assert_eq!(bytes.take(9).unwrap(), b"ee\n");
        assert!(bytes.is_at_end() && bytes.peek(1).unwrap().is_empty());
        let mut bytes = Bytes::new(&memory);
        bytes.take(3).unwrap();
        bytes.skip(100);
        assert_eq!(bytes.peek(1).unwrap(), b"", "beyond what was read");
    }

    #[test]
    fn nothing_is_there_behind_the_window() {
        let memory = Memory::with_gap(b"abcdefgh", 2..6);
        let mut bytes = Bytes::new(&memory);
        assert_eq!(bytes.peek(1).unwrap(), b"a");
        bytes.skip(4);
        assert_eq!(bytes.peek(1).unwrap(), b"", "within a hole");
        assert_eq!(bytes.line(9).unwrap(), None);
        bytes.skip(4);
        assert_eq!(bytes.peek(1).unwrap(), b"", "at the end");
    }

    #[test]
    fn long_payload_goes_through_the_window() {
        let payload: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
        let memory = Memory::new(&payload);
        let mut bytes = Bytes::new(&memory);
        let mut all = Vec::new();
        while !bytes.is_at_end() {
            let step = 1 + all.len() % 70_000;
            all.extend(bytes.take(step).unwrap());
        }
        assert!(all == payload);
    }
}
