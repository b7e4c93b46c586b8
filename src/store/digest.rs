//! Digests that follow the contiguous front of a flow.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::SeekFrom;
use sha2::Digest;
use smallvec::SmallVec;

use crate::model::{Digests, HashKind};

/// Running digests of the bytes from a flow's base up to `position`.
#[derive(Clone)]
pub struct Front {
    /// Stream position of the next byte to be fed.
    pub position: i64,
    hashers: SmallVec<[Hasher; 1]>,
}

#[derive(Clone)]
enum Hasher {
    Sha256(sha2::Sha256),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(kind: HashKind) -> Self {
        match kind {
            HashKind::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            HashKind::Md5 => Hasher::Md5(md5::Md5::new()),
            HashKind::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            HashKind::Blake3 => Hasher::Blake3(Box::default()),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Md5(hasher) => hasher.update(bytes),
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Blake3(hasher) => drop(hasher.update(bytes)),
        }
    }
}

impl Front {
    /// Nothing fed yet; the first byte will be that at `base`.
    pub fn new(kinds: &[HashKind], base: i64) -> Self {
        Front { position: base, hashers: kinds.iter().map(|kind| Hasher::new(*kind)).collect() }
    }

    /// Feeds the bytes at the front.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.position += bytes.len() as i64;
        self.hashers.iter_mut().for_each(|hasher| hasher.feed(bytes));
    }

    /// The digests of all that was fed.
    pub fn finish(self) -> Digests {
        let mut digests = Digests::default();
        for hasher in self.hashers {
            match hasher {
                Hasher::Sha256(hasher) => digests.sha256 = Some(hasher.finalize().into()),
                Hasher::Md5(hasher) => digests.md5 = Some(hasher.finalize().into()),
                Hasher::Sha1(hasher) => digests.sha1 = Some(hasher.finalize().into()),
                Hasher::Blake3(hasher) => digests.blake3 = Some(hasher.finalize().into()),
            }
        }
        digests
    }
}

/// Bytes read at once.
const BLOCK: usize = 256 << 10;

impl Front {
    /// Feeds a range of a file. What the file system knows to be a hole is not read.
    pub fn feed_file(&mut self, file: &File, mut at: u64, end: u64) -> io::Result<()> {
        let mut buffer = vec![0; BLOCK.min((end - at) as usize)];
        while at < end {
            let data = if end - at > BLOCK as u64 { next_data(file, at)?.min(end) } else { at };
            if data > at {
                buffer.fill(0);
            }
            while at < data {
                let zeros = buffer.len().min((data - at) as usize);
                self.feed(&buffer[..zeros]);
                at += zeros as u64;
            }
            let bytes = buffer.len().min((end - at) as usize);
            file.read_exact_at(&mut buffer[..bytes], at)?;
            self.feed(&buffer[..bytes]);
            at += bytes as u64;
        }
        Ok(())
    }
}

/// Offset of the next byte at or behind `at` that is in no hole; behind the last, the end of all files.
fn next_data(file: &File, at: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(data),
        Err(rustix::io::Errno::NXIO) => Ok(u64::MAX),
        Err(rustix::io::Errno::INVAL) => Ok(at),
        Err(error) => Err(error.into()),
    }
}

/// The digests of a whole file.
pub fn of_file(kinds: &[HashKind], file: &File) -> io::Result<Digests> {
    let mut front = Front::new(kinds, 0);
    front.feed_file(file, 0, file.metadata()?.len())?;
    Ok(front.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_zeros() {
        let file = tempfile::tempfile().unwrap();
        let mut whole = vec![0; 3_000_000];
        for (at, bytes) in [(1_000_000, &b"here"[..]), (1_500_000, b"and there"), (2_999_999, b"!")] {
            file.write_all_at(bytes, at as u64).unwrap();
            whole[at..][..bytes.len()].copy_from_slice(bytes);
        }
        let mut front = Front::new(&HashKind::ALL, 0);
        front.feed(&whole);
        assert_eq!(of_file(&HashKind::ALL, &file).unwrap(), front.finish());
        file.set_len(4_000_000).unwrap();
        whole.resize(4_000_000, 0);
        let mut front = Front::new(&HashKind::ALL, 0);
        front.feed(&whole);
        assert_eq!(of_file(&HashKind::ALL, &file).unwrap(), front.finish());
    }
}
