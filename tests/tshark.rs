//! A second opinion: tshark's list of TCP conversations, where tshark is installed. `FLOWCASE_CAPTURES=DIRECTORY` asks it about
//! every capture beneath; without, about some of `testdata/`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, captures_in, captures_or, is_installed, open, select};

/// Where the two differ, and why each is right in its way.
const DIFFERENCES: &[(&str, &str)] = &[
    ("fmt_pcapng_all_blocks.pcapng", "its first frame has no time: tshark counts from 1970"),
    (
        "arkime-tcp-reassembly-synthetic.pcap",
        "a SYN whose number differs opens a connection; tshark counts it to the one before",
    ),
    ("dmg_version_99.pcap", "a capture of an unknown version is refused; tshark reads on"),
    ("mpls_pw_eth_cw.pcap", "an Ethernet pseudowire behind MPLS is recognised; tshark is told of them by hand"),
    (
        "reuse3_same_isn.pcap",
        "a SYN after the end opens a connection whatever its number; tshark asks for another number",
    ),
    ("tcpflow-bug8.pcap", "the fraction of a time is beyond a second: carried over; tshark makes it smaller"),
    ("timestamps_usec_invalid.pcap", "fractions of times are beyond a second: carried over; tshark makes them smaller"),
    (
        "tso_ip6_plen_zero.pcap",
        "a packet that segmentation offload left without a length is read; tshark takes it for a jumbogram",
    ),
    ("vlan_same_tuple.pcap", "the VLAN is part of a connection's identity; tshark puts both into one"),
    ("wifi_radiotap_retry.pcap", "802.11 frames that were sent again are skipped; tshark counts their packets twice"),
];

/// Folders of `testdata/` whose links and tunnels tshark knows without being told.
const COMMON: [&str; 13] = [
    "web",
    "loss",
    "reorder",
    "wrap",
    "port_reuse",
    "ipv6",
    "vlan",
    "sll2",
    "retransmission",
    "keep_alive",
    "rst_data",
    "recorded_vxlan_fragments",
    "wifi_qos_amsdu",
];

/// Both ends, lower first; packets; first time after the capture's first frame and duration, in seconds.
type Conversation = ([SocketAddr; 2], u64, f64, f64);

#[test]
fn tshark_finds_the_same_conversations() {
    if !is_installed("tshark") {
        return;
    }
    let all = captures_or(|| captures_in(&COMMON));
    let (mut agreed, mut different) = (0, Vec::new());
    for capture in &all {
        let name = capture.file_name().unwrap().to_str().unwrap();
        if DIFFERENCES.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let (ours, theirs) = (ours(capture), theirs(capture));
        let same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| is_same(a, b));
        match same {
            true => agreed += 1,
            false => different.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", capture.display())),
        }
    }
    println!("{agreed} captures agree");
    assert!(different.is_empty() && agreed > 10, "{agreed} agree, not these:\n{}", different.join("\n"));
}

/// Equal as far as tshark says: it gives durations to a ten-thousandth of a second.
fn is_same(one: &Conversation, other: &Conversation) -> bool {
    one.0 == other.0 && one.1 == other.1 && (one.2 - other.2).abs() < 1e-3 && (one.3 - other.3).abs() < 1e-3
}

fn ours(capture: &Path) -> Vec<Conversation> {
    let place = Place::new();
    if place.run(&["ingest", "case", capture.to_str().unwrap()]).status.code() == Some(3) {
        return Vec::new();
    }
    let sql = "SELECT orig_ip, orig_port, resp_ip, resp_port, orig_packets + resp_packets,
        (start_ns - (SELECT first_ns FROM captures)) / 1e9, (end_ns - start_ns) / 1e9 FROM connections";
    let rows = select(&open(&place.path().join("case")), sql);
    sorted(rows.iter().map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let end = |at: usize| SocketAddr::new(cells[at].parse().unwrap(), cells[at + 1].parse().unwrap());
        let number = |at: usize| cells[at].parse().unwrap_or(0.0);
        ([end(0), end(2)], cells[4].parse().unwrap(), number(5), number(6))
    }))
}

fn theirs(capture: &Path) -> Vec<Conversation> {
    let output = Command::new("tshark").arg("-r").arg(capture).args(["-q", "-z", "conv,tcp"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    sorted(lines.filter(|words| words.len() == 14 && words[1] == "<->").map(|words| {
        let end = |word: &str| {
            let (ip, port) = word.rsplit_once(':').unwrap();
            SocketAddr::new(ip.parse().unwrap(), port.parse().unwrap())
        };
        let number = |at: usize| words[at].parse().unwrap();
        ([end(words[0]), end(words[2])], words[9].parse().unwrap(), number(12), number(13))
    }))
}

fn sorted(conversations: impl Iterator<Item = Conversation>) -> Vec<Conversation> {
    let ordered = |([one, other], packets, start, duration): Conversation| {
        ([one.min(other), one.max(other)], packets, start, duration)
    };
    let mut all: Vec<Conversation> = conversations.map(ordered).collect();
    all.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    all
}
