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
            _ => return Err(Stop::no_capture(4, format!("pcap version {major}.{minor} at offset 4 is not known"))),
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
    Stop::no_capture(0, format!("file header at offset 0 is cut short: {} of {FILE_HEADER} bytes", start.len()))
}

fn not_a_capture(start: &[u8]) -> Stop {
    let bytes: Vec<String> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Stop::no_capture(0, format!("not a capture: {} at offset 0", bytes.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{pcap, read, record, text, words};
    use super::*;

    #[test]
    fn pcap_in_both_orders_and_resolutions() {
        let expected = "1 @40 1 7000005000 abc/4\n2 @59 1 7000005000 /1";
        assert_eq!(text(&pcap(&[(7, 5, b"abc"), (7, 5, b"")])), expected);
        let mut big = words(&[0xa1b2_3c4d, 0x0002_0004, 0, 0, 65535, 0xf400_0001, 7, 5, 3, 4], Order::Big);
        big.extend(b"abc");
        assert_eq!(text(&big), "1 @40 1 7000000005 abc/4");
        let modified = words(&[0xa1b2_cd34, 0x0002_0004, 0, 0, 0, 113, u32::MAX, 5, 0, 4, 9, 9], Order::Big);
        assert_eq!(text(&modified), "1 @48 113 4294967295000005000 /4");
    }

    #[test]
    fn old_pcap_versions_have_the_lengths_in_another_order() {
        let mut capture = pcap(&[(7, 5, b"abc")]);
        (capture[6], capture[32], capture[36]) = (2, 4, 3);
        assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
        capture[6] = 3;
        assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
        (capture[32], capture[36]) = (3, 4);
        assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
    }

    #[test]
    fn strange_times_and_lengths_are_noted() {
        let mut capture = pcap(&[(7, 2_000_000, b"a"), (6, 999_999, b"b"), (6, 999_998, b"c")]);
        assert_eq!(
            text(&capture),
            "1 @40 1 9000000000 a/2\n2 @57 1 6999999000 b/2\n3 @74 1 6999998000 c/2\n\
             ! time_out_of_range 1: fraction of 2000000000 ns\n\
             ! time_backwards 2: time 2.000001000 s before that of frame 1\n\
             ! time_backwards 3: time 0.000001000 s before that of frame 2"
        );
        capture.truncate(24 + 17);
        capture[16..20].copy_from_slice(&[0xff; 4]);
        capture[28..32].copy_from_slice(&[0; 4]);
        assert_eq!(text(&capture), "1 @40 1 7000000000 a/2\n! snap_length_huge 0: snap length 4294967295");
        let mut short = pcap(&[(7, 0, b"abc")]);
        (short[16], short[17]) = (2, 0);
        assert_eq!(text(&short), "1 @40 1 7000000000 abc/4\n! longer_than_snap_length 1: 3 bytes, snap length 2");
    }

    #[test]
    fn pcap_damage_has_an_offset() {
        let start = pcap(&[(7, 5, b"abc")]);
        let after = |rest: &[u8]| text(&[&start, rest].concat());
        let expect = |rest: &[u8], stop: &str| assert_eq!(after(rest), format!("1 @40 1 7000005000 abc/4\n{stop}"));
        expect(&[1; 5], "Truncated Some(43): header of frame 2 at offset 43 is cut short: 5 of 16 bytes");
        expect(
            &record(8, 0, b"0123456789")[..20],
            "Truncated Some(43): frame 2 at offset 43 is cut short: 4 of 10 bytes",
        );
        expect(
            &words(&[8, 0, 0xf000_0000, 0xf000_0000], Order::Little),
            "Damaged Some(43): frame 2 at offset 43 claims 4026531840 bytes",
        );
        // Longer than usual: believed only where the bytes are.
        let long = words(&[8, 0, 300_000, 300_000], Order::Little);
        expect(&long, "Damaged Some(43): frame 2 at offset 43 claims 300000 bytes");
        let longer_than_wire = words(&[8, 0, 300_000, 60], Order::Little);
        expect(
            &[longer_than_wire, vec![0; 300_000]].concat(),
            "Damaged Some(43): frame 2 at offset 43 claims 300000 bytes",
        );
    }

    #[test]
    fn frames_larger_than_a_block() {
        let large: Vec<u8> = (0..3_000_000u32).map(|i| (i % 253) as u8).collect();
        let bytes = pcap(&[(1, 0, b"x"), (2, 0, &large), (3, 0, b"y")]);
        let all = read(&bytes);
        assert_eq!(all.stop, None);
        assert!(all.frames.iter().map(|(_, data)| data.len()).eq([1, 3_000_000, 1]));
        assert_eq!(all.frames[1].1, large);
        assert_eq!(all.frames[2].0.position, 24 + 17 + 16 + 3_000_000 + 16);
    }
}
