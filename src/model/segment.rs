//! A TCP segment as decoded from one frame (RFC 9293 §3.1), borrowed from the frame's bytes; or a UDP datagram (RFC 768), which
//! has less to say.

use super::{Endpoint, Path};

/// One TCP segment and what the layers beneath it said that later floors need.
///
/// Of a UDP datagram, numbers and flags mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Which of the two it is.
    pub transport: Transport,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// VLANs and tunnels the packet came through.
    pub path: Path,
    /// Source and destination MAC address, where the link layer has them.
    pub mac: Option<[[u8; 6]; 2]>,
    /// Sequence number of the first payload byte (of the SYN, if set).
    pub seq: u32,
    /// Acknowledgement number; meaningful with [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// Window field, unscaled.
    pub window: u16,
    /// Window scale option (RFC 7323), only looked for in SYN segments.
    pub window_scale: Option<u8>,
    /// IPv4 time to live or IPv6 hop limit.
    pub ttl: u8,
    /// Checksum over what was captured.
    pub checksum: Checksum,
    /// Payload bytes that were captured: never more than the IP length says, never past the captured length.
    pub payload: &'a [u8],
    /// Payload bytes that the IP length promises but the capture cut off.
    pub missing: u32,
}

/// Protocols whose payload is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Transport {
    /// A stream of bytes, numbered.
    Tcp,
    /// Datagrams, one after the other as they were captured.
    Udp,
}

impl Transport {
    /// As IP numbers it.
    pub const fn number(self) -> u8 {
        match self {
            Transport::Tcp => 6,
            Transport::Udp => 17,
        }
    }
}

/// Result of verifying a TCP or UDP checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Checksum {
    /// The sum is right.
    Good,
    /// The sum is wrong: damage, or offload on the capturing machine.
    Bad,
    /// Not all bytes were captured, so it cannot be known.
    Unknown,
}

/// TCP control bits, as in byte 13 of the header.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Flags = Flags(0x02);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x04);
    /// Push.
    pub const PSH: Flags = Flags(0x08);
    /// The acknowledgement field counts.
    pub const ACK: Flags = Flags(0x10);
    /// Urgent pointer; its bytes stay in the stream.
    pub const URG: Flags = Flags(0x20);

    /// All bits of `other` are set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// These bits without those of `other`.
    pub fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// `SA`, `F`, `.` for none: letters in the order `SFRPAU`.
impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letters = [
            (Self::SYN, 'S'),
            (Self::FIN, 'F'),
            (Self::RST, 'R'),
            (Self::PSH, 'P'),
            (Self::ACK, 'A'),
            (Self::URG, 'U'),
        ];
        let text: String = letters.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, c)| *c).collect();
        f.write_str(if text.is_empty() { "." } else { &text })
    }
}
