//! Digests that follow the contiguous front of a flow.

use sha2::Digest;

use crate::model::{Digests, HashKind};

/// Running digests of the bytes from a flow's base up to `front`.
#[derive(Clone)]
pub struct Front {
    /// Stream position of the next byte to be fed.
    pub position: i64,
    sha256: Option<sha2::Sha256>,
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    blake3: Option<Box<blake3::Hasher>>,
}

impl Front {
    /// Nothing fed yet; the first byte will be that at `base`.
    pub fn new(kinds: &[HashKind], base: i64) -> Self {
        let has = |kind| kinds.contains(&kind);
        Front {
            position: base,
            sha256: has(HashKind::Sha256).then(sha2::Sha256::new),
            md5: has(HashKind::Md5).then(md5::Md5::new),
            sha1: has(HashKind::Sha1).then(sha1::Sha1::new),
            blake3: has(HashKind::Blake3).then(|| Box::new(blake3::Hasher::new())),
        }
    }

    /// Feeds the bytes at the front.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.position += bytes.len() as i64;
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.md5 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha1 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.blake3 {
            hasher.update(bytes);
        }
    }

    /// The digests of all that was fed.
    pub fn finish(self) -> Digests {
        Digests {
            sha256: self.sha256.map(|hasher| hasher.finalize().into()),
            md5: self.md5.map(|hasher| hasher.finalize().into()),
            sha1: self.sha1.map(|hasher| hasher.finalize().into()),
            blake3: self.blake3.map(|hasher| hasher.finalize().into()),
        }
    }
}

/// The digests of everything a reader yields.
pub fn of_reader(kinds: &[HashKind], mut reader: impl std::io::Read) -> std::io::Result<Digests> {
    let (mut front, mut buffer) = (Front::new(kinds, 0), vec![0; 1 << 18]);
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(front.finish()),
            read => front.feed(&buffer[..read]),
        }
    }
}
