//! Segments in encapsulations in encapsulations: what was laid around comes off again, whatever the nesting.

use proptest::prelude::*;

use super::*;
use crate::model::{Hop, Path, Segment, TunnelKind};

const PAYLOAD: &[u8] = b"from hand to hand";
const ENDS: [[u8; 4]; 2] = [[203, 0, 113, 1], [203, 0, 113, 2]];

/// What is laid around a packet.
#[derive(Clone, Copy, Debug)]
enum Wrap {
    Vlan(u16),
    Mpls(u32),
    Pseudowire(u32, bool),
    Pppoe(u16),
    Macsec(bool),
    Backbone(u32),
    Metadata,
    Ring,
    Service,
    Ip,
    Ip6,
    Gre(Option<u32>),
    Nvgre(u32),
    Erspan(u16),
    Pptp(u16),
    EtherIp,
    L2tp(u16),
    L2tp3(u32),
    Gtp(u32),
    Teredo,
    Vxlan(u32),
    VxlanNext(u32),
    Geneve(u32, u8),
    MplsUdp(u32),
}

/// A packet behind its EtherType.
#[derive(Clone, Debug)]
struct Typed(u16, Vec<u8>);

fn wrap() -> impl Strategy<Value = Wrap> {
    let (label, network) = (16..1u32 << 20, 0..1u32 << 24);
    prop_oneof![
        (0..4096u16).prop_map(Wrap::Vlan),
        label.clone().prop_map(Wrap::Mpls),
        (label.clone(), any::<bool>()).prop_map(|(label, word)| Wrap::Pseudowire(label, word)),
        any::<u16>().prop_map(Wrap::Pppoe),
        any::<bool>().prop_map(Wrap::Macsec),
        network.clone().prop_map(Wrap::Backbone),
        Just(Wrap::Metadata),
        Just(Wrap::Ring),
        Just(Wrap::Service),
        Just(Wrap::Ip),
        Just(Wrap::Ip6),
        proptest::option::of(0..0x10_0000u32).prop_map(Wrap::Gre),
        (0x1000..0xff_ffffu32).prop_map(Wrap::Nvgre),
        (0..1024u16).prop_map(Wrap::Erspan),
        any::<u16>().prop_map(Wrap::Pptp),
        Just(Wrap::EtherIp),
        any::<u16>().prop_map(Wrap::L2tp),
        (1..u32::MAX).prop_map(Wrap::L2tp3),
        any::<u32>().prop_map(Wrap::Gtp),
        Just(Wrap::Teredo),
        network.clone().prop_map(Wrap::Vxlan),
        network.clone().prop_map(Wrap::VxlanNext),
        (network, 0..10u8).prop_map(|(network, options)| Wrap::Geneve(network, options)),
        label.prop_map(Wrap::MplsUdp),
    ]
}

impl Typed {
    fn tcp() -> Typed {
        let mut packet = Vec::new();
        let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        builder.tcp(1234, 80, 1000, 512).ack(77).write(&mut packet, PAYLOAD).unwrap();
        Typed(0x0800, packet)
    }

    fn is_ip(&self) -> bool {
        matches!(self.0, 0x0800 | 0x86dd)
    }

    fn bytes(&self) -> Vec<u8> {
        [&self.0.to_be_bytes()[..], &self.1].concat()
    }

    fn ethernet(&self) -> Vec<u8> {
        [&[0x0a, 0, 0, 0, 0, 2, 0x0a, 0, 0, 0, 0, 1][..], &self.bytes()].concat()
    }

    /// What the encapsulation makes of it, and the hop it adds; `None` if it carries no such thing.
    fn wrapped(&self, wrap: Wrap) -> Option<(Typed, Option<Hop>)> {
        let needs_ip = matches!(
            wrap,
            Wrap::Mpls(_) | Wrap::Pppoe(_) | Wrap::Ip | Wrap::Ip6 | Wrap::Pptp(_) | Wrap::L2tp(_) | Wrap::L2tp3(_)
        );
        let needs_ip = needs_ip || matches!(wrap, Wrap::Gtp(_) | Wrap::VxlanNext(_) | Wrap::MplsUdp(_));
        if (needs_ip && !self.is_ip()) || (matches!(wrap, Wrap::Teredo) && self.0 != 0x86dd) {
            return None;
        }
        Some(match wrap {
            Wrap::Ip | Wrap::Ip6 | Wrap::Gre(_) | Wrap::Nvgre(_) | Wrap::Erspan(_) | Wrap::Pptp(_) | Wrap::EtherIp => {
                self.over_ip(wrap)
            }
            Wrap::L2tp(_) | Wrap::L2tp3(_) | Wrap::Gtp(_) | Wrap::Teredo | Wrap::Vxlan(_) => self.over_udp(wrap),
            Wrap::VxlanNext(_) | Wrap::Geneve(..) | Wrap::MplsUdp(_) => self.over_udp(wrap),
            _ => self.shimmed(wrap),
        })
    }

    fn shimmed(&self, wrap: Wrap) -> (Typed, Option<Hop>) {
        let parts = |parts: &[&[u8]]| parts.concat();
        match wrap {
            Wrap::Vlan(id) => (Typed(0x8100, parts(&[&id.to_be_bytes(), &self.bytes()])), Some(Hop::Vlan(id))),
            Wrap::Mpls(label) => (Typed(0x8847, parts(&[&bottom(label), &self.1])), Some(Hop::Mpls(label))),
            Wrap::Pseudowire(label, has_word) => {
                let word = if has_word { &[0; 4][..] } else { &[] };
                // without a control word, an address that is no control word either
                let mut frame = self.ethernet();
                frame[0] = if has_word { 0x0a } else { 0x8a };
                (Typed(0x8847, parts(&[&bottom(label), word, &frame])), Some(Hop::Mpls(label)))
            }
            Wrap::Pppoe(session) => {
                let ([s0, s1], ppp) = (session.to_be_bytes(), self.ppp());
                let [l0, l1] = length(&ppp);
                (Typed(0x8864, parts(&[&[0x11, 0, s0, s1, l0, l1], &ppp])), Some(Hop::Pppoe(session)))
            }
            Wrap::Macsec(has_channel) => {
                let tag =
                    if has_channel { &[0x20, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 1][..] } else { &[0, 0, 0, 0, 0, 1] };
                (Typed(0x88e5, parts(&[tag, &self.bytes(), &[0xcc; 16]])), None)
            }
            Wrap::Backbone(service) => {
                (Typed(0x88e7, parts(&[&service.to_be_bytes(), &self.ethernet()])), Some(Hop::Backbone(service)))
            }
            Wrap::Metadata => (Typed(0x8909, parts(&[&[1, 1, 0, 1, 0, 2], &self.bytes()])), None),
            Wrap::Ring => (Typed(0x892f, parts(&[&[0; 4], &self.bytes()])), None),
            _ => (Typed(0x894f, parts(&[&[0x0f, 0xc2, 1, 3, 0, 0, 0, 1], &self.ethernet()])), None),
        }
    }

    fn over_ip(&self, wrap: Wrap) -> (Typed, Option<Hop>) {
        let inner = if self.0 == 0x0800 { 4 } else { 41 };
        let tunnel = |kind, id: Option<u32>, protocol, parts: &[&[u8]]| {
            (ipv4(protocol, &parts.concat()), Some(Hop::tunnel(kind, ENDS.map(Into::into), id.map(u64::from))))
        };
        match wrap {
            Wrap::Ip => tunnel(TunnelKind::Ip, None, inner, &[&self.1]),
            Wrap::Ip6 => {
                let [l0, l1] = length(&self.1);
                let ends = [[0x20; 16], [0x21; 16]];
                let packet = [&[0x60, 0, 0, 0, l0, l1, inner, 9][..], &ends.concat(), &self.1].concat();
                (Typed(0x86dd, packet), Some(Hop::tunnel(TunnelKind::Ip, ends.map(Into::into), None)))
            }
            Wrap::Gre(None) => tunnel(TunnelKind::Gre, None, 47, &[&[0, 0], &self.bytes()]),
            Wrap::Gre(Some(key)) => {
                let [t0, t1] = self.0.to_be_bytes();
                let head = [0xb0, 0, t0, t1, 0, 0, 0, 0];
                tunnel(TunnelKind::Gre, Some(key), 47, &[&head, &key.to_be_bytes(), &[0; 4], &self.1])
            }
            Wrap::Nvgre(id) => {
                let key = (id << 8 | 0xff).to_be_bytes();
                tunnel(TunnelKind::Nvgre, Some(id), 47, &[&[0x20, 0, 0x65, 0x58], &key, &self.ethernet()])
            }
            Wrap::Erspan(session) => {
                let [s0, s1] = session.to_be_bytes();
                let head = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 9, s0, s1, 0, 0, 0, 0];
                tunnel(TunnelKind::Erspan, Some(session.into()), 47, &[&head, &self.ethernet()])
            }
            Wrap::Pptp(call) => {
                let ([c0, c1], ppp) = (call.to_be_bytes(), self.ppp());
                let [l0, l1] = length(&ppp);
                let head = [0x30, 0x81, 0x88, 0x0b, l0, l1, c0, c1, 0, 0, 0, 1, 0, 0, 0, 1];
                tunnel(TunnelKind::Pptp, Some(call.into()), 47, &[&head, &ppp])
            }
            _ => tunnel(TunnelKind::EtherIp, None, 97, &[&[0x30, 0], &self.ethernet()]),
        }
    }

    fn over_udp(&self, wrap: Wrap) -> (Typed, Option<Hop>) {
        let tunnel = |kind, id: Option<u32>, port: u16, parts: &[&[u8]]| {
            let payload = parts.concat();
            let head = [50_000, port, 8 + payload.len() as u16, 0].map(u16::to_be_bytes).concat();
            let packet = ipv4(17, &[head, payload].concat());
            (packet, Some(Hop::tunnel(kind, ENDS.map(Into::into), id.map(u64::from))))
        };
        match wrap {
            Wrap::L2tp(session) => {
                let head = [&[0, 2, 0, 7][..], &session.to_be_bytes(), &[0xff, 3]].concat();
                tunnel(TunnelKind::L2tp, Some(session.into()), 1701, &[&head, &self.ppp()])
            }
            Wrap::L2tp3(session) => tunnel(
                TunnelKind::L2tp,
                Some(session),
                1701,
                &[&[0, 3, 0, 0], &session.to_be_bytes(), &[0xff; 8], &self.1],
            ),
            Wrap::Gtp(end) => {
                let [l0, l1] = ((self.1.len() + 8) as u16).to_be_bytes();
                let more = [0, 1, 0, 0xc0, 1, 0, 0, 0];
                tunnel(TunnelKind::Gtp, Some(end), 2152, &[&[0x34, 255, l0, l1], &end.to_be_bytes(), &more, &self.1])
            }
            Wrap::Teredo => tunnel(TunnelKind::Teredo, None, 3544, &[&[0; 8], &self.1]),
            Wrap::Vxlan(id) => {
                tunnel(TunnelKind::Vxlan, Some(id), 4789, &[&[8, 0, 0, 0], &(id << 8).to_be_bytes(), &self.ethernet()])
            }
            Wrap::VxlanNext(id) => {
                let next = if self.0 == 0x0800 { 1 } else { 2 };
                tunnel(TunnelKind::Vxlan, Some(id), 4790, &[&[12, 0, 0, next], &(id << 8).to_be_bytes(), &self.1])
            }
            Wrap::Geneve(id, options) => {
                let [t0, t1] = self.0.to_be_bytes();
                let (head, options) = ([options, 0, t0, t1], vec![0xee; 4 * usize::from(options)]);
                tunnel(TunnelKind::Geneve, Some(id), 6081, &[&head, &(id << 8).to_be_bytes(), &options, &self.1])
            }
            Wrap::MplsUdp(label) => {
                let (packet, hop) = tunnel(TunnelKind::Mpls, None, 6635, &[&bottom(label), &self.1]);
                (packet, hop)
            }
            _ => unreachable!("not over UDP"),
        }
    }

    fn ppp(&self) -> Vec<u8> {
        [&[0, if self.0 == 0x0800 { 0x21 } else { 0x57 }][..], &self.1].concat()
    }
}

fn ipv4(protocol: u8, upper: &[u8]) -> Typed {
    let mut header = etherparse::Ipv4Header::new(upper.len() as u16, 64, protocol.into(), ENDS[0], ENDS[1]).unwrap();
    header.header_checksum = header.calc_header_checksum();
    Typed(0x0800, [&header.to_bytes()[..], upper].concat())
}

fn length(bytes: &[u8]) -> [u8; 2] {
    (bytes.len() as u16).to_be_bytes()
}

fn bottom(label: u32) -> [u8; 4] {
    (label << 12 | 0x140).to_be_bytes()
}

/// The frame, and the path it leads through.
fn nested(wraps: &[Wrap]) -> (Vec<u8>, Path) {
    let (mut packet, mut path) = (Typed::tcp(), Vec::new());
    for wrap in wraps {
        let Some((outer, hop)) = packet.wrapped(*wrap) else { continue };
        // the label beneath UDP is a hop of its own
        let label = if let Wrap::MplsUdp(label) = wrap { Some(Hop::Mpls(*label)) } else { None };
        path.extend([label, hop].into_iter().flatten());
        packet = outer;
    }
    path.reverse();
    (packet.ethernet(), Path(path.into()))
}

fn segment(frame: &[u8]) -> Option<Segment<'_>> {
    decode(LinkType::ETHERNET, frame, frame.len() as u32).ok()?.segment()
}

proptest! {
    #[test]
    fn what_was_laid_around_comes_off(wraps in proptest::collection::vec(wrap(), 0..12), padding in 0..20usize) {
        let (mut frame, path) = nested(&wraps);
        frame.resize(frame.len() + padding, 0xee);
        let segment = segment(&frame).expect("a segment");
        prop_assert_eq!((segment.payload, segment.missing), (PAYLOAD, 0));
        prop_assert_eq!((segment.src.port, segment.seq, segment.ack), (1234, 1000, 77));
        prop_assert_eq!(segment.path, path);
    }

    #[test]
    fn any_cut_is_a_reason_or_a_prefix(wraps in proptest::collection::vec(wrap(), 0..6)) {
        let (frame, path) = nested(&wraps);
        for cut in 1..frame.len() {
            if let Ok(Found::Segment(segment)) = decode(LinkType::ETHERNET, &frame[..cut], frame.len() as u32) {
                prop_assert!(PAYLOAD.starts_with(segment.payload));
                prop_assert_eq!(segment.payload.len() + segment.missing as usize, PAYLOAD.len());
                prop_assert_eq!(&segment.path, &path);
            }
        }
    }

    #[test]
    fn damage_is_survived(
        wraps in proptest::collection::vec(wrap(), 0..6), at: prop::sample::Index, byte: u8, length in 0..2000u32,
    ) {
        let (mut frame, _) = nested(&wraps);
        let at = at.index(frame.len());
        frame[at] = byte;
        let _ = decode(LinkType::ETHERNET, &frame, length);
    }

    #[test]
    fn noise_in_any_encapsulation_is_survived(number: u16, noise in proptest::collection::vec(any::<u8>(), 0..120)) {
        let ports = UDP_PORTS.iter().flat_map(|(ports, _)| *ports);
        for port in ports.copied().chain([number]) {
            let head = [50_000, port, 8 + noise.len() as u16, 0].map(u16::to_be_bytes).concat();
            segment(&ipv4(17, &[&head[..], &noise].concat()).ethernet());
        }
        let protocols = IP_PROTOCOLS.iter().flat_map(|(protocols, _)| *protocols);
        protocols.for_each(|protocol| drop(segment(&ipv4(*protocol, &noise).ethernet())));
        let types = ETHER_TYPES.iter().flat_map(|(types, _)| *types);
        types.for_each(|ether_type| drop(segment(&Typed(*ether_type, noise.clone()).ethernet())));
    }
}

#[test]
fn encapsulations_have_an_end() {
    let deep = |wrap, depth| nested(&vec![wrap; depth]).0;
    assert!(segment(&deep(Wrap::Ip, 64)).is_some());
    let frame = deep(Wrap::Ip, 65);
    assert_eq!(decode(LinkType::ETHERNET, &frame, 0).err(), Some(Skip::TooDeep));
    let frame = deep(Wrap::Gtp(1), 65);
    let found = decode(LinkType::ETHERNET, &frame, 0);
    assert!(matches!(found, Ok(Found::Datagram(_, Some(Skip::TooDeep)))), "{found:?}");
    // tags are bounded by the frame alone
    assert!(segment(&deep(Wrap::Vlan(1), 1000)).is_some());
}

#[test]
fn ports_alone_prove_nothing() {
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05tides\x07example\0\0\x01\0\x01";
    for port in UDP_PORTS.iter().flat_map(|(ports, _)| *ports) {
        let head = [53, *port, 8 + query.len() as u16, 0].map(u16::to_be_bytes).concat();
        let frame = ipv4(17, &[&head[..], query].concat()).ethernet();
        let found = decode(LinkType::ETHERNET, &frame, 0);
        assert!(matches!(&found, Ok(Found::Datagram(datagram, _)) if datagram.payload == query), "{port}: {found:?}");
    }
}

#[test]
fn what_is_encrypted_or_not_about_packets_has_its_reason() {
    let reason = |ether_type, bytes: &[u8]| {
        let frame = Typed(ether_type, [bytes, &[0; 60]].concat()).ethernet();
        decode(LinkType::ETHERNET, &frame, 0).err().map(Skip::name)
    };
    assert_eq!(reason(0x88e5, &[0x0c]), Some("encrypted"));
    assert_eq!(reason(0x88e5, &[0x80]), Some("malformed"));
    assert_eq!(reason(0x8864, &[0x11, 0xa7]), Some("not_ip"));
    assert_eq!(reason(0x8863, &[0x11, 9]), Some("not_ip"));
    assert_eq!(reason(0x8864, &[0x21, 0]), Some("malformed"));
    assert_eq!(reason(0x8847, &[0, 1, 1, 64, 0x10, 0, 0, 7]), Some("not_ip"));
    assert_eq!(reason(0x894f, &[0x0f, 0xc2, 1, 9]), Some("encapsulated"));
}
