//! Payload that costs nothing to make: slices of one block of random bytes, whose checksums are differences of two sums.

/// Bytes after which payload repeats.
const PERIOD: usize = 1 << 20;
/// The longest slice.
const LONGEST: usize = 1 << 16;

/// Random bytes, and the sums of their 16-bit words.
pub struct Pool {
    bytes: Vec<u8>,
    /// Sum of the words before each even offset.
    sums: Vec<u64>,
}

impl Pool {
    /// Always the same bytes.
    pub fn new() -> Pool {
        let mut bytes = vec![0; PERIOD];
        fastrand::Rng::with_seed(1).fill(&mut bytes);
        bytes.extend_from_within(..LONGEST);
        let mut sums = vec![0];
        for word in bytes.chunks_exact(2) {
            sums.push(sums[sums.len() - 1] + u64::from(u16::from_be_bytes([word[0], word[1]])));
        }
        Pool { bytes, sums }
    }

    /// `length` bytes at an even `offset`, and the sum of their words (RFC 1071, not yet folded).
    pub fn slice(&self, offset: u64, length: usize) -> (&[u8], u64) {
        if length == 0 {
            return (&[], 0);
        }
        let start = (offset % PERIOD as u64) as usize;
        assert!(start.is_multiple_of(2) && length <= LONGEST);
        let bytes = &self.bytes[start..start + length];
        let odd = if length % 2 == 1 { u64::from(bytes[length - 1]) << 8 } else { 0 };
        (bytes, self.sums[(start + length) / 2] - self.sums[start / 2] + odd)
    }
}
