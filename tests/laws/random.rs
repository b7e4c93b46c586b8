//! Random traffic: several conversations at once with all that can go wrong, and for each segment what its sender meant.
//! The same seed gives the same traffic.

use std::net::SocketAddr;

use fastrand::Rng;

use crate::traffic::fragment::divided;
use crate::traffic::packet::{ACK, FIN, Frame, PSH, RST, SYN, Tcp};

/// Noon of some day, on a whole microsecond.
const START: i64 = 1_700_000_000_000_000_000;
/// Distances of conversations' parts: past the default of `--max-jump`.
const JUMP: i64 = 48 << 20;

/// How much traffic, and how bad it is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub conversations: usize,
    /// Payload bytes of a direction, at most.
    pub bytes: usize,
    /// Payload bytes of a segment, at most.
    pub segment: usize,
    /// Of a thousand segments, so many are lost, late, repeated, repeated with other bytes, damaged; each.
    pub trouble: u32,
}

/// A frame, and what its sender meant.
#[derive(Clone, Debug)]
pub struct Sent {
    pub frame: Frame,
    /// A segment, or a part of one.
    pub tcp: bool,
    /// `None`: no TCP, or a fragment that others follow.
    pub meant: Option<Meant>,
}

/// A segment as its sender meant it.
#[derive(Clone, Debug)]
pub struct Meant {
    /// Which conversation, and the part of its stream.
    pub conversation: usize,
    pub from_client: bool,
    pub part: usize,
    /// A SYN: position 0 is the byte behind it.
    pub syn: bool,
    /// Stream position of the first byte; the jump to a part is not counted.
    pub position: i64,
    /// Payload that is data (that of a RST is not).
    pub bytes: Vec<u8>,
    pub good_checksum: bool,
}

/// Makes traffic: in the order of time, no two frames at the same time.
pub fn traffic(seed: u64, shape: Shape) -> Vec<Sent> {
    let mut rng = Rng::with_seed(seed);
    let mut sent: Vec<(i64, Sent)> = Vec::new();
    for number in 0..shape.conversations {
        sent.extend(Teller::new(seed, number, shape, &mut rng).told());
    }
    for _ in 0..shape.conversations {
        let time = START + rng.i64(0..1_000_000_000);
        let ends = ["10.9.9.9:53", "10.9.9.8:4000"].map(|end| end.parse().unwrap());
        let frame = if rng.bool() { Frame::arp(time) } else { Frame::udp(time, ends, b"no TCP") };
        sent.push((time, Sent { frame, tcp: false, meant: None }));
    }
    let whole = std::mem::take(&mut sent);
    for ((time, one), id) in whole.into_iter().zip(1..) {
        let divides = one.tcp && rng.u32(0..1000) < shape.trouble;
        sent.extend(if divides { in_fragments(time, one, id, &mut rng) } else { vec![(time, one)] });
    }
    sent.sort_by_key(|(time, _)| *time);
    let mut last = 0;
    for (time, sent) in &mut sent {
        // microseconds, as a pcap keeps them
        last = (*time / 1000).max(last + 1);
        sent.frame.time = last * 1000;
    }
    sent.into_iter().map(|(_, sent)| sent).collect()
}

/// A segment in fragments, each with its own delay, one of them perhaps twice: what was meant comes with the last.
fn in_fragments(time: i64, sent: Sent, id: u16, rng: &mut Rng) -> Vec<(i64, Sent)> {
    let mut frames = divided(&sent.frame, id, 8 * rng.usize(1..8));
    if frames.len() == 1 {
        return vec![(time, sent)];
    }
    let again = frames[rng.usize(0..frames.len())].clone();
    frames.extend(rng.bool().then_some(again));
    rng.shuffle(&mut frames);
    let times: Vec<i64> = frames.iter().map(|_| time + rng.i64(0..2_000_000)).collect();
    let mut parts: Vec<(i64, Sent)> =
        frames.into_iter().zip(times).map(|(frame, at)| (at, Sent { frame, tcp: true, meant: None })).collect();
    parts.sort_by_key(|(time, _)| *time);
    let mut distinct: Vec<&[u8]> = parts.iter().map(|(_, part)| &part.frame.packet[..]).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let completes =
        |upto: &usize| distinct.iter().all(|one| parts[..=*upto].iter().any(|(_, p)| p.frame.packet == *one));
    let last = (0..parts.len()).find(completes).expect("all parts are there");
    parts[last].1.meant = sent.meant;
    parts
}

/// One conversation being told.
struct Teller<'a> {
    number: usize,
    shape: Shape,
    rng: &'a mut Rng,
    ends: [SocketAddr; 2],
    isn: [u32; 2],
    tags: Vec<(u16, u16)>,
    clock: i64,
    /// The latest SYN's time: one that comes after the end opens another connection.
    not_over_before: i64,
    /// Segments may come so late that the ports are in use again.
    stragglers: bool,
    sent: Vec<(i64, Sent)>,
    /// What each side says, and how much of it has been said.
    streams: [Vec<u8>; 2],
    said: [usize; 2],
    /// Where the jump is.
    jump: [Option<usize>; 2],
}

impl<'a> Teller<'a> {
    /// Conversations in groups of four share their ports; each begins when the last is over. Two groups share addresses
    /// and ports in different VLANs.
    fn new(seed: u64, number: usize, shape: Shape, rng: &'a mut Rng) -> Self {
        let (group, generation) = (number / 4, number % 4);
        let pair = group / 2;
        let ends = match pair % 3 {
            2 => [format!("[2001:db8::{pair:x}]:4000"), "[2001:db8::ff]:80".to_owned()],
            _ => [format!("10.0.{pair}.1:{}", 4000 + pair), "10.1.0.1:80".to_owned()],
        };
        let tags = [vec![], vec![(0x8100, 7)], vec![(0x88a8, 9), (0x8100, 0)], vec![]];
        let mut length = || rng.usize(0..=shape.bytes);
        let lengths = [length(), length()];
        let streams = lengths.map(|length| (0..length).map(|_| rng.u8(1..)).collect::<Vec<u8>>());
        let jump = [0, 1].map(|side: usize| Some(streams[side].len() / 2).filter(|&at| at > 0 && rng.u32(0..6) == 0));
        Teller {
            number,
            shape,
            ends: ends.map(|end| end.parse().unwrap()),
            isn: isn(seed, group, generation),
            tags: tags[group % 4].clone(),
            clock: START + generation as i64 * 40_000_000_000 + rng.i64(0..500_000_000),
            not_over_before: 0,
            stragglers: false,
            sent: Vec::new(),
            streams,
            said: [0, 0],
            jump,
            rng,
        }
    }

    fn told(mut self) -> Vec<(i64, Sent)> {
        self.opens();
        while (0..2).any(|side| self.said[side] < self.streams[side].len()) {
            self.clock += self.rng.i64(1..30_000_000_000 / (1 + self.shape.bytes / self.shape.segment) as i64 / 4);
            let side = self.rng.usize(0..2);
            self.says(side);
        }
        self.closes();
        self.sent
    }

    /// A handshake, perhaps captured in part, late or not at all; on reused ports always: only a SYN tells them apart.
    fn opens(&mut self) {
        let reused = !self.number.is_multiple_of(4);
        let (syn, syn_ack) = (reused || self.rng.u32(0..4) > 0, reused || self.rng.u32(0..4) > 0);
        let may_be_late = !reused && self.jump == [None, None];
        let late = if may_be_late && self.rng.u32(0..4) == 0 { self.rng.i64(0..5_000_000_000) } else { 0 };
        if syn {
            self.flags(0, SYN, -1, late);
        }
        if syn_ack {
            self.flags(1, SYN | ACK, -1, late);
        }
        self.not_over_before = self.clock + late + 1_000_000;
        self.stragglers = syn && syn_ack && late == 0;
        self.clock += 10_000;
    }

    /// The next bytes of a side, with their troubles.
    fn says(&mut self, side: usize) {
        let (at, stream) = (self.said[side], &self.streams[side]);
        let until = self.jump[side].filter(|&jump| jump > at).unwrap_or(stream.len());
        let bytes = stream[at..until.min(at + self.rng.usize(1..=self.shape.segment))].to_vec();
        self.said[side] += bytes.len();
        if bytes.is_empty() || self.trouble() {
            return;
        }
        let delay = if self.trouble() { self.delay() } else { 0 };
        let good = !self.trouble();
        self.data(side, at, bytes, good, delay);
        if self.trouble() {
            self.repeats(side, false);
        }
        if self.trouble() {
            self.repeats(side, true);
        }
        if self.trouble() {
            self.keeps_alive(side);
        }
        if self.rng.bool() {
            self.flags(1 - side, ACK, self.next(1 - side), 0);
        }
    }

    /// A range of what was said, across segments, perhaps with other bytes.
    fn repeats(&mut self, side: usize, otherwise: bool) {
        let said = self.said[side];
        let start = self.rng.usize(said.saturating_sub(4 * self.shape.segment)..said);
        let crosses = |jump: &usize| (start + 1..said).contains(jump);
        let end = self.jump[side].filter(crosses).unwrap_or(said);
        let mut bytes = self.streams[side][start..end.min(start + self.rng.usize(1..=self.shape.segment))].to_vec();
        if otherwise {
            let at = self.rng.usize(0..bytes.len());
            let changes = bytes.iter_mut().skip(at).step_by(3);
            changes.for_each(|byte| *byte = (*byte % 255) + 1);
        }
        let (good, delay) = (self.rng.u32(0..3) > 0, self.rng.i64(0..50_000_000));
        self.data(side, start, bytes, good, delay);
    }

    /// One byte of anything, just before the next one.
    fn keeps_alive(&mut self, side: usize) {
        let at = self.said[side] - 1;
        self.data(side, at, vec![b'k'], true, 0);
    }

    fn delay(&mut self) -> i64 {
        let straggles = self.stragglers && self.rng.u32(0..8) == 0;
        self.rng.i64(0..if straggles { 60_000_000_000 } else { 200_000_000 })
    }

    fn closes(&mut self) {
        self.clock = self.clock.max(self.not_over_before);
        match self.rng.u32(0..5) {
            0 => {}
            1 => {
                let side = self.rng.usize(0..2);
                let seq = self.seq(side, self.next(side));
                self.put(side, RST | ACK, seq, b"a message, no data", true, 0, None);
            }
            _ => [0, 1].into_iter().for_each(|side| {
                self.clock += 1_000_000;
                self.flags(side, FIN | ACK, self.next(side), 0);
            }),
        }
    }

    fn trouble(&mut self) -> bool {
        self.rng.u32(0..1000) < self.shape.trouble
    }

    /// Part of a stream offset, and the position in the whole sequence space.
    fn part(&self, side: usize, at: usize) -> (usize, i64) {
        let part = usize::from(self.jump[side].is_some_and(|jump| at >= jump));
        (part, at as i64 + part as i64 * JUMP)
    }

    fn next(&self, side: usize) -> i64 {
        match self.said[side] {
            0 => 0,
            said => self.part(side, said - 1).1 + 1,
        }
    }

    fn seq(&self, side: usize, position: i64) -> u32 {
        self.isn[side].wrapping_add(1).wrapping_add(position as u32)
    }

    fn data(&mut self, side: usize, at: usize, bytes: Vec<u8>, good: bool, delay: i64) {
        let (part, position) = self.part(side, at);
        let meant = (part, at as i64, bytes.clone());
        self.put(side, PSH | ACK, self.seq(side, position), &bytes, good, delay, Some(meant));
    }

    fn flags(&mut self, side: usize, flags: u8, position: i64, delay: i64) {
        self.put(side, flags, self.seq(side, position), b"", true, delay, None);
    }

    #[expect(clippy::too_many_arguments, reason = "a segment's fields")]
    fn put(
        &mut self,
        side: usize,
        flags: u8,
        seq: u32,
        payload: &[u8],
        good: bool,
        delay: i64,
        data: Option<(usize, i64, Vec<u8>)>,
    ) {
        let ends = if side == 0 { self.ends } else { [self.ends[1], self.ends[0]] };
        let ack = if flags & ACK == 0 { 0 } else { self.seq(1 - side, self.next(1 - side)) };
        let mut bytes = Tcp { seq, ack, flags, options: &[], payload }.bytes(ends);
        if !good {
            bytes[16] ^= 0x10;
        }
        let (part, position, bytes_meant) = data.unwrap_or_default();
        self.clock += self.rng.i64(1000..100_000);
        let time = self.clock + delay;
        let frame = Frame { tags: self.tags.clone(), ..Frame::ip(time, side == 0, ends, 64, 6, &bytes) };
        let meant = Meant {
            conversation: self.number,
            from_client: side == 0,
            part,
            syn: flags & SYN != 0,
            position,
            bytes: bytes_meant,
            good_checksum: good,
        };
        self.sent.push((time, Sent { frame, tcp: true, meant: Some(meant) }));
    }
}

/// Initial sequence numbers: those of reused ports begin a little higher, those in another VLAN far away. Some wrap.
fn isn(seed: u64, group: usize, generation: usize) -> [u32; 2] {
    let mut rng = Rng::with_seed(seed.wrapping_mul(1000) + group as u64 / 2);
    let first = [rng.u32(..), if rng.bool() { u32::MAX - rng.u32(0..4000) } else { rng.u32(..) }];
    first.map(|isn| isn.wrapping_add((generation as u32) << 27).wrapping_add((group as u32 % 2) << 30))
}
