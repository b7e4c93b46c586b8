//! Rows of a statement, each as a value, and what their cells say.

use rusqlite::{Connection, Params, Row};

use super::{Error, Result};
use crate::model::{Endpoint, Timestamp};

/// All rows.
pub fn list<T, C: FromIterator<T>>(
    db: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<C> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Gives each row as it comes. An error of `each` ends it.
pub fn each<T, E: From<Error>>(
    db: &Connection,
    sql: &str,
    parameters: impl Params,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    each: &mut dyn FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = db.prepare_cached(sql).map_err(Error::from)?;
    let mut rows = statement.query(parameters).map_err(Error::from)?;
    while let Some(row) = rows.next().map_err(Error::from)? {
        each(read(row).map_err(Error::from)?)?;
    }
    Ok(())
}

/// Counts and offsets are stored as signed integers of the same bits.
pub fn unsigned(row: &Row<'_>, i: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(i).map(|value| value as u64)
}

/// A time, if there is one.
pub fn time(row: &Row<'_>, i: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(i).map(|time| time.map(Timestamp))
}

/// An address, and in the next cell a port.
pub fn endpoint(row: &Row<'_>, i: usize) -> rusqlite::Result<Endpoint> {
    let text = row.get_ref(i)?.as_str()?;
    let ip = text.parse().map_err(|error| unreadable(i, error))?;
    Ok(Endpoint { ip, port: row.get(i + 1)? })
}

/// A digest, if there is one.
pub fn digest<const N: usize>(row: &Row<'_>, i: usize) -> rusqlite::Result<Option<[u8; N]>> {
    let bytes = row.get_ref(i)?.as_blob_or_null()?;
    bytes.map(|bytes| bytes.try_into().map_err(|error| unreadable(i, error))).transpose()
}

fn unreadable(i: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, Box::new(error))
}
