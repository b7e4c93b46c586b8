//! F3: payload at rest. Bytes gather until enough of them lie side by side ([`gathered`]) and go to their place in a file
//! beneath the case directory ([`files`]) or into a pack ([`packed`]); names come from templates; digests follow the contiguous front.
//!
//! Law 7 is kept here: a committed byte is never changed in place without an undo record ([`journal`]), files that must
//! be rebuilt are built beside and renamed after the commit, and [`recover`] puts things right after a kill.
//! Law 9 too: every path is made of numbers and a checked template, and opened beneath the case without following links.
#![allow(clippy::disallowed_methods, reason = "this floor is payload at rest")]

use crate::model::{Digests, FlowId, PackFrame, Timestamp};

pub mod asleep;
pub mod bed;
pub mod beneath;
pub mod digest;
pub mod files;
pub mod gather;
pub mod gathered;
pub mod journal;
mod keys;
pub mod memory;
pub mod names;
pub mod objects;
pub mod packed;
pub mod recover;
pub mod template;

pub use asleep::Asleep;
pub use bed::Bed;
pub use files::Files;
pub use gathered::Gathered;
pub use keys::Keys;
pub use memory::Memory;
pub use packed::Packed;

/// A store that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("`{path}`: {source}")]
    Io {
        /// Relative to the case.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file stands where a payload file must be made; it is not ours and stays.
    #[error("`{0}`: a file that is not part of the case stands where a flow must be written")]
    InTheWay(String),
    /// The index says of a flow that it lies where no store puts one.
    #[error("`{0}`: what says where it lies in its pack makes no sense")]
    Pieces(String),
}

/// Names the file an I/O error belongs to.
pub(crate) fn at(path: &str) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}

/// How a case keeps its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One file a flow.
    #[default]
    Files,
    /// A few files of compressed frames.
    Packed,
}

impl Kind {
    /// The name on the command line and in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Files => "files",
            Kind::Packed => "packed",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Kind::Files, Kind::Packed].into_iter().find(|kind| kind.name() == name)
    }
}

/// A payload file that an earlier commit left.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AtRest {
    /// Relative to the case.
    pub path: String,
    /// Stream position of offset 0.
    pub base: i64,
    /// Its length in bytes, holes counted.
    pub length: u64,
    /// Time of the flow's first frame: the file's times.
    pub first: Option<Timestamp>,
    /// Where its bytes lie in packs; `None` if they lie in a file.
    pub pieces: Option<Vec<u8>>,
}

/// A flow that was closed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Relative to the case.
    pub path: String,
    /// Digests of the whole payload.
    pub digests: Digests,
    /// Where its bytes lie in packs ([`packed::pieces`]); `None` if they lie in a file.
    pub pieces: Option<Vec<u8>>,
}

/// Where payload goes. Positions are stream positions; a flow's base says which of them is offset 0.
pub trait PayloadStore: Send {
    /// Flows with these paths will be begun: told for many at once, before the first byte of any is written.
    fn announce(&self, paths: &mut dyn Iterator<Item = &str>) -> Result<(), Error>;
    /// A new flow, to be stored under `path` (relative to the case).
    fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>);
    /// A flow of an earlier commit goes on.
    fn resume(&mut self, flow: FlowId, at_rest: AtRest);
    /// Offset 0 lies at `base` from now on; what lies before it is dropped.
    fn rebase(&mut self, flow: FlowId, base: i64);
    /// Stores bytes where none are.
    fn write(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error>;
    /// Reads bytes back; holes are zeros.
    fn read(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error>;
    /// Overwrites stored bytes.
    fn replace(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error>;
    /// The flow is probably whole: nothing of it need be kept in memory. It may still go on.
    fn rest(&mut self, flow: FlowId) -> Result<(), Error>;
    /// The flow has not been used for a while. If that is worth it, the store forgets the flow, and gives what it needs to go on.
    fn sleep(&mut self, flow: FlowId) -> Result<Option<Asleep>, Error>;
    /// The flow goes on.
    fn wake(&mut self, flow: FlowId, asleep: Asleep);
    /// The flow is whole, `length` bytes from its base. Without `digested` its digests are left out: holes are free, but not
    /// to digest.
    fn close(&mut self, flow: FlowId, length: u64, digested: bool) -> Result<Stored, Error>;
    /// All flows are closed: what the commit needs is written, and what must wait for it is told to the journal. Gives the
    /// frames of packs made since the last commit, for the index.
    fn prepare(&mut self) -> Result<Vec<PackFrame>, Error>;
    /// The commit happened: what waited for it is done.
    fn settle(&mut self) -> Result<(), Error>;
}
