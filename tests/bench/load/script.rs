//! What one connection sends, in the order in which it will be captured, as numbers only.

use fastrand::Rng;

use crate::traffic::packet::{ACK, FIN, PSH, SYN};
use crate::traffic::talk::Side::{self, Client, Server};

/// Payload bytes of a full segment.
pub const MSS: u32 = 1448;

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Who sends it.
    pub side: Side,
    /// Control bits.
    pub flags: u8,
    /// Sequence and acknowledgement number, less the ISN: 0 is the SYN, 1 the first byte.
    pub seq: u32,
    /// See `seq`.
    pub ack: u32,
    /// Payload bytes.
    pub length: u32,
}

/// The segments of a connection so far.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order of capture.
    pub cues: Vec<Cue>,
    /// Next sequence number of each side, less its ISN.
    next: [u32; 2],
    /// Payload bytes of both.
    pub payload: u64,
}

impl Script {
    /// SYN, SYN/ACK, ACK.
    pub fn opened() -> Script {
        Script::default().cue(Client, SYN, 0).cue(Server, SYN | ACK, 0).hears(Client)
    }

    /// One segment of `side`, in order.
    pub fn cue(mut self, side: Side, flags: u8, length: u32) -> Script {
        let ack = if flags & ACK == 0 { 0 } else { self.next[side.other() as usize] };
        self.cues.push(Cue { side, flags, seq: self.next[side as usize], ack, length });
        self.next[side as usize] += length + u32::from(flags & (SYN | FIN) != 0);
        self.payload += u64::from(length);
        self
    }

    /// `side` acknowledges all it was sent.
    pub fn hears(self, side: Side) -> Script {
        self.cue(side, ACK, 0)
    }

    /// `side` sends so many bytes, and nobody answers.
    pub fn tells(mut self, side: Side, bytes: u32) -> Script {
        for at in (0..bytes).step_by(MSS as usize) {
            self = self.cue(side, PSH | ACK, MSS.min(bytes - at));
        }
        self
    }

    /// `side` sends so many bytes; the other acknowledges every second segment and the last.
    pub fn says(mut self, side: Side, bytes: u32) -> Script {
        for at in (0..bytes).step_by(2 * MSS as usize) {
            self = self.tells(side, (2 * MSS).min(bytes - at)).hears(side.other());
        }
        self
    }

    /// FIN from both, the client first.
    pub fn closed(self) -> Script {
        self.cue(Client, FIN | ACK, 0).cue(Server, FIN | ACK, 0).hears(Client)
    }

    /// Of the segments with payload from the `from`th cue on, `share` change places with the next one, and `share` are sent
    /// again behind the next one.
    pub fn unsteady(mut self, from: usize, share: f64, rng: &mut Rng) -> Script {
        let at = self.payload_cues(from);
        for pair in at.windows(2).filter(|_| rng.f64() < share) {
            self.cues.swap(pair[0], pair[1]);
        }
        for i in at.into_iter().rev().filter(|_| rng.f64() < share) {
            self.cues.insert((i + 2).min(self.cues.len()), self.cues[i]);
        }
        self
    }

    /// The cues from the `from`th on, all with payload, in disorder: `again` of them are there twice, as many as `astride`
    /// says are followed by one that lies over its second half and the next, and each `window` is shuffled.
    pub fn shuffled(mut self, from: usize, window: usize, again: f64, astride: f64, rng: &mut Rng) -> Script {
        let plain = self.cues.split_off(from);
        let end = self.next[Server as usize];
        for cue in plain {
            self.cues.push(cue);
            self.cues.extend(over_the_edge(cue, end).filter(|_| rng.f64() < astride));
            self.cues.extend(Some(cue).filter(|_| rng.f64() < again));
        }
        self.cues[from..].chunks_mut(window).for_each(|window| rng.shuffle(window));
        self
    }

    fn payload_cues(&self, from: usize) -> Vec<usize> {
        (from..self.cues.len()).filter(|&i| self.cues[i].length > 0).collect()
    }
}

fn over_the_edge(cue: Cue, end: u32) -> impl Iterator<Item = Cue> {
    let seq = cue.seq + MSS / 2;
    let length = MSS.min(end.saturating_sub(seq));
    (cue.length == MSS && length > MSS / 2).then_some(Cue { seq, length, ..cue }).into_iter()
}
