//! The fields of a finding: a JSON object, written as it comes.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

/// Fields of a finding, in the order in which they were added. Absent values are left out, so that a view shows NULL.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    json: String,
}

impl Fields {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of the wire as text: see [`text_of`].
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.text(name, &text_of(bytes))
    }

    /// Text.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(name);
        push_string(text, &mut self.json);
        self
    }

    /// Text, if there is any.
    pub fn some_text(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text { self.text(name, text) } else { self }
    }

    /// A number. Those above `i64::MAX` stay at it.
    pub fn number(&mut self, name: &str, number: u64) -> &mut Self {
        self.name(name);
        // writing to a String cannot fail
        let _ = write!(self.json, "{}", number.min(i64::MAX as u64));
        self
    }

    /// A number, if there is one.
    pub fn some_number(&mut self, name: &str, number: Option<u64>) -> &mut Self {
        if let Some(number) = number { self.number(name, number) } else { self }
    }

    /// Yes or no, as 1 or 0.
    pub fn flag(&mut self, name: &str, is: bool) -> &mut Self {
        self.number(name, is.into())
    }

    /// Several texts.
    pub fn list<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.name(name);
        self.json.push('[');
        for (i, text) in texts.into_iter().enumerate() {
            if i > 0 {
                self.json.push(',');
            }
            push_string(text, &mut self.json);
        }
        self.json.push(']');
        self
    }

    /// Those of another.
    pub fn append(&mut self, other: &Fields) -> &mut Self {
        if !self.json.is_empty() && !other.json.is_empty() {
            self.json.push(',');
        }
        self.json.push_str(&other.json);
        self
    }

    /// Any JSON value: yes and no as 1 and 0, NUL in texts as [`text_of`] writes it, null left out.
    pub fn value(&mut self, name: &str, value: &Value) -> &mut Self {
        if !value.is_null() {
            self.name(&text_of(name.as_bytes()));
            push_value(value, &mut self.json);
        }
        self
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The object as JSON.
    pub fn to_json(&self) -> Cow<'static, str> {
        if self.json.is_empty() { "{}".into() } else { format!("{{{}}}", self.json).into() }
    }

    fn name(&mut self, name: &str) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
        push_string(name, &mut self.json);
        self.json.push(':');
    }
}

/// Bytes of the wire as text: UTF-8 as it is, NUL (which ends text in many programs) and bytes that are no UTF-8 as `\xNN`.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Cow::Borrowed(text),
        _ => Cow::Owned(escaped(bytes)),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for (i, part) in chunk.valid().split('\0').enumerate() {
            out.push_str(if i > 0 { r"\x00" } else { "" });
            out.push_str(part);
        }
        for byte in chunk.invalid() {
            // writing to a String cannot fail
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn push_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(is) => out.push(if *is { '1' } else { '0' }),
        // writing to a String cannot fail
        Value::Number(number) => drop(write!(out, "{number}")),
        Value::String(text) => push_string(&text_of(text.as_bytes()), out),
        Value::Array(values) => push_all('[', ']', values, out, push_value),
        Value::Object(members) => push_all('{', '}', members, out, |(name, value), out| {
            push_string(&text_of(name.as_bytes()), out);
            out.push(':');
            push_value(value, out);
        }),
    }
}

fn push_all<T>(open: char, close: char, all: impl IntoIterator<Item = T>, out: &mut String, push: fn(T, &mut String)) {
    out.push(open);
    for (i, one) in all.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push(one, out);
    }
    out.push(close);
}

/// A JSON string (RFC 8259 §7).
fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_json_whatever_the_wire_says() {
        let mut fields = Fields::new();
        assert_eq!(fields.to_json(), "{}");
        fields.bytes("a\"", b"x\\\x01\n\xff\0\"").number("n", u64::MAX).flag("f", true).list("l", ["1", "2"]);
        fields.some_text("no", None).some_number("no", None);
        let value: serde_json::Value = serde_json::from_str(&fields.to_json()).unwrap();
        assert_eq!(value, serde_json::json!({"a\"": "x\\\u{1}\n\\xff\\x00\"", "n": i64::MAX, "f": 1, "l": ["1", "2"]}));
    }

    #[test]
    fn any_value_can_be_a_field() {
        let json = r#"{"a": -1.5, "b": true, "c": null, "d": ["x\u0000", {"e\u0000": [null, 7]}, {}], "f": "g"}"#;
        let given: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
        let mut fields = Fields::new();
        for (name, value) in &given {
            fields.value(name, value);
        }
        assert_eq!(fields.to_json(), r#"{"a":-1.5,"b":1,"d":["x\\x00",{"e\\x00":[null,7]},{}],"f":"g"}"#);
    }

    #[test]
    fn text_stays_as_it_is() {
        assert_eq!(text_of("Grüße".as_bytes()), "Grüße");
        assert_eq!(text_of(b"a\0\0b\xc3"), r"a\x00\x00b\xc3");
    }
}
