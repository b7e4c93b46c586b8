//! The same kind of talk over other links and networks.

use super::{CLIENT, SERVER, START, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Flow, Link, Situation};

const REQUEST: &[u8] = b"what is the time?\n";
const ANSWER: &[u8] = b"a quarter past nine\n";

/// Each of them.
pub fn all() -> Vec<Situation> {
    vec![ipv6(), vlan(), qinq(), sll2(), null_loopback(), ns_pcapng_two_interfaces(), offload()]
}

/// Ten frames: open, question, answer, close.
fn small_talk(client: &str, server: &str) -> Talk {
    Talk::new(client, server, START).open()
}

fn told(talk: Talk) -> Talk {
    talk.says(Client, REQUEST).says(Server, ANSWER).close()
}

fn both_flows(client: &str, server: &str, suffix: &str) -> Vec<Flow> {
    vec![Flow::new(client, server, suffix).then(REQUEST), Flow::new(server, client, suffix).then(ANSWER)]
}

fn ipv6() -> Situation {
    let (client, server) = ("[2001:db8::10]:49152", "[2001:db8:0:1::1]:80");
    let capture = Capture::on(Link::Ethernet).frames(told(small_talk(client, server)).frames());
    Situation {
        name: "ipv6",
        about: "A question and its answer over IPv6.\n\nTwo complete flows, named with the addresses as RFC 5952 writes them.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(client, server, ""),
    }
}

fn vlan() -> Situation {
    let talk = Talk::new(CLIENT, SERVER, START).tagged(&[(0x8100, 100)]).open();
    let capture = Capture::on(Link::Ethernet).big_endian().frames(told(talk).frames());
    Situation {
        name: "vlan",
        about: "A question and its answer in VLAN 100, in a big-endian pcap.\n\nTwo complete flows with `--100` behind their names.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(CLIENT, SERVER, "--100"),
    }
}

fn qinq() -> Situation {
    let talk = Talk::new(CLIENT, SERVER, START).tagged(&[(0x88a8, 200), (0x8100, 0)]).open();
    let capture = Capture::on(Link::Ethernet).frames(told(talk).frames());
    Situation {
        name: "qinq",
        about: "A question and its answer under two tags: 200 (802.1ad) outside, 0 (802.1Q) inside.\n\n\
                Two complete flows with `--200`, the outer tag, behind their names; the index has both tags.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(CLIENT, SERVER, "--200"),
    }
}

fn sll2() -> Situation {
    let capture = Capture::on(Link::Sll2).frames(told(small_talk(CLIENT, SERVER)).frames());
    Situation {
        name: "sll2",
        about: "A question and its answer captured on Linux's `any` interface (cooked v2).\n\nTwo complete flows.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(CLIENT, SERVER, ""),
    }
}

fn null_loopback() -> Situation {
    let (client, server) = ("127.0.0.1:49152", "127.0.0.1:80");
    let capture = Capture::on(Link::Null).frames(told(small_talk(client, server)).frames());
    Situation {
        name: "null_loopback",
        about: "A machine talks to itself over BSD's loopback interface.\n\nTwo complete flows.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 11)],
        flows: both_flows(client, server, ""),
    }
}

fn ns_pcapng_two_interfaces() -> Situation {
    let frames = told(small_talk(CLIENT, SERVER)).frames();
    let (there, back): (Vec<_>, Vec<_>) = frames.into_iter().partition(|frame| frame.from_client);
    let capture = Capture::on(Link::Ethernet).nanoseconds().frames(there).interface(Link::Raw).nanoseconds();
    Situation {
        name: "ns_pcapng_two_interfaces",
        about: "A pcapng with nanoseconds: what the client says was captured on an Ethernet interface, what the server says on\n\
                one that gives raw IP.\n\n\
                One connection, two complete flows: the interface is no part of identity. The first frame's time ends in\n\
                `.123456789Z`.",
        captures: vec![CaptureFile::whole("capture.pcapng", capture.frames(back).sorted().pcapng(), 11)],
        flows: both_flows(CLIENT, SERVER, ""),
    }
}

fn offload() -> Situation {
    let answer = text(1, 4000);
    let talk = small_talk(CLIENT, SERVER).puts(Client, 0, REQUEST).puts(Server, 0, &answer).offloaded();
    let capture = Capture::on(Link::Ethernet).frames(talk.frames());
    Situation {
        name: "offload",
        about: "The answer is one packet of 4000 bytes with an IPv4 total length of 0, as segmentation offload leaves it.\n\n\
                Two complete flows: the packet ends with its frame.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 5)],
        flows: vec![Flow::new(CLIENT, SERVER, "").then(REQUEST), Flow::new(SERVER, CLIENT, "").then(&answer)],
    }
}
