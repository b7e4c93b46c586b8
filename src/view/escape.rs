//! Text from captures, paths and payload made harmless for terminals: nothing of it may move a cursor or turn a line round.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

pub use crate::model::digest::hex;

/// `text` on one line: control characters (also tab and line break) and characters that reorder text become `\n`, `\x1b`,
/// `\u{202e}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push(c, &mut out));
    Cow::Owned(out)
}

/// A writer to a terminal: line breaks and tabs pass, everything else is made [`printable`]; bytes that are not UTF-8
/// become `\xff`. Flush at the end: up to three bytes of an unfinished character are held back.
pub struct Shown<W: Write> {
    inner: W,
    unfinished: Vec<u8>,
}

impl<W: Write> Shown<W> {
    /// Shows what is written on `inner`.
    pub fn new(inner: W) -> Self {
        Shown { inner, unfinished: Vec::new() }
    }

    fn show(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        let mut out = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| push_lines(c, &mut out));
            let invalid = chunk.invalid();
            if !last && chunks.peek().is_none() && is_beginning(invalid) {
                self.unfinished = invalid.to_vec();
            } else {
                invalid.iter().for_each(|byte| push_byte(*byte, &mut out));
            }
        }
        self.inner.write_all(out.as_bytes())
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.unfinished);
        all.extend_from_slice(bytes);
        self.show(&all, false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.unfinished);
        self.show(&rest, true)?;
        self.inner.flush()
    }
}

/// Writes one character, line breaks and tabs as they are.
pub fn push_lines(c: char, out: &mut String) {
    if c == '\n' || c == '\t' { out.push(c) } else { push(c, out) }
}

/// Writes a byte that is no character: `\xff`.
pub fn push_byte(byte: u8, out: &mut String) {
    // writing to a String cannot fail
    let _ = write!(out, "\\x{byte:02x}");
}

fn push(c: char, out: &mut String) {
    // writing to a String cannot fail
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\t' => out.write_str("\\t"),
        '\r' => out.write_str("\\r"),
        c if !is_harmful(c) => out.write_char(c),
        c if (c as u32) < 0x80 => write!(out, "\\x{:02x}", c as u32),
        c => write!(out, "\\u{{{:x}}}", c as u32),
    };
}

/// Controls (C0, DEL, C1), line and paragraph separators, and the controls of bidirectional text.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// These bytes may be the beginning of a character that later bytes finish.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_harmful_is_left() {
        assert_eq!(printable("plain é"), "plain é");
        assert_eq!(printable("a\n\x1b[2J\u{9b}\u{202e}\x7f"), "a\\n\\x1b[2J\\u{9b}\\u{202e}\\x7f");
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }

    #[test]
    fn a_terminal_sees_the_same_however_writes_are_cut() {
        let bytes = b"line\n\ttab \x1b[31m \xc3\xa9 \xe2\x80\xae \xff\xc3( \xf0\x9f\x98\x80 \xe2\x80";
        let expected = "line\n\ttab \\x1b[31m é \\u{202e} \\xff\\xc3( 😀 \\xe2\\x80";
        for step in 1..bytes.len() {
            let mut shown = Shown::new(Vec::new());
            bytes.chunks(step).for_each(|chunk| shown.write_all(chunk).unwrap());
            shown.flush().unwrap();
            assert_eq!(String::from_utf8(shown.inner).unwrap(), expected, "{step}");
        }
    }
}
