//! A flow that nobody has used for a while, in as few bytes as it can be: it is in order, written, closed and digested.
//!
//! Hundreds of thousands of connections may stand open with a request and an answer each. What their flows need to go on
//! is known, but seldom wanted: asleep, a usual one takes about eighty bytes in a file ([`Bed`](super::Bed)) and twenty in
//! memory, awake a thousand.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::Front;
use super::template::DIRECTORY;
use crate::model::{Digests, Timestamp};

/// Longer flows do not sleep while their digests run: should they go on, they would have to be read again from the start.
pub const SHORT: u64 = 16 << 10;

/// All a store knows of a flow, but for what a few bytes read again can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asleep {
    /// Relative to the case.
    #[serde(with = "text")]
    pub path: String,
    /// Stream position of offset 0, which is also where the flow's bytes begin on disk.
    pub base: i64,
    /// Its length in bytes, holes counted.
    pub length: u64,
    /// Time of the flow's first frame.
    pub first: Option<Timestamp>,
    /// How long the last commit left its file; `None` if it made none.
    pub committed: Option<u64>,
    /// This run changes its file, and the journal knows.
    pub changed: bool,
    /// Digests of all of it; `None` if it has to be read for them.
    pub digests: Option<Digests>,
    /// Where its bytes lie in packs; `None` if they lie in a file.
    pub pieces: Option<Vec<u8>>,
}

/// The digests to keep of a flow that ends at `end`: as `front` has them, if it has seen all. `None`: it must not sleep.
pub fn digests(front: Option<&Front>, stale: bool, end: i64, length: u64) -> Option<Option<Digests>> {
    match front.filter(|_| !stale) {
        None => Some(None),
        Some(_) if length > SHORT => None,
        Some(front) => Some((front.position == end).then(|| front.clone().finish())),
    }
}

impl Asleep {
    /// Together with what the caller keeps of it.
    pub fn encode<T: Serialize>(&self, with: &T) -> Vec<u8> {
        postcard::to_extend(&(self, with), Vec::with_capacity(128)).expect("a vector takes everything")
    }

    /// What [`encode`](Self::encode) made.
    pub fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> (Asleep, T) {
        postcard::from_bytes(bytes).expect("as it was encoded in this run")
    }
}

/// Names of flows are digits, most of them: two to a byte.
mod text {
    use super::*;

    pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let inside = text.strip_prefix(DIRECTORY);
        (inside.is_some(), super::pack(inside.unwrap_or(text))).serialize(serializer)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<String, D::Error> {
        let (inside, packed) = <(bool, Vec<u8>)>::deserialize(deserializer)?;
        let text = super::unpack(&packed);
        Ok(if inside { format!("{DIRECTORY}{text}") } else { text })
    }
}

/// Characters that take half a byte.
const USUAL: &[u8; 15] = b"0123456789.-/cf";
/// Half a byte that says: the next two are a whole one. At the end: there is no more.
const OTHER: u8 = 15;

fn pack(text: &str) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() / 2 + 8);
    let mut first = None;
    let mut put = |half: u8| match first.take() {
        Some(first) => packed.push(first << 4 | half),
        None => first = Some(half),
    };
    for byte in text.bytes() {
        match USUAL.iter().position(|&usual| usual == byte) {
            Some(place) => put(place as u8),
            None => [OTHER, byte >> 4, byte & 15].into_iter().for_each(&mut put),
        }
    }
    if let Some(first) = first {
        packed.push(first << 4 | OTHER);
    }
    packed
}

fn unpack(packed: &[u8]) -> String {
    let mut halves = packed.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let byte = || match halves.next()? {
        OTHER => Some(halves.next()? << 4 | halves.next()?),
        usual => Some(USUAL[usize::from(usual)]),
    };
    String::from_utf8_lossy(&std::iter::from_fn(byte).collect::<Vec<u8>>()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asleep(path: &str) -> Asleep {
        let digests = Digests { sha256: Some([0x5a; 32]), ..Digests::default() };
        let first = Timestamp::new(1_700_000_000, 1);
        let path = path.to_owned();
        Asleep {
            path,
            base: 0,
            length: 200,
            first,
            committed: None,
            changed: true,
            digests: Some(digests),
            pieces: None,
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(path in "(flows/)?\\PC{0,40}", base: i64, with: u64) {
            let flow = Asleep { base, ..asleep(&path) };
            let bytes = flow.encode(&with);
            prop_assert_eq!(Asleep::decode::<u64>(&bytes), (flow, with));
        }
    }

    #[test]
    fn a_usual_one_takes_about_eighty_bytes() {
        let flow = asleep("flows/3f/010.000.000.001.20000-192.168.003.004.00080");
        let bytes = flow.encode(&0u8);
        assert!(bytes.len() <= 80, "{}", bytes.len());
    }
}
