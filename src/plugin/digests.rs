//! Millions of digests in little memory: an array for each length, sorted once and searched by halving, and one text with all names.

/// Bytes of names that are kept; digests that come when it is full have none.
const NAMES: usize = 1 << 30;
/// Bytes kept of one name.
const LONGEST: usize = 255;

/// Digests as they come.
#[derive(Default)]
pub struct Digests {
    sha256: Vec<Entry<32>>,
    sha1: Vec<Entry<20>>,
    md5: Vec<Entry<16>>,
    names: Vec<u8>,
    /// Where the last name begins: lists have the same one often in a row.
    last: usize,
}

/// A digest, and where its name begins.
type Entry<const N: usize> = ([u8; N], u32);

impl Digests {
    /// Adds one of 32, 20 or 16 bytes.
    pub fn add(&mut self, digest: &[u8], name: &[u8]) {
        let named = self.named(&name[..name.len().min(LONGEST)]);
        if let Ok(digest) = digest.try_into() {
            self.sha256.push((digest, named));
        } else if let Ok(digest) = digest.try_into() {
            self.sha1.push((digest, named));
        } else if let Ok(digest) = digest.try_into() {
            self.md5.push((digest, named));
        }
    }

    /// Keeps a name, its length first; the first name of all is none.
    fn named(&mut self, name: &[u8]) -> u32 {
        if self.names.is_empty() {
            self.names.push(0);
        }
        if name.is_empty() || self.names.len() + name.len() >= NAMES {
            return 0;
        }
        if name_at(&self.names, self.last) != name {
            self.last = self.names.len();
            // names are cut to what a byte can count
            self.names.push(name.len() as u8);
            self.names.extend_from_slice(name);
        }
        self.last as u32
    }

    /// How many were added.
    pub fn len(&self) -> usize {
        self.sha256.len() + self.sha1.len() + self.md5.len()
    }

    /// None was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ready to be searched; of equal ones the first stays.
    pub fn sorted(self) -> Known {
        let Digests { sha256, sha1, md5, mut names, .. } = self;
        names.shrink_to_fit();
        Known { sha256: sorted(sha256), sha1: sorted(sha1), md5: sorted(md5), names }
    }
}

fn sorted<const N: usize>(mut all: Vec<Entry<N>>) -> Vec<Entry<N>> {
    all.sort_unstable();
    all.dedup_by(|one, before| one.0 == before.0);
    all.shrink_to_fit();
    all
}

fn name_at(names: &[u8], at: usize) -> &[u8] {
    let from = at + 1;
    names.get(at).and_then(|length| names.get(from..from + usize::from(*length))).unwrap_or_default()
}

/// Digests that can be searched.
pub struct Known {
    sha256: Vec<Entry<32>>,
    sha1: Vec<Entry<20>>,
    md5: Vec<Entry<16>>,
    names: Vec<u8>,
}

impl Known {
    /// The name of a digest, empty if it has none; `None` if it is not known.
    pub fn find(&self, digest: &[u8]) -> Option<&[u8]> {
        let named = match digest.len() {
            32 => find(&self.sha256, digest),
            20 => find(&self.sha1, digest),
            16 => find(&self.md5, digest),
            _ => None,
        };
        named.map(|at| name_at(&self.names, at as usize))
    }

    /// Whether there are any of so many bytes.
    pub fn has(&self, size: usize) -> bool {
        match size {
            32 => !self.sha256.is_empty(),
            20 => !self.sha1.is_empty(),
            _ => size == 16 && !self.md5.is_empty(),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.sha256.len() + self.sha1.len() + self.md5.len()
    }
}

fn find<const N: usize>(all: &[Entry<N>], digest: &[u8]) -> Option<u32> {
    all.binary_search_by(|entry| entry.0.as_slice().cmp(digest)).ok().map(|at| all[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_by_halves_as_by_looking_at_each() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut digests = Digests::default();
        let mut twin = std::collections::HashMap::new();
        for number in 0..3000u32 {
            let size = [16, 20, 32][random.usize(..3)];
            let mut digest = vec![7; size];
            digest[size - 1] = random.u8(..);
            digest[0] = random.u8(..4);
            let name = format!("name {}", number / 3);
            digests.add(&digest, name.as_bytes());
            twin.entry(digest).or_insert(name);
        }
        digests.add(&[9; 20], b"");
        digests.add(&[9; 16], &[b'x'; 1000]);
        assert_eq!(digests.len(), 3002);
        let known = digests.sorted();
        assert_eq!(known.len(), twin.len() + 2);
        for (digest, name) in &twin {
            assert_eq!(known.find(digest), Some(name.as_bytes()), "the first name stays");
        }
        assert_eq!(known.find(&[9; 20]), Some(&b""[..]));
        assert_eq!(known.find(&[9; 16]), Some(&[b'x'; LONGEST][..]));
        assert_eq!((known.find(&[8; 16]), known.find(&[7; 19])), (None, None));
        assert!(known.has(32) && !known.has(19));
    }
}
