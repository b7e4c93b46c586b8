//! The history of a connection in Zeek's letters (base/protocols/conn, `conn.log`): upper case for the originator,
//! lower case for the responder, in order of first occurrence.

use smallvec::SmallVec;

use crate::model::{Checksum, Flags, Segment};

/// Letters so far. Which side is the originator is only known at the end, so sides are kept, not cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct History {
    /// Letter, with [`HIGHER`] set for side 1.
    letters: SmallVec<[u8; 16]>,
    /// Letters seen once, a bit each from `A`, by side.
    seen: [u32; 2],
    /// How often each of [`REPEATING`] occurred, by side.
    counts: [[u32; 3]; 2],
}

/// Set in a letter of side 1; letters themselves are ASCII.
const HIGHER: u8 = 0x80;
/// Bad checksum, retransmission, zero window: told again at the 10th, 100th, … occurrence, as Zeek does.
const REPEATING: [u8; 3] = *b"CTW";

impl History {
    /// Notes what one segment shows besides retransmission. `flags` are those that count, `segment.flags` those on the wire.
    pub fn observe(&mut self, side: usize, flags: Flags, segment: &Segment<'_>) {
        let wire = segment.flags;
        let syn = flags.has(Flags::SYN);
        let pure_ack = flags.has(Flags::ACK)
            && segment.payload.is_empty()
            && !syn
            && !flags.has(Flags::FIN)
            && !flags.has(Flags::RST);
        let letters = [
            (segment.checksum == Checksum::Bad, b'C'),
            (wire.has(Flags::SYN) && (wire.has(Flags::FIN) || wire.has(Flags::RST)), b'Q'),
            (!syn && wire.has(Flags::FIN | Flags::RST), b'I'),
            (syn, if flags.has(Flags::ACK) { b'H' } else { b'S' }),
            (pure_ack, b'A'),
            (segment.window == 0 && !syn && !flags.has(Flags::RST) && !flags.has(Flags::FIN), b'W'),
            (!segment.payload.is_empty() && !flags.has(Flags::RST), b'D'),
            (flags.has(Flags::FIN), b'F'),
            (flags.has(Flags::RST), b'R'),
        ];
        letters.into_iter().filter(|(applies, _)| *applies).for_each(|(_, letter)| self.add(side, letter));
    }

    /// Payload bytes of this side were captured again.
    pub fn retransmitted(&mut self, side: usize) {
        self.add(side, b'T');
    }

    /// The letters, given which side is the originator. `gaps`: sides whose payload has holes; `flipped`: the roles were corrected.
    pub fn text(&self, originator: usize, gaps: [bool; 2], flipped: bool) -> String {
        let gap =
            [0, 1].into_iter().filter(|&side| gaps[side]).map(|side| if side == 1 { b'G' | HIGHER } else { b'G' });
        let case = |letter: u8| {
            let (side, letter) = (usize::from(letter & HIGHER != 0), char::from(letter & !HIGHER));
            if side == originator { letter } else { letter.to_ascii_lowercase() }
        };
        let flip = flipped.then_some('^');
        flip.into_iter().chain(self.letters.iter().copied().chain(gap).map(case)).collect()
    }

    fn add(&mut self, side: usize, letter: u8) {
        let told = match REPEATING.iter().position(|&repeating| repeating == letter) {
            Some(i) => {
                let count = &mut self.counts[side][i];
                *count = count.saturating_add(1);
                is_power_of_ten(*count)
            }
            None => {
                let bit = 1 << (letter - b'A');
                let first = self.seen[side] & bit == 0;
                self.seen[side] |= bit;
                first
            }
        };
        if told {
            self.letters.push(if side == 1 { letter | HIGHER } else { letter });
        }
    }
}

fn is_power_of_ten(count: u32) -> bool {
    10u32.pow(count.max(1).ilog10()) == count
}
