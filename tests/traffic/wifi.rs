//! 802.11 frames around packets, and the headers that radios put in front (802.11-2020 clause 9, radiotap.org).

use super::Frame;

/// Link types.
pub const BARE: u16 = 105;
pub const PRISM: u16 = 119;
pub const RADIOTAP: u16 = 127;
pub const AVS: u16 = 163;
pub const PPI: u16 = 192;

/// The access point that client and server share, and the one beyond it.
pub const AP: [u8; 6] = [2, 0, 0, 0, 0, 0xa1];
const OTHER_AP: [u8; 6] = [2, 0, 0, 0, 0, 0xa2];

/// A data frame around a packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Data {
    /// Number of the packet, from 0 to 4095.
    pub number: u16,
    /// QoS control.
    pub qos: Option<u16>,
    /// HT control follows QoS control.
    pub ht_control: bool,
    /// From one access point to another.
    pub relayed: bool,
    /// Sent again.
    pub retry: bool,
    /// Encrypted.
    pub protected: bool,
    /// Number of the part, and whether more follow.
    pub part: (u8, bool),
}

impl Data {
    /// Header and body.
    pub fn around(&self, frame: &Frame, body: &[u8]) -> Vec<u8> {
        [&self.header(frame.from_client)[..], body].concat()
    }

    fn header(&self, from_client: bool) -> Vec<u8> {
        let (from, to) = (station(from_client), station(!from_client));
        let (ds, addresses) = match (self.relayed, from_client) {
            (true, true) => (3, [OTHER_AP, AP, to, from].concat()),
            (true, false) => (3, [AP, OTHER_AP, to, from].concat()),
            (false, true) => (1, [AP, from, to].concat()),
            (false, false) => (2, [to, AP, from].concat()),
        };
        let (part, more) = self.part;
        let bits = [(more, 0x04), (self.retry, 0x08), (self.protected, 0x40), (self.ht_control, 0x80)];
        let flags: u8 = ds + bits.iter().filter(|(is, _)| *is).map(|(_, bit)| bit).sum::<u8>();
        let sequence = (self.number << 4 | u16::from(part)).to_le_bytes();
        let control = if self.qos.is_some() { 0x88 } else { 0x08 };
        let mut header = [&[control, flags, 44, 0][..], &addresses[..18], &sequence, &addresses[18..]].concat();
        header.extend(self.qos.into_iter().flat_map(u16::to_le_bytes));
        header.extend(vec![0; if self.ht_control { 4 } else { 0 }]);
        header
    }
}

/// The link address of client or server.
fn station(is_client: bool) -> [u8; 6] {
    [2, 0, 0, 0, 0, if is_client { 1 } else { 2 }]
}

/// A packet behind LLC and SNAP.
pub fn snap(frame: &Frame) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0][..], &frame.ether_type.to_be_bytes(), &frame.packet].concat()
}

/// Several packets as the body of one frame.
pub fn amsdu(frames: &[Frame]) -> Vec<u8> {
    let mut body = Vec::new();
    for frame in frames {
        body.resize(body.len().next_multiple_of(4), 0);
        let packet = snap(frame);
        body.extend([station(!frame.from_client), station(frame.from_client)].concat());
        body.extend((packet.len() as u16).to_be_bytes());
        body.extend(packet);
    }
    body
}

/// A management frame: `control` is its first byte.
pub fn management(control: u8, bssid: [u8; 6], body: &[u8]) -> Vec<u8> {
    [&[control, 0, 0, 0][..], &[0xff; 6], &bssid, &bssid, &[0, 0], body].concat()
}

/// A beacon (`control` 0x80) or an answer to a probe (0x50) with elements; `privacy` asks for encryption.
pub fn announcement(control: u8, bssid: [u8; 6], privacy: bool, elements: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![0; 8];
    body.extend([100, 0, if privacy { 0x11 } else { 0x01 }, 0]);
    for (number, value) in elements {
        body.extend([*number, value.len() as u8]);
        body.extend(*value);
    }
    management(control, bssid, &body)
}

/// With the frame check sequence behind it.
pub fn checked(mut frame: Vec<u8>) -> Vec<u8> {
    frame.extend(crc32(&frame).to_le_bytes());
    frame
}

/// IEEE 802.3's CRC-32, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Radiotap: clock, flags, rate, channel 6, signal; then, as drivers do it, the signal of each of two antennas.
pub fn radiotap(flags: u8, frame: &[u8]) -> Vec<u8> {
    let words = [0xa000_002fu32, 0xa000_0820, 0x0000_0820].map(u32::to_le_bytes).concat();
    let mut fields = [&[7, 0, 0, 0, 0, 0, 0, 0][..], &[flags, 12], &2437u16.to_le_bytes(), &[0xc0, 0, 0xc8]].concat();
    fields.extend([0xc8, 0, 0xc4, 1]);
    let length = (4 + words.len() + fields.len()) as u16;
    [&[0, 0], &length.to_le_bytes()[..], &words, &fields, frame].concat()
}

/// The header of linux-wlan-ng on a little-endian machine: ten items, of them the channel.
pub fn prism(frame: &[u8]) -> Vec<u8> {
    let mut header = [&0x44u32.to_le_bytes()[..], &144u32.to_le_bytes(), b"wlan0\0\0\0\0\0\0\0\0\0\0\0"].concat();
    for item in 1..=10u32 {
        header.extend((item << 12 | 0x41).to_le_bytes());
        header.extend([0, 0, 4, 0]);
        header.extend(if item == 3 { 11u32 } else { 0 }.to_le_bytes());
    }
    [&header[..], frame].concat()
}

/// The AVS header: version 1, 64 bytes, channel 1.
pub fn avs(frame: &[u8]) -> Vec<u8> {
    let head = [0x8021_1001u32, 64, 0, 7, 0, 7, 4, 1].map(u32::to_be_bytes).concat();
    [&head[..], &[0; 32], frame].concat()
}

/// PPI with the field that all kinds of 802.11 have: the check sequence is there, frequency of channel 11.
pub fn ppi(frame: &[u8]) -> Vec<u8> {
    let head = [&[0, 0][..], &32u16.to_le_bytes(), &u32::from(BARE).to_le_bytes(), &[2, 0, 20, 0]].concat();
    let field = [&[0; 8][..], &[1, 0, 22, 0], &2462u16.to_le_bytes(), &[0x80, 0, 0, 0, 0xc8, 0xa1]].concat();
    [&head[..], &field, frame].concat()
}
