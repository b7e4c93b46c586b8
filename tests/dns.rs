//! A second opinion on DNS: the questions and answers that tshark sees in the same captures.

use std::path::{Path, PathBuf};

use crate::opinion::{Opinion, fields};
use crate::support::Place;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link};

/// Lines of question or answer, number, name and how many answers are said, each message for itself.
const OURS: &str = "SELECT 'asks', id, query, 0 FROM dns WHERE query_offset IS NOT NULL
    UNION ALL SELECT 'answers', id, query, answer_count FROM dns WHERE answer_offset IS NOT NULL";

#[test]
fn tshark_sees_the_same_names() {
    let ours = (&["--udp", "--scan", "dns"][..], OURS);
    Opinion { capture, differences: &[], least: 7, ours, theirs }.compare();
}

/// Lookups over UDP, one of them without answer, one answer without question, one without name, and two over TCP.
fn capture(place: &Place) -> PathBuf {
    let start = 1_700_000_000_000_000_000;
    let ends = ["10.0.0.1:40000", "10.0.0.2:53"].map(|end| end.parse().unwrap());
    let back = [ends[1], ends[0]];
    let mut frames: Vec<Frame> = [
        (ends, message(1, 0x0100, 0)),
        (ends, message(2, 0x0100, 0)),
        (back, message(1, 0x8180, 2)),
        (back, message(3, 0x8183, 0)),
    ]
    .iter()
    .zip(0..)
    .map(|((ends, message), number)| Frame::udp(start + number, *ends, message))
    .collect();
    let framed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let asks = [framed(message(8, 0x0100, 0)), framed(message(9, 0x0100, 0))].concat();
    let answers = [framed(message(9, 0x8180, 1)), framed(message(8, 0x8180, 3))].concat();
    let talk = Talk::new("10.0.0.1:40001", "10.0.0.2:53", start + 1000).mss(30).open();
    frames.extend(talk.says(Client, &asks).says(Server, &answers).close().frames());
    let name = place.file("lookups.pcap", &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.path().join(name)
}

/// What is asked for, and as many addresses.
fn message(id: u16, flags: u16, answers: u16) -> Vec<u8> {
    let mut message: Vec<u8> = [id, flags, 1, answers, 0, 0].iter().flat_map(|word| word.to_be_bytes()).collect();
    message.extend(b"\x04wind\x05tides\x07example\0\0\x01\0\x01");
    for last in 0..answers {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last as u8]);
    }
    message
}

/// Copies of packets within messages of ICMP are left out, as they are no conversation.
fn theirs(capture: &Path) -> Vec<String> {
    let names = ["dns.id", "dns.flags.response", "dns.count.answers", "dns.qry.name", "dns.resp.name"];
    let mut lines = Vec::new();
    for [ids, answers, counts, asked, named] in fields(capture, "dns.id && !icmp && !icmpv6", names) {
        let [ids, answers, counts] = [&ids, &answers, &counts].map(|text| text.split('|').collect::<Vec<_>>());
        let asked: Vec<&str> = asked.split('|').collect();
        for (number, id) in ids.iter().enumerate() {
            // names are one a message where several messages lie in a frame
            let asked = if asked.len() == ids.len() { asked[number] } else { asked[0] };
            let name = [asked, named.split('|').next().unwrap()].into_iter().find(|name| !name.is_empty());
            let name = name.unwrap_or("NULL").replace("<Root>", ".");
            let id = u16::from_str_radix(id.trim_start_matches("0x"), 16).unwrap();
            let answers = answers[number] == "1" || answers[number] == "True";
            let (what, count) = if answers { ("answers", counts[number]) } else { ("asks", "0") };
            lines.push(format!("{what}|{id}|{name}|{count}"));
        }
    }
    lines
}
