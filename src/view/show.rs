//! A connection as a transcript: both directions in the order in which they could be read.
//!
//! Each file of the connection is read from its beginning to its end; a byte is due when it and all before it had been
//! captured (the running maximum of the frames' times), and what is due first is shown first. Out-of-order segments thus
//! stand where the application saw them. A turn is a stretch of one file; each begins with a line that says whose it is.

use std::io::{self, Write};

use super::Error;
use super::escape::{hex, push_byte, push_lines};
use crate::case;
use crate::index::{FlowInfo, SegmentInfo};
use crate::model::{ConnectionId, Timestamp};

/// Payload read at once.
const BLOCK: usize = 1 << 16;
/// Bytes in a line of hexadecimal digits.
const LINE: usize = 16;

/// How payload is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As text, what is not printable escaped.
    Text,
    /// As offset, hexadecimal digits and printable ASCII.
    Hex,
}

/// Writes the transcript of a connection.
pub fn transcript(
    case: &case::Reader,
    connection: ConnectionId,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let flows = case.index().flows_of_connection(connection)?;
    let pieces = flows.iter().map(|flow| pieces(case, flow)).collect::<Result<Vec<_>, _>>()?;
    let turns = turns(pieces);
    for turn in &turns {
        header(&flows[turn.file], turn, out).map_err(Error::Write)?;
        body(case, &flows[turn.file], turn, style, out)?;
    }
    Ok(())
}

/// A stretch of one file, stored or missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    due: Timestamp,
    offset: u64,
    length: u64,
    missing: bool,
}

/// Consecutive pieces of one file.
#[derive(Debug, PartialEq, Eq)]
struct Turn {
    file: usize,
    pieces: Vec<Piece>,
}

impl Turn {
    fn start(&self) -> u64 {
        self.pieces.first().map_or(0, |piece| piece.offset)
    }

    fn end(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.offset + piece.length)
    }
}

fn pieces(case: &case::Reader, flow: &FlowInfo) -> Result<Vec<Piece>, Error> {
    let (segments, gaps) = (case.index().segments(flow.id)?, case.index().gaps(flow.id)?);
    Ok(in_order(&segments, &gaps, flow.start))
}

fn in_order(segments: &[SegmentInfo], gaps: &[(u64, u64)], start: Option<Timestamp>) -> Vec<Piece> {
    let mut due = start.unwrap_or(Timestamp(i64::MIN));
    let piece = |offset, length, due, missing| Piece { due, offset, length, missing };
    let stored = segments.iter().map(|s| piece(s.offset, u64::from(s.length), s.time.unwrap_or(due), false));
    let missing = gaps.iter().map(|&(offset, length)| piece(offset, length, due, true));
    let mut pieces: Vec<Piece> = stored.chain(missing).collect();
    pieces.sort_by_key(|piece| piece.offset);
    for piece in &mut pieces {
        due = due.max(piece.due);
        piece.due = due;
    }
    pieces
}

/// Merges the files' pieces by the time they are due; ties go to the file first in the list.
fn turns(files: Vec<Vec<Piece>>) -> Vec<Turn> {
    let mut files: Vec<_> = files.into_iter().map(|pieces| pieces.into_iter().peekable()).collect();
    let mut turns: Vec<Turn> = Vec::new();
    loop {
        let due =
            |(file, pieces): (usize, &mut std::iter::Peekable<_>)| pieces.peek().map(|piece: &Piece| (piece.due, file));
        let Some((_, file)) = files.iter_mut().enumerate().filter_map(due).min() else { return turns };
        let next = files[file].next();
        match turns.last_mut() {
            Some(turn) if turn.file == file => turn.pieces.extend(next),
            _ => turns.push(Turn { file, pieces: next.into_iter().collect() }),
        }
    }
}

fn header(flow: &FlowInfo, turn: &Turn, out: &mut dyn Write) -> io::Result<()> {
    let time = turn.pieces.first().map(|piece| piece.due).filter(|due| due.0 != i64::MIN);
    let time = time.map_or("time unknown".to_owned(), |time| time.to_string());
    let (src, dst, id, start, end) = (flow.src, flow.dst, flow.id, turn.start(), turn.end());
    writeln!(out, "--- {time}  {src} > {dst}  flow {id}, bytes {start}..{end}")
}

fn body(case: &case::Reader, flow: &FlowInfo, turn: &Turn, style: Style, out: &mut dyn Write) -> Result<(), Error> {
    let failed = |source| Error::Payload { path: flow.path.clone(), source };
    let payload = case.payload(flow).map_err(failed)?;
    let mut printer = Printer { style, held: Vec::new(), offset: turn.start(), fresh: true };
    let mut buffer = vec![0; BLOCK];
    for piece in &turn.pieces {
        if piece.missing {
            printer.gap(piece.length, out).map_err(Error::Write)?;
            continue;
        }
        let (mut at, end) = (piece.offset, piece.offset + piece.length);
        while at < end {
            let block = &mut buffer[..BLOCK.min((end - at) as usize)];
            payload.read_at(at, block).map_err(failed)?;
            printer.print(block, out).map_err(Error::Write)?;
            at += block.len() as u64;
        }
    }
    printer.finish(out).map_err(Error::Write)
}

/// Prints the bytes of a turn; holds back an unfinished character or line of digits.
struct Printer {
    style: Style,
    held: Vec<u8>,
    offset: u64,
    fresh: bool,
}

impl Printer {
    fn print(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        self.held.extend_from_slice(bytes);
        let whole = match self.style {
            Style::Hex => self.held.len() / LINE * LINE,
            Style::Text => finished(&self.held),
        };
        let held = self.held.split_off(whole);
        let whole = std::mem::replace(&mut self.held, held);
        self.put(&whole, out)
    }

    fn gap(&mut self, length: u64, out: &mut dyn Write) -> io::Result<()> {
        self.finish(out)?;
        self.offset += length;
        writeln!(out, "[{length} bytes never captured]")
    }

    /// Ends the line.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = std::mem::take(&mut self.held);
        self.put(&rest, out)?;
        if !std::mem::replace(&mut self.fresh, true) { out.write_all(b"\n") } else { Ok(()) }
    }

    fn put(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let text = match self.style {
            Style::Text => text(bytes),
            Style::Hex => hex_lines(bytes, self.offset),
        };
        self.offset += bytes.len() as u64;
        self.fresh = text.chars().next_back().map_or(self.fresh, |last| last == '\n');
        out.write_all(text.as_bytes())
    }
}

/// How many bytes end with a whole character and no carriage return whose line feed may follow.
fn finished(bytes: &[u8]) -> usize {
    let cut = (1..=bytes.len().min(3)).rev().map(|back| bytes.len() - back).find(|&at| {
        bytes[at] >= 0xc0 && std::str::from_utf8(&bytes[at..]).is_err_and(|error| error.error_len().is_none())
    });
    let whole = cut.unwrap_or(bytes.len());
    if bytes[..whole].ends_with(b"\r") { whole - 1 } else { whole }
}

/// Both `\n` and `\r\n` break the line; a carriage return elsewhere is escaped.
fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            if !(c == '\r' && chars.peek() == Some(&'\n')) {
                push_lines(c, &mut out);
            }
        }
        chunk.invalid().iter().for_each(|byte| push_byte(*byte, &mut out));
    }
    out
}

/// `00000010  68656c6c 6f2c2077 6f726c64 21212121  hello, world!!!!`
fn hex_lines(bytes: &[u8], offset: u64) -> String {
    let mut out = String::new();
    for (i, line) in bytes.chunks(LINE).enumerate() {
        let digits: Vec<String> = line.chunks(4).map(hex).collect();
        let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        let ascii: String = line.iter().map(shown).collect();
        let at = offset + (i * LINE) as u64;
        out.push_str(&format!("{at:08x}  {:35}  {ascii}\n", digits.join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(due: i64, offset: u64, length: u64) -> Piece {
        Piece { due: Timestamp(due), offset, length, missing: false }
    }

    #[test]
    fn turns_follow_the_time_bytes_are_due() {
        let request = vec![piece(1, 0, 10), piece(5, 10, 10)];
        let response = vec![piece(2, 0, 3), piece(3, 3, 3), piece(6, 6, 1)];
        let turns = turns(vec![request, response]);
        let shape: Vec<_> = turns.iter().map(|turn| (turn.file, turn.start(), turn.end())).collect();
        assert_eq!(shape, [(0, 0, 10), (1, 0, 6), (0, 10, 20), (1, 6, 7)]);
    }

    fn printed(style: Style, parts: &[&[u8]], gap_after: Option<usize>) -> String {
        let mut printer = Printer { style, held: Vec::new(), offset: 0, fresh: true };
        let mut out = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            printer.print(part, &mut out).unwrap();
            if gap_after == Some(i) {
                printer.gap(7, &mut out).unwrap();
            }
        }
        printer.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_the_same_however_it_is_cut() {
        let bytes = "GET /\r\nä\r\u{1b}[0m€\n".as_bytes();
        for cut in 0..bytes.len() {
            let (one, other) = bytes.split_at(cut);
            assert_eq!(printed(Style::Text, &[one, other], None), "GET /\nä\\r\\x1b[0m€\n", "{cut}");
        }
        assert_eq!(printed(Style::Text, &[b"no line end"], None), "no line end\n");
        assert_eq!(printed(Style::Text, &[b"a\xc3", b"b\r"], Some(0)), "a\\xc3\n[7 bytes never captured]\nb\\r\n");
    }

    #[test]
    fn hex_has_offsets_digits_and_ascii() {
        assert_eq!(
            printed(Style::Hex, &[b"hello, w", b"orld!!\xff!\x00"], None),
            "00000000  68656c6c 6f2c2077 6f726c64 2121ff21  hello, world!!.!\n\
             00000010  00                                   .\n"
        );
    }
}
