//! `LINKTYPE_IEEE802_11_RADIOTAP` (<https://www.radiotap.org>): version, length, words of bits that say which fields are
//! there, and the fields, each aligned to its own size from the first byte of the header on. All is little-endian.

use super::check::Trailer;
use super::{Radio, channel};
use crate::decode::frame::{Frame, Layer};
use crate::model::Skip;

/// Alignment and size of each field, by its bit.
const FIELDS: [(usize, usize); 29] = [
    (8, 8),  // time
    (1, 1),  // flags
    (1, 1),  // rate
    (2, 4),  // channel
    (2, 2),  // frequency hopping
    (1, 1),  // signal
    (1, 1),  // noise
    (2, 2),  // lock quality
    (2, 2),  // attenuation
    (2, 2),  // attenuation in dB
    (1, 1),  // power
    (1, 1),  // antenna
    (1, 1),  // signal in dB
    (1, 1),  // noise in dB
    (2, 2),  // flags of reception
    (2, 2),  // flags of transmission
    (1, 1),  // RTS retries
    (1, 1),  // data retries
    (4, 8),  // extended channel
    (1, 3),  // MCS
    (4, 8),  // A-MPDU
    (2, 12), // VHT
    (8, 12), // timestamp
    (2, 12), // HE
    (2, 12), // HE-MU
    (2, 6),  // HE-MU of other users
    (1, 1),  // no PSDU
    (2, 4),  // L-SIG
    (4, 0),  // from here on type, length, value
];
const FLAGS: usize = 1;
const CHANNEL: usize = 3;
const TLV: usize = 28;
/// Bits of a word: the next one begins with bit 0 of these fields again; or of a vendor's; another word follows.
const RADIOTAP_NEXT: u32 = 1 << 29;
const VENDOR_NEXT: u32 = 1 << 30;
const MORE: u32 = 1 << 31;

/// Bits of the field `flags`.
const FCS_AT_END: u8 = 0x10;
const PADDED: u8 = 0x20;
const BAD_FCS: u8 = 0x40;

/// Takes the header off.
///
/// # Errors
/// [`Skip::CutHeader`] or [`Skip::Malformed`].
pub fn walk(frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    let &[version, _, l0, l1, ..] = frame.rest.peek::<8>()?;
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    if version != 0 || length < 8 {
        return Err(Skip::Malformed);
    }
    let behind = frame.rest.skip(length)?;
    let mut radio = Radio::default();
    // fields that do not fit are not believed; where the frame begins is known all the same
    let _complete = fields(&frame.rest.seen()[..length], &mut radio);
    frame.rest = behind;
    Ok(Layer::Wifi(radio))
}

/// Reads what of the fields is wanted; `None` where the header ends before them.
fn fields(header: &[u8], radio: &mut Radio) -> Option<()> {
    let word = |number: usize| Some(u32::from_le_bytes(*header.get(4 + 4 * number..)?.first_chunk()?));
    let mut words = 1;
    while word(words - 1)? & MORE != 0 {
        words += 1;
    }
    let mut at = 4 + 4 * words;
    let (mut is_vendors, mut first_bit) = (false, 0);
    for number in 0..words {
        let word = word(number)?;
        for bit in (0..=TLV).filter(|bit| word >> bit & 1 == 1 && !is_vendors) {
            let field = first_bit + bit;
            // the size of a field that is not known hides what follows
            let (align, size) = *FIELDS.get(field).filter(|_| field != TLV)?;
            at = at.next_multiple_of(align);
            take(field, header.get(at..at + size)?, radio);
            at += size;
        }
        first_bit += 32;
        if word & (RADIOTAP_NEXT | VENDOR_NEXT) != 0 {
            (is_vendors, first_bit) = (word & VENDOR_NEXT != 0, 0);
        }
        if word & VENDOR_NEXT != 0 {
            at = at.next_multiple_of(2);
            let &[_, _, _, _, s0, s1] = header.get(at..)?.first_chunk()?;
            at += 6 + usize::from(u16::from_le_bytes([s0, s1]));
        }
    }
    Some(())
}

/// The first field of a kind counts: later ones are of single antennas.
fn take(field: usize, value: &[u8], radio: &mut Radio) {
    match (field, value) {
        (FLAGS, [flags]) if radio.trailer == Trailer::Unknown => {
            radio.padded = flags & PADDED != 0;
            radio.trailer = match (flags & FCS_AT_END != 0, flags & BAD_FCS != 0) {
                (false, _) => Trailer::Absent,
                (true, false) => Trailer::Present,
                (true, true) => Trailer::Wrong,
            };
        }
        (CHANNEL, [f0, f1, ..]) if radio.channel.is_none() => {
            radio.channel = channel(u16::from_le_bytes([*f0, *f1]));
        }
        _ => {}
    }
}
