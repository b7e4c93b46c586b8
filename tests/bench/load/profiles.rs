//! The profiles: what kind of traffic, and which endpoints.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4};

use fastrand::Rng;

use super::Load;
use super::script::Script;
use super::stage::{Stage, Turns};
use super::wire::Pair;
use crate::traffic::packet::SYN;
use crate::traffic::talk::Side::{Client, Server};

/// Name and content of each.
pub const PROFILES: &[(&str, &str)] = &[
    ("bulk", "so many MiB over 8 connections, full segments, an ACK for two of them"),
    (
        "web",
        "a request of about 400 bytes, a response of about 12 KiB (lognormal); 500 at once, 1% reordered, 1% sent again",
    ),
    ("small", "a request of 96 bytes, a response of 180"),
    ("crowd", "the same, 500 at once"),
    ("open", "200 bytes each way, all open at the end"),
    ("syn", "one SYN each, every one from another address"),
    ("mess", "64 KiB, shuffled in windows of 32 segments, 10% of them sent again, 5% with another that lies astride"),
    ("collide", "one SYN each; addresses and ports, joined by XOR, give the same number for all"),
    ("random", "one SYN each, between addresses and ports of chance"),
    ("opened", "a handshake each, and nothing more"),
    ("idle", "a handshake each, then a million acknowledgements, of any of them"),
];

/// Acknowledgements in `idle`.
pub const IDLE_FRAMES: u64 = 1_000_000;

/// One after the other.
const ALONE: Turns = Turns { at_once: 1, burst: usize::MAX };
const MANY: Turns = Turns { at_once: 500, burst: 1 };
const MIB: u64 = 1 << 20;
/// Mean length of a response, and the spread of its logarithm.
const RESPONSE: f64 = 12.0 * 1024.0;
const SPREAD: f64 = 1.0;

/// Plays a load.
pub fn play<W: Write>(load: &Load, stage: &mut Stage<W>) -> io::Result<()> {
    let size = load.size;
    let syn = || Script::default().cue(Client, SYN, 0);
    match load.profile {
        "bulk" => {
            let each = (size * MIB / 8) as u32;
            let turns = Turns { at_once: 8, burst: 12 };
            stage.interleave(8, turns, |i, _| (pair(i, 5001), Script::opened().says(Client, each).closed()))
        }
        "web" => stage.interleave(size, MANY, |i, rng| (pair(i, 80), web(rng))),
        "small" => stage.interleave(size, ALONE, |i, _| (pair(i, 80), short())),
        "crowd" => stage.interleave(size, MANY, |i, _| (pair(i, 80), short())),
        "open" => stage.interleave(size, ALONE, |i, _| (pair(i, 80), exchange(200, 200))),
        "syn" => stage.interleave(size, ALONE, |i, _| (stranger(i), syn())),
        "mess" => stage.interleave(size, Turns { at_once: 16, burst: 4 }, |i, rng| (pair(i, 80), mess(rng))),
        "collide" => stage.interleave(size, ALONE, |i, _| (alike(i), syn())),
        "random" => stage.interleave(size, ALONE, |_, rng| (chance(rng), syn())),
        "opened" => opened(size, stage),
        "idle" => opened(size, stage).and_then(|()| idle(size, stage)),
        other => panic!("`{other}` is in the list of profiles and has no script"),
    }
}

fn exchange(request: u32, response: u32) -> Script {
    Script::opened().tells(Client, request).tells(Server, response)
}

fn short() -> Script {
    exchange(96, 180).hears(Client).closed()
}

fn web(rng: &mut Rng) -> Script {
    let normal = (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos();
    let response = (RESPONSE.ln() - SPREAD * SPREAD / 2.0 + SPREAD * normal).exp();
    let asked = Script::opened().tells(Client, rng.u32(300..500)).hears(Server);
    let from = asked.cues.len();
    asked.says(Server, response.clamp(64.0, 4e6) as u32).unsteady(from, 0.01, rng).closed()
}

fn mess(rng: &mut Rng) -> Script {
    let from = Script::opened().cues.len();
    Script::opened().tells(Server, 64 << 10).shuffled(from, 32, 0.1, 0.05, rng).hears(Client).closed()
}

fn opened<W: Write>(size: u64, stage: &mut Stage<W>) -> io::Result<()> {
    stage.interleave(size, ALONE, |i, _| (pair(i, 80), Script::opened()))
}

fn idle<W: Write>(size: u64, stage: &mut Stage<W>) -> io::Result<()> {
    let heard = Script::opened().cues[2];
    (0..IDLE_FRAMES).try_for_each(|_| {
        let pair = pair(stage.rng.u64(..size), 80);
        stage.put(&pair, heard)
    })
}

/// Connection `i` from one of many clients, with 16 connections each, to one of 50 servers. A client's ports are so far
/// apart that any port is rare.
fn pair(i: u64, port: u16) -> Pair {
    let client = SocketAddrV4::new(address([10, 0, 0, 1], i / 16), 1024 + (i * 40_507 % 64_512) as u16);
    between(i, [client, SocketAddrV4::new(address([172, 16, 0, 1], i % 50), port)])
}

fn stranger(i: u64) -> Pair {
    let client = SocketAddrV4::new(address([10, 0, 0, 1], i), 1024 + (i * 40_507 % 64_512) as u16);
    between(i, [client, SocketAddrV4::new([172, 16, 0, 1].into(), 80)])
}

fn alike(i: u64) -> Pair {
    assert!(i < 1 << 24, "two addresses can go along so far");
    let [client, server] = [([10, 0, 0, 0], 40_000), ([12, 0, 0, 0], 80)];
    between(i, [client, server].map(|(first, port)| SocketAddrV4::new(address(first, i), port)))
}

fn chance(rng: &mut Rng) -> Pair {
    let ends = [1024..=u16::MAX, 1..=1023].map(|ports| {
        let address = Ipv4Addr::from(rng.u32(0x0100_0000..0xe000_0000));
        SocketAddrV4::new(address, rng.u16(ports))
    });
    between(rng.u64(..) >> 1, ends)
}

fn address(first: [u8; 4], i: u64) -> Ipv4Addr {
    Ipv4Addr::from(u32::from_be_bytes(first).wrapping_add(i as u32))
}

/// Numbers that look like chance and follow from `i` alone.
fn between(i: u64, ends: [SocketAddrV4; 2]) -> Pair {
    let mixed = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Pair { ends, isn: [(mixed >> 32) as u32, mixed as u32], payload: [mixed >> 20, mixed >> 36].map(|at| at & !1) }
}
