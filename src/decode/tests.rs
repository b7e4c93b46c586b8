//! Frames as each link layer lays them, and the law of cuts: a frame cut anywhere gives a reason or a prefix.
//! etherparse's builder is the independent other side.

use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;

use super::*;
use crate::model::{Checksum, Endpoint, Flags, Hop, Path, Segment, Transport};

const SRC: [u8; 4] = [192, 168, 1, 10];
const DST: [u8; 4] = [10, 0, 0, 1];
const SRC6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const DST6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const PAYLOAD: &[u8] = b"hello, world";
const MACS: [u8; 12] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

fn ipv4() -> Vec<u8> {
    written(|out| {
        PacketBuilder::ipv4(SRC, DST, 64).tcp(1234, 80, 1000, 512).ack(77).psh().write(out, PAYLOAD).unwrap();
    })
}

fn ipv6() -> Vec<u8> {
    written(|out| {
        PacketBuilder::ipv6(SRC6, DST6, 64).tcp(1234, 80, 1000, 512).ack(77).psh().write(out, PAYLOAD).unwrap();
    })
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn after(header: &[u8], packet: &[u8]) -> Vec<u8> {
    [header, packet].concat()
}

/// Decodes a frame that was captured whole.
fn whole(link: LinkType, frame: &[u8]) -> Result<Segment<'_>, Skip> {
    captured(link, frame, frame.len() as u32)
}

/// The segment in a frame.
fn captured(link: LinkType, data: &[u8], original_len: u32) -> Result<Segment<'_>, Skip> {
    Ok(decode(link, data, original_len)?.segment().expect("no TCP segment"))
}

/// What becomes of a frame that was captured whole.
fn reason(link: LinkType, frame: &[u8]) -> &'static str {
    match decode(link, frame, frame.len() as u32) {
        Ok(Found::Segment(_)) => "used",
        Ok(Found::Fragment(_)) => "fragment",
        Ok(Found::Datagram(..)) => "udp",
        Ok(Found::Other(_)) => "other",
        Ok(Found::Several(_)) => "several",
        Err(reason) => reason.name(),
    }
}

#[track_caller]
fn carries(link: LinkType, header: &[u8], packet: &[u8]) {
    let frame = after(header, packet);
    let segment = whole(link, &frame).unwrap_or_else(|skip| panic!("{link}: {}", skip.name()));
    assert_eq!((segment.payload, segment.missing, segment.checksum), (PAYLOAD, 0, Checksum::Good), "{link}");
    assert_eq!((segment.src.port, segment.dst.port, segment.seq, segment.ack), (1234, 80, 1000, 77), "{link}");
    assert_eq!((segment.flags, segment.window, segment.ttl), (Flags::PSH | Flags::ACK, 512, 64), "{link}");
}

#[test]
fn every_link_type_carries_ip() {
    let (v4, v6) = (&ipv4()[..], &ipv6()[..]);
    for link in [LinkType::RAW, LinkType::RAW_BSD, LinkType::RAW_OPENBSD] {
        carries(link, &[], v4);
        carries(link, &[], v6);
    }
    carries(LinkType::IPV4, &[], v4);
    carries(LinkType::IPV6, &[], v6);
    for link in [LinkType::NULL, LinkType::LOOP] {
        carries(link, &[2, 0, 0, 0], v4);
        carries(link, &[0, 0, 0, 2], v4);
        for family in [10, 23, 24, 28, 30] {
            carries(link, &[0, 0, 0, family], v6);
            carries(link, &[family, 0, 0, 0], v6);
        }
        carries(link, &[0x0f, 0, 8, 0], v4);
    }
    carries(LinkType::ENC, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], v4);
    carries(LinkType::PFLOG, &after(&[61, 2], &[0; 62]), v4);
    carries(LinkType::CISCO_HDLC, &[0x0f, 0, 8, 0], v4);
    carries(LinkType::CISCO_HDLC, &[0x8f, 0, 0x86, 0xdd], v6);
    carries(LinkType::LINUX_SLL, &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], v4);
    carries(LinkType::LINUX_SLL2, &[0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], v6);
}

#[test]
fn ppp_in_its_framings() {
    let (v4, v6) = (&ipv4()[..], &ipv6()[..]);
    for link in [LinkType::PPP, LinkType::PPP_SERIAL] {
        for header in [&[0xff, 3, 0, 0x21][..], &[0xff, 3, 0x21], &[0, 0x21], &[0x21]] {
            carries(link, header, v4);
        }
        carries(link, &[0xff, 3, 0, 0x57], v6);
    }
    carries(LinkType::PPP_SERIAL, &[0x0f, 0, 8, 0], v4);
    carries(LinkType::PPP_WITH_DIR, &[1, 0xff, 3, 0, 0x21], v4);
    assert_eq!(reason(LinkType::PPP, &[0xff, 3, 0xc0, 0x21, 1]), "not_ip");
    assert_eq!(reason(LinkType::PPP, &[0xff, 3, 0, 0xfd, 1]), "encapsulated");
}

#[test]
fn ethernet_in_its_framings() {
    let v4 = &ipv4()[..];
    carries(LinkType::ETHERNET, &after(&MACS, &[8, 0]), v4);
    let snap = |oui: u8| after(&MACS, &[0, 60, 0xaa, 0xaa, 3, 0, 0, oui, 8, 0]);
    carries(LinkType::ETHERNET, &snap(0), v4);
    carries(LinkType::ETHERNET, &snap(0xf8), v4);
    carries(LinkType::ETHERNET, &after(&MACS, &[0, 55, 6, 6, 3]), v4);
    assert_eq!(reason(LinkType::ETHERNET, &after(&snap(0x0c), v4)), "not_ip");
    assert_eq!(reason(LinkType::ETHERNET, &after(&MACS, &[0, 38, 0x42, 0x42, 3, 0, 0, 0])), "not_ip");
}

#[test]
fn vlan_tags_are_the_path_and_macs_are_source_first() {
    let tags = [0x81, 0, 0xe0, 0, 0x88, 0xa8, 0x20, 100, 0x91, 0, 0x0f, 0xff, 0x92, 0, 0, 1, 0x93, 0, 0, 2, 8, 0];
    let frame = after(&after(&MACS, &tags), &ipv4());
    let segment = whole(LinkType::ETHERNET, &frame).unwrap();
    assert_eq!(segment.path, Path([0, 100, 4095, 1, 2].map(Hop::Vlan).into_iter().collect()));
    assert_eq!(segment.mac, Some([[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]]));
    assert_eq!(whole(LinkType::RAW, &ipv4()).unwrap().mac, None);
}

#[test]
fn what_is_no_tcp_segment_has_its_reason() {
    let ether = |ether_type: [u8; 2]| reason(LinkType::ETHERNET, &after(&after(&MACS, &ether_type), &[0; 46]));
    assert_eq!(ether([8, 6]), "not_ip");
    assert_eq!(ether([0x88, 0x63]), "not_ip");
    let protocol = |protocol: u8| {
        let mut packet = ipv4();
        packet[9] = protocol;
        reason(LinkType::RAW, &packet)
    };
    assert_eq!(protocol(17), "udp");
    for other in [0, 1, 44, 50, 132] {
        assert_eq!(protocol(other), "other");
    }
    assert_eq!(reason(LinkType(147), &ipv4()), "unknown_link");
    assert_eq!(reason(LinkType::RAW, &[]), "empty");
    assert_eq!(reason(LinkType::RAW, &[0x50; 40]), "not_ip");
    assert_eq!(reason(LinkType::IPV6, &ipv4()), "malformed");
}

#[test]
fn padding_never_becomes_data() {
    let mut frame = after(&after(&MACS, &[8, 0]), &ipv4());
    frame.extend([0xee; 6]);
    assert_eq!(whole(LinkType::ETHERNET, &frame).unwrap().payload, PAYLOAD);
}

fn with_total_length(length: u16) -> Vec<u8> {
    let mut packet = ipv4();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet
}

#[test]
fn a_total_length_of_zero_ends_with_the_frame() {
    let packet = with_total_length(0);
    let segment = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!((segment.payload, segment.missing, segment.checksum), (PAYLOAD, 0, Checksum::Good));
    let cut = captured(LinkType::RAW, &packet, 70_000).unwrap();
    assert_eq!((cut.payload, cut.missing, cut.checksum), (PAYLOAD, 70_000 - 52, Checksum::Unknown));
    let unknown = captured(LinkType::RAW, &packet, 0).unwrap();
    assert_eq!((unknown.payload, unknown.missing), (PAYLOAD, 0));
    let mut packet = ipv6();
    packet[4..6].fill(0);
    assert_eq!(whole(LinkType::RAW, &packet).unwrap().payload, PAYLOAD);
}

#[test]
fn a_jumbogram_ends_with_the_frame() {
    let mut packet = ipv6();
    packet[4..6].fill(0);
    packet[6] = 0;
    packet.splice(40..40, [6, 0, 0xc2, 4, 0, 0, 0, 40]);
    assert_eq!(whole(LinkType::RAW, &packet).unwrap().payload, PAYLOAD);
}

#[test]
fn a_lying_total_length_is_cut_to_the_frame() {
    let packet = with_total_length(1500);
    let segment = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!((segment.payload, segment.missing, segment.checksum), (PAYLOAD, 0, Checksum::Unknown));
    assert_eq!(captured(LinkType::RAW, &packet, 60).unwrap().missing, 8);
    assert_eq!(captured(LinkType::RAW, &packet, 0).unwrap().missing, 1500 - 52);
    for short in [1, 19, 20, 39] {
        assert_eq!(reason(LinkType::RAW, &with_total_length(short)), "malformed", "{short}");
    }
    let shorter = with_total_length(45);
    assert_eq!(whole(LinkType::RAW, &shorter).unwrap().payload, &PAYLOAD[..5]);
}

#[test]
fn a_data_offset_must_fit() {
    for (offset, expected) in [(4, "malformed"), (5, "used"), (8, "used"), (9, "malformed"), (15, "malformed")] {
        let mut packet = ipv4();
        packet[32] = offset << 4;
        assert_eq!(reason(LinkType::RAW, &packet), expected, "{offset}");
    }
    let mut packet = ipv4();
    packet[0] = 0x44;
    assert_eq!(reason(LinkType::RAW, &packet), "malformed");
}

#[test]
fn options_cut_off_leave_the_segment_known() {
    let packet = written(|out| {
        let options = [TcpOptionElement::MaximumSegmentSize(1460), TcpOptionElement::WindowScale(7)];
        PacketBuilder::ipv4(SRC, DST, 64).tcp(1, 2, 3, 4).syn().options(&options).unwrap().write(out, b"x").unwrap();
    });
    let segment = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!((segment.window_scale, segment.payload), (Some(7), &b"x"[..]));
    let cut = captured(LinkType::RAW, &packet[..42], packet.len() as u32).unwrap();
    assert_eq!((cut.seq, cut.flags, cut.window_scale, cut.payload, cut.missing), (3, Flags::SYN, None, &b""[..], 1));
}

#[test]
fn fragments_are_set_aside_unless_they_are_whole() {
    let flags = |flags: u8, offset: u8| {
        let mut packet = ipv4();
        packet[6..8].copy_from_slice(&[flags, offset]);
        reason(LinkType::RAW, &packet)
    };
    assert_eq!([flags(0x40, 0), flags(0x80, 0), flags(0x20, 0), flags(0, 1)], ["used", "used", "fragment", "fragment"]);
    let header = |next: u8, offset: u8, bits: u8| {
        let mut packet = ipv6();
        packet[5] += 8;
        packet[6] = 44;
        packet.splice(40..40, [next, 0, offset, bits, 0, 0, 0, 9]);
        reason(LinkType::RAW, &packet)
    };
    assert_eq!([header(6, 0, 0), header(6, 0, 6)], ["used", "used"]);
    assert_eq!([header(6, 0, 1), header(6, 1, 0), header(60, 1, 0)], ["fragment", "fragment", "fragment"]);
    assert_eq!(header(17, 1, 0), "fragment");
}

#[test]
fn extension_headers_are_walked() {
    let mut packet = ipv6();
    let chain = [60, 0, 1, 4, 0, 0, 0, 0, 51, 0, 1, 4, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    packet[5] += chain.len() as u8;
    packet[6] = 0;
    packet.splice(40..40, chain);
    carries(LinkType::RAW, &[], &packet);
    let mut routed = ipv6();
    routed[5] += 8;
    routed[6] = 43;
    routed.splice(40..40, [6, 0, 4, 1, 0, 0, 0, 0]);
    assert_eq!(whole(LinkType::RAW, &routed).unwrap().checksum, Checksum::Unknown);
}

#[test]
fn authentication_header_and_options_in_ipv4() {
    let mut packet = ipv4();
    packet[0] = 0x46;
    packet[9] = 51;
    packet[3] += 4 + 24;
    packet.splice(20..20, [1, 1, 1, 0]);
    packet.splice(24..24, after(&[6, 4], &[0; 22]));
    carries(LinkType::RAW, &[], &packet);
}

#[test]
fn a_flipped_bit_is_a_bad_checksum() {
    for packet in [ipv4(), ipv6()] {
        let mut packet = packet;
        *packet.last_mut().unwrap() ^= 1;
        assert_eq!(whole(LinkType::RAW, &packet).unwrap().checksum, Checksum::Bad);
    }
}

/// What a built frame must decode to.
#[derive(Clone, Debug)]
struct Built {
    v6: bool,
    vlans: Vec<u16>,
    ports: (u16, u16),
    numbers: (u32, u32),
    flags: u8,
    window: u16,
    scale: Option<u8>,
    ttl: u8,
    payload: Vec<u8>,
    padding: usize,
}

prop_compose! {
    fn built()(
        v6: bool, vlans in proptest::collection::vec(0..4096u16, 0..3), ports: (u16, u16), numbers: (u32, u32),
        flags in 0..64u8, window: u16, scale in proptest::option::of(0..15u8), ttl: u8,
        payload in proptest::collection::vec(any::<u8>(), 0..200), padding in 0..20usize,
    ) -> Built {
        Built { v6, vlans, ports, numbers, flags, window, scale, ttl, payload, padding }
    }
}

impl Built {
    /// The frame, and the length of everything in front of the payload.
    fn frame(&self) -> (Vec<u8>, usize) {
        let mut tcp = etherparse::TcpHeader::new(self.ports.0, self.ports.1, self.numbers.0, self.window);
        tcp.acknowledgment_number = self.numbers.1;
        [&mut tcp.fin, &mut tcp.syn, &mut tcp.rst, &mut tcp.psh, &mut tcp.ack, &mut tcp.urg]
            .into_iter()
            .enumerate()
            .for_each(|(bit, flag)| *flag = self.flags >> bit & 1 == 1);
        if let Some(scale) = self.scale {
            tcp.set_options(&[TcpOptionElement::Noop, TcpOptionElement::WindowScale(scale)]).unwrap();
        }
        let mut frame = MACS.to_vec();
        self.vlans.iter().for_each(|id| frame.extend([0x81, 0, 0xa0 | (id >> 8) as u8, *id as u8]));
        frame.extend(if self.v6 { [0x86, 0xdd] } else { [8, 0] });
        if self.v6 {
            PacketBuilder::ipv6(SRC6, DST6, self.ttl).tcp_header(tcp).write(&mut frame, &self.payload).unwrap();
        } else {
            PacketBuilder::ipv4(SRC, DST, self.ttl).tcp_header(tcp).write(&mut frame, &self.payload).unwrap();
        }
        let headers = frame.len() - self.payload.len();
        frame.extend(vec![0xee; self.padding]);
        (frame, headers)
    }

    fn segment(&self) -> Segment<'_> {
        let [src, dst] = if self.v6 { [SRC6.into(), DST6.into()] } else { [SRC.into(), DST.into()] };
        let flags = Flags(self.flags);
        Segment {
            transport: Transport::Tcp,
            src: Endpoint { ip: src, port: self.ports.0 },
            dst: Endpoint { ip: dst, port: self.ports.1 },
            path: Path(self.vlans.iter().copied().map(Hop::Vlan).collect()),
            mac: Some([[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]]),
            seq: self.numbers.0,
            ack: self.numbers.1,
            flags,
            window: self.window,
            window_scale: self.scale.filter(|_| flags.has(Flags::SYN)),
            ttl: self.ttl,
            checksum: Checksum::Good,
            payload: &self.payload,
            missing: 0,
        }
    }
}

proptest! {
    #[test]
    fn decodes_what_was_encoded(built in built()) {
        let (frame, _) = built.frame();
        prop_assert_eq!(whole(LinkType::ETHERNET, &frame), Ok(built.segment()));
    }

    #[test]
    fn any_cut_is_a_reason_or_a_prefix(built in built()) {
        let (frame, headers) = built.frame();
        let fixed = headers - if built.scale.is_some() { 4 } else { 0 };
        for cut in 1..frame.len() {
            match captured(LinkType::ETHERNET, &frame[..cut], frame.len() as u32) {
                Err(skip) => prop_assert!(skip == Skip::CutHeader && cut < fixed, "{skip:?} at {cut}"),
                Ok(segment) => {
                    let captured = cut.saturating_sub(headers).min(built.payload.len());
                    prop_assert!(cut >= fixed);
                    prop_assert_eq!(segment.payload, &built.payload[..captured]);
                    prop_assert_eq!(segment.missing as usize, built.payload.len() - captured);
                    let complete = cut >= headers + built.payload.len();
                    prop_assert_eq!(segment.checksum == Checksum::Unknown, !complete);
                }
            }
        }
    }

    #[test]
    fn noise_is_survived(link in 0..300u32, data in proptest::collection::vec(any::<u8>(), 0..120), length: u32) {
        let _ = decode(LinkType(link), &data, length);
    }

    #[test]
    fn damaged_frames_are_survived(built in built(), at: prop::sample::Index, byte: u8, length in 0..2000u32) {
        let (mut frame, _) = built.frame();
        let at = at.index(frame.len());
        frame[at] = byte;
        if let Ok(Found::Segment(segment)) = decode(LinkType::ETHERNET, &frame, length) {
            prop_assert!(frame.as_ptr_range().contains(&segment.payload.as_ptr()) || segment.payload.is_empty());
        }
    }
}
