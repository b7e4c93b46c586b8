//! Encapsulations, laid around frames as their documents say. What is inside comes first as `[type, packet]`, as a frame or
//! as PPP; the headers go in front, and the whole between two routers where the encapsulation goes over IP.

use std::net::SocketAddr;

use super::Frame;
use super::packet::checksum;

/// Lays something around a frame.
pub type Wrap = fn(&Frame) -> Frame;

const ROUTERS: [&str; 2] = ["203.0.113.1", "203.0.113.2"];
const ROUTERS6: [&str; 2] = ["[2001:db8:ff::1]", "[2001:db8:ff::2]"];
/// Where tunnels that hash what is inside send from.
const HASH: u16 = 51_515;

/// An EtherType or a link type of its own with `parts` behind it.
fn holding(frame: &Frame, ether_type: u16, parts: &[&[u8]]) -> Frame {
    Frame { ether_type, packet: parts.concat(), ..frame.clone() }
}

/// From router to router, in the frame's direction.
fn between(routers: [&str; 2], ports: [u16; 2], frame: &Frame) -> [SocketAddr; 2] {
    let [client, server] = routers;
    let [src, dst] = if frame.from_client { [client, server] } else { [server, client] };
    [(src, ports[0]), (dst, ports[1])].map(|(ip, port)| format!("{ip}:{port}").parse().expect("an endpoint"))
}

fn over_ip(frame: &Frame, protocol: u8, parts: &[&[u8]]) -> Frame {
    let ends = between(ROUTERS, [0, 0], frame);
    Frame::ip(frame.time, frame.from_client, ends, 60, protocol, &parts.concat())
}

fn over_ip6(frame: &Frame, protocol: u8, parts: &[&[u8]]) -> Frame {
    let ends = between(ROUTERS6, [0, 0], frame);
    Frame::ip(frame.time, frame.from_client, ends, 60, protocol, &parts.concat())
}

fn over_udp(frame: &Frame, ports: [u16; 2], parts: &[&[u8]]) -> Frame {
    let udp = Frame::udp(frame.time, between(ROUTERS, ports, frame), &parts.concat());
    Frame { from_client: frame.from_client, ..udp }
}

/// The server is bound to `port`, and answers from it.
fn with_server(port: u16, frame: &Frame) -> [u16; 2] {
    if frame.from_client { [HASH, port] } else { [port, HASH] }
}

/// EtherType and packet.
fn typed(frame: &Frame) -> Vec<u8> {
    [&frame.ether_type.to_be_bytes()[..], &frame.packet].concat()
}

/// A frame of the inner network.
pub fn ethernet(frame: &Frame) -> Vec<u8> {
    let mac = |client: bool| [0x0a, 0, 0, 0, 1, if client { 1 } else { 2 }];
    [&mac(!frame.from_client)[..], &mac(frame.from_client), &typed(frame)].concat()
}

/// Without address and control.
pub fn ppp(frame: &Frame) -> Vec<u8> {
    let protocol = if frame.ether_type == 0x0800 { [0, 0x21] } else { [0, 0x57] };
    [&protocol[..], &frame.packet].concat()
}

pub fn vlans(frame: &Frame) -> Frame {
    let tags = [[0x88, 0xa8, 0x20, 7], [0x81, 0, 0, 6], [0x91, 0, 0, 5], [0x92, 0, 0, 4], [0x93, 0, 0, 3]];
    holding(frame, 0x88a8, &[&tags.concat()[2..], &typed(frame)])
}

pub fn mpls(frame: &Frame) -> Frame {
    holding(frame, 0x8847, &[&[0, 1, 0, 64], &[0, 2, 0x02, 64], &[0, 3, 0xf1, 64], &frame.packet])
}

pub fn pseudowire(frame: &Frame) -> Frame {
    holding(frame, 0x8847, &[&[0, 1, 1, 64], &[0, 0, 0, 9], &ethernet(frame)])
}

/// The inner address begins with zero bits, as a control word would.
pub fn bare_pseudowire(frame: &Frame) -> Frame {
    holding(frame, 0x8848, &[&[0, 1, 1, 64], &ethernet(frame)])
}

pub fn pppoe(frame: &Frame) -> Frame {
    let ppp = ppp(frame);
    let [l0, l1] = (ppp.len() as u16).to_be_bytes();
    holding(frame, 0x8864, &[&[0x11, 0, 0, 77, l0, l1], &ppp])
}

/// Integrity without encryption; a channel in one direction only.
pub fn macsec(frame: &Frame) -> Frame {
    let data = typed(frame);
    let short = if data.len() < 48 { data.len() as u8 } else { 0 };
    let channel = if frame.from_client {
        &[0x20, short, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 1][..]
    } else {
        &[0, short, 0, 0, 0, 1]
    };
    holding(frame, 0x88e5, &[channel, &data, &[0xcc; 16]])
}

pub fn encrypted_macsec(frame: &Frame) -> Frame {
    let data: Vec<u8> = typed(frame).iter().map(|byte| byte ^ 0x5a).collect();
    holding(frame, 0x88e5, &[&[0x0c, 0, 0, 0, 0, 1], &data, &[0xcc; 16]])
}

pub fn backbone(frame: &Frame) -> Frame {
    holding(frame, 0x88a8, &[&[0, 100, 0x88, 0xe7], &[0, 0, 0x12, 0x34], &ethernet(frame)])
}

pub fn metadata(frame: &Frame) -> Frame {
    holding(frame, 0x8909, &[&[1, 1, 0, 1, 0, 2], &typed(frame)])
}

pub fn e_tag(frame: &Frame) -> Frame {
    holding(frame, 0x893f, &[&[0, 0, 0, 5, 0, 0], &typed(frame)])
}

pub fn vn_tag(frame: &Frame) -> Frame {
    holding(frame, 0x8926, &[&[0, 5, 0, 0], &typed(frame)])
}

pub fn hsr(frame: &Frame) -> Frame {
    let size = (frame.packet.len() as u16 + 6).to_be_bytes();
    holding(frame, 0x892f, &[&size, &[0, 9], &typed(frame)])
}

/// With one field of metadata.
pub fn nsh(frame: &Frame) -> Frame {
    holding(frame, 0x894f, &[&[0x0f, 0xc4, 2, 3], &[0, 0, 9, 255], &[0, 0, 1, 4, 9, 9, 9, 9], &ethernet(frame)])
}

/// The whole frame, for a link of its own.
pub fn isl(frame: &Frame) -> Frame {
    let inside = ethernet(frame);
    let length = (inside.len() as u16 + 4 + 12).to_be_bytes();
    let head = [
        &[1, 0, 0x0c, 0, 0, 0][..],
        &[2, 0, 0, 0, 0, 1],
        &length,
        &[0xaa, 0xaa, 3, 0, 0, 0x0c],
        &[0, 43 << 1, 0, 0, 0, 0],
    ];
    holding(frame, 1, &[&head.concat(), &inside, &[0xcc; 4], &[0xcc; 4]])
}

pub fn ipip(frame: &Frame) -> Frame {
    over_ip(frame, if frame.ether_type == 0x0800 { 4 } else { 41 }, &[&frame.packet])
}

pub fn in_ipv6(frame: &Frame) -> Frame {
    over_ip6(frame, if frame.ether_type == 0x0800 { 4 } else { 41 }, &[&frame.packet])
}

pub fn gre(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0, 0], &typed(frame)])
}

/// With checksum, key and sequence number.
pub fn gre_full(frame: &Frame) -> Frame {
    let [t0, t1] = frame.ether_type.to_be_bytes();
    let mut bytes = [&[0xb0, 0, t0, t1][..], &[0; 4], &[0, 0, 0, 42], &[0, 0, 0, 1], &frame.packet].concat();
    let sum = checksum(&bytes).to_be_bytes();
    bytes[4..6].copy_from_slice(&sum);
    over_ip(frame, 47, &[&bytes])
}

pub fn gre_bridged(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0, 0, 0x65, 0x58], &ethernet(frame)])
}

pub fn gre_ppp(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0, 0, 0x88, 0x0b], &[0xff, 3], &ppp(frame)])
}

/// The hash differs between the directions.
pub fn nvgre(frame: &Frame) -> Frame {
    let key = [0, 0x50, 1, u8::from(frame.from_client)];
    over_ip(frame, 47, &[&[0x20, 0, 0x65, 0x58], &key, &ethernet(frame)])
}

pub fn wccp(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0, 0, 0x88, 0x3e], &[0, 0, 0, 0], &frame.packet])
}

pub fn erspan_1(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0, 0, 0x88, 0xbe], &ethernet(frame)])
}

/// Of VLAN 9, whose tag was taken off.
pub fn erspan_2(frame: &Frame) -> Frame {
    over_ip(frame, 47, &[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &[0x10, 9, 0x10, 20, 0, 0, 0, 1], &ethernet(frame)])
}

/// With the optional header.
pub fn erspan_3(frame: &Frame) -> Frame {
    let head = [0x20, 9, 0, 20, 0, 0, 0, 1, 0, 2, 0, 1];
    over_ip(frame, 47, &[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &head, &[0; 8], &ethernet(frame)])
}

/// Each end has a call of its own; the server acknowledges as well.
pub fn pptp(frame: &Frame) -> Frame {
    let ppp = [&[0xff, 3][..], &ppp(frame)].concat();
    let [l0, l1] = (ppp.len() as u16).to_be_bytes();
    match frame.from_client {
        true => over_ip(frame, 47, &[&[0x30, 1, 0x88, 0x0b, l0, l1, 0, 5], &[0, 0, 0, 1], &ppp]),
        false => over_ip(frame, 47, &[&[0x30, 0x81, 0x88, 0x0b, l0, l1, 0, 6], &[0, 0, 0, 1, 0, 0, 0, 1], &ppp]),
    }
}

pub fn ether_ip(frame: &Frame) -> Frame {
    over_ip(frame, 97, &[&[0x30, 0], &ethernet(frame)])
}

pub fn ethernet_in_ipv6(frame: &Frame) -> Frame {
    over_ip6(frame, 143, &[&ethernet(frame)])
}

pub fn mpls_in_ip(frame: &Frame) -> Frame {
    over_ip(frame, 137, &[&[0, 1, 1, 64], &frame.packet])
}

/// Ethernet behind a cookie of 8 bytes.
pub fn l2tp_3(frame: &Frame) -> Frame {
    let session = [0, 0, 1, u8::from(frame.from_client)];
    over_ip(frame, 115, &[&session, &[0xc0; 8], &ethernet(frame)])
}

/// IP without a cookie.
pub fn l2tp_3_udp(frame: &Frame) -> Frame {
    let session = [0, 0, 1, u8::from(frame.from_client)];
    over_udp(frame, with_server(1701, frame), &[&[0, 3, 0, 0], &session, &frame.packet])
}

/// With length, numbers and an offset.
pub fn l2tp_2(frame: &Frame) -> Frame {
    let ppp = [&[0xff, 3][..], &ppp(frame)].concat();
    let [l0, l1] = (ppp.len() as u16 + 16).to_be_bytes();
    let head = [0x4a, 2, l0, l1, 0, 1, 0, u8::from(frame.from_client), 0, 1, 0, 1, 0, 2, 0xee, 0xee];
    over_udp(frame, with_server(1701, frame), &[&head, &ppp])
}

pub fn gtp(frame: &Frame) -> Frame {
    let [l0, l1] = (frame.packet.len() as u16).to_be_bytes();
    let endpoint = [0, 0, 2, u8::from(frame.from_client)];
    over_udp(frame, [2152, 2152], &[&[0x30, 255, l0, l1], &endpoint, &frame.packet])
}

/// With a number and two extensions, one of them of 8 bytes.
pub fn gtp_extended(frame: &Frame) -> Frame {
    let [l0, l1] = (frame.packet.len() as u16 + 16).to_be_bytes();
    let endpoint = [0, 0, 2, u8::from(frame.from_client)];
    let more = [&[0, 1, 0, 0x85][..], &[1, 0x10, 9, 0xc0], &[2, 0, 0, 0, 0, 0, 0, 0]].concat();
    over_udp(frame, [2152, 2152], &[&[0x36, 255, l0, l1], &endpoint, &more, &frame.packet])
}

pub fn gtp_0(frame: &Frame) -> Frame {
    let [l0, l1] = (frame.packet.len() as u16).to_be_bytes();
    let head = [0x1e, 255, l0, l1, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff];
    over_udp(frame, [3386, 3386], &[&head, &[0x21, 0x43, 0x65, 0x87, 9, 0, 0, 5], &frame.packet])
}

/// The server authenticates and says where the client is.
pub fn teredo(frame: &Frame) -> Frame {
    let head = if frame.from_client {
        &[][..]
    } else {
        &[0, 1, 2, 3, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9, 9, 9]
    };
    over_udp(frame, with_server(3544, frame), &[head, &frame.packet])
}

/// An identity of 16 bytes and a signature of 20.
pub fn ayiya(frame: &Frame) -> Frame {
    over_udp(frame, with_server(5072, frame), &[&[0x41, 0x52, 0x11, 41, 0, 0, 0, 1], &[1; 16], &[2; 20], &frame.packet])
}

pub fn gre_udp(frame: &Frame) -> Frame {
    over_udp(frame, [HASH, 4754], &[&[0, 0], &typed(frame)])
}

pub fn mpls_udp(frame: &Frame) -> Frame {
    over_udp(frame, [HASH, 6635], &[&[0, 1, 1, 64], &frame.packet])
}

pub fn vxlan(frame: &Frame) -> Frame {
    over_udp(frame, [HASH, 4789], &[&[8, 0, 0, 0, 0, 0, 42, 0], &ethernet(frame)])
}

/// With a next protocol: IPv4.
pub fn vxlan_gpe(frame: &Frame) -> Frame {
    over_udp(frame, [HASH, 4790], &[&[0x0c, 0, 0, 1, 0, 0, 42, 0], &frame.packet])
}

/// With two options.
pub fn geneve(frame: &Frame) -> Frame {
    let options = [1, 2, 0x80, 1, 9, 9, 9, 9, 1, 2, 3, 0];
    over_udp(frame, [HASH, 6081], &[&[3, 0, 0x65, 0x58, 0, 0, 42, 0], &options, &ethernet(frame)])
}

pub fn nested(frame: &Frame) -> Frame {
    vlans(&vxlan(&vlans(&gre_full(&geneve(&gtp(&ipip(frame)))))))
}
