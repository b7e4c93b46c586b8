//! Cues become records of a pcap file: one head for each kind of segment, made by [`Frame`] once, whose numbers are
//! written over for every segment.

use std::io::{self, Write};
use std::net::{SocketAddr, SocketAddrV4};

use super::pool::Pool;
use super::script::Cue;
use crate::traffic::packet::{ACK, SYN, Tcp};
use crate::traffic::talk::Side::{Client, Server};
use crate::traffic::{Capture, Frame, Link};

/// Length of the file header.
const FILE: usize = 24;
/// Where the headers of a record begin.
const ETHERNET: usize = 16;
const IP: usize = ETHERNET + 14;
const TCP: usize = IP + 20;
/// Time of the first frame, in seconds since 1970, and between two frames, in microseconds.
const START: u64 = 1_700_000_000;
const STEP: u64 = 10;

/// Who talks to whom.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Client, server.
    pub ends: [SocketAddrV4; 2],
    /// Of client and server.
    pub isn: [u32; 2],
    /// Where the payload of client and server begins in the pool.
    pub payload: [u64; 2],
}

/// A capture file being written.
pub struct Wire<W> {
    out: W,
    pool: Pool,
    /// From client and server, without and with options.
    heads: [[Vec<u8>; 2]; 2],
    frames: u64,
}

impl<W: Write> Wire<W> {
    /// Writes the file header.
    pub fn new(mut out: W) -> io::Result<Wire<W>> {
        out.write_all(&Capture::on(Link::Ethernet).pcap())?;
        let heads =
            [true, false].map(|client| [&[][..], &[2, 4, 5, 180, 1, 3, 3, 7]].map(|options| head(client, options)));
        Ok(Wire { out, pool: Pool::new(), heads, frames: 0 })
    }

    /// Writes one segment.
    pub fn put(&mut self, pair: &Pair, cue: Cue) -> io::Result<()> {
        let at = pair.payload[cue.side as usize] + u64::from(cue.seq.max(1) - 1);
        let (payload, sum) = self.pool.slice(at, cue.length as usize);
        let head = &mut self.heads[cue.side as usize][usize::from(cue.flags & SYN != 0)];
        let microseconds = self.frames * STEP;
        let length = (head.len() - ETHERNET + payload.len()) as u32;
        let numbers = [START + microseconds / 1_000_000, microseconds % 1_000_000].map(|number| number as u32);
        for (at, number) in [numbers[0], numbers[1], length, length].into_iter().enumerate() {
            head[4 * at..4 * at + 4].copy_from_slice(&number.to_le_bytes());
        }
        stamp(&mut head[IP..], pair, cue, payload.len(), sum);
        self.frames += 1;
        self.out.write_all(head)?;
        self.out.write_all(payload)
    }

    /// Writes what is left; the number of frames.
    pub fn end(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.frames)
    }
}

/// Record header, Ethernet, IP and TCP header of a segment without payload. Without the padding that Ethernet would give
/// it: not every program knows that it is none of the payload.
fn head(from_client: bool, options: &[u8]) -> Vec<u8> {
    let ends: [SocketAddr; 2] = [([10, 0, 0, 1], 1).into(), ([10, 0, 0, 2], 2).into()];
    let segment = Tcp { seq: 0, ack: 0, flags: ACK, options, payload: &[] }.bytes(ends);
    let (side, ttl) = if from_client { (Client, 64) } else { (Server, 57) };
    let frame = Frame::ip(0, side == Client, ends, ttl, 6, &segment);
    let packet = frame.packet.clone();
    let record = Capture::on(Link::Ethernet).frames([frame]).pcap().split_off(FILE);
    [&record[..IP], &packet].concat()
}

/// Writes addresses, numbers, lengths and checksums into the IP and TCP header.
fn stamp(packet: &mut [u8], pair: &Pair, cue: Cue, payload: usize, payload_sum: u64) {
    let (this, other) = (cue.side as usize, cue.side.other() as usize);
    let total = (packet.len() + payload) as u16;
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[10..12].fill(0);
    for (at, end) in [(12, this), (16, other)] {
        packet[at..at + 4].copy_from_slice(&pair.ends[end].ip().octets());
    }
    let sum = folded(words(&packet[..20]));
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let (ip, tcp) = packet.split_at_mut(TCP - IP);
    for (at, end) in [(0, this), (2, other)] {
        tcp[at..at + 2].copy_from_slice(&pair.ends[end].port().to_be_bytes());
    }
    let ack = if cue.flags & ACK == 0 { 0 } else { pair.isn[other].wrapping_add(cue.ack) };
    tcp[4..8].copy_from_slice(&pair.isn[this].wrapping_add(cue.seq).to_be_bytes());
    tcp[8..12].copy_from_slice(&ack.to_be_bytes());
    tcp[13] = cue.flags;
    tcp[16..18].fill(0);
    let pseudo_header = words(&ip[12..20]) + 6 + u64::from(total) - 20;
    let sum = folded(pseudo_header + words(tcp) + payload_sum);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
}

fn words(bytes: &[u8]) -> u64 {
    bytes.chunks_exact(2).map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum()
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
