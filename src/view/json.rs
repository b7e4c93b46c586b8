//! Rows as JSON: an array of objects, or one object a line (ndjson). Blobs are lower-case hexadecimal strings.
//!
//! A name that occurs twice in a result gets a suffix (`id`, `id_2`), since an object with equal keys loses one in most
//! readers.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Rows;
use super::escape::hex;
use crate::index::{Sink, Value};

/// Writes rows as JSON objects. Call [`finish`](Self::finish) after the last row.
pub struct Json<W: Write> {
    out: W,
    lines: bool,
    keys: Vec<String>,
    written: u64,
}

impl<W: Write> Json<W> {
    /// Writes one array to `out`.
    pub fn array(out: W) -> Self {
        Json { out, lines: false, keys: Vec::new(), written: 0 }
    }

    /// Writes one object a line to `out`.
    pub fn lines(out: W) -> Self {
        Json { lines: true, ..Json::array(out) }
    }
}

impl<W: Write> Rows for Json<W> {
    fn finish(&mut self) -> io::Result<()> {
        match (self.lines, self.written) {
            (true, _) => {}
            (false, 0) => self.out.write_all(b"[]\n")?,
            (false, _) => self.out.write_all(b"\n]\n")?,
        }
        self.out.flush()
    }
}

impl<W: Write> Sink for Json<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.keys = unique(names);
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        if !self.lines {
            self.out.write_all(if self.written == 0 { b"[\n" } else { b",\n" })?;
        }
        serde_json::to_writer(&mut self.out, &Object { keys: &self.keys, values })?;
        self.written += 1;
        if self.lines { self.out.write_all(b"\n") } else { Ok(()) }
    }
}

/// A row and its names as one object, in the order of the columns.
pub struct Object<'a> {
    /// The names, each once.
    pub keys: &'a [String],
    /// As many values.
    pub values: &'a [Value<'a>],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.keys.len()))?;
        for (key, value) in self.keys.iter().zip(self.values) {
            match value {
                Value::Null => map.serialize_entry(key, &())?,
                Value::Integer(number) => map.serialize_entry(key, number)?,
                Value::Real(number) => map.serialize_entry(key, number)?,
                Value::Text(text) => map.serialize_entry(key, text)?,
                Value::Blob(bytes) => map.serialize_entry(key, &hex(bytes))?,
            }
        }
        map.end()
    }
}

/// The names, each made different from those before it.
pub fn unique(names: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let suffixed = (2..).map(|n| format!("{name}_{n}"));
        let free = std::iter::once(name.clone()).chain(suffixed).find(|key| !keys.contains(key));
        keys.extend(free);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::feed;

    const FIRST: &str = r#"{"id":1,"ratio":0.5,"name":"a\n\u001b\"","data":"00ff"}"#;
    const SECOND: &str = r#"{"id":22,"ratio":null,"name":null,"data":null}"#;

    fn text(mut rows: Json<Vec<u8>>) -> String {
        rows.finish().unwrap();
        String::from_utf8(rows.out).unwrap()
    }

    #[test]
    fn an_array_or_lines() {
        let (mut array, mut lines) = (Json::array(Vec::new()), Json::lines(Vec::new()));
        feed(&mut array);
        feed(&mut lines);
        assert_eq!(text(array), format!("[\n{FIRST},\n{SECOND}\n]\n"));
        assert_eq!(text(lines), format!("{FIRST}\n{SECOND}\n"));
        assert_eq!(text(Json::array(Vec::new())), "[]\n");
        assert_eq!(text(Json::lines(Vec::new())), "");
    }

    #[test]
    fn equal_names_are_told_apart() {
        let names = ["id", "id", "id_2", "id"].map(String::from);
        assert_eq!(unique(&names), ["id", "id_2", "id_2_2", "id_3"]);
    }
}
