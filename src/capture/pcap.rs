//! The classic format, both byte orders, micro- and nanoseconds, and Kuznetsov's longer record headers
//! (draft-ietf-opsawg-pcap; <https://wiki.wireshark.org/Development/LibpcapFileFormat>).

use super::Stop;
use super::sink::{Cut, Found, MAX_RECORD, Order, Sink};
use crate::model::{AnomalyKind, LinkType, Timestamp};

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;
/// Frames up to this are believed whatever the header's snap length is: libpcap's largest one.
const USUAL_MAX: usize = 262_144;
/// The network field holds flags above these bits (libpcap's `LT_LINKTYPE`).
const LINK_BITS: u32 = 0x03ff_ffff;

/// What the file header says.
pub(super) struct Pcap {
    order: Order,
    /// Nanoseconds in a unit of the record's fraction field.
    unit: u32,
    record_header: usize,
    lengths: Lengths,
    snap_length: u32,
    link: LinkType,
    snap_length_seen: bool,
}

/// Old writers put the original length first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    OriginalFirst,
    /// Version 2.3 had both: the smaller one is the captured length.
    Either,
}

struct Record {
    seconds: u32,
    fraction: u32,
    captured: usize,
    original: u32,
}

impl Pcap {
    /// Reads the file header, of which `start` is all there is.
    pub fn begin(start: &[u8]) -> Result<Self, Stop> {
        let (order, unit, record_header) = magic(start)?;
        if start.len() < FILE_HEADER {
            return Err(cut_header(start));
        }
        let (major, minor) = (order.u16(start, 4), order.u16(start, 6));
        let lengths = match (major, minor) {
            (2, 0..=2) => Lengths::OriginalFirst,
            (2, 3) => Lengths::Either,
            (2, _) => Lengths::CapturedFirst,
            _ => return Err(Stop::unreadable(format!("pcap version {major}.{minor} is not known"))),
        };
        let (snap_length, network) = (order.u32(start, 16), order.u32(start, 20));
        let link = LinkType(network & LINK_BITS);
        Ok(Pcap { order, unit, record_header, lengths, snap_length, link, snap_length_seen: false })
    }

    /// Finds the whole records of `bytes`, which begin at `base` of the capture.
    pub fn cut(&mut self, bytes: &[u8], base: u64, sink: &mut Sink<'_>) -> Result<Cut, Stop> {
        if !self.snap_length_seen {
            self.snap_length_seen = true;
            sink.snap_length(self.snap_length, 16);
        }
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            if rest.len() < self.record_header {
                return Ok(Cut { used, wants: self.record_header });
            }
            let record = self.record(rest);
            if !self.plausible(&record) {
                return Err(self.too_long(&record, base + used as u64, sink.next()));
            }
            let whole = self.record_header + record.captured;
            if rest.len() < whole {
                return Ok(Cut { used, wants: whole });
            }
            let start = used + self.record_header;
            used += whole;
            self.frame(&record, start..used, base + start as u64, sink);
        }
    }

    /// What it means that the capture ends with `rest`, no whole record, at `offset`.
    pub fn cut_short(&self, rest: &[u8], offset: u64, number: u64) -> Stop {
        let there = rest.len();
        if there < self.record_header {
            let whole = self.record_header;
            let what = format!("header of frame {number} at offset {offset} is cut short: {there} of {whole} bytes");
            return Stop::truncated(offset, what);
        }
        let record = self.record(rest);
        if record.captured > self.usual() {
            return self.too_long(&record, offset, number);
        }
        let (there, whole) = (there - self.record_header, record.captured);
        Stop::truncated(offset, format!("frame {number} at offset {offset} is cut short: {there} of {whole} bytes"))
    }

    fn frame(&self, record: &Record, at: std::ops::Range<usize>, position: u64, sink: &mut Sink<'_>) {
        let nanoseconds = i64::from(record.fraction) * i64::from(self.unit);
        if nanoseconds >= 1_000_000_000 {
            let detail = format!("fraction of {nanoseconds} ns");
            sink.note_next(position, AnomalyKind::TimeOutOfRange, detail);
        }
        sink.frame(Found {
            position,
            at,
            time: Timestamp::new(record.seconds.into(), nanoseconds),
            original_len: record.original,
            link: self.link,
            snap_length: self.snap_length,
        });
    }

    fn record(&self, header: &[u8]) -> Record {
        let order = self.order;
        let (mut captured, mut original) = (order.u32(header, 8), order.u32(header, 12));
        let swap = match self.lengths {
            Lengths::CapturedFirst => false,
            Lengths::OriginalFirst => true,
            Lengths::Either => captured > original,
        };
        if swap {
            std::mem::swap(&mut captured, &mut original);
        }
        let (seconds, fraction) = (order.u32(header, 0), order.u32(header, 4));
        Record { seconds, fraction, captured: captured as usize, original }
    }

    /// A frame longer than usual is believed if it is not longer than it was on the wire (and if it is there).
    fn plausible(&self, record: &Record) -> bool {
        record.captured <= self.usual() || record.captured <= MAX_RECORD && record.captured <= record.original as usize
    }

    fn usual(&self) -> usize {
        USUAL_MAX.max(self.snap_length as usize).min(MAX_RECORD)
    }

    fn too_long(&self, record: &Record, offset: u64, number: u64) -> Stop {
        Stop::damaged(offset, format!("frame {number} at offset {offset} claims {} bytes", record.captured))
    }
}

/// Byte order, nanoseconds in a unit of time, and length of a record header.
fn magic(start: &[u8]) -> Result<(Order, u32, usize), Stop> {
    let Some(four) = start.first_chunk::<4>() else { return Err(cut_header(start)) };
    match four {
        [0xd4, 0xc3, 0xb2, 0xa1] => Ok((Order::Little, 1000, 16)),
        [0xa1, 0xb2, 0xc3, 0xd4] => Ok((Order::Big, 1000, 16)),
        [0x4d, 0x3c, 0xb2, 0xa1] => Ok((Order::Little, 1, 16)),
        [0xa1, 0xb2, 0x3c, 0x4d] => Ok((Order::Big, 1, 16)),
        [0x34, 0xcd, 0xb2, 0xa1] => Ok((Order::Little, 1000, 24)),
        [0xa1, 0xb2, 0xcd, 0x34] => Ok((Order::Big, 1000, 24)),
        _ => Err(not_a_capture(start)),
    }
}

fn cut_header(start: &[u8]) -> Stop {
    Stop::unreadable(format!("file header cut short, {} of {FILE_HEADER} bytes", start.len()))
}

fn not_a_capture(start: &[u8]) -> Stop {
    let bytes: Vec<String> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Stop::unreadable(format!("not a capture: begins with {}", bytes.join(" ")))
}
