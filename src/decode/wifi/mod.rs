//! IEEE 802.11 (802.11-2020, clause 9): what radios put in front of a frame, the frame itself, and what is heard on the air
//! besides data.
//!
//! ```text
//! radiotap.rs, prism.rs, avs.rs, ppi.rs -> check.rs (frame check sequence) -> header.rs -> here -> LLC (ethernet.rs)
//!                                                                               |            amsdu.rs, fragments
//!                                                                               +-> air.rs: retries, networks (beacon.rs)
//! ```
//!
//! Nothing is decrypted: what is protected is [`Skip::Encrypted`].

mod air;
mod amsdu;
mod avs;
mod beacon;
mod check;
mod header;
mod networks;
mod ppi;
mod prism;
mod radiotap;
#[cfg(test)]
mod tests;

use super::found::{Fragment, Key, Place};
use super::frame::{Frame, Layer};
use super::rest::Rest;
use crate::model::Skip;
pub use air::{Air, Heard};
pub use amsdu::several;
pub use avs::walk as avs;
use check::{Check, Trailer};
use header::{Header, Kind};
pub use ppi::walk as ppi;
pub use prism::walk as prism;
pub use radiotap::walk as radiotap;

/// What the header in front of a frame says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Radio {
    /// The frame check sequence.
    trailer: Trailer,
    /// The header is padded to a multiple of four bytes.
    padded: bool,
    /// Channel it was received on.
    channel: Option<u8>,
}

/// What a data frame carries.
pub enum Inside<'a> {
    /// All of it, which the frame now begins with.
    Whole(Layer),
    /// A part.
    Fragment(Box<Fragment<'a>>),
}

/// Takes off the header of a frame whose data can be read.
///
/// # Errors
/// Why nothing can follow.
pub fn frame<'a>(radio: Radio, frame: &mut Frame<'a>) -> Result<Inside<'a>, Skip> {
    let (header, _) = open(radio, frame)?;
    inside(&header, frame)
}

/// Takes off header, padding and check sequence.
fn open(radio: Radio, frame: &mut Frame<'_>) -> Result<(Header, Check), Skip> {
    let rest = &mut frame.rest;
    if !rest.holds(1) {
        // radios also tell of frames they saw nothing of
        return Err(Skip::NoData);
    }
    let length = Header::length(rest)?;
    let padding = if radio.padded { length.next_multiple_of(4) - length } else { 0 };
    let check = check::take_off(radio.trailer, rest, length..length + padding);
    let header = Header::read(rest)?;
    *rest = rest.skip(length + padding)?;
    Ok((header, check))
}

/// What a frame carries whose header was taken off.
fn inside<'a>(header: &Header, frame: &mut Frame<'a>) -> Result<Inside<'a>, Skip> {
    match header.kind {
        Kind::Data if header.is_protected() => return Err(Skip::Encrypted),
        Kind::Data if frame.rest.holds(1) => {}
        Kind::Data | Kind::NoData | Kind::Management(_) | Kind::Other => return Err(Skip::NoData),
    }
    frame.mac = Some([header.source(), header.destination()]);
    let layer = if header.is_amsdu() { Layer::Amsdu } else { Layer::Llc };
    if layer == Layer::Llc && header.fragment() == 0 && header.may_have_mesh_control() {
        mesh_control(frame)?;
    }
    if !header.is_part() {
        return Ok(Inside::Whole(layer));
    }
    let (payload, cut) = (frame.rest.seen(), frame.rest.missing() > 0);
    let key = Key::Wifi(header.transmitter(), header.receiver(), header.number(), header.tid());
    let (place, more) = (Place::Number(header.fragment()), header.has_more());
    Ok(Inside::Fragment(Box::new(Fragment { key, place, more, payload, cut, onward: frame.onward(layer) })))
}

/// 9.2.4.8.3: flags, time to live, sequence number (4), up to two addresses more; the last of them are those of source and
/// destination outside the mesh. The bit in the header that tells of it has another meaning outside meshes: LLC is known by
/// its first byte, which as flags would be reserved.
fn mesh_control(frame: &mut Frame<'_>) -> Result<(), Skip> {
    let rest = frame.rest;
    let [flags] = *rest.peek::<1>()?;
    match flags {
        0 => frame.rest = rest.skip(6)?,
        1 => {
            let source = *address(&rest, 6)?;
            frame.mac = frame.mac.map(|[_, destination]| [source, destination]);
            frame.rest = rest.skip(12)?;
        }
        2 => {
            frame.mac = Some([*address(&rest, 12)?, *address(&rest, 6)?]);
            frame.rest = rest.skip(18)?;
        }
        _ => {}
    }
    Ok(())
}

/// The address that stands so many bytes further on.
fn address<'a>(rest: &Rest<'a>, at: usize) -> Result<&'a [u8; 6], Skip> {
    rest.skip(at)?.peek::<6>()
}

/// The number of the channel at a frequency in MHz (802.11-2020 annex E, 802.11ax for 6 GHz).
fn channel(frequency: u16) -> Option<u8> {
    let number = match frequency {
        2484 => 14,
        2412..=2472 => (frequency - 2407) / 5,
        5005..=5950 => (frequency - 5000) / 5,
        4910..=4980 => (frequency - 4000) / 5,
        5955..=7115 => (frequency - 5950) / 5,
        _ => return None,
    };
    u8::try_from(number).ok()
}
