//! Rows as CSV (RFC 4180, `\n` between lines): NULL is empty, blobs are lower-case hexadecimal.

use std::io::{self, Write};

use super::escape::hex;
use super::{Error, Rows, View};
use crate::case;
use crate::index::{Listing, Selection, Sink, Value};

/// Writes rows as CSV, column names first.
pub struct Csv<W: Write> {
    out: ::csv::Writer<W>,
}

impl<W: Write> Csv<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Csv { out: ::csv::Writer::from_writer(out) }
    }
}

impl<W: Write> Rows for Csv<W> {
    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Sink for Csv<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.out.write_record(names).map_err(io_error)
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        values.iter().try_for_each(|value| write_field(&mut self.out, value)).map_err(io_error)?;
        self.out.write_record(None::<&[u8]>).map_err(io_error)
    }
}

fn write_field<W: Write>(out: &mut ::csv::Writer<W>, value: &Value<'_>) -> ::csv::Result<()> {
    match value {
        Value::Null => out.write_field(""),
        Value::Integer(number) => out.write_field(number.to_string()),
        Value::Real(number) => out.write_field(number.to_string()),
        Value::Text(text) => out.write_field(text),
        Value::Blob(bytes) => out.write_field(hex(bytes)),
    }
}

/// Keeps the kind: a closed pipe must be told from a full disk.
fn io_error(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The whole case as CSV: one row a flow, with the columns of the `flows` view.
pub struct Report;

impl View for Report {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        let mut rows = Csv::new(out);
        case.index().list(Listing::Flows, &Selection::default(), None, &mut rows)?;
        rows.finish().map_err(Error::Write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::feed;

    #[test]
    fn quotes_what_must_be_quoted() {
        let mut out = Vec::new();
        let mut rows = Csv::new(&mut out);
        feed(&mut rows);
        rows.finish().unwrap();
        drop(rows);
        assert_eq!(String::from_utf8(out).unwrap(), "id,ratio,name,data\n1,0.5,\"a\n\x1b\"\"\",00ff\n22,,,\n");
    }
}
