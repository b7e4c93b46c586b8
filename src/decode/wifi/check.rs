//! The frame check sequence (802.11-2020 §9.2.4.9): a CRC-32 behind the frame, which captures have or have not.

use std::ops::Range;

use flate2::Crc;

use crate::decode::rest::Rest;

/// Bytes of it.
const LENGTH: usize = 4;

/// What is known of the check sequence of a frame before it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Trailer {
    /// Nothing: it is there if it is right.
    #[default]
    Unknown,
    /// It is not there.
    Absent,
    /// It is there.
    Present,
    /// It is there, and the radio found it wrong.
    Wrong,
}

/// What it says of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is right.
    Good,
    /// It is wrong.
    Bad,
    /// It is not there, or was not captured.
    Unknown,
}

/// Takes the check sequence off, and says what it says. Padding that a radio put in (a range of the frame) was not sent.
pub fn take_off(trailer: Trailer, rest: &mut Rest<'_>, padding: Range<usize>) -> Check {
    let is_right = || is_right(rest, padding);
    let check = match trailer {
        Trailer::Absent => return Check::Unknown,
        Trailer::Wrong => Check::Bad,
        Trailer::Present => is_right().map_or(Check::Unknown, |right| if right { Check::Good } else { Check::Bad }),
        Trailer::Unknown if is_right() == Some(true) => Check::Good,
        Trailer::Unknown => return Check::Unknown,
    };
    *rest = rest.without_tail(LENGTH);
    check
}

/// `None` where it was not captured.
fn is_right(rest: &Rest<'_>, padding: Range<usize>) -> Option<bool> {
    let (frame, sequence) = rest.seen().split_last_chunk::<LENGTH>().filter(|_| rest.is_complete())?;
    let mut crc = Crc::new();
    crc.update(frame.get(..padding.start)?);
    crc.update(frame.get(padding.end..)?);
    Some(crc.sum() == u32::from_le_bytes(*sequence))
}
