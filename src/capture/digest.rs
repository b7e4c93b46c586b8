//! Size and digests of a file as it lies, taken while it is read, when its bytes are in the cache anyway.

use sha2::{Digest, Sha256};

/// How much of a file its `head_sha256` covers.
pub const HEAD: u64 = 1 << 20;
/// What was seen of a file.
#[derive(Clone, Default)]
pub struct Seen {
    size: u64,
    whole: Sha256,
    head: Option<[u8; 32]>,
}

impl Seen {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let split = HEAD.saturating_sub(self.size).min(bytes.len() as u64) as usize;
        let (head, rest) = bytes.split_at(split);
        self.whole.update(head);
        self.size += bytes.len() as u64;
        if self.head.is_none() && self.size >= HEAD {
            self.head = Some(self.whole.clone().finalize().into());
        }
        self.whole.update(rest);
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of all bytes, then of the first [`HEAD`] of them.
    pub fn digests(self) -> ([u8; 32], [u8; 32]) {
        let whole = self.whole.finalize().into();
        (whole, self.head.unwrap_or(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn head_and_whole_whatever_the_pieces() {
        let bytes: Vec<u8> = (0..3_000_001u32).map(|i| (i % 251) as u8).collect();
        for piece in [70_000, 1 << 20, 4_000_000] {
            let mut seen = Seen::default();
            bytes.chunks(piece).for_each(|piece| seen.feed(piece));
            assert_eq!(seen.size(), bytes.len() as u64);
            assert_eq!(seen.digests(), (sha256(&bytes), sha256(&bytes[..HEAD as usize])));
        }
    }
}
