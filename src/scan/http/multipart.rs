//! Objects of several parts split (RFC 2046 §5.1, RFC 7578): forms with uploads, ranges, what cameras send.

use memchr::memmem::Finder;

use super::super::{Bytes, Error, Findings, NewObject, Object, text_of};
use super::head::{Headers, end_of};
use super::names;

/// Bytes a boundary may have: RFC 2046 allows 70.
const LONGEST_BOUNDARY: usize = 256;
/// Bytes the head of a part may have.
const LONGEST_HEAD: usize = 64 << 10;
/// Bytes searched at once.
const WINDOW: usize = 64 << 10;

/// Splits an object if its type says that it has parts.
///
/// # Errors
/// Those of the payload and of `found`.
pub fn split(object: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let said = object.said_type.unwrap_or_default().as_bytes();
    let has_parts = said.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    let boundary = names::parameter(said, "boundary").unwrap_or_default();
    if !has_parts || boundary.is_empty() {
        return Ok(());
    }
    let bytes = Bytes::new(object.payload);
    if boundary.len() > LONGEST_BOUNDARY {
        return found.strange(object.flow, object.range.start, object.time, "a boundary is longer than the limit");
    }
    let delimiter = [b"\n--", boundary.as_slice()].concat();
    Split { object, found, bytes, finder: Finder::new(&delimiter) }.all()
}

/// An object being split.
struct Split<'a, 'o> {
    object: &'a Object<'o>,
    found: &'a mut dyn Findings,
    bytes: Bytes<'a>,
    /// Of what stands before each part.
    finder: Finder<'a>,
}

/// What follows a delimiter.
#[derive(PartialEq, Eq)]
enum After {
    Part,
    End,
}

impl Split<'_, '_> {
    fn all(&mut self) -> Result<(), Error> {
        let mut after = self.preamble()?;
        while after == After::Part {
            after = self.part()?;
        }
        Ok(())
    }

    /// What comes before the first part, which may begin with the object.
    fn preamble(&mut self) -> Result<After, Error> {
        let first = &self.finder.needle()[1..];
        if self.bytes.starts_with(first)? {
            self.bytes.skip(first.len() as u64);
            return self.after_delimiter();
        }
        match self.copy(false)? {
            true => self.after_delimiter(),
            false => Ok(After::End),
        }
    }

    fn part(&mut self) -> Result<After, Error> {
        let Some(headers) = self.headers()? else {
            self.strange("the head of a part does not end")?;
            return Ok(After::End);
        };
        let field = || names::parameter(headers.get("content-disposition")?, "name");
        let name = names::said(&headers).or_else(|| field().map(|name| text_of(&name).into_owned()));
        let said_type = headers.get("content-type").map(text_of);
        let offset = self.place(self.bytes.offset());
        let (flow, time) = (self.object.flow, self.object.time);
        self.found.begin_object(NewObject {
            flow,
            offset,
            time,
            name: name.as_deref(),
            said_type: said_type.as_deref(),
        })?;
        let ended = self.copy(true);
        let end = self.place(self.bytes.offset());
        let whole = matches!(ended, Ok(true)) && self.object.stored.complete;
        self.found.end_object(end, whole)?;
        if ended? {
            return self.after_delimiter();
        }
        self.strange("the last part does not end")?;
        Ok(After::End)
    }

    /// The head of a part; it may be empty.
    fn headers(&mut self) -> Result<Option<Headers>, Error> {
        let bytes = self.bytes.peek(LONGEST_HEAD)?;
        let end = match bytes {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => match end_of(bytes) {
                Some(end) => end,
                None => return Ok(None),
            },
        };
        let headers = Headers::parse(&bytes[..end]);
        self.bytes.skip(end as u64);
        Ok(Some(headers))
    }

    /// Goes over bytes up to behind the next delimiter, and writes those before it: whether there is one.
    fn copy(&mut self, write: bool) -> Result<bool, Error> {
        loop {
            let needle = self.finder.needle().len();
            let window = self.bytes.peek(WINDOW)?;
            let at = self.finder.find(window);
            let more = window.len() == WINDOW;
            // of the last bytes it is not known yet whether they belong to a delimiter
            let sure = at.unwrap_or(if more { window.len() - needle } else { window.len() });
            let sure = if (at.is_some() || more) && sure > 0 && window[sure - 1] == b'\r' { sure - 1 } else { sure };
            if write {
                self.found.write(&window[..sure])?;
            }
            self.bytes.skip(at.map_or(sure, |at| at + needle) as u64);
            if at.is_some() || !more {
                return Ok(at.is_some());
            }
        }
    }

    /// `--` behind a delimiter ends the object; blanks may stand before the end of the line.
    fn after_delimiter(&mut self) -> Result<After, Error> {
        if self.bytes.starts_with(b"--")? {
            return Ok(After::End);
        }
        let is_part = self.bytes.line(WINDOW)?.is_some();
        Ok(if is_part { After::Part } else { After::End })
    }

    /// Where a byte of the object is in the flow, as far as that can be known.
    fn place(&self, offset: u64) -> u64 {
        let range = &self.object.range;
        if range.end - range.start == self.object.stored.size { range.start + offset } else { range.start }
    }

    fn strange(&mut self, what: &str) -> Result<(), Error> {
        let offset = self.place(self.bytes.offset());
        self.found.strange(self.object.flow, offset, self.object.time, what)
    }
}
