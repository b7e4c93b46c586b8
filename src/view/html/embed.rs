//! The page as it is written: text of ours, and blocks of JSON that no character can end early.

use std::io::{self, Write};

use serde::Serialize;

use crate::view::Error;
use crate::view::escape::printable;

/// Characters kept of a text from the wire.
const CLIP: usize = 400;

/// A page in the making, and how long it is.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    written: u64,
}

impl<'a> Page<'a> {
    /// An empty one.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Page { out, written: 0 }
    }

    /// Bytes so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Text of the page itself.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.put(text.as_bytes()).map_err(Error::Write)
    }

    /// Begins a block of JSON; `attributes` are ours.
    pub fn begin(&mut self, attributes: &str) -> Result<(), Error> {
        self.text(&format!("<script type=\"application/json\" {attributes}>"))
    }

    /// A value in a block.
    pub fn value(&mut self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(Harmless(self), value).map_err(|error| Error::Write(error.into()))
    }

    /// Ends a block.
    pub fn end(&mut self) -> Result<(), Error> {
        self.text("</script>\n")
    }

    /// A block of one value; in the page its id is `data-` and this one.
    pub fn block(&mut self, id: &str, value: &impl Serialize) -> Result<(), Error> {
        self.begin(&format!("id=\"data-{id}\""))?;
        self.value(value)?;
        self.end()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// JSON without `<`, `>` and `&`, which it has in strings only.
struct Harmless<'p, 'a>(&'p mut Page<'a>);

impl Write for Harmless<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| escaped(*byte).is_some()) {
            match piece.split_last() {
                Some((last, before)) if escaped(*last).is_some() => {
                    self.0.put(before)?;
                    self.0.put(escaped(*last).unwrap_or_default())?;
                }
                _ => self.0.put(piece)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn escaped(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'<' => Some(b"\\u003c"),
        b'>' => Some(b"\\u003e"),
        b'&' => Some(b"\\u0026"),
        _ => None,
    }
}

/// A text from the wire: its beginning, without characters that would move or turn others.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => printable(&text[..end]).into_owned() + "…",
        None => printable(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_block_and_all_come_back() {
        let text = "</script><!-- &amp; <script>\u{2028}\"\\]]>é";
        let mut out = Vec::new();
        let mut page = Page::new(&mut out);
        page.block("a", &vec![text, ""]).unwrap();
        assert_eq!(page.written(), out.len() as u64);
        let whole = String::from_utf8(out).unwrap();
        let json = whole.strip_prefix("<script type=\"application/json\" id=\"data-a\">").unwrap();
        let json = json.strip_suffix("</script>\n").unwrap();
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(json).unwrap(), [text, ""]);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(clipped("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(clipped(&"é".repeat(CLIP)), "é".repeat(CLIP));
        assert_eq!(clipped(&"é".repeat(CLIP + 1)), "é".repeat(CLIP) + "…");
    }
}
