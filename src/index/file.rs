//! The database file: whose it is, which schema it has, and how it is opened. A file that is not ours is never given to
//! SQLite, which might "recover" it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Once;

use rusqlite::{Connection, OpenFlags};

use super::seal::Seals;
use super::{Error, Result};

/// Larger than SQLite's default: rows come in bulk, and a page is one write to the log and one to the file.
const PAGE_SIZE: u32 = 16384;
/// "FLOW" in the header of the file (`PRAGMA application_id`), so that `file` and others can tell a case.
pub const APPLICATION_ID: u32 = 0x464c_4f57;

/// Numbered, forward only, frozen once released. `user_version` counts those applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_case.sql"),
    include_str!("../../migrations/0002_views.sql"),
    include_str!("../../migrations/0003_indexes.sql"),
    include_str!("../../migrations/0004_packs.sql"),
    include_str!("../../migrations/0005_scans.sql"),
];

/// The schema this program writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// Statements kept prepared: all that the writer uses.
const CACHED_STATEMENTS: usize = 64;

/// How long a writer waits for a reader that holds a lock, and the other way round.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Makes a case index at `path` with the rows `fill` puts in, whole or not at all: under another name first. `path`
/// must not exist.
pub fn create(path: &Path, fill: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io_error(path)(io::ErrorKind::AlreadyExists.into()));
    }
    let unfinished = beside(path, ".new");
    remove(&unfinished)?;
    remove(&beside(&unfinished, "-journal"))?;
    let db = Connection::open_with_flags(
        &unfinished,
        flags(OpenFlags::SQLITE_OPEN_READ_WRITE) | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    db.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}; PRAGMA application_id = {APPLICATION_ID};"))?;
    migrate(&db, 0)?;
    let tx = db.unchecked_transaction()?;
    fill(&tx)?;
    tx.commit()?;
    db.close().map_err(|(_, error)| error)?;
    std::fs::rename(&unfinished, path).map_err(io_error(path))
}

/// Opens the case index at `path` for writing, migrating an older one.
pub fn open_for_writing(path: &Path) -> Result<Connection> {
    check_header(path)?;
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version = checked_version(&db, path)?;
    if version < VERSION {
        migrate(&db, version)?;
    }
    check_schema(&db, path)?;
    Ok(db)
}

/// Opens the case index at `path` for reading.
pub fn open_for_reading(path: &Path) -> Result<Connection> {
    check_header(path)?;
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let version = checked_version(&db, path)?;
    if version < VERSION {
        return Err(Error::Older { path: path.into(), version, ours: VERSION });
    }
    check_schema(&db, path)?;
    Ok(db)
}

/// Another connection for reading, to a file that [`open_for_reading`] has found good.
pub fn open_again(path: &Path) -> Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Names the file an I/O error belongs to.
pub fn io_error(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.into(), source }
}

/// The first file that is opened decides where SQLite puts what it cannot sort in memory: beside it, if that can be written.
static TEMPORARY: Once = Once::new();

fn open(path: &Path, access: OpenFlags) -> Result<Connection> {
    let db = Connection::open_with_flags(path, flags(access)).map_err(|error| damaged(path, error))?;
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    db.busy_timeout(PATIENCE)?;
    let mut set = Ok(());
    TEMPORARY.call_once(|| {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        set = db.pragma_update(None, "temp_store_directory", directory.to_string_lossy());
    });
    Ok(set.map(|()| db)?)
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}

/// Applies what `version` lacks, in one transaction. Columns that came are sealed with the rows.
fn migrate(db: &Connection, version: u32) -> Result<()> {
    let tx = db.unchecked_transaction()?;
    for migration in &MIGRATIONS[version as usize..] {
        tx.execute_batch(migration)?;
    }
    if version > 0 {
        Seals::of_rows(&tx)?.store(&tx)?;
    }
    tx.execute_batch(&format!("PRAGMA user_version = {VERSION};"))?;
    Ok(tx.commit()?)
}

/// Looks at the first 100 bytes (<https://www.sqlite.org/fileformat.html> §1.3) without SQLite.
fn check_header(path: &Path) -> Result<()> {
    let not_a_case = || Error::NotACase { path: path.into() };
    let mut header = [0; 100];
    let kind = path.symlink_metadata().map_err(io_error(path))?;
    if !kind.is_file() {
        return Err(not_a_case());
    }
    let mut file = File::open(path).map_err(io_error(path))?;
    file.read_exact(&mut header).map_err(|_| not_a_case())?;
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if !header.starts_with(b"SQLite format 3\0") || number(68) != APPLICATION_ID {
        return Err(not_a_case());
    }
    if number(60) > VERSION {
        return Err(Error::Newer { path: path.into(), version: number(60), ours: VERSION });
    }
    let page_size = u64::from(u16::from_be_bytes([header[16], header[17]])); // 1 means 65536
    let promised = if page_size == 1 { 65536 } else { page_size } * u64::from(number(28));
    let unlogged = !beside(path, "-wal").exists() && !beside(path, "-journal").exists();
    if unlogged && number(24) == number(92) && kind.len() < promised {
        return Err(Error::Damaged {
            path: path.into(),
            what: format!("{} of {promised} bytes are there", kind.len()),
        });
    }
    Ok(())
}

/// The version once SQLite has taken a write-ahead log into account.
fn checked_version(db: &Connection, path: &Path) -> Result<u32> {
    let read =
        |name| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).map_err(|error| damaged(path, error));
    if read("application_id")? != APPLICATION_ID {
        return Err(Error::NotACase { path: path.into() });
    }
    let version = read("user_version")?;
    if version > VERSION {
        return Err(Error::Newer { path: path.into(), version, ours: VERSION });
    }
    Ok(version)
}

/// Every table and view is there with the columns we know.
fn check_schema(db: &Connection, path: &Path) -> Result<()> {
    for table in super::cells::TABLES {
        db.prepare(&table.select()).map_err(|error| damaged(path, error))?;
    }
    for (view, columns) in super::columns::COLUMNS.iter().filter(|(view, _)| *view != "segments") {
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        db.prepare(&format!("SELECT {} FROM {view}", names.join(", "))).map_err(|error| damaged(path, error))?;
    }
    let batch: std::result::Result<i64, _> = db.query_row("SELECT number FROM batch", [], |row| row.get(0));
    batch.map(drop).map_err(|error| damaged(path, error))
}

fn damaged(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, PermissionDenied, SystemIoFailure};
    match error.sqlite_error_code() {
        Some(CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | PermissionDenied | SystemIoFailure) => {
            error.into()
        }
        _ => Error::Damaged { path: path.into(), what: error.to_string() },
    }
}
