//! One TCP conversation, told in order: each line sends, loses, repeats or cuts something, a millisecond after the last.

use std::net::SocketAddr;

use super::packet::{ACK, FIN, Frame, PSH, RST, SYN, Tcp};

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one who opens the connection.
    Client,
    /// The one who is called.
    Server,
}

pub use Side::{Client, Server};

/// A conversation and the frames it has left so far.
#[derive(Clone, Debug)]
pub struct Talk {
    ends: [SocketAddr; 2],
    isn: [u32; 2],
    /// Stream bytes each side has sent.
    sent: [u32; 2],
    fin: [u32; 2],
    clock: i64,
    mss: usize,
    tags: Vec<(u16, u16)>,
    frames: Vec<Frame>,
}

/// Time between two frames, in nanoseconds.
const STEP: i64 = 1_000_000;
/// MSS 1460, no-operation, window scale 7.
const SYN_OPTIONS: [u8; 8] = [2, 4, 5, 180, 1, 3, 3, 7];

impl Talk {
    /// A conversation of `client` with `server` whose first frame is at `start` nanoseconds since 1970.
    pub fn new(client: &str, server: &str, start: i64) -> Talk {
        let ends = [client, server].map(|end| end.parse().expect("an address and a port"));
        let (isn, mss) = ([1000, 5_000_000], 1460);
        Talk { ends, isn, sent: [0; 2], fin: [0; 2], clock: start, mss, tags: Vec::new(), frames: Vec::new() }
    }

    /// Initial sequence numbers of client and server.
    pub fn isn(mut self, client: u32, server: u32) -> Talk {
        self.isn = [client, server];
        self
    }

    /// Payload bytes a segment carries at most.
    pub fn mss(mut self, mss: usize) -> Talk {
        self.mss = mss;
        self
    }

    /// Inside these tags, outermost first: TPID and VLAN id.
    pub fn tagged(mut self, tags: &[(u16, u16)]) -> Talk {
        self.tags = tags.to_vec();
        self
    }

    /// Nothing happens for so many nanoseconds.
    pub fn wait(mut self, nanoseconds: i64) -> Talk {
        self.clock += nanoseconds;
        self
    }

    /// The client's SYN.
    pub fn syn(self) -> Talk {
        self.segment(Client, -1, SYN, b"")
    }

    /// SYN, SYN/ACK, ACK.
    pub fn open(self) -> Talk {
        self.syn().segment(Server, -1, SYN | ACK, b"").segment(Client, 0, ACK, b"")
    }

    /// `who` sends the next bytes in segments of at most the MSS; the other acknowledges them.
    pub fn says(mut self, who: Side, bytes: &[u8]) -> Talk {
        for chunk in bytes.chunks(self.mss) {
            let at = i64::from(self.sent[who as usize]);
            self.sent[who as usize] += chunk.len() as u32;
            self = self.segment(who, at, PSH | ACK, chunk);
        }
        self.acknowledges(who.other())
    }

    /// `who` sends bytes that are not captured.
    pub fn loses(mut self, who: Side, bytes: &[u8]) -> Talk {
        self.sent[who as usize] += bytes.len() as u32;
        self.clock += STEP;
        self
    }

    /// `who` sends `bytes` at a stream position, whatever was sent before; nobody answers.
    pub fn puts(self, who: Side, position: i64, bytes: &[u8]) -> Talk {
        self.segment(who, position, PSH | ACK, bytes)
    }

    /// `who` acknowledges all that the other has sent.
    pub fn acknowledges(self, who: Side) -> Talk {
        let at = self.next(who);
        self.segment(who, at, ACK, b"")
    }

    /// FIN and ACK from both, the client first.
    pub fn close(self) -> Talk {
        self.fin(Client).acknowledges(Server).fin(Server).acknowledges(Client)
    }

    /// A FIN behind what `who` has sent.
    pub fn fin(mut self, who: Side) -> Talk {
        let at = self.next(who);
        self = self.segment(who, at, FIN | ACK, b"");
        self.fin[who as usize] = 1;
        self
    }

    /// A RST in order, perhaps with a message.
    pub fn rst(self, who: Side, message: &[u8]) -> Talk {
        let at = self.next(who);
        self.segment(who, at, RST | ACK, message)
    }

    /// Any segment: `position` -1 is where the SYN is.
    pub fn segment(mut self, who: Side, position: i64, flags: u8, payload: &[u8]) -> Talk {
        let ends = if who == Client { self.ends } else { [self.ends[1], self.ends[0]] };
        let seq = self.isn[who as usize].wrapping_add(1).wrapping_add(position as u32);
        let other = who.other() as usize;
        let heard = self.isn[other].wrapping_add(1).wrapping_add(self.sent[other] + self.fin[other]);
        let ack = if flags & ACK == 0 { 0 } else { heard };
        let options = if flags & SYN == 0 { &[][..] } else { &SYN_OPTIONS };
        let bytes = Tcp { seq, ack, flags, options, payload }.bytes(ends);
        let frame = Frame::ip(self.clock, who == Client, ends, [64, 57][who as usize], 6, &bytes);
        self.frames.push(Frame { tags: self.tags.clone(), ..frame });
        self.clock += STEP;
        self
    }

    /// The last frame and the one before it change places in the capture.
    pub fn swapped(mut self) -> Talk {
        let last = self.frames.len() - 1;
        let (a, b) = (self.frames[last - 1].time, self.frames[last].time);
        self.frames.swap(last - 1, last);
        (self.frames[last - 1].time, self.frames[last].time) = (a, b);
        self
    }

    /// The last frame is damaged: one bit of its last byte flips behind the checksum's back.
    pub fn damaged(mut self) -> Talk {
        *self.frames.last_mut().and_then(|frame| frame.packet.last_mut()).expect("a frame to damage") ^= 1;
        self
    }

    /// The last frame has an IPv4 total length of 0, as segmentation offload leaves it.
    pub fn offloaded(mut self) -> Talk {
        self.frames.last_mut().expect("a frame to offload").packet[2..4].fill(0);
        self
    }

    /// The frames, in the order of the telling.
    pub fn frames(self) -> Vec<Frame> {
        self.frames
    }

    fn next(&self, who: Side) -> i64 {
        i64::from(self.sent[who as usize] + self.fin[who as usize])
    }
}

impl Side {
    /// The other one.
    pub fn other(self) -> Side {
        if self == Client { Server } else { Client }
    }
}
