//! The one writer of a case: rows go into a transaction that is opened by the first of them and closed by a commit.
//!
//! A commit is all or nothing: rows, seals and the number of the batch together. Between commits readers see the last
//! one.

use std::cell::Cell as Flag;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::cells::{BATCH, Cell, SETTING, Table, cells};
use super::insert::taken;
use super::list::list;
use super::origin::conflicts::Conflicts;
use super::resting::Sleepers;
use super::seal::{Seals, cell};
use super::{Result, file};
use crate::model::Timestamp;

/// Writes the index of a case. There is at most one at a time: the case's lock sees to that.
pub struct Writer {
    pub(super) db: Connection,
    pub(super) conflicts: Conflicts,
    pub(super) sleepers: Sleepers,
    pub(super) seals: Seals,
    /// The latest frame of any connection.
    pub(super) last: Option<Timestamp>,
    path: PathBuf,
    /// Flows can be looked up by path.
    paths: Flag<bool>,
}

impl Writer {
    /// Makes the index of a new case. `settings` are fixed for ever.
    ///
    /// # Errors
    /// If `path` exists already, or cannot be made; nothing is left behind under that name then.
    pub fn create(path: &Path, settings: &BTreeMap<String, String>) -> Result<Writer> {
        file::create(path, |db| {
            let mut insert = db.prepare(SETTING.insert())?;
            for (name, value) in settings {
                insert.execute(cells![name, value])?;
            }
            Seals::of_rows(db)?.store(db)
        })?;
        Self::open(path)
    }

    /// Opens the index of a case; an older one is migrated.
    ///
    /// # Errors
    /// `NotACase`, `Newer` and `Damaged` leave the file as it was.
    pub fn open(path: &Path) -> Result<Writer> {
        let db = file::open_for_writing(path)?;
        db.pragma_update(None, "synchronous", "normal")?;
        let (seals, last) = (Seals::load(&db)?, last(&db)?);
        let (conflicts, sleepers) = (Conflicts::default(), Sleepers::default());
        let writer = Writer { db, conflicts, sleepers, seals, last, path: path.into(), paths: Flag::new(false) };
        writer.set_cache(CACHE)?;
        Ok(writer)
    }

    /// How many bytes of pages are kept in memory: the inner nodes of a large case at least, so that inserts do not
    /// wait for reads.
    pub fn set_cache(&self, bytes: u64) -> Result<()> {
        Ok(self.db.pragma_update(None, "cache_size", -((bytes >> 10).clamp(1 << 10, 1 << 30) as i64))?)
    }

    /// Whether a commit has to survive a loss of power (`--sync`), at the cost of waiting for the disk.
    pub fn set_sync(&mut self, sync: bool) -> Result<()> {
        Ok(self.db.pragma_update(None, "synchronous", if sync { "full" } else { "normal" })?)
    }

    /// What was fixed when the case was made.
    pub fn settings(&self) -> Result<BTreeMap<String, String>> {
        settings(&self.db)
    }

    /// The latest frame of any connection.
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// How many commits the case has seen.
    pub fn batch(&self) -> Result<u64> {
        batch(&self.db)
    }

    /// Makes rows, seals and the next batch number permanent together. The batch counts even without rows.
    pub fn commit(&mut self) -> Result<()> {
        self.begin()?;
        self.settle_dormant(self.last)?;
        let number = self.batch()? + 1;
        self.delete(&BATCH, "id = 1", &[])?;
        self.insert_new(&BATCH, &cells![1u8, number, self.last])?;
        self.seals.store(&self.db)?;
        Ok(self.db.execute_batch("COMMIT")?)
    }

    /// Undoes everything since the last commit.
    pub fn rollback(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        self.conflicts.clear();
        self.sleepers = Sleepers::default();
        self.paths.set(false);
        (self.seals, self.last) = (Seals::load(&self.db)?, last(&self.db)?);
        Ok(())
    }

    /// A run of the program begins; its number. Not part of the record, and permanent at once: call it between commits.
    pub fn begin_run(&mut self, started_ns: i64, version: &str, command_line: &str) -> Result<i64> {
        let sql = "INSERT INTO run (started_ns, version, command_line) VALUES (?1, ?2, ?3)";
        self.db.execute(sql, (started_ns, version, command_line))?;
        Ok(self.db.last_insert_rowid())
    }

    /// The run ends: wall clock, processor seconds in user and system mode, highest resident memory in bytes.
    pub fn end_run(&mut self, id: i64, ended_ns: i64, user_s: f64, system_s: f64, peak: u64) -> Result<()> {
        let sql = "UPDATE run SET ended_ns = ?2, user_seconds = ?3, system_seconds = ?4, peak_memory_bytes = ?5
            WHERE id = ?1";
        self.db.execute(sql, (id, ended_ns, user_s, system_s, peak as i64))?;
        Ok(())
    }

    /// The run did not get to its end.
    pub fn fail_run(&mut self, id: i64, ended_ns: i64, why: &str) -> Result<()> {
        self.db.execute("UPDATE run SET ended_ns = ?2, message = ?3 WHERE id = ?1", (id, ended_ns, why))?;
        Ok(())
    }

    /// Ends writing: what is not committed is undone, and the case is one file again (unless someone reads it just now;
    /// then the next writer sees to that).
    pub fn finish(mut self) -> Result<()> {
        self.rollback()?;
        self.db.busy_timeout(PATIENCE_AT_END)?;
        let _busy = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        let _still_wal = self.db.pragma_update(None, "journal_mode", "delete");
        Ok(self.db.close().map_err(|(_, error)| error)?)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sees to it that flows can be looked up by path. Only ingests into a case that has some ask for every path: one
    /// look-up is faster without than the index is made.
    pub(super) fn index_paths(&self) -> Result<()> {
        if !self.paths.replace(true) {
            self.db.execute_batch("CREATE INDEX IF NOT EXISTS flow_path ON flow (path_key)")?;
        }
        Ok(())
    }

    /// Opens the transaction, if none is open. The first one of a case has nothing to protect and nobody to let read: a
    /// page it adds is written once. Later ones write ahead, unless a reader is in the way just now.
    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            return Ok(());
        }
        if self.batch()? > 0 {
            self.db.busy_timeout(Duration::ZERO)?;
            let _mode = self.db.pragma_update(None, "journal_mode", "wal");
            self.db.busy_timeout(file::PATIENCE)?;
        }
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Inserts a row and counts it into the seal; false if its key is taken.
    pub(super) fn insert(&mut self, table: &Table, row: &[Cell<'_>]) -> Result<bool> {
        match self.db.prepare_cached(table.insert())?.execute(rusqlite::params_from_iter(row)) {
            Ok(_) => self.seals.add(table, row),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Inserts a row whose key must be free.
    pub(super) fn insert_new(&mut self, table: &Table, row: &[Cell<'_>]) -> Result<()> {
        if self.insert(table, row)? {
            return Ok(());
        }
        Err(taken(table, &format!("{:?}", row.first())))
    }

    /// Deletes the rows for which `condition` holds and counts them out of the seal.
    pub(super) fn delete(&mut self, table: &Table, condition: &str, parameters: &[Cell<'_>]) -> Result<()> {
        if self.count(table, condition, parameters, Seals::subtract)? {
            let sql = format!("DELETE FROM {} WHERE {condition}", table.name);
            self.db.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(parameters))?;
        }
        Ok(())
    }

    /// Changes the rows for which `condition` holds, before and after, by a statement with the same parameters.
    pub(super) fn update(&mut self, table: &Table, condition: &str, parameters: &[Cell<'_>], sql: &str) -> Result<()> {
        self.count(table, condition, parameters, Seals::subtract)?;
        self.db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(parameters))?;
        self.count(table, condition, parameters, Seals::add)?;
        Ok(())
    }

    /// Counts the rows for which `condition` holds out of the seal, or into it; whether there are any.
    fn count(
        &mut self,
        table: &Table,
        condition: &str,
        parameters: &[Cell<'_>],
        count: fn(&mut Seals, &Table, &[Cell<'_>]),
    ) -> Result<bool> {
        let mut select = self.db.prepare_cached(&format!("{} WHERE {condition}", table.select()))?;
        let width = select.column_count();
        let mut rows = select.query(rusqlite::params_from_iter(parameters))?;
        let mut found = false;
        while let Some(row) = rows.next()? {
            let cells = (0..width).map(|i| row.get_ref(i).map(cell));
            count(&mut self.seals, table, &cells.collect::<Result<Vec<_>, _>>()?);
            found = true;
        }
        Ok(found)
    }
}

/// 48 MiB of pages, unless told otherwise.
const CACHE: u64 = 48 << 20;

/// How long the end of a run waits for readers before it leaves the write-ahead log behind.
const PATIENCE_AT_END: Duration = Duration::from_millis(200);

/// The settings of the case.
pub(super) fn settings(db: &Connection) -> Result<BTreeMap<String, String>> {
    list(db, "SELECT name, value FROM setting", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The number of the last commit.
pub(super) fn batch(db: &Connection) -> Result<u64> {
    let number: i64 = db.prepare_cached("SELECT number FROM batch")?.query_row([], |row| row.get(0))?;
    Ok(number as u64)
}

/// The latest frame of any connection, at the last commit.
fn last(db: &Connection) -> Result<Option<Timestamp>> {
    let last: Option<i64> = db.query_row("SELECT last_ns FROM batch", [], |row| row.get(0))?;
    Ok(last.map(Timestamp))
}
