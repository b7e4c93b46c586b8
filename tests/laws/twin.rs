//! The slow, obviously right twin: byte after byte into a map, by what the sender meant.

use std::collections::BTreeMap;

use super::random::Sent;

/// Which copy of a byte captured twice is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// The first; a copy with a good checksum beats one that only came with bad ones.
    First,
    Last,
}

/// What one payload file must hold, gaps as zeros and as offset and length.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    pub bytes: Vec<u8>,
    pub gaps: Vec<(u64, u64)>,
}

#[derive(Default)]
struct Half {
    syn: bool,
    /// In the order of their first bytes: number, and each byte with whether a good checksum vouches for it.
    parts: Vec<(usize, Bytes)>,
}

type Bytes = BTreeMap<i64, (u8, bool)>;

/// The files the traffic must make, in no particular order.
pub fn files<'a>(traffic: impl IntoIterator<Item = &'a Sent>, overlap: Overlap) -> Vec<File> {
    let mut halves: BTreeMap<(usize, bool), Half> = BTreeMap::new();
    for meant in traffic.into_iter().filter_map(|sent| sent.meant.as_ref()) {
        let half = halves.entry((meant.conversation, meant.from_client)).or_default();
        half.syn |= meant.syn;
        if meant.bytes.is_empty() {
            continue;
        }
        let at = half.parts.iter().position(|(part, _)| *part == meant.part).unwrap_or(half.parts.len());
        if at == half.parts.len() {
            half.parts.push((meant.part, Bytes::new()));
        }
        let known = &mut half.parts[at].1;
        if at == 0 && is_keep_alive(known, meant.position, meant.bytes.len()) {
            continue;
        }
        for (position, &byte) in (meant.position..).zip(&meant.bytes) {
            let (kept, vouched) = known.entry(position).or_insert((byte, meant.good_checksum));
            if overlap == Overlap::Last || (meant.good_checksum && !*vouched) {
                *kept = byte;
            }
            *vouched |= meant.good_checksum;
        }
    }
    let halves = halves.values();
    halves.flat_map(|half| half.parts.iter().map(|(part, bytes)| file(bytes, half.syn && *part == 0))).collect()
}

/// At most one byte, just before the next one expected.
fn is_keep_alive(known: &Bytes, position: i64, length: usize) -> bool {
    length <= 1 && known.last_key_value().is_some_and(|(last, _)| *last == position)
}

fn file(known: &Bytes, from_zero: bool) -> File {
    let (Some((&first, _)), Some((&last, _))) = (known.first_key_value(), known.last_key_value()) else {
        return File::default();
    };
    let begin = if from_zero { 0 } else { first };
    let mut file = File::default();
    for (offset, position) in (begin..=last).enumerate() {
        match (known.get(&position), file.gaps.last_mut()) {
            (Some(_), _) => {}
            (None, Some((start, length))) if *start + *length == offset as u64 => *length += 1,
            (None, _) => file.gaps.push((offset as u64, 1)),
        }
        file.bytes.push(known.get(&position).map_or(0, |(byte, _)| *byte));
    }
    file
}
