//! Parts in, whole packets out: against a naive twin that keeps every byte in an array.

use proptest::prelude::*;

use super::*;
use crate::decode::{Found, Fragment, decode};
use crate::model::LinkType;

/// An IPv4 packet's header for a part of it: `more`, offset in bytes, payload.
fn part(id: u16, more: bool, offset: u16, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (20 + payload.len() as u16).to_be_bytes();
    let [i0, i1] = id.to_be_bytes();
    let [o0, o1] = ((offset / 8) | (u16::from(more) << 13)).to_be_bytes();
    let mut packet = vec![0x45, 0, l0, l1, i0, i1, o0, o1, 64, 99, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    packet.extend(payload);
    packet
}

fn fragment(packet: &[u8]) -> Fragment<'_> {
    match decode(LinkType::RAW, packet, packet.len() as u32) {
        Ok(Found::Fragment(fragment)) => *fragment,
        other => panic!("{other:?}"),
    }
}

struct Scene {
    fragments: Fragments,
    frame: u64,
    seconds: i64,
    notes: Vec<Note>,
}

impl Scene {
    fn new(limits: &Limits) -> Self {
        Scene { fragments: Fragments::new(limits), frame: 0, seconds: 0, notes: Vec::new() }
    }

    fn take(&mut self, packet: &[u8]) -> Taken {
        self.frame += 1;
        let fragment = fragment(packet);
        let time = Timestamp::new(self.seconds, 0);
        let at = 0..fragment.payload.len() as u32;
        let piece = Piece { at, capture: 1, frame: self.frame, position: self.frame * 1000, time };
        let bearer = Bearer { capture: 1, bytes: packet.len() as u32 };
        self.fragments.take(time, fragment, &[piece], &[bearer], &mut self.notes)
    }

    /// The bytes of the packet that this part makes whole.
    fn whole(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        match self.take(packet) {
            Taken::Whole(whole) => {
                let bytes = whole.bytes.clone();
                self.fragments.remember(*whole, None);
                Some(bytes)
            }
            _ => None,
        }
    }
}

#[test]
fn a_late_copy_belongs_to_the_packet_that_is_whole_and_another_packet_does_not() {
    let mut scene = Scene::new(&Limits::default());
    assert_eq!(scene.whole(&part(7, true, 0, b"first---")), None);
    assert_eq!(scene.whole(&part(7, false, 8, b"last")).as_deref(), Some(&b"first---last"[..]));
    assert!(matches!(scene.take(&part(7, false, 8, b"last")), Taken::Again(None)));
    assert!(matches!(scene.take(&part(7, true, 0, b"another-")), Taken::Waits));
    assert_eq!(scene.whole(&part(7, false, 8, b"last")).as_deref(), Some(&b"another-last"[..]));
    assert!(scene.fragments.waiting.is_empty() && scene.notes.is_empty());
}

#[test]
fn stale_parts_never_mix_with_new_ones() {
    let mut scene = Scene::new(&Limits::default());
    assert_eq!(scene.whole(&part(7, true, 0, b"stale---")), None);
    scene.seconds = 61;
    assert_eq!(scene.whole(&part(7, false, 8, b"new")), None);
    assert_eq!(scene.whole(&part(7, true, 0, b"fresh---")).as_deref(), Some(&b"fresh---new"[..]));
}

#[test]
fn a_packet_goes_on_waiting_when_one_before_it_is_whole() {
    let mut scene = Scene::new(&Limits::default());
    scene.take(&part(1, true, 0, b"before--"));
    scene.take(&part(2, true, 0, b"behind--"));
    assert!(scene.whole(&part(1, false, 8, b"one")).is_some());
    scene.take(&part(3, true, 0, b"another-"));
    assert_eq!(scene.whole(&part(2, false, 8, b"two")).as_deref(), Some(&b"behind--two"[..]));
}

#[test]
fn the_first_copy_wins_and_a_conflict_is_noted() {
    let mut scene = Scene::new(&Limits::default());
    scene.take(&part(7, true, 8, b"BBBBBBBBCCCCCCCC"));
    scene.take(&part(7, true, 0, b"aaaaaaaabbbbbbbb"));
    assert_eq!(scene.notes.len(), 1);
    let Taken::Whole(whole) = scene.take(&part(7, false, 16, b"ccccccccddd")) else { panic!("not whole") };
    assert_eq!(whole.bytes, b"aaaaaaaaBBBBBBBBCCCCCCCCddd");
    let pieces: Vec<_> = whole.pieces.iter().map(|piece| (piece.at.clone(), piece.frame, piece.position)).collect();
    assert_eq!(pieces, [(0..8, 2, 2000), (8..24, 1, 1000), (24..27, 3, 3008)]);
    assert_eq!(whole.bearers.len(), 3);
    assert_eq!(
        scene.notes[1].to_string(),
        "a part of IP packet 7 from 10.0.0.1 to 10.0.0.2 contradicts one that came before"
    );
}

#[test]
fn the_packet_that_waits_longest_makes_room() {
    let limits = Limits { fragment_bytes: 64 << 10, ..Limits::default() };
    let mut scene = Scene::new(&limits);
    for id in 0..1000 {
        scene.take(&part(id, true, 0, &[id as u8; 800]));
    }
    let given_up = scene.notes.iter().filter(|note| note.kind() == AnomalyKind::FragmentLimit).count();
    assert!(given_up > 900 && given_up < 1000, "{given_up}");
    assert!(scene.fragments.held <= limits.fragment_bytes);
    assert_eq!(scene.whole(&part(0, false, 800, b"late")), None);
    assert_eq!(scene.whole(&part(999, false, 800, b"in time")).map(|bytes| bytes.len()), Some(807));
}

#[test]
fn parts_of_a_packet_in_thousands_of_pieces_take_no_longer_than_they_are_many() {
    let mut scene = Scene::new(&Limits::default());
    let parts: Vec<Vec<u8>> = (0..8000).map(|i| part(7, i < 7999, i * 8, &[i as u8; 8])).collect();
    for part in parts.iter().rev().take(7999) {
        assert_eq!(scene.whole(part), None);
    }
    assert_eq!(scene.whole(&parts[0]).map(|bytes| bytes.len()), Some(64_000));
    assert!(parts.iter().all(|part| matches!(scene.take(part), Taken::Again(None))));
}

#[derive(Clone, Debug)]
struct Cut {
    start: usize,
    end: usize,
    foreign: bool,
}

proptest! {
    /// Parts in any order, overlapping and again: the packet is what the naive twin has, each byte comes from the frame that
    /// brought it first, and it is whole exactly when the twin's is.
    #[test]
    fn puts_together_what_the_naive_twin_does(
        units in 2..20usize, tail in 1..8usize, rests: bool,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..6usize, prop::bool::weighted(0.1)), 1..60),
    ) {
        let whole: Vec<u8> = (0..units * 8 + tail).map(|i| i as u8).collect();
        let cuts: Vec<Cut> = cuts.iter().map(|(start, length, foreign)| {
            let start = start.index(units + 1);
            let end = (start + length) * 8;
            Cut { start: start * 8, end: end.min(whole.len()), foreign: *foreign }
        }).collect();
        let mut scene = Scene::new(&Limits::default());
        let mut twin: Vec<Option<(u8, u64)>> = vec![None; whole.len()];
        let mut ended = false;
        for cut in cuts.into_iter().filter(|cut| cut.end - cut.start < whole.len()) {
            let flip = u8::from(cut.foreign) * 0x80;
            let bytes: Vec<u8> = whole[cut.start..cut.end].iter().map(|byte| byte ^ flip).collect();
            let more = cut.end < whole.len();
            let taken = scene.take(&part(7, more, cut.start as u16, &bytes));
            ended |= !more;
            for (byte, slot) in bytes.iter().zip(&mut twin[cut.start..cut.end]) {
                slot.get_or_insert((*byte, scene.frame));
            }
            let is_whole = ended && twin.iter().all(Option::is_some);
            match taken {
                Taken::Whole(made) => {
                    prop_assert!(is_whole);
                    let known: Vec<u8> = twin.iter().flatten().map(|(byte, _)| *byte).collect();
                    prop_assert_eq!(&made.bytes, &known);
                    let mut at = 0;
                    for piece in &made.pieces {
                        prop_assert_eq!(piece.at.start, at);
                        at = piece.at.end;
                        for i in piece.at.clone() {
                            prop_assert_eq!(twin[i as usize].map(|(_, frame)| frame), Some(piece.frame));
                        }
                    }
                    prop_assert_eq!(at as usize, made.bytes.len());
                    return Ok(());
                }
                _ => prop_assert!(!is_whole),
            }
            if rests {
                let state = postcard::to_stdvec(&scene.fragments.at_rest()).unwrap();
                let waiting = postcard::from_bytes(&state).unwrap();
                scene.fragments = Fragments::resume(&Limits::default(), waiting);
            }
        }
    }
}
