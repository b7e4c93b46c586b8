//! What few connections have, boxed together, so that the others need not carry it.

use super::connection::Strangeness;
use super::history::More;
use super::link::Link;
use super::span::Span;
use crate::model::Path;

/// Everything a usual connection does not need.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rare {
    /// First occurrence and count of each kind of anomaly of each of its flows.
    pub strange: Vec<Strangeness>,
    /// Paths beyond the first; the first too, if it is no usual one.
    pub paths: Vec<Path>,
    /// Where a side's first frame came on another link than the other side's tells.
    pub links: [Option<Link>; 2],
    /// Time of frames that are counted in no flow.
    pub uncounted: Option<Span>,
    /// Payload bytes that were captured again, by side.
    pub retransmitted_bytes: [u64; 2],
    /// Segments with new bytes that lie before others seen earlier, by side.
    pub out_of_order: [u64; 2],
    /// What the history has no room for.
    pub history: More,
}

/// Perhaps something rare.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rarely(Option<Box<Rare>>);

impl Rarely {
    /// What there is.
    pub fn get(&self) -> Option<&Rare> {
        self.0.as_deref()
    }

    /// See [`get`](Self::get).
    pub fn get_mut(&mut self) -> Option<&mut Rare> {
        self.0.as_deref_mut()
    }

    /// What there is, made if there was nothing.
    pub fn make(&mut self) -> &mut Rare {
        self.0.get_or_insert_default()
    }
}
