//! Seals: for each table the sum of the digests of its rows, so that a changed, added or missing row shows.
//!
//! The digest of a row is XXH3-128 (<https://xxhash.com>) over its typed cells, seeded by the table's name; the sum wraps
//! at 2^128. Sums do not depend on the order of rows, add up over batches of rows, and cost one short hash a row. They
//! reveal damage and careless edits, not an adversary: whoever can change the file could seal again, whatever the hash.
//! Outside: `run` (what the clock says), `seal` itself and `capture.path` (where a file lay).

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use twox_hash::XxHash3_128;

use super::Result;
use super::cells::{Cell, TABLES, Table};

/// Sums by table name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seals {
    sums: BTreeMap<&'static str, u128>,
    buffer: Vec<u8>,
}

impl Seals {
    /// The sums as they are stored.
    pub fn load(db: &Connection) -> Result<Self> {
        let mut seals = Seals::default();
        let mut statement = db.prepare("SELECT name, sum FROM seal")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, sum): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if let Some(table) = TABLES.iter().find(|table| table.name == name) {
                seals.sums.insert(table.name, sum.try_into().map_or(0, u128::from_be_bytes));
            }
        }
        Ok(seals)
    }

    /// The sums as the rows say.
    pub fn of_rows(db: &Connection) -> Result<Self> {
        let mut seals = Seals::default();
        for table in TABLES {
            seals.sums.insert(table.name, 0); // empty ones have a seal too
            let mut statement = db.prepare(&table.select())?;
            let width = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let cells = (0..width).map(|i| row.get_ref(i).map(cell));
                seals.add(table, &cells.collect::<Result<Vec<_>, _>>()?);
            }
        }
        Ok(seals)
    }

    /// A row comes.
    pub fn add(&mut self, table: &Table, row: &[Cell<'_>]) {
        let digest = self.digest(table, row);
        self.add_sum(table, digest);
    }

    /// Rows come whose digests were added up.
    pub fn add_sum(&mut self, table: &Table, rows: u128) {
        let sum = self.sums.entry(table.name).or_default();
        *sum = sum.wrapping_add(rows);
    }

    /// A row goes.
    pub fn subtract(&mut self, table: &Table, row: &[Cell<'_>]) {
        let digest = self.digest(table, row);
        self.add_sum(table, digest.wrapping_neg());
    }

    /// Writes the sums.
    pub fn store(&self, db: &Connection) -> Result<()> {
        let mut statement = db.prepare_cached("INSERT OR REPLACE INTO seal (name, sum) VALUES (?1, ?2)")?;
        for (name, sum) in &self.sums {
            statement.execute((name, &sum.to_be_bytes()[..]))?;
        }
        Ok(())
    }

    /// Names of the tables whose sums differ.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        TABLES.iter().map(|table| table.name).filter(|name| self.sum(name) != other.sum(name)).collect()
    }

    fn sum(&self, name: &str) -> u128 {
        self.sums.get(name).copied().unwrap_or_default()
    }

    fn digest(&mut self, table: &Table, row: &[Cell<'_>]) -> u128 {
        self.buffer.clear();
        for (i, cell) in row.iter().enumerate() {
            if table.unsealed != Some(i) {
                cell.encode(&mut self.buffer);
            }
        }
        digest(table, &self.buffer)
    }
}

/// The digest of a row from its sealed cells, encoded.
pub fn digest(table: &Table, cells: &[u8]) -> u128 {
    XxHash3_128::oneshot_with_seed(table.seed(), cells)
}

/// A stored value as a cell. Tables are STRICT and have no REAL columns: text that is not UTF-8 can only be damage, and
/// counts as a blob.
pub fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Integer(value.to_bits() as i64),
        ValueRef::Text(text) => std::str::from_utf8(text).map_or(Cell::Blob(text), Cell::Text),
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
    }
}
