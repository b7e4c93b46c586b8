//! Rows as an aligned table for people.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment};

use super::Rows;
use super::escape::{hex, printable};
use crate::index::{Sink, Value};

/// Rows laid out at once: bounds memory. A longer result is a series of tables, each under the column names.
const BLOCK: usize = 1000;

/// Writes rows as tables. Call [`finish`](Self::finish) after the last row.
pub struct Table<W: Write> {
    out: W,
    keep: Option<&'static [&'static str]>,
    columns: Vec<(usize, String)>,
    rows: Vec<Vec<Cell>>,
    written: u64,
}

impl<W: Write> Table<W> {
    /// Shows every column, or only those named in `keep`, in their order in the result.
    pub fn new(out: W, keep: Option<&'static [&'static str]>) -> Self {
        Table { out, keep, columns: Vec::new(), rows: Vec::new(), written: 0 }
    }

    fn write_block(&mut self) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.force_no_tty();
        table.set_header(self.columns.iter().map(|(_, name)| name.as_str()));
        self.written += self.rows.len() as u64;
        table.add_rows(self.rows.drain(..));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().try_for_each(|line| writeln!(self.out, "{}", line.trim_end()))
    }
}

impl<W: Write> Rows for Table<W> {
    fn finish(&mut self) -> io::Result<()> {
        if !self.rows.is_empty() || self.written == 0 {
            self.write_block()?;
        }
        self.out.flush()
    }
}

impl<W: Write> Sink for Table<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        let shown = |name: &str| self.keep.is_none_or(|keep| keep.contains(&name));
        let kept = names.iter().enumerate().filter(|(_, name)| shown(name));
        self.columns = kept.map(|(at, name)| (at, printable(name).into_owned())).collect();
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        self.rows.push(self.columns.iter().map(|(at, _)| cell(&values[*at])).collect());
        if self.rows.len() == BLOCK { self.write_block() } else { Ok(()) }
    }
}

fn cell(value: &Value<'_>) -> Cell {
    match value {
        Value::Null => Cell::new("-"),
        Value::Integer(number) => Cell::new(number).set_alignment(CellAlignment::Right),
        Value::Real(number) => Cell::new(number).set_alignment(CellAlignment::Right),
        Value::Text(text) => Cell::new(printable(text)),
        Value::Blob(bytes) => Cell::new(format!("X'{}'", hex(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::{feed, names};

    #[test]
    fn aligns_and_escapes() {
        let mut rows = Table::new(Vec::new(), None);
        feed(&mut rows);
        rows.finish().unwrap();
        assert_eq!(
            String::from_utf8(rows.out).unwrap(),
            "id  ratio  name      data\n 1    0.5  a\\n\\x1b\"  X'00ff'\n22  -      -         -\n"
        );
    }

    #[test]
    fn keeps_named_columns_and_shows_them_without_rows() {
        let mut rows = Table::new(Vec::new(), Some(&["name", "id"]));
        rows.columns(&names()).unwrap();
        rows.finish().unwrap();
        assert_eq!(String::from_utf8(rows.out).unwrap(), "id  name\n");
    }

    #[test]
    fn long_results_come_in_blocks() {
        let mut rows = Table::new(Vec::new(), None);
        rows.columns(&["n".into()]).unwrap();
        (0..2 * BLOCK as i64).for_each(|n| rows.row(&[Value::Integer(n)]).unwrap());
        rows.finish().unwrap();
        assert_eq!(String::from_utf8(rows.out).unwrap().lines().count(), 2 * BLOCK + 2);
    }
}
