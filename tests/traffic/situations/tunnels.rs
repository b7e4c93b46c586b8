//! The same talk in every encapsulation, and over every link.

use super::Scene;
use crate::traffic::links::{self, Laid, laid};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server};
use crate::traffic::wrap::{self, Wrap};
use crate::traffic::{Capture, Flow, Frame, Link, Situation};

const REQUEST: &[u8] = b"who goes there?\n";
const ANSWER: &[u8] = b"a friend, from the other side\n";
/// Of a talk: the handshake, question and answer.
const FRAMES: u64 = 5;

/// What an encapsulated talk is told with.
struct Told {
    name: &'static str,
    lay: Wrap,
    inside: Inside,
    /// Behind the names of its flows.
    suffix: &'static str,
    about: &'static str,
}

#[derive(Clone, Copy)]
enum Inside {
    V4,
    V6,
}

use Inside::{V4, V6};

macro_rules! told {
    ($($name:literal, $lay:ident, $inside:ident, $suffix:literal, $what:literal;)*) => {
        /// Encapsulations in Ethernet frames.
        const ENCAPSULATIONS: &[Told] = &[$(Told {
            name: $name,
            lay: wrap::$lay,
            inside: $inside,
            suffix: $suffix,
            about: concat!("A question and its answer ", $what, ".\n\nTwo complete flows."),
        },)*];
    };
}

told! {
    "vlan_stack", vlans, V4, "--7", "under five VLAN tags of five kinds; the outermost names the flows";
    "mpls", mpls, V4, "", "beneath three MPLS labels";
    "mpls_ipv6", mpls, V6, "", "over IPv6 beneath three MPLS labels";
    "mpls_pseudowire", pseudowire, V4, "", "in an Ethernet pseudowire with a control word beneath an MPLS label";
    "mpls_pseudowire_bare", bare_pseudowire, V4, "", "in an Ethernet pseudowire without a control word, whose addresses begin as one would";
    "pppoe", pppoe, V4, "", "in a PPPoE session";
    "pppoe_ipv6", pppoe, V6, "", "over IPv6 in a PPPoE session";
    "macsec", macsec, V4, "", "under MACsec that protects integrity only";
    "pbb", backbone, V4, "--100", "over a provider backbone bridge, whose own VLAN is 100";
    "sgt", metadata, V4, "", "with Cisco's security group tag";
    "e_tag", e_tag, V4, "", "with an 802.1BR tag";
    "vn_tag", vn_tag, V4, "", "with a VN-tag";
    "hsr", hsr, V4, "", "in a redundant ring (HSR)";
    "nsh", nsh, V4, "", "under a network service header with metadata";
    "ipip", ipip, V4, "", "in IPv4 in IPv4";
    "6in4", ipip, V6, "", "in IPv6 in IPv4";
    "4in6", in_ipv6, V4, "", "in IPv4 in IPv6";
    "6in6", in_ipv6, V6, "", "in IPv6 in IPv6";
    "gre", gre, V4, "", "in GRE";
    "gre_full", gre_full, V6, "", "over IPv6 in GRE with checksum, key and sequence number";
    "gre_bridged", gre_bridged, V4, "", "in Ethernet frames in GRE";
    "gre_ppp", gre_ppp, V4, "", "in PPP in GRE";
    "gre_udp", gre_udp, V4, "", "in GRE over UDP";
    "nvgre", nvgre, V4, "", "in a virtual network over GRE; the directions differ in the hash, which is part of the key";
    "wccp", wccp, V4, "", "redirected to a cache (WCCP)";
    "erspan_1", erspan_1, V4, "", "mirrored (ERSPAN type I)";
    "erspan_2", erspan_2, V4, "--9", "mirrored (ERSPAN type II) out of VLAN 9, whose tag was taken off";
    "erspan_3", erspan_3, V4, "", "mirrored (ERSPAN type III) with the optional header";
    "pptp", pptp, V4, "", "in PPTP, in which each direction has a call number of its own";
    "etherip", ether_ip, V4, "", "in EtherIP";
    "ethernet_in_ipv6", ethernet_in_ipv6, V4, "", "in Ethernet frames in IPv6";
    "mpls_in_ip", mpls_in_ip, V4, "", "beneath an MPLS label in IP";
    "mpls_in_udp", mpls_udp, V4, "", "beneath an MPLS label in UDP";
    "l2tp", l2tp_2, V4, "", "in PPP in L2TPv2 with all optional fields; each direction has a session of its own";
    "l2tp_3", l2tp_3, V4, "", "in Ethernet frames in L2TPv3 over IP behind a cookie";
    "l2tp_3_udp", l2tp_3_udp, V4, "", "in L2TPv3 over UDP";
    "gtp", gtp, V4, "", "of a mobile user (GTP-U); each direction has a tunnel endpoint of its own";
    "gtp_extended", gtp_extended, V6, "", "of a mobile user (GTP-U) over IPv6, with a number and extension headers";
    "gtp_0", gtp_0, V4, "", "of a mobile user of the first networks (GTPv0)";
    "teredo", teredo, V6, "", "over Teredo with authentication and origin in one direction";
    "ayiya", ayiya, V6, "", "over AYIYA";
    "vxlan", vxlan, V4, "", "in VXLAN";
    "vxlan_gpe", vxlan_gpe, V4, "", "in VXLAN with a next protocol, IPv4";
    "geneve", geneve, V6, "", "over IPv6 in Geneve with options";
    "nested", nested, V4, "--7", "in IP in GTP in Geneve in GRE in five VLANs in VXLAN in five VLANs; the outermost tag of the inner stack names the flows";
}

/// Each of them.
pub fn all() -> Vec<Situation> {
    let mut all: Vec<Situation> =
        ENCAPSULATIONS.iter().zip(101..).map(|(told, number)| encapsulated(number, told)).collect();
    all.extend(super::staged(191, &[isl, encrypted, lines, networks, taps]));
    all
}

fn talk(scene: &Scene) -> Vec<Frame> {
    scene.talk().open().puts(Client, 0, REQUEST).puts(Server, 0, ANSWER).frames()
}

fn flows(scene: &Scene, suffix: &str) -> [Flow; 2] {
    [scene.there(suffix).then(REQUEST), scene.back(suffix).then(ANSWER)]
}

fn encapsulated(number: u8, Told { name, lay, inside, suffix, about }: &Told) -> Situation {
    let v6 = |host| format!("[2001:db8:{number}::{host}]:49152");
    let scene = match inside {
        V4 => Scene::number(number),
        V6 => Scene::number(number).between(&v6(1), &v6(2)),
    };
    let capture = Capture::on(Link::Ethernet).frames(talk(&scene).iter().map(lay));
    Situation {
        name,
        about,
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), FRAMES)],
        flows: flows(&scene, suffix).into(),
    }
}

fn isl(scene: &Scene) -> Situation {
    let capture = Capture::on(Link::Whole(1)).frames(talk(scene).iter().map(wrap::isl));
    Situation {
        name: "isl",
        about: "A question and its answer in VLAN 43 of Cisco's inter-switch link.\n\nTwo complete flows with `--43` behind their names.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), FRAMES)],
        flows: flows(scene, "--43").into(),
    }
}

fn encrypted(scene: &Scene) -> Situation {
    let capture = Capture::on(Link::Ethernet).frames(talk(scene).iter().map(wrap::encrypted_macsec));
    Situation {
        name: "macsec_encrypted",
        about: "A question and its answer encrypted by MACsec.\n\nNo flows; all frames are skipped as `encrypted`.",
        captures: vec![CaptureFile { used: 0, ..CaptureFile::whole("capture.pcap", capture.pcap(), FRAMES) }],
        flows: Vec::new(),
    }
}

fn lines(scene: &Scene) -> Situation {
    let about = "Lines between two ends, an interface each: SLIP, PPPoE, ATM (routed, bridged), frame relay (three ways), SunATM\n\
                 (routed, bridged), DOCSIS, and PPP as pppd writes it. A question and its answer over each.\n\nTwo complete flows each.";
    over_links("links_lines", about, scene, links::LINES)
}

fn networks(scene: &Scene) -> Situation {
    let about = "Networks with addresses of their own, an interface each: FDDI, IP over Fibre Channel, FireWire and InfiniBand, tags of\n\
                 Broadcom's and Marvell's switches. A question and its answer over each.\n\nTwo complete flows each.";
    over_links("links_networks", about, scene, links::NETWORKS)
}

fn taps(scene: &Scene) -> Situation {
    let about = "What devices and programs put in front of frames, an interface each: Symantec, Juniper, IPNET, NFLOG, netANALYZER,\n\
                 PKTAP, EPON, mPackets. A question and its answer over each.\n\nTwo complete flows each.";
    over_links("links_taps", about, scene, links::TAPS)
}

/// A talk over each link, one after the other.
fn over_links(name: &'static str, about: &'static str, scene: &Scene, links: &[Laid]) -> Situation {
    let (first, start) = (Capture::on(Link::Whole(links[0].0)), scene.start);
    let (mut capture, mut expected) = (first, Vec::new());
    for (at, link) in links.iter().enumerate() {
        let port = |ip: &str| format!("{}:{}", ip.split(':').next().expect("an address"), 40_000 + at);
        let scene =
            Scene { start: start + at as i64 * 1_000_000_000, ..scene.between(&port(&scene.client), &scene.server) };
        capture = if at == 0 { capture } else { capture.interface(Link::Whole(link.0)) };
        capture = capture.frames(talk(&scene).iter().map(|frame| laid(link, frame)));
        expected.extend(flows(&scene, ""));
    }
    let frames = links.len() as u64 * FRAMES;
    Situation {
        name,
        about,
        captures: vec![CaptureFile::whole("capture.pcapng", capture.pcapng(), frames)],
        flows: expected,
    }
}
