//! The block format (draft-ietf-opsawg-pcapng): sections of either byte order, each with interfaces of its own.
//! Packet blocks of all three kinds are frames; every other block is passed over.

use super::Stop;
use super::sink::{Cut, Found, MAX_RECORD, Order, Sink};
use crate::model::{AnomalyKind, LinkType, Timestamp};

const SECTION: u32 = 0x0a0d_0d0a;
/// The type that reads the same in both byte orders.
const SECTION_BYTES: &[u8] = &[0x0a, 0x0d, 0x0d, 0x0a];
const INTERFACE: u32 = 1;
/// Obsolete, but still found.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const OPTION_END: u16 = 0;
const OPTION_TSRESOL: u16 = 9;
const OPTION_TSOFFSET: u16 = 14;

/// The section being read.
#[derive(Default)]
pub(super) struct Pcapng {
    section: Option<Section>,
}

struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

struct Interface {
    link: LinkType,
    snap_length: u32,
    resolution: Resolution,
    /// Seconds to add to every time.
    offset: i64,
}

/// How a 64-bit count becomes nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    /// A unit is so many nanoseconds.
    Times(u64),
    /// A nanosecond is so many units (saturated: then every time is 0).
    Over(u128),
    /// A second is 2 to this power units.
    Binary(u32),
}

enum Step {
    /// A block of so many bytes is done with (it may reach past what is there).
    Used(usize),
    /// So many bytes must be there to go on.
    Wants(usize),
}

/// A block that is whole.
struct Block<'a> {
    kind: u32,
    /// All of it, both lengths included.
    bytes: &'a [u8],
    /// Where it lies in the bytes being cut.
    start: usize,
    /// Where it lies in the capture.
    offset: u64,
}

impl Pcapng {
    /// Finds the whole blocks of `bytes`, which begin at `base` of the capture. A block to be skipped that reaches past
    /// the end is counted as used; `wants` then says where in `bytes` it begins.
    pub fn cut(&mut self, bytes: &[u8], base: u64, sink: &mut Sink<'_>) -> Result<Cut, Stop> {
        let mut used = 0;
        loop {
            match self.step(bytes, used, base, sink)? {
                Step::Used(length) if used + length > bytes.len() => {
                    return Ok(Cut { used: used + length, wants: used });
                }
                Step::Used(length) => used += length,
                Step::Wants(wants) => return Ok(Cut { used, wants }),
            }
        }
    }

    fn step(&mut self, bytes: &[u8], start: usize, base: u64, sink: &mut Sink<'_>) -> Result<Step, Stop> {
        let (rest, offset) = (&bytes[start..], base + start as u64);
        let Some((order, kind, length)) = self.head(rest, offset)? else { return Ok(Step::Wants(12)) };
        if !length.is_multiple_of(4) || length < shortest(kind) {
            return Err(Stop::damaged(offset, format!("block at offset {offset} claims {length} bytes")));
        }
        if length > MAX_RECORD {
            return match kind {
                SECTION | INTERFACE | PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {
                    Err(Stop::damaged(offset, format!("block at offset {offset} claims {length} bytes")))
                }
                _ => Ok(Step::Used(length)),
            };
        }
        if rest.len() < length {
            return Ok(Step::Wants(length));
        }
        let trailer = order.u32(rest, length - 4) as usize;
        if trailer != length {
            let what = format!("block at offset {offset} begins with length {length} and ends with {trailer}");
            return Err(Stop::damaged(offset, what));
        }
        self.block(&Block { kind, bytes: &rest[..length], start, offset }, order, sink)?;
        Ok(Step::Used(length))
    }

    /// Byte order, type and length of the block; `None` if more bytes are needed.
    fn head(&self, rest: &[u8], offset: u64) -> Result<Option<(Order, u32, usize)>, Stop> {
        if rest.len() < 12 {
            return Ok(None);
        }
        let order = match (&rest[..4] == SECTION_BYTES, &rest[8..12], &self.section) {
            (true, [0x4d, 0x3c, 0x2b, 0x1a], _) => Order::Little,
            (true, [0x1a, 0x2b, 0x3c, 0x4d], _) => Order::Big,
            (false, _, Some(section)) => section.order,
            _ => return Err(bad_section(offset, "has no known byte order")),
        };
        Ok(Some((order, order.u32(rest, 0), order.u32(rest, 4) as usize)))
    }

    fn block(&mut self, block: &Block<'_>, order: Order, sink: &mut Sink<'_>) -> Result<(), Stop> {
        if block.kind == SECTION {
            let (major, minor) = (order.u16(block.bytes, 12), order.u16(block.bytes, 14));
            if major != 1 {
                return Err(bad_section(block.offset, &format!("has the unknown version {major}.{minor}")));
            }
            self.section = Some(Section { order, interfaces: Vec::new() });
        }
        let Some(section) = &mut self.section else { return Ok(()) };
        match block.kind {
            INTERFACE => {
                let interface = Interface::parse(block.bytes, order);
                sink.snap_length(interface.snap_length, block.offset + 12);
                section.interfaces.push(interface);
                Ok(())
            }
            ENHANCED_PACKET => section.frame(block, &Fields::enhanced(block.bytes, order), sink),
            PACKET => section.frame(block, &Fields::obsolete(block.bytes, order), sink),
            SIMPLE_PACKET => section.simple(block, sink),
            _ => Ok(()),
        }
    }
}

/// What it means that the capture ends with `there` bytes of a block at `offset`.
pub(super) fn cut_short(there: usize, wants: usize, offset: u64) -> Stop {
    if offset == 0 {
        return Stop::no_capture(0, format!("file header at offset 0 is cut short: {there} of {wants} bytes"));
    }
    Stop::truncated(offset, format!("block at offset {offset} is cut short: {there} of {wants} bytes"))
}

/// The first section header makes the file a capture; a later one only ends it.
fn bad_section(offset: u64, what: &str) -> Stop {
    let message = format!("section header at offset {offset} {what}");
    if offset == 0 { Stop::no_capture(0, message) } else { Stop::damaged(offset, message) }
}

fn shortest(kind: u32) -> usize {
    match kind {
        SECTION => 28,
        INTERFACE => 20,
        SIMPLE_PACKET => 16,
        PACKET | ENHANCED_PACKET => 32,
        _ => 12,
    }
}

/// Fields that enhanced and obsolete packet blocks share; data begins at byte 28 in both.
struct Fields {
    interface: u32,
    time: u64,
    captured: usize,
    original: u32,
}

const DATA: usize = 28;

impl Fields {
    fn enhanced(block: &[u8], order: Order) -> Self {
        let time = u64::from(order.u32(block, 12)) << 32 | u64::from(order.u32(block, 16));
        let (captured, original) = (order.u32(block, 20) as usize, order.u32(block, 24));
        Fields { interface: order.u32(block, 8), time, captured, original }
    }

    fn obsolete(block: &[u8], order: Order) -> Self {
        Fields { interface: order.u16(block, 8).into(), ..Self::enhanced(block, order) }
    }
}

impl Section {
    fn interface(&self, number: u32, block: &Block<'_>, sink: &Sink<'_>) -> Result<&Interface, Stop> {
        self.interfaces.get(number as usize).ok_or_else(|| {
            let (frame, offset) = (sink.next(), block.offset);
            Stop::damaged(
                offset,
                format!("frame {frame} at offset {offset} names interface {number}, which is not there"),
            )
        })
    }

    fn frame(&self, block: &Block<'_>, fields: &Fields, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let interface = self.interface(fields.interface, block, sink)?;
        let time = interface.time(fields.time);
        if time.is_none() {
            let detail = format!("time {} of interface {}", fields.time, fields.interface);
            sink.note_next(block.offset, AnomalyKind::TimeOutOfRange, detail);
        }
        interface.found(block, DATA, fields.captured, fields.original, time, sink)
    }

    fn simple(&self, block: &Block<'_>, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let interface = self.interface(0, block, sink)?;
        let original = self.order.u32(block.bytes, 8);
        let limit = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
        interface.found(block, 12, original.min(limit) as usize, original, None, sink)
    }
}

impl Interface {
    fn parse(block: &[u8], order: Order) -> Self {
        let mut interface = Interface {
            link: LinkType(order.u16(block, 8).into()),
            snap_length: order.u32(block, 12),
            resolution: Resolution::new(6),
            offset: 0,
        };
        let mut options = &block[16..block.len() - 4];
        while options.len() >= 4 {
            let (code, length) = (order.u16(options, 0), order.u16(options, 2) as usize);
            let Some(value) = options.get(4..4 + length) else { break };
            match code {
                OPTION_END => break,
                OPTION_TSRESOL if length == 1 => interface.resolution = Resolution::new(value[0]),
                OPTION_TSOFFSET if length == 8 => interface.offset = offset(value, order),
                _ => {}
            }
            options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        interface
    }

    fn time(&self, count: u64) -> Option<Timestamp> {
        let nanoseconds = self.resolution.nanoseconds(count) + i128::from(self.offset) * 1_000_000_000;
        i64::try_from(nanoseconds).ok().map(Timestamp)
    }

    fn found(
        &self,
        block: &Block<'_>,
        data: usize,
        captured: usize,
        original_len: u32,
        time: Option<Timestamp>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let room = block.bytes.len() - 4 - data;
        if captured > room {
            let (frame, offset) = (sink.next(), block.offset);
            let what = format!("frame {frame} at offset {offset} claims {captured} bytes, its block has {room}");
            return Err(Stop::damaged(offset, what));
        }
        let start = block.start + data;
        sink.frame(Found {
            position: block.offset + data as u64,
            at: start..start + captured,
            time,
            original_len,
            link: self.link,
            snap_length: self.snap_length,
        });
        Ok(())
    }
}

/// Seconds, signed, 64 bits in the section's byte order.
fn offset(value: &[u8], order: Order) -> i64 {
    let (first, second) = (u64::from(order.u32(value, 0)), u64::from(order.u32(value, 4)));
    let bits = if order == Order::Big { first << 32 | second } else { second << 32 | first };
    bits as i64
}

impl Resolution {
    /// From the option's byte: a negative power of ten, or of two if the highest bit is set.
    fn new(byte: u8) -> Self {
        let power = u32::from(byte & 0x7f);
        match (byte & 0x80 != 0, power) {
            (true, _) => Resolution::Binary(power),
            (false, ..=9) => Resolution::Times(10u64.pow(9 - power)),
            (false, _) => Resolution::Over(10u128.checked_pow(power - 9).unwrap_or(u128::MAX)),
        }
    }

    fn nanoseconds(self, count: u64) -> i128 {
        // 94 bits at most.
        let nanoseconds = match self {
            Resolution::Times(factor) => u128::from(count) * u128::from(factor),
            Resolution::Over(units) => u128::from(count) / units,
            Resolution::Binary(power) => (u128::from(count) * 1_000_000_000) >> power,
        };
        nanoseconds as i128
    }
}

#[cfg(test)]
#[path = "pcapng_tests.rs"]
mod tests;
