//! F3: frames in. Files of every format become batches of frames; several of them become one stream ordered by time.
//!
//! The way of a byte: [`block`] reads and decompresses the file, [`digest`] digests it as it lies, [`reader`] cuts the stream
//! into batches with [`pcap`], [`pcapng`] or [`snoop`], [`merge`] puts the frames of many captures into one order. [`walk()`] and
//! [`probe()`] look before anything is read, [`filter`] says which frames are wanted.
//!
//! [`live`] hears them on interfaces. Nothing else here reads a clock: every time comes from a capture. Damage never loses the frames
//! in front of it. [`mod@write`] puts frames into captures.

#![allow(clippy::disallowed_methods, reason = "this floor reads files")]

use std::fmt;

use crate::model::Batch;

pub mod block;
pub mod bpf;
pub mod digest;
pub mod filter;
#[cfg(test)]
mod fixtures;
pub mod live;
pub mod merge;
pub mod pcap;
pub mod pcapng;
pub mod probe;
pub mod reader;
mod sink;
pub mod snoop;
pub mod walk;
pub mod write;

pub use filter::Filter;
pub use merge::{Ended, Merge, Planned, Step, plan};
pub use probe::{Probe, file_sha256, probe};
pub use reader::{Identity, Reader};
pub use walk::{Walk, walk};

/// Frames in: what every reader of captures is to the floors above. The plug-in point for new formats.
pub trait Source {
    /// Clears `batch` and fills it with the next frames, about [`block::BLOCK`] bytes of them. `false`: there are no more
    /// after these. A batch may come without frames: a record larger than a block takes several calls.
    ///
    /// # Errors
    /// The capture is cut short or damaged here; frames in front of that were given out by earlier calls.
    fn fill(&mut self, batch: &mut Batch) -> Result<bool, Stop>;
}

/// Why reading a capture ended before its end. Not an error of the program: it is recorded with the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What it makes of the capture.
    pub status: Status,
    /// Where in the decompressed capture, in bytes; `None` where nothing could be read.
    pub offset: Option<u64>,
    /// What is wrong and where, without the path.
    pub message: String,
}

/// How far a capture could be read that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ends inside a frame, a block or a compressed stream.
    Truncated,
    /// It contradicts its format; what follows was not read.
    Damaged,
    /// It cannot be opened, or is no capture.
    Unreadable,
}

impl Stop {
    pub(crate) fn truncated(offset: u64, message: impl Into<String>) -> Self {
        Stop { status: Status::Truncated, offset: Some(offset), message: message.into() }
    }

    pub(crate) fn damaged(offset: u64, message: impl Into<String>) -> Self {
        Stop { status: Status::Damaged, offset: Some(offset), message: message.into() }
    }

    /// The file can be read, but not as a capture.
    pub(crate) fn no_capture(offset: u64, message: impl Into<String>) -> Self {
        Stop { status: Status::Unreadable, offset: Some(offset), message: message.into() }
    }

    /// The system does not give the file.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Stop { status: Status::Unreadable, offset: None, message: message.into() }
    }
}

impl Status {
    /// The name in the `captures` view.
    pub fn name(self) -> &'static str {
        match self {
            Status::Truncated => "truncated",
            Status::Damaged => "damaged",
            Status::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What is wrong with the request itself, before any capture is read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `-` together with other captures: they could not be put in order.
    #[error("`-` (standard input) must be the only capture")]
    StdinNotAlone,
    /// A directory of captures that cannot be listed.
    #[error("`{path}`: {source}")]
    Directory {
        /// The directory.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// libpcap understands the expression for no link type.
    #[error("filter `{expression}`: {message}")]
    Filter {
        /// As given.
        expression: String,
        /// libpcap's words.
        message: String,
    },
}
