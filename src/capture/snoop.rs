//! The format of Solaris's snoop (RFC 1761).

use super::Stop;
use super::sink::{Cut, Found, MAX_RECORD, Order, Sink};
use crate::model::{AnomalyKind, LinkType, Timestamp};

/// How a file begins.
pub(super) const MAGIC: &[u8] = b"snoop\0\0\0";
/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 16;
/// Bytes of a record's header.
const RECORD_HEADER: usize = 24;
/// Bytes that pad a record, at most. RFC 1761 asks for 3; some writers align more.
const MAX_PADDING: usize = 64;
const ORDER: Order = Order::Big;

/// What the file header says.
pub(super) struct Snoop {
    link: LinkType,
}

struct Record {
    original: u32,
    captured: usize,
    /// With its header and padding.
    whole: usize,
}

impl Snoop {
    /// Reads the file header, of which `start` is all there is.
    pub fn begin(start: &[u8]) -> Result<Self, Stop> {
        if start.len() < FILE_HEADER {
            let there = start.len();
            return Err(Stop::no_capture(
                0,
                format!("file header at offset 0 is cut short: {there} of {FILE_HEADER} bytes"),
            ));
        }
        match ORDER.u32(start, 8) {
            2 => Ok(Snoop { link: link(ORDER.u32(start, 12)) }),
            version => Err(Stop::no_capture(8, format!("snoop version {version} at offset 8 is not known"))),
        }
    }

    /// Finds the whole records of `bytes`, which begin at `base` of the capture.
    pub fn cut(&mut self, bytes: &[u8], base: u64, sink: &mut Sink<'_>) -> Result<Cut, Stop> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            if rest.len() < RECORD_HEADER {
                return Ok(Cut { used, wants: RECORD_HEADER });
            }
            let record = record(rest);
            if !record.is_plausible() {
                let (number, offset) = (sink.next(), base + used as u64);
                let Record { captured, whole, .. } = record;
                let what = format!("frame {number} at offset {offset} claims {captured} bytes in a record of {whole}");
                return Err(Stop::damaged(offset, what));
            }
            if rest.len() < record.whole {
                return Ok(Cut { used, wants: record.whole });
            }
            let start = used + RECORD_HEADER;
            self.frame(rest, &record, start, base + start as u64, sink);
            used += record.whole;
        }
    }

    /// What it means that the capture ends with `rest`, no whole record, at `offset`.
    pub fn cut_short(&self, rest: &[u8], offset: u64, number: u64) -> Stop {
        let (what, there, whole) = match rest.len().checked_sub(RECORD_HEADER) {
            None => ("header of frame", rest.len(), RECORD_HEADER),
            Some(there) => ("frame", there, record(rest).whole - RECORD_HEADER),
        };
        Stop::truncated(offset, format!("{what} {number} at offset {offset} is cut short: {there} of {whole} bytes"))
    }

    fn frame(&self, header: &[u8], record: &Record, start: usize, position: u64, sink: &mut Sink<'_>) {
        let (seconds, microseconds) = (ORDER.u32(header, 16), ORDER.u32(header, 20));
        let nanoseconds = i64::from(microseconds) * 1000;
        if nanoseconds >= 1_000_000_000 {
            let detail = format!("fraction of {nanoseconds} ns");
            sink.note_next(position, AnomalyKind::TimeOutOfRange, detail);
        }
        sink.frame(Found {
            position,
            at: start..start + record.captured,
            time: Timestamp::new(seconds.into(), nanoseconds),
            original_len: record.original,
            link: self.link,
            snap_length: 0,
        });
    }
}

impl Record {
    fn is_plausible(&self) -> bool {
        let payload = self.whole.checked_sub(RECORD_HEADER);
        let padding = payload.and_then(|bytes| bytes.checked_sub(self.captured));
        padding.is_some_and(|padding| padding <= MAX_PADDING) && self.captured <= MAX_RECORD
    }
}

/// Original length, included length, record length; then dropped packets, seconds, microseconds.
fn record(header: &[u8]) -> Record {
    let [original, captured, whole] = [0, 4, 8].map(|at| ORDER.u32(header, at));
    Record { original, captured: captured as usize, whole: whole as usize }
}

/// Datalink types as snoop numbers them (RFC 1761, and the list of IANA it began).
fn link(number: u32) -> LinkType {
    /// Above all numbers of capture files: what is not known has no name.
    const UNKNOWN: u32 = 1 << 31;
    match number {
        0 | 4 => LinkType::ETHERNET,
        other => LinkType(UNKNOWN | other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{text, words};
    use super::*;

    fn snoop(link: u32, records: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let mut capture = [MAGIC, &words(&[2, link], ORDER)].concat();
        for (seconds, microseconds, data) in records {
            let (length, padded) = (data.len(), data.len().next_multiple_of(4));
            let head = [length as u32 + 1, length as u32, (RECORD_HEADER + padded) as u32, 0, *seconds, *microseconds];
            capture.extend([words(&head, ORDER), data.to_vec(), vec![0; padded - length]].concat());
        }
        capture
    }

    #[test]
    fn records_are_frames() {
        let capture = snoop(4, &[(7, 5, b"abc"), (8, 0, b""), (9, 0, b"defgh")]);
        assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4\n2 @68 1 8000000000 /1\n3 @92 1 9000000000 defgh/6");
    }

    #[test]
    fn damage_has_an_offset() {
        let whole = snoop(0, &[(7, 5, b"abc"), (8, 0, b"0123")]);
        let first = "1 @40 1 7000005000 abc/4\n";
        let expect = |capture: &[u8], stop: &str| assert_eq!(text(capture), format!("{first}{stop}"));
        expect(&whole[..50], "Truncated Some(44): header of frame 2 at offset 44 is cut short: 6 of 24 bytes");
        expect(&whole[..70], "Truncated Some(44): frame 2 at offset 44 is cut short: 2 of 4 bytes");
        let mut damaged = whole.clone();
        damaged[48..52].copy_from_slice(&[0, 0, 1, 0]);
        expect(&damaged, "Damaged Some(44): frame 2 at offset 44 claims 256 bytes in a record of 28");
    }

    #[test]
    fn a_header_that_cannot_be_used() {
        assert_eq!(
            text(&snoop(4, &[])[..12]),
            "Unreadable Some(0): file header at offset 0 is cut short: 12 of 16 bytes"
        );
        let mut newer = snoop(4, &[]);
        newer[11] = 3;
        assert_eq!(text(&newer), "Unreadable Some(8): snoop version 3 at offset 8 is not known");
    }
}
