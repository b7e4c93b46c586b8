//! The one writer of a case: rows go into a transaction that is opened by the first of them and closed by a commit.
//!
//! A commit is all or nothing: rows, seals and the number of the batch together. Between commits readers see the last
//! one.

use std::cell::Cell as Flag;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::cells::{BATCH, Cell, DORMANT, SETTING, Table, cells};
use super::conflicts::Conflicts;
use super::seal::{Seals, cell};
use super::{Error, Result, file};
use crate::model::HashKind;

/// Writes the index of a case. There is at most one at a time: the case's lock sees to that.
pub struct Writer {
    pub(super) db: Connection,
    pub(super) conflicts: Conflicts,
    seals: Seals,
    path: PathBuf,
    /// Secondary indexes are missing; [`Writer::finish`] makes them.
    deferred: Flag<bool>,
    /// The index of paths was wanted earlier than that.
    path_index: Flag<bool>,
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
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.pragma_update(None, "cache_size", CACHE)?;
        let seals = Seals::load(&db)?;
        let deferred = Flag::new(true);
        let (conflicts, path_index) = (Conflicts::default(), Flag::new(false));
        let writer = Writer { db, conflicts, seals, path: path.into(), deferred, path_index };
        writer.index()?;
        Ok(writer)
    }

    /// Whether a commit has to survive a loss of power (`--sync`), at the cost of waiting for the disk.
    pub fn set_sync(&mut self, sync: bool) -> Result<()> {
        Ok(self.db.pragma_update(None, "synchronous", if sync { "full" } else { "normal" })?)
    }

    /// What was fixed when the case was made.
    pub fn settings(&self) -> Result<BTreeMap<String, String>> {
        settings(&self.db)
    }

    /// How many commits the case has seen.
    pub fn batch(&self) -> Result<u64> {
        batch(&self.db)
    }

    /// Makes rows, seals and the next batch number permanent together. The batch counts even without rows.
    pub fn commit(&mut self) -> Result<()> {
        self.begin()?;
        self.delete(&DORMANT, OVER, &[])?;
        let number = self.batch()? as i64;
        self.seals.subtract(&BATCH, &cells![1u8, number]);
        self.seals.add(&BATCH, &cells![1u8, number + 1]);
        self.db.prepare_cached("UPDATE batch SET number = ?1")?.execute([number + 1])?;
        self.seals.store(&self.db)?;
        Ok(self.db.execute_batch("COMMIT")?)
    }

    /// Undoes everything since the last commit.
    pub fn rollback(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        self.conflicts.clear();
        self.path_index.set(false);
        self.seals = Seals::load(&self.db)?;
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

    /// Leaves out the secondary indexes until [`finish`](Self::finish) if the case holds no connection yet: a large
    /// load is faster so.
    pub fn defer_indexes(&mut self) -> Result<()> {
        let empty: bool = self.db.query_row("SELECT NOT EXISTS (SELECT 1 FROM connection)", [], |row| row.get(0))?;
        if !empty || !self.db.is_autocommit() {
            return Ok(());
        }
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
        let names: Vec<String> = self.db.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let drops: String = names.iter().map(|name| format!("DROP INDEX {name};")).collect();
        self.db.execute_batch(&format!("BEGIN IMMEDIATE;{drops}COMMIT"))?;
        self.deferred.set(true);
        Ok(())
    }

    /// Ends writing: what is not committed is undone, missing indexes are made, and the case is one file again (unless
    /// someone reads it just now; then the next writer sees to that).
    pub fn finish(mut self) -> Result<()> {
        self.rollback()?;
        self.db.busy_timeout(PATIENCE_AT_END)?;
        let _busy = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        let _still_wal = self.db.pragma_update(None, "journal_mode", "delete");
        // their pages are new: without the log they are written once, not twice
        self.index()?;
        Ok(self.db.close().map_err(|(_, error)| error)?)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the secondary indexes that are missing.
    pub(super) fn index(&self) -> Result<()> {
        if !self.deferred.replace(false) {
            return Ok(());
        }
        let settings = self.settings()?;
        let kept = settings.get("hash").map_or("", String::as_str);
        let absent = |kind: &HashKind| !kept.split(',').any(|name| name == kind.name());
        let absent: Vec<String> =
            HashKind::ALL.iter().filter(|kind| absent(kind)).map(|kind| format!(" flow_{} ", kind.name())).collect();
        let wanted = file::INDEXES.split_inclusive(';').filter(|sql| !absent.iter().any(|name| sql.contains(name)));
        Ok(self.db.execute_batch(&wanted.collect::<String>())?)
    }

    /// Makes the index that look-ups by path need, now.
    pub(super) fn index_paths(&self) -> Result<()> {
        if self.deferred.get() && !self.path_index.replace(true) {
            let sql = file::INDEXES.split_inclusive(';').find(|sql| sql.contains("flow_path")).unwrap_or_default();
            self.db.execute_batch(sql)?;
        }
        Ok(())
    }

    /// Opens the transaction, if none is open.
    pub(super) fn begin(&mut self) -> Result<()> {
        if self.db.is_autocommit() {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
        }
        Ok(())
    }

    /// Inserts a row and counts it into the seal; false if its key is taken.
    pub(super) fn insert(&mut self, table: &Table, row: &[Cell<'_>]) -> Result<bool> {
        let inserted = self.db.prepare_cached(table.insert())?.execute(rusqlite::params_from_iter(row))? == 1;
        if inserted {
            self.seals.add(table, row);
        }
        Ok(inserted)
    }

    /// Inserts a row whose key must be free.
    pub(super) fn insert_new(&mut self, table: &Table, row: &[Cell<'_>]) -> Result<()> {
        if self.insert(table, row)? {
            return Ok(());
        }
        Err(Error::Sqlite(format!("table {}: key ({}) of {:?} is taken", table.name, table.key, row.first())))
    }

    /// Deletes the rows for which `condition` holds and counts them out of the seal.
    pub(super) fn delete(&mut self, table: &Table, condition: &str, parameters: &[Cell<'_>]) -> Result<()> {
        let mut select = self.db.prepare_cached(&format!("{} WHERE {condition}", table.select()))?;
        let width = select.column_count();
        let mut rows = select.query(rusqlite::params_from_iter(parameters))?;
        let mut found = false;
        while let Some(row) = rows.next()? {
            let cells = (0..width).map(|i| row.get_ref(i).map(cell));
            self.seals.subtract(table, &cells.collect::<Result<Vec<_>, _>>()?);
            found = true;
        }
        if found {
            let sql = format!("DELETE FROM {} WHERE {condition}", table.name);
            self.db.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(parameters))?;
        }
        Ok(())
    }
}

/// Connections at rest that nothing can wake: whether a later ingest or this one saw the later frame must not matter.
const OVER: &str = "until_ns IS NOT NULL AND until_ns < (SELECT max(end_ns) FROM connection)";

/// 64 MiB of pages: the inner nodes of a large case, so that inserts do not wait for reads.
const CACHE: i64 = -65536;

/// How long the end of a run waits for readers before it leaves the write-ahead log behind.
const PATIENCE_AT_END: std::time::Duration = std::time::Duration::from_millis(200);

/// The settings of the case.
pub(super) fn settings(db: &Connection) -> Result<BTreeMap<String, String>> {
    let mut statement = db.prepare_cached("SELECT name, value FROM setting")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The number of the last commit.
pub(super) fn batch(db: &Connection) -> Result<u64> {
    let number: i64 = db.prepare_cached("SELECT number FROM batch")?.query_row([], |row| row.get(0))?;
    Ok(number as u64)
}
