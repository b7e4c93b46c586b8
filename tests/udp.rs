//! `--udp`: datagrams between two endpoints are a flow each way, in order of arrival.

use std::fs;
use std::net::SocketAddr;

use crate::support::{Place, STORES, assert_fails, open, select, testdata};
use crate::traffic::fragment::divided;
use crate::traffic::{Capture, Frame, Link};

const START: i64 = 1_700_000_000_000_000_000;

fn datagram(at: i64, back: bool, payload: &[u8]) -> Frame {
    let mut ends: [SocketAddr; 2] = ["10.0.0.1:40000", "10.0.0.2:53"].map(|end| end.parse().unwrap());
    if back {
        ends.reverse();
    }
    Frame::udp(START + at * 1000, ends, payload)
}

fn conversation() -> Vec<Frame> {
    let mut frames = vec![datagram(0, false, b"first question "), datagram(1, true, b"an answer")];
    frames.extend(divided(&datagram(2, false, b"a question in fragments "), 7, 16));
    frames.push(datagram(9, false, b""));
    frames.push(datagram(10, false, b"the last"));
    frames
}

#[test]
fn datagrams_are_a_flow_each_way() {
    for place in STORES.map(Place::of) {
        let capture = place.file("a.pcap", &Capture::on(Link::Ethernet).frames(conversation()).pcap());
        place.ingest("case", &[&capture, "--udp"]);
        place.assert_whole("case");
        let (root, payload) = (place.path().join("case"), place.payload("case"));
        let connections =
            select(&open(&root), "SELECT protocol, orig_port, resp_port, state, history FROM connections");
        assert_eq!(connections, ["udp|40000|53|SF|Dd"]);
        let paths = select(&open(&root), "SELECT path FROM flows ORDER BY id");
        assert!(paths[0].ends_with("/010.000.000.001.40000-010.000.000.002.00053.udp"), "{paths:?}");
        assert_eq!(fs::read(payload.join(&paths[0])).unwrap(), b"first question a question in fragments the last");
        assert_eq!(fs::read(payload.join(&paths[1])).unwrap(), b"an answer");
        let sql = "SELECT \"offset\", length, frame FROM segments WHERE flow_id = 1";
        // the second datagram's fragments hold 16 bytes of it each, the first of them its header too
        let boundaries = ["0,15,1", "15,8,3", "23,16,4", "39,8,6"];
        let lines = place.stdout(&["query", "case", sql, "--format", "csv"]);
        assert_eq!(lines.lines().skip(1).collect::<Vec<_>>(), boundaries);
        assert_eq!(select(&open(&root), "SELECT frames, used_frames FROM captures"), ["6|6"]);
    }
}

#[test]
fn without_it_they_are_counted_by_protocol() {
    let place = Place::new();
    let capture = place.file("a.pcap", &Capture::on(Link::Ethernet).frames(conversation()).pcap());
    place.ingest("case", &[&capture, &testdata("web/capture.pcap")]);
    let skipped =
        select(&open(&place.path().join("case")), "SELECT reason, frames, protocol FROM skipped ORDER BY 1, 2");
    assert_eq!(skipped, ["not_ip|1|NULL", "not_tcp|1|udp", "not_tcp|6|udp"]);
}

#[test]
fn whether_they_are_stored_is_fixed_when_the_case_is_made() {
    let place = Place::new();
    let captures = ["a.pcap", "b.pcap"].map(|name| {
        let frames = if name == "a.pcap" { conversation() } else { vec![datagram(20, true, b" and another")] };
        place.file(name, &Capture::on(Link::Ethernet).frames(frames).pcap())
    });
    place.ingest("without", &[&captures[0]]);
    assert_fails(&place.run(&["ingest", "without", &captures[1], "--udp"]), 2, "udp");
    place.ingest("with", &[&captures[0], "--udp"]);
    place.ingest("with", &[&captures[1]]);
    let flows = select(&open(&place.path().join("with")), "SELECT length FROM flows ORDER BY id");
    assert_eq!(flows, ["47", "21"]);
    place.assert_whole("with");
}
