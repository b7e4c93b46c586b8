//! Rows out: of a listing, or of SQL a user wrote. Cells go to a [`Sink`] one row at a time; nothing is collected.

use std::io;
use std::time::{Duration, Instant};

use rusqlite::types::{Value as Parameter, ValueRef};

use super::selection::{Of, Selection};
use crate::index::{Error, Reader, Result, ends};

/// Receives rows. Its errors end the query.
pub trait Sink {
    /// The names of the columns; once, before any row.
    fn columns(&mut self, names: &[String]) -> io::Result<()>;
    /// A row, one value a column.
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()>;
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT.
    Text(&'a str),
    /// BLOB, or text that is not UTF-8.
    Blob(&'a [u8]),
}

/// Bounds of a query, on request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryLimits {
    /// Rows.
    pub rows: Option<u64>,
    /// Time, from the start of the query.
    pub time: Option<Duration>,
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every row was given.
    Complete,
    /// There are more rows than asked for.
    RowLimit,
    /// The time was over.
    TimeLimit,
}

/// Which view to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// `connections`.
    Connections,
    /// `flows`, those without payload included.
    Flows,
}

impl Reader {
    /// The selected rows of a view, every column, ascending by number; at most `limit`.
    pub fn list(&self, what: Listing, selection: &Selection, limit: Option<u64>, sink: &mut dyn Sink) -> Result<()> {
        let (sql, parameters) = self.listing(what, selection, limit)?;
        let _watched = self.guard.watch();
        let mut statement = self.user(&sql)?;
        run(&mut statement, parameters, None, sink).map(drop)
    }

    /// How SQLite goes about a listing: the steps of its plan.
    #[cfg(test)]
    pub(in crate::index) fn plan(&self, what: Listing, selection: &Selection) -> Result<Vec<String>> {
        let (sql, parameters) = self.listing(what, selection, None)?;
        let mut statement = self.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))?;
        Ok(steps.collect::<Result<_, _>>()?)
    }

    /// Runs SQL of a user: one statement that reads.
    ///
    /// # Errors
    /// `Refused` if it would do more, `User` if it is wrong, `Output` if the sink failed.
    pub fn query(&self, sql: &str, limits: &QueryLimits, sink: &mut dyn Sink) -> Result<End> {
        let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
        let (_limited, _watched) = (self.guard.until(deadline), self.guard.watch());
        let mut statement = self.user(sql)?;
        match run(&mut statement, Vec::new(), limits.rows, sink) {
            Err(Error::User(why)) if why == "interrupted" && self.guard.expired() => Ok(End::TimeLimit),
            Err(Error::User(why)) => Err(self.guard.refused().map_or(Error::User(why), Error::Refused)),
            other => other,
        }
    }

    /// The SQL of a listing, and its parameters.
    fn listing(&self, what: Listing, selection: &Selection, limit: Option<u64>) -> Result<(String, Vec<Parameter>)> {
        let (view, of) = match what {
            Listing::Connections => ("connections", Of::Connections),
            Listing::Flows => ("flows", Of::Flows),
        };
        let (condition, mut parameters) = self.condition(selection, of)?;
        parameters.push(limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX)).into());
        Ok((format!("SELECT * FROM {view} WHERE {condition} ORDER BY id LIMIT ?{}", parameters.len()), parameters))
    }

    /// The condition of a selection, and its parameters.
    pub(in crate::index) fn condition(&self, selection: &Selection, of: Of) -> Result<(String, Vec<Parameter>)> {
        let near = ends::candidates(&self.db, &selection.wanted(of))?;
        selection.to_sql(of, near.as_deref())
    }

    /// Prepares SQL with parts written by a user. Watch before, and for as long as the statement lives.
    pub(in crate::index) fn user(&self, sql: &str) -> Result<rusqlite::Statement<'_>> {
        match self.db.prepare(sql) {
            Ok(statement) if statement.column_count() == 0 => Err(Error::Refused("this SQL gives no rows".into())),
            Ok(statement) if !statement.readonly() => {
                Err(Error::Refused("this SQL writes; a case is only read".into()))
            }
            Ok(statement) => Ok(statement),
            Err(rusqlite::Error::MultipleStatement) => Err(Error::Refused("one statement at a time".into())),
            Err(error) => Err(self.guard.refused().map_or_else(|| wrong(&error), Error::Refused)),
        }
    }
}

fn run(
    statement: &mut rusqlite::Statement<'_>,
    parameters: Vec<Parameter>,
    limit: Option<u64>,
    sink: &mut dyn Sink,
) -> Result<End> {
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    sink.columns(&names).map_err(Error::Output)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters)).map_err(|error| wrong(&error))?;
    let mut given = 0;
    while let Some(row) = rows.next().map_err(|error| wrong(&error))? {
        if limit.is_some_and(|limit| given >= limit) {
            return Ok(End::RowLimit);
        }
        let values: Vec<Value<'_>> = (0..names.len()).map(|i| row.get_ref(i).map(value)).collect::<Result<_, _>>()?;
        sink.row(&values).map_err(Error::Output)?;
        given += 1;
    }
    Ok(End::Complete)
}

fn value(value: ValueRef<'_>) -> Value<'_> {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(text) => std::str::from_utf8(text).map_or(Value::Blob(text), Value::Text),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    }
}

/// SQLite's words without ours around them.
pub(in crate::index) fn wrong(error: &rusqlite::Error) -> Error {
    Error::User(match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    })
}
