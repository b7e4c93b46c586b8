//! IP packets with a TCP segment, and the frames they travel in.

use std::net::{IpAddr, SocketAddr};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;

/// A packet on its way into a capture; the capture's link type decides what stands in front of it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// From the connection's client to its server.
    pub from_client: bool,
    /// Outermost first: TPID and VLAN id.
    pub tags: Vec<(u16, u16)>,
    /// EtherType.
    pub ether_type: u16,
    /// From the network header on.
    pub packet: Vec<u8>,
}

impl Frame {
    /// A question for an Ethernet address: no IP.
    pub fn arp(time: i64) -> Frame {
        let packet = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &[2, 0, 0, 0, 0, 1, 192, 168, 1, 10], &[0; 6], &[10, 0, 0, 1]];
        Frame { time, from_client: true, tags: Vec::new(), ether_type: ARP, packet: packet.concat() }
    }

    /// A UDP datagram: no TCP.
    pub fn udp(time: i64, ends: [SocketAddr; 2], payload: &[u8]) -> Frame {
        let length = (8 + payload.len()) as u16;
        let mut datagram = [ends[0].port(), ends[1].port(), length, 0].map(u16::to_be_bytes).concat();
        datagram.extend(payload);
        Frame::ip(time, true, ends, 64, 17, &datagram)
    }

    /// Any IP packet.
    pub fn ip(time: i64, from_client: bool, ends: [SocketAddr; 2], ttl: u8, protocol: u8, upper: &[u8]) -> Frame {
        let (ether_type, packet) = match (ends[0].ip(), ends[1].ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => (IPV4, ipv4(src.octets(), dst.octets(), ttl, protocol, upper)),
            (IpAddr::V6(src), IpAddr::V6(dst)) => (IPV6, ipv6(src.octets(), dst.octets(), ttl, protocol, upper)),
            _ => panic!("both ends speak one version of IP"),
        };
        Frame { time, from_client, tags: Vec::new(), ether_type, packet }
    }
}

/// A segment as it goes on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub options: &'a [u8],
    pub payload: &'a [u8],
}

impl Tcp<'_> {
    /// Header and payload with a good checksum.
    pub fn bytes(&self, ends: [SocketAddr; 2]) -> Vec<u8> {
        assert!(self.options.len().is_multiple_of(4));
        let ports = [ends[0].port(), ends[1].port()].map(u16::to_be_bytes).concat();
        let numbers = [self.seq, self.ack].map(u32::to_be_bytes).concat();
        let offset = (((20 + self.options.len()) / 4) << 4) as u8;
        let mut bytes = [&ports[..], &numbers, &[offset, self.flags, 0xff, 0xff, 0, 0, 0, 0], self.options].concat();
        bytes.extend(self.payload);
        let sum = checksum(&[pseudo_header(ends, bytes.len()), bytes.clone()].concat());
        bytes[16..18].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

fn pseudo_header(ends: [SocketAddr; 2], length: usize) -> Vec<u8> {
    let addresses = ends.map(|end| match end.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    });
    [addresses.concat(), (length as u32).to_be_bytes().to_vec(), vec![0, 0, 0, 6]].concat()
}

fn ipv4(src: [u8; 4], dst: [u8; 4], ttl: u8, protocol: u8, upper: &[u8]) -> Vec<u8> {
    let [l0, l1] = ((20 + upper.len()) as u16).to_be_bytes();
    let mut header = [&[0x45, 0, l0, l1, 0, 0, 0x40, 0, ttl, protocol, 0, 0][..], &src, &dst].concat();
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    [&header[..], upper].concat()
}

fn ipv6(src: [u8; 16], dst: [u8; 16], ttl: u8, protocol: u8, upper: &[u8]) -> Vec<u8> {
    let [l0, l1] = (upper.len() as u16).to_be_bytes();
    [&[0x60, 0, 0, 0, l0, l1, protocol, ttl][..], &src, &dst, upper].concat()
}

/// RFC 1071, word after word.
pub fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let sum = words.fold(0, |sum, word| (sum + word) % 0xffff);
    !(sum as u16)
}
