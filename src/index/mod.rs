//! F3: the index, and the only SQL. One SQLite file says everything about a case but the payload bytes themselves.
//!
//! The way of a row: ingest says [`Row`], [`Rows`] turns it into cells (`cells`) and adds up digests for the table's
//! seal (`seal`) on whatever thread has it, [`Writer`] inserts it; [`Reader`] reads it back, typed or through the views. Tables are private,
//! `migrations/` has them; views are the interface, [`columns`] says what they mean. Where payload came from lies
//! encoded ([`extents`]) and is shown by the virtual table `segments` (`origin`). What a user asks in SQL passes a guard (`sql`).
//!
//! Laws held here: a commit is one transaction, seals and batch number included; a file that is foreign, newer or
//! damaged is refused before SQLite may touch it (`file`); nothing but a [`Writer`] ever writes.

#![allow(clippy::disallowed_methods, reason = "the index is a file, and limits of queries are of the wall clock")]

use std::path::PathBuf;

mod cells;
pub mod columns;
mod consistency;
mod empty;
mod ends;
mod file;
#[cfg(test)]
mod fixture;
mod insert;
mod list;
mod macs;
mod networks;
mod origin;
mod packs;
pub mod page;
mod prepared;
pub mod reader;
mod resting;
pub mod rows;
pub mod scans;
mod seal;
mod skips;
mod sql;
mod stored;
mod summary;
#[cfg(test)]
mod tests;
mod traffic;
pub mod writer;

pub use networks::NetworkInfo;
pub use origin::extents;
pub use origin::provenance::SegmentInfo;
pub use packs::{Frames, PackEnd};
pub use page::bodies::Body;
pub use page::transactions::Transaction;
pub use prepared::Rows;
pub use reader::{ConnectionInfo, FlowInfo, Reader};
pub use resting::{Hashes, TAKES as HASHES_TAKE};
pub use rows::{
    AnomalyRow, CaptureRow, ConflictRow, ConnectionRow, DormantRow, FlowRow, FrameRef, Rest, Row, SideRow, Status,
    path_key,
};
pub use scans::{FindingInfo, FindingRow, ObjectRow, ScanInfo, ScannerState};
pub use sql::community::community_id;
pub use sql::parse;
pub use sql::payload::{self, Packed};
pub use sql::query::{End, Listing, QueryLimits, Sink, Value};
pub use sql::selection::{self, Selection};
pub use stored::StoredCapture;
pub use summary::{CaptureInfo, Run, Totals};
pub use traffic::prefixes::{Gathered, Gatherer, Group, Prefix};
pub use traffic::{Columns, Measure, OverTime, SIZES, Service, Top, Weight, size_class};
pub use writer::Writer;

/// An index that cannot be used or refused to do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is something else, and was not touched.
    #[error("`{}`: not the index of a case", path.display())]
    NotACase {
        /// The file.
        path: PathBuf,
    },
    /// A newer program made it; it was not touched.
    #[error("`{}`: made by a newer flowcase (schema {version}, this one knows {ours})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        version: u32,
        /// The last one this program knows.
        ours: u32,
    },
    /// An older program made it, and it must be migrated before it can be read.
    #[error("`{}`: made by an older flowcase (schema {version}, this one reads {ours})", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        version: u32,
        /// The one this program reads.
        ours: u32,
    },
    /// It is the index of a case, but something in it is broken.
    #[error("`{}`: the index is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was seen.
        what: String,
    },
    /// The encoded provenance of a flow makes no sense.
    #[error("the extents of flow {0} are damaged")]
    Extents(u64),
    /// Another program writes it just now, and not in a way that lets others read.
    #[error("the index is being written by another program")]
    Busy,
    /// SQLite said no.
    #[error("index: {0}")]
    Sqlite(String),
    /// The file system said no.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The receiver of rows said no.
    #[error("cannot write rows: {0}")]
    Output(#[source] std::io::Error),
    /// SQL from the user that would do more than read the case.
    #[error("{0}")]
    Refused(String),
    /// SQL from the user that is wrong.
    #[error("{0}")]
    User(String),
}

/// What this floor's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy) => Error::Busy,
            _ => Error::Sqlite(error.to_string()),
        }
    }
}
