//! Capture files: pcap and pcapng, as their specifications lay them out (draft-ietf-opsawg-pcap, -pcapng).

use super::packet::Frame;

/// What stands in front of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Null,
    Ethernet,
    Raw,
    Sll2,
    /// Another link type, with nothing in front of what the frame holds.
    Bare(u16),
}

impl Link {
    fn number(self) -> u16 {
        match self {
            Link::Null => 0,
            Link::Ethernet => 1,
            Link::Raw => 101,
            Link::Sll2 => 276,
            Link::Bare(number) => number,
        }
    }

    fn frame(self, frame: &Frame) -> Vec<u8> {
        let mac = |client: bool| [2, 0, 0, 0, 0, if client { 1 } else { 2 }];
        let ether_type = frame.ether_type.to_be_bytes();
        let header = match self {
            Link::Raw | Link::Bare(_) => Vec::new(),
            Link::Null => vec![if frame.ether_type == 0x0800 { 2 } else { 30 }, 0, 0, 0],
            Link::Sll2 => [&ether_type[..], &[0, 0, 0, 0, 0, 3, 0, 1, 0, 6], &mac(frame.from_client), &[0, 0]].concat(),
            Link::Ethernet => {
                let macs = [mac(!frame.from_client), mac(frame.from_client)].concat();
                let tags = frame.tags.iter().flat_map(|&(tpid, id)| [tpid.to_be_bytes(), id.to_be_bytes()].concat());
                macs.into_iter().chain(tags).chain(ether_type).collect()
            }
        };
        let mut bytes = [&header[..], &frame.packet].concat();
        if self == Link::Ethernet {
            // as the wire does it
            bytes.resize(bytes.len().max(60), 0);
        }
        bytes
    }
}

/// A capture file in the making.
#[derive(Clone, Debug)]
pub struct Capture {
    big_endian: bool,
    /// Interfaces with the number of decimal digits of their clock; a pcap has one.
    interfaces: Vec<(Link, u8)>,
    snap_len: usize,
    frames: Vec<(usize, Frame)>,
}

impl Capture {
    /// Little-endian, microseconds, nothing cut.
    pub fn on(link: Link) -> Capture {
        Capture { big_endian: false, interfaces: vec![(link, 6)], snap_len: 262_144, frames: Vec::new() }
    }

    /// The other byte order.
    pub fn big_endian(mut self) -> Capture {
        self.big_endian = true;
        self
    }

    /// Nanoseconds on the last interface.
    pub fn nanoseconds(mut self) -> Capture {
        self.interfaces.last_mut().expect("a first interface").1 = 9;
        self
    }

    /// Frames are cut to so many bytes.
    pub fn snap_len(mut self, bytes: usize) -> Capture {
        self.snap_len = bytes;
        self
    }

    /// Another interface (pcapng only); later frames come from it.
    pub fn interface(mut self, link: Link) -> Capture {
        self.interfaces.push((link, 6));
        self
    }

    /// Frames seen on the last interface.
    pub fn frames(mut self, frames: impl IntoIterator<Item = Frame>) -> Capture {
        let interface = self.interfaces.len() - 1;
        self.frames.extend(frames.into_iter().map(|frame| (interface, frame)));
        self
    }

    /// Frames in the order of their times.
    pub fn sorted(mut self) -> Capture {
        self.frames.sort_by_key(|(_, frame)| frame.time);
        self
    }

    /// The file as pcap.
    pub fn pcap(&self) -> Vec<u8> {
        let (link, digits) = self.interfaces[0];
        let magic = if digits == 9 { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut out = [self.u32(magic), self.u16(2), self.u16(4), vec![0; 8]].concat();
        out.extend([self.u32(self.snap_len as u32), self.u32(u32::from(link.number()))].concat());
        for (_, frame) in &self.frames {
            let (bytes, original) = self.cut(link, frame);
            let fraction = frame.time % 1_000_000_000 / if digits == 9 { 1 } else { 1000 };
            let head = [frame.time / 1_000_000_000, fraction, bytes.len() as i64, original as i64];
            out.extend(head.into_iter().flat_map(|number| self.u32(number as u32)));
            out.extend(bytes);
        }
        out
    }

    /// The file as pcapng: one section, its interfaces, enhanced packet blocks.
    pub fn pcapng(&self) -> Vec<u8> {
        let section = [self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), vec![0xff; 8]].concat();
        let mut out = self.block(0x0a0d_0d0a, &section);
        for &(link, digits) in &self.interfaces {
            let resolution = [self.u16(9), self.u16(1), vec![digits, 0, 0, 0], self.u32(0)].concat();
            let head = [self.u16(link.number()), self.u16(0), self.u32(self.snap_len as u32)].concat();
            out.extend(self.block(1, &[head, resolution].concat()));
        }
        for (interface, frame) in &self.frames {
            let (link, digits) = self.interfaces[*interface];
            let (bytes, original) = self.cut(link, frame);
            let ticks = frame.time / 10i64.pow(9 - u32::from(digits));
            let head = [*interface as i64, ticks >> 32, ticks, bytes.len() as i64, original as i64];
            let head = head.into_iter().flat_map(|number| self.u32(number as u32));
            out.extend(self.block(6, &head.chain(bytes).collect::<Vec<u8>>()));
        }
        out
    }

    fn cut(&self, link: Link, frame: &Frame) -> (Vec<u8>, usize) {
        let mut bytes = link.frame(frame);
        let original = bytes.len();
        bytes.truncate(self.snap_len);
        (bytes, original)
    }

    fn block(&self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.u32((12 + body.len() + padding.len()) as u32);
        [&self.u32(kind), &length, body, &padding, &length].concat()
    }

    fn u16(&self, number: u16) -> Vec<u8> {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }.to_vec()
    }

    fn u32(&self, number: u32) -> Vec<u8> {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }.to_vec()
    }
}
