//! The history of a connection in Zeek's letters (base/protocols/conn, `conn.log`): upper case for the originator,
//! lower case for the responder, in order of first occurrence.

use super::rare::Rarely;
use crate::model::{Checksum, Flags, Segment};

/// The first 16 letters, 5 bits each from the lowest on: number in `LETTERS` from 1, and `HIGHER` for side 1. Which
/// side is the originator is only known at the end, so sides are kept, not cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct History([u16; 5]);

/// What few histories need.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct More {
    /// Letters after the first 16, a byte each.
    letters: Vec<u8>,
    /// How often each of [`REPEATING`] occurred, by side.
    counts: [[u32; 3]; 2],
}

/// The letters; those of gaps and turned roles are added at the end.
const LETTERS: [u8; 11] = *b"CTWSHADFRIQ";
/// Bad checksum, retransmission, zero window: told again at the 10th, 100th, … occurrence, as Zeek does.
const REPEATING: usize = 3;
/// Set in a letter of side 1.
const HIGHER: u8 = 0x10;
/// Bits of a letter.
const BITS: u32 = 5;
/// Letters with room of their own.
const ROOM: u32 = 16;
/// The lowest bit of each of them.
const EACH: u128 = ((1 << (BITS * ROOM)) - 1) / ((1 << BITS) - 1);

impl History {
    /// Notes what one segment shows besides retransmission. `flags` are those that count, `segment.flags` those on the wire.
    pub fn observe(&mut self, side: usize, flags: Flags, segment: &Segment<'_>, rare: &mut Rarely) {
        let wire = segment.flags;
        let [syn, fin, rst] = [Flags::SYN, Flags::FIN, Flags::RST].map(|flag| flags.has(flag));
        let empty = segment.payload.is_empty();
        let letters = [
            (segment.checksum == Checksum::Bad, b'C'),
            (wire.has(Flags::SYN) && (wire.has(Flags::FIN) || wire.has(Flags::RST)), b'Q'),
            (!syn && wire.has(Flags::FIN | Flags::RST), b'I'),
            (syn, if flags.has(Flags::ACK) { b'H' } else { b'S' }),
            (flags.has(Flags::ACK) && empty && !syn && !fin && !rst, b'A'),
            (segment.window == 0 && !syn && !rst && !fin, b'W'),
            (!empty && !rst, b'D'),
            (fin, b'F'),
            (rst, b'R'),
        ];
        letters.into_iter().filter(|(applies, _)| *applies).for_each(|(_, letter)| self.add(side, letter, rare));
    }

    /// Payload bytes of this side were captured again.
    pub fn retransmitted(&mut self, side: usize, rare: &mut Rarely) {
        self.add(side, b'T', rare);
    }

    /// The letters, given which side is the originator. `gaps`: sides whose payload has holes; `flipped`: the roles were corrected.
    pub fn text(&self, originator: usize, gaps: [bool; 2], flipped: bool, rare: &Rarely) -> String {
        let case = |side: usize, letter: u8| {
            let letter = char::from(letter);
            if side == originator { letter } else { letter.to_ascii_lowercase() }
        };
        let more = rare.get().into_iter().flat_map(|rare| rare.history.letters.iter().copied());
        let told = self.letters().chain(more);
        let told = told.map(|told| case(usize::from(told & HIGHER != 0), LETTERS[usize::from(told & !HIGHER) - 1]));
        let gaps = [0, 1].into_iter().filter(|&side| gaps[side]).map(|side| case(side, b'G'));
        flipped.then_some('^').into_iter().chain(told).chain(gaps).collect()
    }

    fn add(&mut self, side: usize, letter: u8, rare: &mut Rarely) {
        let Some(number) = LETTERS.iter().position(|&known| known == letter) else { return };
        let told = number as u8 + 1 + if side == 1 { HIGHER } else { 0 };
        let tell = match number < REPEATING {
            true => is_power_of_ten(count(&mut rare.make().history.counts[side][number])),
            false => !self.has(told) && !is_behind(rare, told),
        };
        if tell {
            self.push(told, rare);
        }
    }

    /// The letter has been told, among the first. All are compared at once: one that is the same leaves zeros, from which
    /// taking one away borrows. Letters not there yet are zeros before and none after.
    fn has(self, letter: u8) -> bool {
        let differ = self.bits() ^ (EACH * u128::from(letter));
        differ.wrapping_sub(EACH) & !differ & (EACH << (BITS - 1)) != 0
    }

    fn push(&mut self, letter: u8, rare: &mut Rarely) {
        let bits = self.bits();
        let length = (u128::BITS - bits.leading_zeros()).div_ceil(BITS);
        if length == ROOM {
            return rare.make().history.letters.push(letter);
        }
        let bits = bits | u128::from(letter) << (length * BITS);
        for (i, piece) in (0..).zip(&mut self.0) {
            *piece = (bits >> (16 * i)) as u16;
        }
    }

    fn letters(self) -> impl Iterator<Item = u8> {
        let mut bits = self.bits();
        std::iter::from_fn(move || {
            let letter = (bits & ((1 << BITS) - 1)) as u8;
            bits >>= BITS;
            (letter != 0).then_some(letter)
        })
    }

    fn bits(self) -> u128 {
        self.0.iter().rev().fold(0, |bits, &piece| bits << 16 | u128::from(piece))
    }
}

fn is_behind(rare: &Rarely, letter: u8) -> bool {
    rare.get().is_some_and(|rare| rare.history.letters.contains(&letter))
}

fn count(counter: &mut u32) -> u32 {
    *counter = counter.saturating_add(1);
    *counter
}

fn is_power_of_ten(count: u32) -> bool {
    10u32.pow(count.max(1).ilog10()) == count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_letter_is_found_among_all(told in prop::collection::vec(1u8..32, 0..=16), letter in 1u8..32) {
            let (mut history, mut rare) = (History::default(), Rarely::default());
            told.iter().for_each(|&letter| history.push(letter, &mut rare));
            prop_assert_eq!(history.has(letter), told.contains(&letter));
            prop_assert_eq!(history.letters().collect::<Vec<_>>(), told);
        }
    }
}
