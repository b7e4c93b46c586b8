//! Payload as tcpflow prints it: every segment for itself, with the name of its flow before it.
//!
//! Segments come in the order of their streams: each when it and all bytes before it had been captured, so that what was
//! captured out of order is printed where it was read, and what was captured again only once. On request they come as they were
//! captured.

use std::collections::HashMap;
use std::io::Write;

use super::Error;
use crate::case::{self, Payload};
use crate::index::{FlowInfo, SegmentInfo, Selection};

mod follow;

pub use follow::Follower;

/// Bytes in a line of hexadecimal digits.
const LINE: usize = 32;
/// Payload files kept open.
const MOST_OPEN: usize = 128;
/// What makes a terminal write blue, red, and as before.
const COLOURS: [&str; 3] = ["\x1b[0;34m", "\x1b[0;31m", "\x1b[0m"];

/// How bytes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bytes {
    /// Dots for what is neither printable ASCII nor ends a line.
    #[default]
    Printable,
    /// As they are.
    Raw,
    /// Offset, hexadecimal digits, printable ASCII.
    Hex,
    /// A JSON object a segment: ends and bytes.
    Json,
}

/// How segments are printed.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// Their bytes.
    pub bytes: Bytes,
    /// Before each the name of its flow, beneath this directory unless it is empty; `None`: no name.
    pub names: Option<String>,
    /// Blue what the originator sent, red what the responder sent.
    pub colours: bool,
    /// A line break after each.
    pub breaks: bool,
    /// As they were captured.
    pub by_arrival: bool,
}

/// Prints every segment of a case.
pub fn print(case: &case::Reader, style: &Style, out: &mut dyn Write) -> Result<(), Error> {
    let (mut flows, mut pieces) = (Vec::new(), Vec::new());
    case.index().flows_with_segments(&Selection::default(), &mut |flow, segments| {
        pieces.extend(segments.iter().map(|segment| Piece::of(flows.len() as u32, segment)));
        flows.push(flow.clone());
        Ok::<_, Error>(())
    })?;
    print_pieces(case, &flows, pieces, style, out)
}

/// Prints segments of these flows, in their order.
fn print_pieces(
    case: &case::Reader,
    flows: &[FlowInfo],
    mut pieces: Vec<Piece>,
    style: &Style,
    out: &mut dyn Write,
) -> Result<(), Error> {
    put_in_order(&mut pieces, style.by_arrival);
    let (mut open, mut bytes, mut text) = (HashMap::<u32, Payload<'_>>::new(), Vec::new(), Vec::new());
    for piece in &pieces {
        let flow = &flows[piece.flow as usize];
        let failed = |source| Error::Payload { path: flow.path.clone(), source };
        if !open.contains_key(&piece.flow) {
            if open.len() >= MOST_OPEN {
                open.clear();
            }
            open.insert(piece.flow, case.payload(flow).map_err(failed)?);
        }
        bytes.resize(piece.length as usize, 0);
        open[&piece.flow].read_at(piece.offset, &mut bytes).map_err(failed)?;
        text.clear();
        style.segment(flow, &bytes, &mut text);
        out.write_all(&text).map_err(Error::Write)?;
    }
    Ok(())
}

/// A segment on its way to be printed.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Place in the order of printing.
    due: u64,
    time: i64,
    capture: u32,
    frame: u64,
    flow: u32,
    offset: u64,
    length: u32,
}

impl Piece {
    fn of(flow: u32, segment: &SegmentInfo) -> Self {
        let SegmentInfo { offset, length, capture_id, frame, .. } = *segment;
        let time = segment.time.map_or(i64::MIN, |time| time.0);
        Piece { due: 0, time, capture: capture_id, frame, flow, offset, length }
    }
}

/// Sorts into the order of printing. A frame comes after those before it in its capture, whatever its time.
fn put_in_order(pieces: &mut [Piece], by_arrival: bool) {
    pieces.sort_unstable_by_key(|piece| (piece.capture, piece.frame, piece.offset));
    let mut last = (0, i64::MIN);
    for piece in pieces.iter_mut() {
        last = if last.0 == piece.capture { (last.0, last.1.max(piece.time)) } else { (piece.capture, piece.time) };
        piece.time = last.1;
    }
    pieces.sort_by_key(|piece| piece.time);
    if by_arrival {
        return;
    }
    (0..).zip(pieces.iter_mut()).for_each(|(due, piece)| piece.due = due);
    pieces.sort_unstable_by_key(|piece| (piece.flow, piece.offset));
    let mut last = (0, 0);
    for piece in pieces.iter_mut() {
        last = if last.0 == piece.flow { (last.0, last.1.max(piece.due)) } else { (piece.flow, piece.due) };
        piece.due = last.1;
    }
    pieces.sort_by_key(|piece| piece.due);
}

impl Style {
    fn segment(&self, flow: &FlowInfo, bytes: &[u8], out: &mut Vec<u8>) {
        if self.colours {
            out.extend_from_slice(COLOURS[usize::from(flow.side == 1)].as_bytes());
        }
        if let Some(directory) = self.names.as_ref().filter(|_| self.bytes != Bytes::Json) {
            let slash = if directory.is_empty() || directory.ends_with('/') { "" } else { "/" };
            let end = if self.bytes == Bytes::Hex { "\n" } else { "" };
            out.extend_from_slice(format!("{directory}{slash}{}: {end}", flow.path).as_bytes());
        }
        match self.bytes {
            Bytes::Raw => out.extend_from_slice(bytes),
            Bytes::Printable => out.extend(bytes.iter().map(|&byte| printable(byte, b"\r\n"))),
            Bytes::Hex => bytes.chunks(LINE).enumerate().for_each(|(line, chunk)| {
                hex_line(line * LINE, chunk, bytes.len().min(LINE), out);
            }),
            Bytes::Json => out.extend_from_slice(json(flow, bytes).as_bytes()),
        }
        if self.colours {
            out.extend_from_slice(COLOURS[2].as_bytes());
        }
        if self.breaks {
            out.push(b'\n');
        }
    }
}

fn printable(byte: u8, also: &[u8]) -> u8 {
    if matches!(byte, b' '..=b'~') || also.contains(&byte) { byte } else { b'.' }
}

/// `0020: 6162 63   abc`: the digits as wide as those of `width` bytes.
fn hex_line(offset: usize, bytes: &[u8], width: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{offset:04x}: ").as_bytes());
    for place in 0..width {
        let digits = bytes.get(place).map_or("  ".to_owned(), |byte| format!("{byte:02x}"));
        out.extend_from_slice(digits.as_bytes());
        if place % 2 == 1 {
            out.push(b' ');
        }
    }
    out.push(b' ');
    out.extend(bytes.iter().map(|&byte| printable(byte, b"")));
    out.push(b'\n');
}

fn json(flow: &FlowInfo, bytes: &[u8]) -> String {
    let (src, dst) = (flow.src, flow.dst);
    let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!(
        r#"{{"src_host":"{}","src_port":{},"dst_host":"{}","dst_port":{},"payload": [{}]}}"#,
        src.ip,
        src.port,
        dst.ip,
        dst.port,
        bytes.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(frame: u64, time: i64, flow: u32, offset: u64) -> Piece {
        Piece { due: 0, time, capture: 1, frame, flow, offset, length: 1 }
    }

    fn order(pieces: &[Piece], by_arrival: bool) -> Vec<u64> {
        let mut pieces = pieces.to_vec();
        put_in_order(&mut pieces, by_arrival);
        pieces.iter().map(|piece| piece.frame).collect()
    }

    #[test]
    fn bytes_are_printed_once_those_before_them_are_there() {
        // flow 0: its first byte comes last; flow 1 answers between
        let pieces = [piece(1, 10, 0, 1), piece(2, 11, 1, 0), piece(3, 9, 0, 0), piece(4, 12, 1, 1)];
        assert_eq!(order(&pieces, true), [1, 2, 3, 4], "times that go backwards change nothing");
        assert_eq!(order(&pieces, false), [2, 3, 1, 4]);
    }

    fn hex(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let lines = bytes.chunks(LINE).enumerate();
        lines.for_each(|(line, chunk)| hex_line(line * LINE, chunk, bytes.len().min(LINE), &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_stand_in_columns() {
        assert_eq!(hex(b"abc"), "0000: 6162 63 abc\n");
        let lines = hex(&[b'x'; LINE + 3]);
        let last = lines.lines().nth(1).unwrap();
        assert_eq!(last.find("xxx"), lines.find("xxx"), "{lines}");
    }
}
