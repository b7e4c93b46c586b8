//! One direction of a connection, message by message. Where a message does not begin where the one before ended - a hole, a
//! body of another length than said, payload that began in the middle - the next thing that looks like a head is searched.

use memchr::memchr;
use memchr::memmem::Finder;

use super::super::{Bytes, Error, Findings, Flow};
use super::head::{self, Head, Headers, LONGEST, Start};

/// Bytes searched at once.
const WINDOW: usize = 64 << 10;
/// Bytes of a request line before its version, where one is searched for.
const LINE: usize = 8 << 10;
/// Bytes that a start line and the beginning of what follows may take, where one is searched for.
const AHEAD: usize = 1 << 10;

/// What a direction consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Requests.
    Requests,
    /// Responses.
    Responses,
}

/// One direction.
pub struct Side<'c> {
    /// Payload files after this one, last first.
    later: Vec<&'c Flow<'c>>,
    /// The one being read.
    pub flow: Option<&'c Flow<'c>>,
    /// Where in it.
    pub bytes: Bytes<'c>,
    says: Says,
    /// Codings of bodies are not undone.
    pub raw: bool,
    /// Every message so far was found where it had to be.
    pub sure: bool,
    /// The next message is not expected here.
    lost: bool,
    next: Option<Head>,
}

/// Nothing.
struct Empty;

impl super::super::Payload for Empty {
    fn length(&self) -> u64 {
        0
    }
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<(), Error> {
        Ok(())
    }
    fn gap_from(&self, _: u64) -> Option<std::ops::Range<u64>> {
        None
    }
    fn time_at(&self, _: u64) -> Option<crate::model::Timestamp> {
        None
    }
    fn segments(&self) -> Vec<std::ops::Range<u64>> {
        Vec::new()
    }
}

impl<'c> Side<'c> {
    /// At the beginning of these payload files, which are in order.
    pub fn new(flows: impl DoubleEndedIterator<Item = &'c Flow<'c>>, says: Says, raw: bool) -> Self {
        let mut later: Vec<_> = flows.rev().collect();
        let flow = later.pop();
        let bytes = Bytes::new(flow.map_or(&Empty, |flow| flow.payload));
        Side { later, flow, bytes, says, raw, sure: true, lost: false, next: None }
    }

    /// Goes to the first message if it begins within so many bytes, which are another protocol's.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn pass_over(&mut self, far: u64) -> Result<(), Error> {
        let mut bytes = Bytes::new(self.flow.map_or(&Empty, |flow| flow.payload));
        if find_start(&mut bytes, Some(self.says), far)? {
            self.bytes = bytes;
        }
        Ok(())
    }

    /// The next message is not where the last one ended.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// The head that comes next, which stays.
    ///
    /// # Errors
    /// Those of the payload and of `found`.
    pub fn peek(&mut self, found: &mut dyn Findings) -> Result<Option<&Head>, Error> {
        if self.next.is_none() {
            self.next = self.find(found)?;
        }
        Ok(self.next.as_ref())
    }

    /// The head that comes next. What follows in `bytes` is its body.
    ///
    /// # Errors
    /// Those of the payload and of `found`.
    pub fn head(&mut self, found: &mut dyn Findings) -> Result<Option<Head>, Error> {
        self.peek(found)?;
        Ok(self.next.take())
    }

    /// Whether a head seems to begin right here.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn looks_like_head(&mut self) -> Result<bool, Error> {
        let says = self.says;
        Ok(is_start(self.bytes.peek(LINE)?, says))
    }

    fn find(&mut self, found: &mut dyn Findings) -> Result<Option<Head>, Error> {
        loop {
            let Some(flow) = self.flow else { return Ok(None) };
            self.skip_empty_lines()?;
            if self.bytes.is_at_end() {
                self.turn_over();
                continue;
            }
            if self.lost || self.bytes.hole().is_some() || !self.is_here()? {
                self.search(flow, found)?;
            }
            if let Some(head) = self.read(flow, found)? {
                return Ok(Some(head));
            }
        }
    }

    /// The next payload file: what lies between is missing.
    fn turn_over(&mut self) {
        self.flow = self.later.pop();
        if let Some(flow) = self.flow {
            self.bytes = Bytes::new(flow.payload);
            (self.sure, self.lost) = (false, false);
        }
    }

    /// Goes over line ends before a message (RFC 9112 §2.2).
    fn skip_empty_lines(&mut self) -> Result<(), Error> {
        loop {
            let bytes = self.bytes.peek(LINE)?;
            let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_all = empty == bytes.len();
            self.bytes.skip(empty as u64);
            if empty == 0 || !is_all {
                return Ok(());
            }
        }
    }

    /// Whether a message begins here: its start line is here, or nothing else begins so.
    fn is_here(&mut self) -> Result<bool, Error> {
        if !head::may_begin(self.bytes.peek(64)?) {
            return Ok(false);
        }
        let mut look = AHEAD;
        loop {
            let bytes = self.bytes.peek(look)?;
            if memchr(b'\n', bytes).is_some() {
                return Ok(head::start_of(bytes).is_some());
            }
            if bytes.len() < look || look == LONGEST {
                return Ok(head::is_sure_request(bytes));
            }
            look = (look * 4).min(LONGEST);
        }
    }

    /// Goes to where the next message seems to begin, or to the end.
    fn search(&mut self, flow: &Flow<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let (from, time) = (self.bytes.offset(), self.bytes.time());
        let starts_in_hole = self.bytes.hole();
        (self.sure, self.lost) = (false, false);
        find_start(&mut self.bytes, Some(self.says), u64::MAX)?;
        let skipped = self.bytes.offset() - from;
        match starts_in_hole {
            _ if skipped == 0 => Ok(()),
            Some(hole) if hole == skipped => {
                found.strange(flow.id, from, time, &format!("a hole of {skipped} bytes between messages"))
            }
            _ => found.strange(flow.id, from, time, &format!("{skipped} bytes belong to no message")),
        }
    }

    /// Reads a head here. One that does not end is read as far as it goes if its first line does.
    fn read(&mut self, flow: &Flow<'_>, found: &mut dyn Findings) -> Result<Option<Head>, Error> {
        let (from, time) = (self.bytes.offset(), self.bytes.time());
        let (length, whole) = self.head_length()?;
        let bytes = self.bytes.peek(length)?;
        let start = head::start_of(bytes);
        let head = start.map(|start| {
            let lines = &bytes[memchr(b'\n', bytes).map_or(0, |at| at + 1)..];
            let range = from..from + length as u64;
            Head { range, time, start, headers: Headers::parse(lines), whole }
        });
        self.bytes.skip(length as u64);
        if !whole && length > 0 {
            self.lost = true;
            let why = if self.bytes.hole().is_some() {
                "a hole in the head of a message"
            } else if self.bytes.is_at_end() {
                "the head of a message ends early"
            } else {
                "the head of a message is longer than the limit"
            };
            found.strange(flow.id, from, time, why)?;
        }
        Ok(head)
    }

    /// Bytes of the head that begins here, and whether it ends.
    fn head_length(&mut self) -> Result<(usize, bool), Error> {
        let mut look = AHEAD;
        loop {
            let bytes = self.bytes.peek(look)?;
            if let Some(end) = head::end_of(bytes) {
                return Ok((end, true));
            }
            if bytes.len() < look || look == LONGEST {
                return Ok((bytes.len(), false));
            }
            look = (look * 4).min(LONGEST);
        }
    }
}

/// What the messages of this payload are, if its first bytes are a message, a hole before them left out; else if `far` bytes
/// of it have one.
///
/// # Errors
/// Those of the payload.
pub fn says(flow: &Flow<'_>, far: u64) -> Result<Option<Says>, Error> {
    let mut side = Side::new([flow].into_iter(), Says::Requests, false);
    if let Some(hole) = side.bytes.hole() {
        side.bytes.skip(hole);
    }
    side.skip_empty_lines()?;
    let is_here = side.is_here()?;
    if !is_here && (far == 0 || !find_start(&mut side.bytes, None, far)?) {
        return Ok(None);
    }
    let bytes = side.bytes.peek(8)?;
    Ok(Some(if bytes.starts_with(b"HTTP/") || bytes.starts_with(b"ICY") { Says::Responses } else { Says::Requests }))
}

/// Goes to the next thing that looks like a start line, whole and with a field or an empty line behind it: whether there is
/// one before `far` bytes are searched.
fn find_start(bytes: &mut Bytes<'_>, says: Option<Says>, far: u64) -> Result<bool, Error> {
    let finder = Finder::new(b"HTTP/");
    let most = bytes.offset().saturating_add(far);
    while !bytes.is_at_end() && bytes.offset() < most {
        if let Some(hole) = bytes.hole() {
            bytes.skip(hole);
            continue;
        }
        let near = most - bytes.offset();
        let window = bytes.peek(WINDOW)?;
        let length = window.len();
        let start = finder.find_iter(window).filter_map(|version| candidate(window, version, says));
        let start = start.take_while(|&at| (at as u64) < near);
        let start =
            start.map(|at| (at, is_start_with_more(&window[at..]))).find(|(_, is_start)| is_start.unwrap_or(true));
        match start {
            // what follows is beyond the window
            Some((at, None)) if at > 0 && length == WINDOW => bytes.skip(at as u64),
            Some((at, Some(true))) => {
                bytes.skip(at as u64);
                return Ok(true);
            }
            _ if length == WINDOW => bytes.skip((WINDOW - LINE) as u64),
            _ => bytes.skip(length as u64),
        }
    }
    Ok(false)
}

/// Where the start line would begin that has `HTTP/` at this place.
fn candidate(window: &[u8], version: usize, says: Option<Says>) -> Option<usize> {
    let wants = |kind| says.is_none_or(|says| says == kind);
    match window[version + 5..] {
        [_, b'.', _, b' ', ..] => wants(Says::Responses).then_some(version),
        [_, b'.', _, b'\r' | b'\n', ..] => (wants(Says::Requests)
            && is_followed(&window[version + 8..]) != Some(false))
        .then(|| request_before(window, version))?,
        [_, _, _, _, ..] => None,
        // what follows is beyond the window
        _ if wants(Says::Responses) => Some(version),
        _ => request_before(window, version),
    }
}

/// Where the request line would begin whose version is here.
fn request_before(window: &[u8], version: usize) -> Option<usize> {
    let before = window[version.saturating_sub(LINE)..version].strip_suffix(b" ")?;
    let target = before.iter().rposition(|byte| *byte <= b' ')?;
    let (method, is_blank) = (&before[..target], before[target] == b' ');
    if !is_blank || target + 1 == before.len() || !method.last()?.is_ascii_uppercase() {
        return None;
    }
    let known = head::METHODS.iter().filter(|known| method.ends_with(known.as_bytes()));
    known.map(|known| known.len()).max().map(|length| version - 1 - before.len() + target - length)
}

/// Whether these bytes are a start line and then a field or an empty line; `None` if they end too soon to say.
fn is_start_with_more(bytes: &[u8]) -> Option<bool> {
    let most = if bytes.starts_with(b"HTTP/") { AHEAD } else { LINE + AHEAD };
    let bytes = &bytes[..bytes.len().min(most)];
    let too_long = (bytes.len() == most).then_some(false);
    let Some(line) = memchr(b'\n', bytes) else { return too_long };
    if head::start_of(bytes).is_none() {
        return Some(false);
    }
    is_followed(&bytes[line..]).or(too_long)
}

/// Whether the end of a line is here, and then a field or an empty line; `None` if the bytes end too soon to say.
fn is_followed(bytes: &[u8]) -> Option<bool> {
    let next = bytes.strip_prefix(b"\r").unwrap_or(bytes).strip_prefix(b"\n").unwrap_or_default();
    if next.starts_with(b"\n") || next.starts_with(b"\r\n") {
        return Some(true);
    }
    let name = next.iter().position(|&byte| !head::is_token(byte))?;
    Some(name > 0 && next[name] == b':')
}

/// Whether these bytes begin with a start line of the kind, and a usual one.
fn is_start(bytes: &[u8], says: Says) -> bool {
    match head::start_of(bytes) {
        Some(Start::Request { .. }) => says == Says::Requests && head::is_sure_request(bytes),
        Some(Start::Response { .. }) => says == Says::Responses,
        None => false,
    }
}
