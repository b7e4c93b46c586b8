//! Law 6: no byte of one flow, and no byte behind what was captured, reaches another flow's file.

use std::fs;
use std::net::SocketAddr;

use crate::support::{Place, STORES, open, select};
use crate::traffic::fragment::divided;
use crate::traffic::packet::{ACK, PSH, Tcp};
use crate::traffic::{Capture, Frame, Link};

const CANARY: &[u8] = b"CANARY!!";
const ETHERNET: usize = 14;

fn segment(at: i64, port: u16, seq: u32, payload: &[u8]) -> Frame {
    let ends: [SocketAddr; 2] = [([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 80).into()];
    let bytes = Tcp { seq, ack: 1, flags: PSH | ACK, options: &[], payload }.bytes(ends);
    Frame::ip(1_700_000_000_000_000_000 + at * 1000, true, ends, 64, 6, &bytes)
}

/// Frames full of canaries, and behind each a frame of another flow that is cut: in its payload, in a fragment, in a datagram.
fn captures(place: &Place) -> Vec<String> {
    let canaries = CANARY.repeat(150);
    let ends = ["10.0.0.1:53", "10.0.0.2:53"].map(|end| end.parse().unwrap());
    let cut = [
        vec![segment(1, 2000, 1, &[b'.'; 1000])],
        divided(&segment(1, 2001, 1, &[b'.'; 1000]), 7, 512),
        vec![Frame::udp(1_700_000_000_000_001_000, ends, &[b'.'; 1000])],
    ];
    let capture = |(number, cut): (usize, Vec<Frame>)| {
        let mut whole = Capture::on(Link::Ethernet).frames([segment(0, 1000, 1, &canaries)]).pcap();
        for frame in cut {
            let short = Capture::on(Link::Ethernet).snap_len(ETHERNET + 60).frames([frame]).pcap();
            whole.extend(&short[24..]);
            whole.extend(&Capture::on(Link::Ethernet).frames([segment(3, 1000, 1201, &canaries)]).pcap()[24..]);
        }
        place.file(&format!("{number}.pcap"), &whole)
    };
    cut.into_iter().enumerate().map(capture).collect()
}

#[test]
fn no_byte_strays_into_another_flow() {
    for place in STORES.map(Place::of) {
        for (number, capture) in captures(&place).iter().enumerate() {
            let case = format!("case {number}");
            place.ingest(&case, &[capture, "--udp"]);
            place.assert_whole(&case);
            let payload = place.payload(&case);
            let paths = select(&open(&place.path().join(&case)), "SELECT path FROM flows WHERE path IS NOT NULL");
            let mut found = 0;
            for path in paths {
                let bytes = fs::read(payload.join(&path)).unwrap();
                let has_canary = bytes.windows(4).any(|window| CANARY.windows(4).any(|part| part == window));
                assert_eq!(has_canary, path.contains(".01000-"), "{path}");
                found += usize::from(has_canary);
                assert!(has_canary || bytes.iter().all(|byte| *byte == b'.' || *byte == 0), "{path}");
            }
            assert_eq!(found, 1);
        }
    }
}
