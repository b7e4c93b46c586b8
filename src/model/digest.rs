//! Names and values of the digests a case keeps of each flow.

use std::fmt::Write;

/// A hash function a case can be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// MD5 (RFC 1321): for comparison with older lists only.
    Md5,
    /// SHA-1 (FIPS 180-4): for comparison with older lists only.
    Sha1,
    /// BLAKE3.
    Blake3,
}

impl HashKind {
    /// Every kind, in the order of the columns of the `flows` view.
    pub const ALL: [HashKind; 4] = [HashKind::Sha256, HashKind::Md5, HashKind::Sha1, HashKind::Blake3];

    /// The name on the command line and of the column.
    pub fn name(self) -> &'static str {
        match self {
            HashKind::Sha256 => "sha256",
            HashKind::Md5 => "md5",
            HashKind::Sha1 => "sha1",
            HashKind::Blake3 => "blake3",
        }
    }
}

/// Digests of one payload (holes read as zeros); `None` where the case does not keep that kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// SHA-1.
    pub sha1: Option<[u8; 20]>,
    /// BLAKE3.
    pub blake3: Option<[u8; 32]>,
}

impl Digests {
    /// The digest of one kind, if the case keeps it.
    pub fn get(&self, kind: HashKind) -> Option<&[u8]> {
        match kind {
            HashKind::Sha256 => self.sha256.as_ref().map(|digest| digest.as_slice()),
            HashKind::Md5 => self.md5.as_ref().map(|digest| digest.as_slice()),
            HashKind::Sha1 => self.sha1.as_ref().map(|digest| digest.as_slice()),
            HashKind::Blake3 => self.blake3.as_ref().map(|digest| digest.as_slice()),
        }
    }
}

/// Hexadecimal digits, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // writing to a String cannot fail
        let _ = write!(out, "{byte:02x}");
        out
    })
}
