//! The whole case as one JSON document: `{"case": {…}, "captures": […], "connections": [{…, "flows": […]}]}`, every object
//! with the columns of the view of that name.
//!
//! Connections are read a block at a time and joined here with their flows, so memory is that of a block.

use std::collections::HashMap;
use std::io::{self, Write};

use super::json::{Object, unique};
use super::{Error, View};
use crate::case;
use crate::index::{QueryLimits, Reader, Sink, Value};

/// Connections held at once.
const BLOCK: usize = 1000;

/// The whole case as JSON.
pub struct Report;

impl View for Report {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        let index = case.index();
        let settings = serde_json::to_string(&index.settings()?).map_err(io::Error::from).map_err(Error::Write)?;
        write!(out, "{{\n\"case\": {settings},\n\"captures\": [").map_err(Error::Write)?;
        let captures = objects(index, "SELECT * FROM captures ORDER BY id", "id")?;
        write_list(out, captures.iter().map(|(_, object)| object.as_str()), true)?;
        out.write_all(b"],\n\"connections\": [").map_err(Error::Write)?;
        write_connections(index, out)?;
        out.write_all(b"]\n}\n").map_err(Error::Write)
    }
}

fn write_connections(index: &Reader, out: &mut dyn Write) -> Result<(), Error> {
    let (mut after, mut first) = (0, true);
    loop {
        let sql = format!("SELECT * FROM connections WHERE id > {after} ORDER BY id LIMIT {BLOCK}");
        let connections = objects(index, &sql, "id")?;
        let Some(last) = connections.last().map(|(id, _)| *id) else { return Ok(()) };
        let flows = flows_between(index, after + 1, last)?;
        for (id, connection) in &connections {
            let head = connection.strip_suffix('}').unwrap_or(connection);
            write!(out, "{}\n{head},\"flows\":[", if first { "" } else { "," }).map_err(Error::Write)?;
            write_list(out, flows.get(id).into_iter().flatten().map(String::as_str), false)?;
            out.write_all(b"]}").map_err(Error::Write)?;
            first = false;
        }
        after = last;
    }
}

fn flows_between(index: &Reader, first: i64, last: i64) -> Result<HashMap<i64, Vec<String>>, Error> {
    let sql = format!("SELECT * FROM flows WHERE connection_id BETWEEN {first} AND {last} ORDER BY connection_id, id");
    let mut by_connection: HashMap<i64, Vec<String>> = HashMap::new();
    for (connection, flow) in objects(index, &sql, "connection_id")? {
        by_connection.entry(connection).or_default().push(flow);
    }
    Ok(by_connection)
}

fn write_list<'a>(out: &mut dyn Write, items: impl Iterator<Item = &'a str>, lines: bool) -> Result<(), Error> {
    for (i, item) in items.enumerate() {
        let (comma, line) = (if i > 0 { "," } else { "" }, if lines { "\n" } else { "" });
        write!(out, "{comma}{line}{item}").map_err(Error::Write)?;
    }
    Ok(())
}

/// The rows of a query as JSON objects, each with the value of the column `key`.
fn objects(index: &Reader, sql: &str, key: &'static str) -> Result<Vec<(i64, String)>, Error> {
    let mut sink = Objects { key, at: 0, names: Vec::new(), rows: Vec::new() };
    index.query(sql, &QueryLimits::default(), &mut sink)?;
    Ok(sink.rows)
}

struct Objects {
    key: &'static str,
    at: usize,
    names: Vec<String>,
    rows: Vec<(i64, String)>,
}

impl Sink for Objects {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.names = unique(names);
        self.at = names.iter().position(|name| name == self.key).unwrap_or_default();
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        let key = if let Some(Value::Integer(key)) = values.get(self.at) { *key } else { 0 };
        let object = serde_json::to_string(&Object { keys: &self.names, values })?;
        self.rows.push((key, object));
        Ok(())
    }
}
