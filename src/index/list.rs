//! Rows of a statement, each as a value.

use rusqlite::{Connection, Params, Row};

use super::{Error, Result};

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
