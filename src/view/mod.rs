//! F5: readers of a case. Each view is one short file, made from the index and the payload, never read back by the
//! program; the same case gives the same bytes.
//!
//! Two sorts: a [`View`] writes a whole case in one format ([`dfxml`], [`csv`], [`json`], [`html`], [`pictures`]);
//! [`Rows`] are the rows of any listing or query ([`table`], [`csv`], [`json`]).

use std::io::{self, Write};

use crate::index::Sink;
use crate::{case, index};

pub mod bodies;
pub mod console;
pub mod csv;
pub mod dfxml;
pub mod escape;
pub mod files;
pub mod findx;
pub mod html;
pub mod info;
pub mod json;
pub mod pictures;
pub mod report;
pub mod show;
pub mod table;

/// A whole case in one format.
pub trait View {
    /// Writes the view to `out`, in bounded memory. Depends on nothing but the case: two calls write the same bytes.
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error>;
}

/// Rows of a listing or query in one format, written as they come.
pub trait Rows: Sink {
    /// Writes what is left after the last row.
    fn finish(&mut self) -> io::Result<()>;
}

/// A view that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index could not be read.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A payload file could not be read.
    #[error("`{path}`: {source}")]
    Payload {
        /// Relative to the case.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The page could not be made into this sort of picture.
    #[error("no picture: {0}")]
    Picture(String),
    /// What was made could not be written.
    #[error("{0}")]
    Write(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use crate::index::{Sink, Value};

    pub fn names() -> Vec<String> {
        ["id", "ratio", "name", "data"].map(String::from).to_vec()
    }

    /// Two rows with every sort of value.
    pub fn feed(sink: &mut dyn Sink) {
        sink.columns(&names()).unwrap();
        let text = "a\n\x1b\"";
        sink.row(&[Value::Integer(1), Value::Real(0.5), Value::Text(text), Value::Blob(&[0, 255])]).unwrap();
        sink.row(&[Value::Integer(22), Value::Null, Value::Null, Value::Null]).unwrap();
    }
}
