//! The same kind of talk over other links and networks.

use super::{Scene, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Flow, Link, Situation};

const REQUEST: &[u8] = b"what is the time?\n";
const ANSWER: &[u8] = b"a quarter past nine\n";

/// Each of them.
pub fn all() -> Vec<Situation> {
    super::staged(11, &[ipv6, vlan, qinq, sll2, null_loopback, ns_pcapng_two_interfaces, offload])
}

/// Eleven frames: open, question, answer, close.
fn small_talk(talk: Talk) -> Talk {
    talk.open().says(Client, REQUEST).says(Server, ANSWER).close()
}

fn both_flows(scene: &Scene, suffix: &str) -> Vec<Flow> {
    vec![scene.there(suffix).then(REQUEST), scene.back(suffix).then(ANSWER)]
}

fn ipv6(scene: &Scene) -> Situation {
    let scene = &scene.between("[2001:db8::10]:49152", "[2001:db8:0:1::1]:80");
    let capture = Capture::on(Link::Ethernet).frames(small_talk(scene.talk()).frames());
    Situation {
        name: "ipv6",
        about: "A question and its answer over IPv6.\n\nTwo complete flows, named with the addresses as RFC 5952 writes them.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(scene, ""),
    }
}

fn vlan(scene: &Scene) -> Situation {
    let talk = scene.talk().tagged(&[(0x8100, 100)]);
    let capture = Capture::on(Link::Ethernet).big_endian().frames(small_talk(talk).frames());
    Situation {
        name: "vlan",
        about: "A question and its answer in VLAN 100, in a big-endian pcap.\n\nTwo complete flows with `--100` behind their names.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(scene, "--100"),
    }
}

fn qinq(scene: &Scene) -> Situation {
    let talk = scene.talk().tagged(&[(0x88a8, 200), (0x8100, 0)]);
    let capture = Capture::on(Link::Ethernet).frames(small_talk(talk).frames());
    Situation {
        name: "qinq",
        about: "A question and its answer under two tags: 200 (802.1ad) outside, 0 (802.1Q) inside.\n\n\
                Two complete flows with `--200`, the outer tag, behind their names; the index has both tags.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(scene, "--200"),
    }
}

fn sll2(scene: &Scene) -> Situation {
    let capture = Capture::on(Link::Sll2).frames(small_talk(scene.talk()).frames());
    Situation {
        name: "sll2",
        about: "A question and its answer captured on Linux's `any` interface (cooked v2).\n\nTwo complete flows.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(scene, ""),
    }
}

fn null_loopback(scene: &Scene) -> Situation {
    let scene = &scene.between("127.0.0.1:49152", "127.0.0.1:80");
    let capture = Capture::on(Link::Null).frames(small_talk(scene.talk()).frames());
    Situation {
        name: "null_loopback",
        about: "A machine talks to itself over BSD's loopback interface.\n\nTwo complete flows.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(scene, ""),
    }
}

fn ns_pcapng_two_interfaces(scene: &Scene) -> Situation {
    let frames = small_talk(scene.talk()).frames();
    let (there, back): (Vec<_>, Vec<_>) = frames.into_iter().partition(|frame| frame.from_client);
    let capture = Capture::on(Link::Ethernet).nanoseconds().frames(there).interface(Link::Raw).nanoseconds();
    Situation {
        name: "ns_pcapng_two_interfaces",
        about: "A pcapng with nanoseconds: what the client says was captured on an Ethernet interface, what the server says on\n\
                one that gives raw IP.\n\n\
                One connection, two complete flows: the interface is no part of identity. The first frame's time ends in\n\
                `.123456789Z`.",
        captures: vec![CaptureFile::whole("capture.pcapng", capture.frames(back).sorted().pcapng(), 11)],
        flows: both_flows(scene, ""),
    }
}

fn offload(scene: &Scene) -> Situation {
    let answer = text(1, 4000);
    let talk = scene.talk().open().puts(Client, 0, REQUEST).puts(Server, 0, &answer).offloaded();
    let capture = Capture::on(Link::Ethernet).frames(talk.frames());
    Situation {
        name: "offload",
        about: "The answer is one packet of 4000 bytes with an IPv4 total length of 0, as segmentation offload leaves it.\n\n\
                Two complete flows: the packet ends with its frame.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 5)],
        flows: vec![scene.there("").then(REQUEST), scene.back("").then(&answer)],
    }
}
