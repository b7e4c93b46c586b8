//! One direction of a connection: its parts, and which of them a segment belongs to.

use super::part::{Kind, Part, Placement, Strange};
use crate::model::{AnomalyKind, Checksum, Limits};

/// The payload of one direction. Part 0 is the stream; a jump past [`Limits::max_jump`] opens the next part.
/// With each part after the first the owner may keep a `K`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stream<K = ()>(Parts<K>);

/// The usual number of parts takes no room of its own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Parts<K> {
    None,
    One(Part),
    Many(Box<Many<K>>),
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Many<K> {
    parts: Vec<Part>,
    /// Behind the first part.
    kept: Vec<K>,
}

impl<K> Default for Stream<K> {
    fn default() -> Self {
        Stream(Parts::None)
    }
}

/// What became of a segment's payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The part that took it; `None` if none did.
    pub part: Option<usize>,
    /// The part was opened for it.
    pub opened: bool,
    /// The part's base is another than before.
    pub rebased: bool,
    /// Bytes that were new, and bytes seen before.
    pub new: u64,
    /// See `new`.
    pub again: u64,
    /// New bytes that lie before others seen earlier.
    pub out_of_order: bool,
    /// What was strange.
    pub strange: Strange,
}

impl<K> Stream<K> {
    /// Initial sequence number, if a SYN was seen.
    pub fn isn(&self) -> Option<u32> {
        self.parts().first()?.isn()
    }

    /// A stream that begins with the byte of this number, as far as is known.
    pub fn from_number(seq: u32) -> Self {
        Stream(Parts::One(Part::new(seq, false)))
    }

    /// The parts; none before the SYN or the first payload.
    pub fn parts(&self) -> &[Part] {
        match &self.0 {
            Parts::None => &[],
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many(many) => &many.parts,
        }
    }

    /// What is kept with the parts after the first, in their order.
    pub fn kept(&self) -> &[K] {
        match &self.0 {
            Parts::Many(many) => &many.kept,
            _ => &[],
        }
    }

    /// See [`kept`](Self::kept).
    pub fn kept_mut(&mut self) -> &mut [K] {
        match &mut self.0 {
            Parts::Many(many) => &mut many.kept,
            _ => &mut [],
        }
    }

    /// Keeps something with the part that was just opened.
    pub fn keep(&mut self, kept: K) {
        if let Parts::Many(many) = &mut self.0 {
            many.kept.push(kept);
        }
    }

    /// A SYN with this number. Before any data it fixes position 0; after data it moves the base there. Tells whether bytes
    /// placed before now lie in front of it and are no data.
    pub fn begin(&mut self, isn: u32) -> bool {
        let first = isn.wrapping_add(1);
        match self.parts_mut().first_mut() {
            None => {
                self.push(Part::new(first, true));
                false
            }
            Some(part) => part.fix_base(first),
        }
    }

    /// The number of the byte behind all that is known to exist: where something goes that has no number of its own.
    pub fn end_number(&self) -> u32 {
        self.parts().last().map_or(0, Part::end_number)
    }

    /// RFC 9293 §3.8.4 and RFC 1122 §4.2.3.6: at most one byte, just before the next one expected, on a stream that has begun.
    pub fn is_kept_alive_by(&self, seq: u32, len: u32) -> bool {
        len <= 1 && self.parts().first().is_some_and(|part| part.position(seq) == part.next() - 1)
    }

    /// The distance from a segment to the nearest part, in bytes; `None` before the stream has begun.
    pub fn distance(&self, seq: u32, len: u32) -> Option<u64> {
        self.parts().iter().map(|part| part.distance(seq, len)).min()
    }

    /// Places `len` payload bytes numbered from `seq`, of a segment that held `missing` more on the wire. Placements are
    /// appended to `out`, ascending, and tile what was accepted.
    pub fn place(
        &mut self,
        seq: u32,
        (len, missing): (u32, u32),
        checksum: Checksum,
        limits: &Limits,
        out: &mut Vec<Placement>,
    ) -> Placed {
        let (index, opened) = match self.part_for(seq, len, limits) {
            Some(found) => found,
            None => return Placed { strange: Strange::from_slice(&[AnomalyKind::PartLimit]), ..Placed::default() },
        };
        let part = &mut self.parts_mut()[index];
        let (base, next, first) = (part.base(), part.next(), out.len());
        let strange = part.place(seq, len, checksum, limits, out);
        if missing > 0 {
            part.prove_to(seq.wrapping_add(len).wrapping_add(missing));
        }
        let mut placed =
            Placed { part: Some(index), opened, rebased: part.base() != base, strange, ..Placed::default() };
        for placement in &out[first..] {
            let bytes = u64::from(placement.payload.end - placement.payload.start);
            match placement.kind {
                Kind::New => {
                    placed.new += bytes;
                    placed.out_of_order |= !opened && placement.position < next;
                }
                Kind::Again { .. } => placed.again += bytes,
            }
        }
        placed
    }

    /// A FIN behind the byte before `seq`. `Err` names why it does not count.
    pub fn finish(&mut self, seq: u32, limits: &Limits) -> Result<(), AnomalyKind> {
        if self.parts().is_empty() {
            self.push(Part::new(seq, false));
        }
        let within = |part: &&mut Part| part.distance(seq, 0) <= limits.max_jump;
        self.parts_mut().iter_mut().find(within).ok_or(AnomalyKind::FinMoved)?.finish_at(seq)
    }

    /// The first part within reach, or a new one; `None` when the flow has all the parts it may have.
    fn part_for(&mut self, seq: u32, len: u32, limits: &Limits) -> Option<(usize, bool)> {
        if let Some(index) = self.parts().iter().position(|part| part.distance(seq, len) <= limits.max_jump) {
            return Some((index, false));
        }
        if self.parts().len() >= limits.max_parts {
            return None;
        }
        self.push(Part::new(seq, false));
        Some((self.parts().len() - 1, true))
    }

    fn parts_mut(&mut self) -> &mut [Part] {
        match &mut self.0 {
            Parts::None => &mut [],
            Parts::One(part) => std::slice::from_mut(part),
            Parts::Many(many) => &mut many.parts,
        }
    }

    fn push(&mut self, part: Part) {
        self.0 = match std::mem::replace(&mut self.0, Parts::None) {
            Parts::None => Parts::One(part),
            Parts::One(first) => Parts::Many(Box::new(Many { parts: vec![first, part], kept: Vec::new() })),
            Parts::Many(mut many) => {
                many.parts.push(part);
                Parts::Many(many)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Places `seq text` lines and shows where the bytes went: `new 0..5`, `again 3..5`, `part 1`.
    fn check(isn: Option<u32>, lines: &str, expected: &str) {
        let limits = Limits { max_jump: 1000, ..Limits::default() };
        let mut stream = Stream::<()>::default();
        isn.map(|isn| stream.begin(isn));
        let mut shown = Vec::new();
        for line in lines.lines() {
            let (seq, text) = line.trim().split_once(' ').unwrap();
            let mut out = Vec::new();
            let (checksum, text) =
                text.strip_prefix("bad ").map_or((Checksum::Good, text), |text| (Checksum::Bad, text));
            let placed = stream.place(seq.parse().unwrap(), (text.len() as u32, 0), checksum, &limits, &mut out);
            let part = placed
                .part
                .map_or(String::new(), |part| if part > 0 { format!("part {part}: ") } else { String::new() });
            let pieces = out.iter().map(|p| match p.kind {
                Kind::New => format!("new {:?}", p.range()),
                Kind::Again { prefer_later } => {
                    format!("{} {:?}", if prefer_later { "better" } else { "again" }, p.range())
                }
            });
            let words: Vec<String> = pieces.chain(placed.strange.iter().map(|kind| kind.name().to_owned())).collect();
            shown.push(part + &words.join(", "));
        }
        assert_eq!(shown.join(" / "), expected);
    }

    #[test]
    fn first_copy_wins_across_the_wrap() {
        check(
            Some(4294967289),
            "4294967290 hello
             4 world
             4294967293 loXXXXXXXX",
            "new 0..5 / new 10..15 / again 3..5, new 5..10, again 10..13",
        );
    }

    #[test]
    fn a_good_checksum_beats_a_bad_one_once() {
        check(Some(0), "1 bad abcd\n3 CD\n3 EF\n1 bad xxxx", "new 0..4 / better 2..4 / again 2..4 / again 0..4");
    }

    #[test]
    fn a_jump_opens_a_part_and_the_first_within_reach_takes_a_segment() {
        check(None, "0 ab\n5000 cd\n2 ef\n5002 gh", "new 0..2 / part 1: new 0..2 / new 2..4 / part 1: new 2..4");
    }

    #[test]
    fn bytes_before_the_syn_are_no_data() {
        check(Some(100), "99 abcd\n90 xy", "new 0..2, data_before_syn / data_before_syn");
    }

    #[test]
    fn without_a_syn_earlier_bytes_move_the_base() {
        let (mut stream, mut out) = (Stream::<()>::default(), Vec::new());
        stream.place(500, (10, 0), Checksum::Good, &Limits::default(), &mut out);
        let placed = stream.place(490, (10, 0), Checksum::Good, &Limits::default(), &mut out);
        assert!(placed.rebased && placed.out_of_order);
        assert_eq!((stream.parts()[0].base(), stream.parts()[0].length()), (-10, 20));
        assert!(stream.begin(494));
        assert_eq!((stream.parts()[0].base(), stream.parts()[0].length()), (-5, 15));
    }

    proptest! {
        /// Laws 1 and 2: whatever the order, duplication and splitting of a stream's segments and its ISN, every byte is placed
        /// once, placements tile the payload, and covered + gaps = length.
        #[test]
        fn any_order_gives_the_same_coverage(isn: u32, cuts in prop::collection::btree_set(1u32..300, 0..20),
                                             order in prop::collection::vec(any::<prop::sample::Index>(), 1..60), syn: bool) {
            let cuts: Vec<u32> = [0].into_iter().chain(cuts).chain([300]).collect();
            let (mut stream, mut file) = (Stream::<()>::default(), vec![0u8; 300]);
            if syn { stream.begin(isn); }
            let mut lowest = 300;
            for pick in order.iter() {
                let i = pick.index(cuts.len() - 1);
                let (start, end) = (cuts[i], cuts[i + 1]);
                lowest = lowest.min(start);
                let mut out = Vec::new();
                stream.place(isn.wrapping_add(1 + start), (end - start, 0), Checksum::Good, &Limits::default(), &mut out);
                let tiled: Vec<u32> = out.iter().flat_map(|placement| placement.payload.clone()).collect();
                prop_assert_eq!(tiled, (0..end - start).collect::<Vec<_>>());
                for placement in out.iter().filter(|p| p.kind == Kind::New) {
                    placement.payload.clone().for_each(|i| file[(start + i) as usize] += 1);
                }
            }
            let seen = file.iter().filter(|&&count| count == 1).count() as u64;
            prop_assert!(file.iter().all(|&count| count <= 1));
            let part = &stream.parts()[0];
            prop_assert_eq!(part.stored(), seen);
            prop_assert_eq!(part.gaps().iter().map(|(_, len)| len).sum::<u64>() + seen, part.length());
            let expected = file.iter().rposition(|&count| count == 1).unwrap() as u64 + 1 - u64::from(if syn { 0 } else { lowest });
            prop_assert_eq!(part.length(), expected);
        }
    }
}
