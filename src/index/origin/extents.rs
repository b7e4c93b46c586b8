//! Where the bytes of a flow came from, at rest: about seven bytes an extent.
//!
//! A chunk is a sequence of extents in order of arrival, and can be decoded alone. Each extent is a flag byte and what
//! the flags announce, as differences to the extent before (the first of a chunk: to zeros). Numbers are LEB128, signed
//! ones zigzag:
//!
//! | flag | field |
//! |---|---|
//! | `POSITION` | position, less the end of the extent before (unset: it continues there) |
//! | `LENGTH` | length (unset: as before) |
//! | `CAPTURE` | capture (unset: as before) |
//! | always | frame, less that before; offset in the capture, less that before |
//! | unless `NO_TIME` | time, less that before: times two in microseconds where that is exact, otherwise in nanoseconds plus one |
//! | `TTL` | TTL, one byte (unset: as before) |
//! | bits 5, 6 | checksum state |
//! | `REPLACES` | the extent replaces what lies there |

use crate::model::{Checksum, Extent, Timestamp};

const POSITION: u8 = 1;
const LENGTH: u8 = 2;
const CAPTURE: u8 = 4;
const NO_TIME: u8 = 8;
const TTL: u8 = 16;
const CHECKSUM_SHIFT: u8 = 5;
const REPLACES: u8 = 128;

/// Bytes from which a chunk counts as full: with one more extent such a row still lies in its page whole, which a
/// `WITHOUT ROWID` table with 16 KiB pages allows up to 4086 bytes.
const FULL: usize = 3900;

/// What the next extent is told against.
#[derive(Clone, Debug)]
struct Before {
    end: i64,
    length: u32,
    capture: u32,
    frame: u64,
    file_position: u64,
    time: i64,
    ttl: u8,
}

impl Before {
    const NOTHING: Before = Before { end: 0, length: 0, capture: 0, frame: 0, file_position: 0, time: 0, ttl: 0 };

    fn after(&self, extent: &Extent) -> Before {
        Before {
            end: extent.position.wrapping_add(extent.length.into()),
            length: extent.length,
            capture: extent.capture,
            frame: extent.frame,
            file_position: extent.file_position,
            time: extent.time.map_or(self.time, |time| time.0),
            ttl: extent.ttl,
        }
    }
}

/// Encodes the extents of one flow as they arrive.
#[derive(Clone, Debug)]
pub struct Encoder {
    chunk: Vec<u8>,
    before: Before,
}

/// The chunk alone: what is told against follows from it.
impl serde::Serialize for Encoder {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.chunk.serialize(serializer)
    }
}

impl<'d> serde::Deserialize<'d> for Encoder {
    fn deserialize<D: serde::Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        let chunk = Vec::<u8>::deserialize(deserializer)?;
        let mut extents = decode(&chunk);
        extents.by_ref().for_each(drop);
        let before = extents.before;
        Ok(Encoder { chunk, before })
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder { chunk: Vec::new(), before: Before::NOTHING }
    }
}

impl Encoder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an extent.
    pub fn push(&mut self, extent: &Extent) {
        let (chunk, before) = (&mut self.chunk, &self.before);
        chunk.push(flags(extent, before));
        if extent.position != before.end {
            signed(chunk, extent.position.wrapping_sub(before.end));
        }
        if extent.length != before.length {
            unsigned(chunk, extent.length.into());
        }
        if extent.capture != before.capture {
            unsigned(chunk, extent.capture.into());
        }
        signed(chunk, extent.frame.wrapping_sub(before.frame) as i64);
        signed(chunk, extent.file_position.wrapping_sub(before.file_position) as i64);
        if let Some(time) = extent.time {
            duration(chunk, time.0.wrapping_sub(before.time));
        }
        if extent.ttl != before.ttl {
            chunk.push(extent.ttl);
        }
        self.before = before.after(extent);
    }

    /// A chunk for [`Row::Extents`](crate::index::Row::Extents), once one is full.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        (self.chunk.len() >= FULL).then(|| self.chunk()).flatten()
    }

    /// The last chunk, if anything is left. The encoder is empty afterwards.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        self.chunk()
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
        self.before = Before::NOTHING;
        let chunk = std::mem::take(&mut self.chunk);
        (!chunk.is_empty()).then_some(chunk)
    }
}

fn flags(extent: &Extent, before: &Before) -> u8 {
    let flag = |bit, set| if set { bit } else { 0 };
    let checksum = match extent.checksum {
        Checksum::Good => 0,
        Checksum::Bad => 1,
        Checksum::Unknown => 2,
    };
    flag(POSITION, extent.position != before.end)
        | flag(LENGTH, extent.length != before.length)
        | flag(CAPTURE, extent.capture != before.capture)
        | flag(NO_TIME, extent.time.is_none())
        | flag(TTL, extent.ttl != before.ttl)
        | checksum << CHECKSUM_SHIFT
        | flag(REPLACES, extent.replaces)
}

fn unsigned(chunk: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        chunk.push(value as u8 | 0x80);
        value >>= 7;
    }
    chunk.push(value as u8);
}

fn signed(chunk: &mut Vec<u8>, value: i64) {
    unsigned(chunk, zigzag(value));
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Nanoseconds, and the bit that tells the unit: 65 bits in all, hence the wide number.
fn duration(chunk: &mut Vec<u8>, nanoseconds: i64) {
    let told = if nanoseconds % 1000 == 0 {
        u128::from(zigzag(nanoseconds / 1000)) << 1
    } else {
        u128::from(zigzag(nanoseconds)) << 1 | 1
    };
    let mut value = told;
    while value >= 0x80 {
        chunk.push(value as u8 | 0x80);
        value >>= 7;
    }
    chunk.push(value as u8);
}

/// A chunk that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

/// The extents of a chunk in order of arrival; ends after the first that is garbled.
pub fn decode(chunk: &[u8]) -> Decoder<'_> {
    Decoder { rest: chunk, before: Before::NOTHING }
}

/// See [`decode`].
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    before: Before,
}

impl Iterator for Decoder<'_> {
    type Item = Result<Extent, Garbled>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let extent = self.extent();
        match &extent {
            Some(extent) => self.before = self.before.after(extent),
            None => self.rest = &[],
        }
        Some(extent.ok_or(Garbled))
    }
}

impl Decoder<'_> {
    fn extent(&mut self) -> Option<Extent> {
        let flags = self.byte()?;
        let has = |flag| flags & flag != 0;
        let before = self.before.clone();
        let position = if has(POSITION) { before.end.wrapping_add(self.signed()?) } else { before.end };
        let length = if has(LENGTH) { self.small()? } else { before.length };
        let capture = if has(CAPTURE) { self.small()? } else { before.capture };
        let frame = before.frame.wrapping_add(self.signed()? as u64);
        let file_position = before.file_position.wrapping_add(self.signed()? as u64);
        let time = if has(NO_TIME) { None } else { Some(Timestamp(before.time.wrapping_add(self.duration()?))) };
        let ttl = if has(TTL) { self.byte()? } else { before.ttl };
        let checksum = match flags >> CHECKSUM_SHIFT & 3 {
            0 => Checksum::Good,
            1 => Checksum::Bad,
            2 => Checksum::Unknown,
            _ => return None,
        };
        position.checked_add(length.into()).filter(|_| length > 0)?;
        Some(Extent { position, length, capture, frame, file_position, time, ttl, checksum, replaces: has(REPLACES) })
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn wide(&mut self) -> Option<u128> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn unsigned(&mut self) -> Option<u64> {
        self.wide()?.try_into().ok()
    }

    fn small(&mut self) -> Option<u32> {
        self.unsigned()?.try_into().ok()
    }

    fn signed(&mut self) -> Option<i64> {
        self.unsigned().map(unzigzag)
    }

    fn duration(&mut self) -> Option<i64> {
        let told = self.wide()?;
        let value = unzigzag((told >> 1).try_into().ok()?);
        if told & 1 == 0 { value.checked_mul(1000) } else { Some(value) }
    }
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn any_extent() -> impl Strategy<Value = Extent> {
        let checksum = prop_oneof![Just(Checksum::Good), Just(Checksum::Bad), Just(Checksum::Unknown)];
        let position = prop_oneof![Just(0), -50i64..50, i64::MIN..i64::MAX - (1 << 33)];
        let whole = prop_oneof![Just(0), 0u64..100_000, any::<u64>()];
        let time = proptest::option::of(prop_oneof![any::<i64>(), (0i64..1 << 40).prop_map(|us| us * 1000)]);
        (
            position,
            prop_oneof![Just(1460), 1u32..],
            any::<u32>(),
            whole.clone(),
            whole,
            time,
            any::<u8>(),
            checksum,
            any::<bool>(),
        )
            .prop_map(|(position, length, capture, frame, file_position, time, ttl, checksum, replaces)| {
                let time = time.map(Timestamp);
                Extent { position, length, capture, frame, file_position, time, ttl, checksum, replaces }
            })
    }

    proptest! {
        #[test]
        fn comes_back_as_it_went(extents in proptest::collection::vec(any_extent(), 0..400), asks in any::<bool>()) {
            let mut encoder = Encoder::new();
            let mut chunks = Vec::new();
            for extent in &extents {
                encoder.push(extent);
                chunks.extend(asks.then(|| encoder.take()).flatten());
            }
            chunks.extend(encoder.finish());
            prop_assert_eq!(encoder.finish(), None);
            let back: Result<Vec<Extent>, Garbled> = chunks.iter().flat_map(|chunk| decode(chunk)).collect();
            prop_assert_eq!(back, Ok(extents));
        }

        /// An encoder that was put away goes on as if it had not been.
        #[test]
        fn goes_on_after_a_sleep(extents in proptest::collection::vec(any_extent(), 1..40), sleeps in 0usize..40) {
            let (mut encoder, mut twin) = (Encoder::new(), Encoder::new());
            for (at, extent) in extents.iter().enumerate() {
                if at == sleeps {
                    encoder = postcard::from_bytes(&postcard::to_allocvec(&encoder).unwrap()).unwrap();
                }
                encoder.push(extent);
                twin.push(extent);
            }
            prop_assert_eq!(encoder.finish(), twin.finish());
        }

        #[test]
        fn never_panics_on_garbage(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(decode(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn takes_about_seven_bytes_each() {
        let mut encoder = Encoder::new();
        let mut size = 0;
        for i in 0..10_000u64 {
            encoder.push(&Extent {
                position: i as i64 * 1460,
                length: 1460,
                capture: 1,
                frame: 1 + i * 2,
                file_position: 54 + i * (1526 + 70),
                time: Some(Timestamp(1_700_000_000_000_000_000 + i as i64 * 800_000)),
                ttl: 64,
                checksum: Checksum::Good,
                replaces: false,
            });
            size += encoder.take().map_or(0, |chunk| chunk.len());
        }
        assert!(size < 70_000, "{size}");
    }

    #[test]
    fn a_cut_chunk_is_garbled() {
        assert_eq!(decode(&[POSITION, 2]).last(), Some(Err(Garbled)));
        assert_eq!(decode(&[0, 0, 0, 0]).next(), Some(Err(Garbled)), "no byte at all");
    }
}
