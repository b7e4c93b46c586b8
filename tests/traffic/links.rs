//! Link types beyond the usual, laid around frames: all of what a capture has of each.

use super::Frame;
use super::wrap::{ethernet, ppp, pppoe};

/// A link type and what it lays around a frame.
pub type Laid = (u16, fn(&Frame) -> Vec<u8>);

/// Lines between two ends.
pub const LINES: &[Laid] = &[
    (8, |frame| [&[1, 0x45][..], &[0; 14], &frame.packet].concat()),
    (51, |frame| pppoe(frame).packet),
    (100, |frame| [&[0xaa, 0xaa, 3, 0, 0, 0][..], &typed(frame)].concat()),
    (100, |frame| [&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0][..], &ethernet(frame)].concat()),
    (107, |frame| [&[0x18, 0x41, 3, 0xcc][..], &frame.packet].concat()),
    (107, |frame| [&[0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7][..], &ethernet(frame)].concat()),
    (107, |frame| [&[0x18, 0x41][..], &typed(frame)].concat()),
    (123, |frame| [&[2, 0, 0, 33, 0xaa, 0xaa, 3, 0, 0, 0][..], &typed(frame)].concat()),
    (123, |frame| [&[1, 0, 0, 33, 0, 7][..], &ethernet(frame)].concat()),
    (143, |frame| {
        let inside = [&ethernet(frame)[..], &[0xcc; 4]].concat();
        let [l0, l1] = (inside.len() as u16).to_be_bytes();
        [&[0, 0, l0, l1, 0xcc, 0xcc][..], &inside].concat()
    }),
    (166, |frame| [&[u8::from(frame.from_client), 3][..], &ppp(frame)].concat()),
];

/// Networks with addresses of their own.
pub const NETWORKS: &[Laid] = &[
    (10, |frame| [&[0x50][..], &ethernet(frame)[..12], &[0xaa, 0xaa, 3, 0, 0, 0], &typed(frame)].concat()),
    (122, |frame| [&[0x10; 16][..], &[0xaa, 0xaa, 3, 0, 0, 0], &typed(frame)].concat()),
    (138, |frame| [&[0x10; 16][..], &typed(frame)].concat()),
    (242, |frame| [&[0x10; 40][..], &frame.ether_type.to_be_bytes(), &[0, 0], &frame.packet].concat()),
    (281, |frame| [&ethernet(frame)[..12], &[0, 0, 0, 1], &typed(frame)].concat()),
    (282, |frame| [&[0, 0, 0, 1], &ethernet(frame)[..]].concat()),
    (284, |frame| [&ethernet(frame)[..12], &[0xc0, 8, 0, 0], &typed(frame)].concat()),
    (285, |frame| [&ethernet(frame)[..12], &[0xda, 0xda, 0, 0, 0xc0, 8, 0, 0], &typed(frame)].concat()),
];

/// What devices and programs put in front.
pub const TAPS: &[Laid] = &[
    (99, |frame| {
        let mut head = vec![0; 44];
        head[6..8].copy_from_slice(&frame.ether_type.to_be_bytes());
        [head, frame.packet.clone()].concat()
    }),
    (178, |frame| [&[b'M', b'G', b'C', 0x80, 0, 6, 1, 4, 0, 0, 0, 9][..], &ethernet(frame)].concat()),
    (179, |frame| [&b"MGC\x01"[..], &ppp(frame)].concat()),
    (180, |frame| [&b"MGC\x01\x18\x41\x03\xcc"[..], &frame.packet].concat()),
    (181, |frame| [&b"MGC\x01\x0f\x00"[..], &typed(frame)].concat()),
    (181, |frame| [&b"MGC\x03\x02\x00\x00\x00"[..], &frame.packet].concat()),
    (226, |frame| [&[1, 2][..], &[0; 22], &frame.packet].concat()),
    (239, |frame| {
        let [l0, l1] = (frame.packet.len() as u16 + 4).to_be_bytes();
        [&[2, 0, 0, 5, 5, 0, 10, 0, 0, 0, 0, 0, l1, l0, 9, 0][..], &frame.packet].concat()
    }),
    (240, |frame| [&[0, 0, 0, 0x40][..], &ethernet(frame), &[0xcc; 4]].concat()),
    (241, |frame| [&[0, 0, 0, 0x40][..], &[0x55; 7], &[0xd5], &ethernet(frame), &[0xcc; 4]].concat()),
    (258, |frame| [&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0][..], &[0; 96], &ethernet(frame)].concat()),
    (259, |frame| [&[0x55, 0x55, 0xd5, 0x55, 0x55, 0, 1, 0xcc][..], &ethernet(frame), &[0xcc; 4]].concat()),
    (274, |frame| [&[0x55; 7][..], &[0xd5], &ethernet(frame), &[0xcc; 4]].concat()),
];

/// The frame as the link type has it.
pub fn laid((_, lay): &Laid, frame: &Frame) -> Frame {
    Frame { packet: lay(frame), ..frame.clone() }
}

fn typed(frame: &Frame) -> Vec<u8> {
    [&frame.ether_type.to_be_bytes()[..], &frame.packet].concat()
}
