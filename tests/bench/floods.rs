//! `cargo bench --bench floods`: what an attacker may send to use up time or memory, through the whole program with
//! `--memory 256M`, at a quarter of its size and at its full size: a frame must cost the same at both.
#![allow(clippy::disallowed_methods, reason = "it measures time and makes files")]

#[allow(dead_code, reason = "shared with the comparison")]
mod contest;
mod directory;
#[path = "../traffic/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with the tests")]
mod traffic;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use contest::{Cost, remove, run};
use traffic::Frame;
use traffic::packet::{ACK, PSH, Tcp};

const FLOWCASE: &str = env!("CARGO_BIN_EXE_flowcase");
const TCP: u8 = 6;
/// Frames of each.
const FRAMES: u32 = 1 << 20;
/// Bytes of a packet in a fragment of the tiniest kind.
const TINY: usize = 8;
/// Payload of a segment that fills a packet.
const LARGEST: usize = 65_535 - 20 - 20;

/// A packet of a flood, by its number.
type Packet = fn(u32) -> Vec<u8>;

const FLOODS: [(&str, Packet); 8] = [
    ("first fragments, never followed by others", first_fragment),
    ("packets of 64 KiB in fragments of 8 bytes", tiny_fragment),
    ("the same in reverse order", tiny_fragment_reversed),
    ("one-byte segments", one_byte),
    ("segments backwards, without SYN", backwards),
    ("every other byte: a hole for each segment", every_other),
    ("jumps just under `--max-jump`", jump),
    ("the same byte with another value each time", conflict),
];

fn main() {
    let place = directory::directory(None).expect("a place to measure in");
    let (capture, case) = (place.path().join("flood.pcap"), place.path().join("case"));
    println!(
        "| what | frames | µs a frame, a quarter of them | µs a frame | peak MB | recorded limits |\n|---|---|---|---|---|---|"
    );
    for (name, packet) in FLOODS {
        let cost = |frames| {
            write(&capture, frames, packet).unwrap_or_else(|error| panic!("`{}`: {error}", capture.display()));
            remove(&case);
            let words = [FLOWCASE, "ingest", &case.to_string_lossy(), &capture.to_string_lossy()].map(str::to_owned);
            run(&[&words[..], &["--memory", "256M", "--progress", "never"].map(str::to_owned)].concat(), None)
        };
        let each = |cost: &Cost, frames: u32| cost.wall * 1e6 / f64::from(frames);
        let (quarter, whole) = (cost(FRAMES / 4), cost(FRAMES));
        let (few, many) = (each(&quarter, FRAMES / 4), each(&whole, FRAMES));
        println!("| {name} | {FRAMES} | {few:.2} | {many:.2} | {:.0} | {} |", whole.memory, limits(&case));
    }
}

/// Anomalies that name a limit, with how often it was reached.
fn limits(case: &Path) -> String {
    let sql = "SELECT group_concat('`' || kind || '` ' || count, ', ') FROM
        (SELECT kind, sum(count) AS count FROM anomalies WHERE kind LIKE '%limit' OR kind = 'memory_pressure' GROUP BY kind)";
    let output = Command::new(FLOWCASE).arg("query").arg(case).args([sql, "--format", "csv"]).output();
    let text = String::from_utf8(output.expect("the program runs").stdout).unwrap_or_default();
    text.lines().nth(1).map_or(String::new(), |line| line.trim_matches('"').to_owned())
}

/// A capture of raw IP packets, a microsecond apart.
fn write(path: &Path, frames: u32, packet: Packet) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0])?;
    for number in 0..frames {
        let packet = packet(number);
        let (seconds, microseconds) = (1_700_000_000 + number / 1_000_000, number % 1_000_000);
        for word in [seconds, microseconds, packet.len() as u32, packet.len() as u32] {
            out.write_all(&word.to_le_bytes())?;
        }
        out.write_all(&packet)?;
    }
    out.flush()
}

fn ends(client: u32) -> [SocketAddr; 2] {
    let [_, b, c, d] = client.to_be_bytes();
    [SocketAddr::new([10, b, c, d].into(), 4000), SocketAddr::new([192, 0, 2, 1].into(), 80)]
}

/// Between the same two ends each time.
fn segment(seq: u32, payload: &[u8]) -> Vec<u8> {
    let bytes = Tcp { seq, ack: 1, flags: PSH | ACK, options: &[], payload }.bytes(ends(1));
    Frame::ip(0, true, ends(1), 64, TCP, &bytes).packet
}

/// The header of an IPv4 packet made that of a fragment of it.
fn fragment(mut header: Vec<u8>, id: u16, more: bool, offset: usize, payload: &[u8]) -> Vec<u8> {
    header.truncate(20);
    header[2..4].copy_from_slice(&((20 + payload.len()) as u16).to_be_bytes());
    header[4..6].copy_from_slice(&id.to_be_bytes());
    header[6..8].copy_from_slice(&((offset / 8) as u16 | u16::from(more) << 13).to_be_bytes());
    [&header[..], payload].concat()
}

fn first_fragment(number: u32) -> Vec<u8> {
    let header = Frame::ip(0, true, ends(number >> 4), 64, TCP, &[]).packet;
    fragment(header, number as u16, true, 0, &[b'f'; 64])
}

fn tiny_fragment(number: u32) -> Vec<u8> {
    let parts = ((20 + LARGEST) / TINY + 1) as u32;
    tiny(number / parts, number % parts)
}

fn tiny_fragment_reversed(number: u32) -> Vec<u8> {
    let parts = ((20 + LARGEST) / TINY + 1) as u32;
    tiny(number / parts, parts - 1 - number % parts)
}

/// A fragment of a segment of zeros: only the first holds its header.
fn tiny(packet: u32, part: u32) -> Vec<u8> {
    let header = Frame::ip(0, true, ends(1), 64, TCP, &[]).packet;
    let (offset, length) = (part as usize * TINY, 20 + LARGEST);
    let head = Tcp { seq: packet.wrapping_mul(LARGEST as u32), ack: 1, flags: PSH | ACK, options: &[], payload: &[] };
    let mut bytes = head.bytes(ends(1));
    bytes.resize(3 * TINY, 0);
    let part: [u8; TINY] = bytes.get(offset..offset + TINY).and_then(|part| part.try_into().ok()).unwrap_or_default();
    let end = length.min(offset + TINY);
    fragment(header, packet as u16, end < length, offset, &part[..end - offset])
}

fn one_byte(number: u32) -> Vec<u8> {
    segment(number, b"1")
}

fn backwards(number: u32) -> Vec<u8> {
    segment((FRAMES - number).wrapping_mul(100), &[b'b'; 100])
}

fn every_other(number: u32) -> Vec<u8> {
    segment(number * 2, b"o")
}

fn jump(number: u32) -> Vec<u8> {
    segment(number.wrapping_mul((16 << 20) - 1), b"j")
}

fn conflict(number: u32) -> Vec<u8> {
    segment(1000, &[number as u8, (number >> 8) as u8])
}
