//! IP packets divided into fragments.

use super::Frame;
use super::packet::checksum;

const IPV4: u16 = 0x0800;
/// Next header of a fragment header.
const FRAGMENT: u8 = 44;

/// A packet as its fragments: frames a microsecond apart, `size` bytes of it in each but the last.
pub fn divided(frame: &Frame, id: u16, size: usize) -> Vec<Frame> {
    let length = frame.packet.len() - header(frame);
    let starts = (0..length).step_by(size);
    let parts = starts.map(|start| part(frame, id, start, (start + size).min(length)));
    parts.zip(0..).map(|(part, i)| Frame { time: frame.time + i * 1000, ..part }).collect()
}

/// The fragment with these bytes of what follows the IP header; others follow it unless it reaches the end.
pub fn part(frame: &Frame, id: u16, start: usize, end: usize) -> Frame {
    assert!(start.is_multiple_of(8));
    let (header, upper) = frame.packet.split_at(header(frame));
    let (more, payload) = (end < upper.len(), &upper[start..end]);
    let packet = if frame.ether_type == IPV4 {
        v4(header, id, start, more, payload)
    } else {
        v6(header, id, start, more, payload)
    };
    Frame { packet, ..frame.clone() }
}

fn header(frame: &Frame) -> usize {
    if frame.ether_type == IPV4 { 20 } else { 40 }
}

fn v4(header: &[u8], id: u16, start: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header[2..4].copy_from_slice(&((20 + payload.len()) as u16).to_be_bytes());
    header[4..6].copy_from_slice(&id.to_be_bytes());
    header[6..8].copy_from_slice(&((start / 8) as u16 | u16::from(more) << 13).to_be_bytes());
    header[10..12].fill(0);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    [&header, payload].concat()
}

fn v6(header: &[u8], id: u16, start: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header[4..6].copy_from_slice(&((8 + payload.len()) as u16).to_be_bytes());
    let [o0, o1] = (start as u16 | u16::from(more)).to_be_bytes();
    let [i0, i1] = id.to_be_bytes();
    let fragment = [header[6], 0, o0, o1, 0, 0, i0, i1];
    header[6] = FRAGMENT;
    [&header, &fragment[..], payload].concat()
}
