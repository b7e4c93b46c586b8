//! Any parts of IP packets, in any order, between two ingests or not: against a naive twin that keeps every byte.
//!
//! Each part takes six bytes: identification, more and time, offset, length, first byte, what else happens.

use std::collections::BTreeMap;

use flowcase::decode::fragments::{Bearer, Fragments, Piece, Taken};
use flowcase::decode::{Found, decode};
use flowcase::model::{Limits, LinkType, Timestamp};

/// A packet of the twin: its bytes so far, its length if known, when it began, whether it contradicts itself.
#[derive(Default)]
struct Twin {
    bytes: BTreeMap<u32, (u8, u64)>,
    length: Option<u32>,
    first: i64,
}

pub fn run(data: &[u8]) {
    let limits = Limits { fragment_ns: 20_000_000_000, ..Limits::default() };
    let mut fragments = Fragments::new(&limits);
    let mut twins: BTreeMap<u8, Twin> = BTreeMap::new();
    let (mut seconds, mut number) = (0, 0);
    for &[id, bits, offset, length, value, other] in data.as_chunks().0 {
        let (id, more) = (id % 4, bits & 1 == 1);
        seconds += i64::from(bits >> 5);
        number += 1;
        let payload: Vec<u8> = (0..usize::from(length % 64)).map(|i| value.wrapping_add(i as u8)).collect();
        let packet = packet(id, more, u16::from(offset), &payload);
        let Ok(Found::Fragment(fragment)) = decode(LinkType::RAW, &packet, packet.len() as u32) else { continue };
        let time = Timestamp::new(seconds, 0);
        let piece = Piece { at: 0..payload.len() as u32, capture: 1, frame: number, position: 0, time };
        let bearer = Bearer { capture: 1, bytes: 0 };
        twins.retain(|_, twin| seconds - twin.first <= 20);
        let taken = fragments.take(time, *fragment, &[piece], &[bearer], &mut Vec::new());
        if matches!(taken, Taken::Again(_)) {
            assert!(!twins.contains_key(&id), "part of a packet that is not whole");
            continue;
        }
        let twin = twins.entry(id).or_insert_with(|| Twin { first: seconds, ..Twin::default() });
        let start = u32::from(offset) * 8;
        for (at, byte) in (start..).zip(&payload) {
            twin.bytes.entry(at).or_insert((*byte, number));
        }
        if !more {
            twin.length.get_or_insert(start + payload.len() as u32);
        }
        let have = twin.bytes.len() as u32;
        let is_whole = twin.length == Some(have) && twin.bytes.contains_key(&0);
        match taken {
            Taken::Whole(whole) => {
                assert!(is_whole);
                assert!(whole.bytes.iter().eq(twin.bytes.values().map(|(byte, _)| byte)));
                let frames = whole.pieces.iter().flat_map(|piece| piece.at.clone().map(|_| piece.frame));
                assert!(frames.eq(twin.bytes.values().map(|(_, frame)| *frame)));
                fragments.remember(*whole, None);
                twins.remove(&id);
            }
            _ => assert!(!is_whole),
        }
        if other & 7 == 0 {
            let state = postcard::to_stdvec(&fragments.at_rest()).unwrap();
            fragments = Fragments::resume(&limits, postcard::from_bytes(&state).unwrap());
        }
    }
}

fn packet(id: u8, more: bool, offset: u16, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (20 + payload.len() as u16).to_be_bytes();
    let [o0, o1] = (offset | u16::from(more) << 13).to_be_bytes();
    let header = [0x45, 0, l0, l1, 0, id, o0, o1, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&header, payload].concat()
}
