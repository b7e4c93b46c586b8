//! Segments that were sent in several IP fragments.

use super::{Scene, text};
use crate::traffic::fragment::{divided, part};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server};
use crate::traffic::{Capture, Flow, Frame, Link, Situation};

const REQUEST: &[u8] = b"GET /fragments HTTP/1.0\r\n\r\n";
/// Bytes of a packet in each fragment but the last.
const SIZE: usize = 512;

/// Each of them.
pub fn all() -> Vec<Situation> {
    super::staged(
        151,
        &[
            fragment_order,
            fragment_ipv6,
            fragment_overlap,
            fragment_missing,
            fragment_stale,
            fragment_spans_two_captures,
        ],
    )
}

/// 5 frames (the handshake, the request, its acknowledgement), then the answer in one segment, and the acknowledgement.
fn download(scene: &Scene, answer: &[u8]) -> Vec<Frame> {
    scene.talk().mss(8000).open().says(Client, REQUEST).says(Server, answer).frames()
}

/// Where the answer is among the frames.
fn answer_at(frames: &[Frame]) -> usize {
    let longest = frames.iter().enumerate().max_by_key(|(_, frame)| frame.packet.len());
    longest.map(|(at, _)| at).expect("there are frames")
}

/// The frames with the answer as its fragments, put as `put` does.
fn fragmented(frames: &[Frame], put: impl FnOnce(Vec<Frame>) -> Vec<Frame>) -> Vec<Frame> {
    let at = answer_at(frames);
    let parts = put(divided(&frames[at], 0x1234, SIZE));
    let timed = parts.into_iter().zip(0..).map(|(part, i)| Frame { time: frames[at].time + i * 1000, ..part });
    frames[..at].iter().cloned().chain(timed).chain(frames[at + 1..].iter().cloned()).collect()
}

fn flows(scene: &Scene, answer: &[u8]) -> Vec<Flow> {
    vec![scene.there("").then(REQUEST), scene.back("").then(answer)]
}

fn capture(frames: Vec<Frame>) -> CaptureFile {
    let count = frames.len() as u64;
    CaptureFile::whole("capture.pcap", Capture::on(Link::Ethernet).frames(frames).pcap(), count)
}

fn fragment_order(scene: &Scene) -> Situation {
    let answer = text(1, 3000);
    let frames = fragmented(&download(scene, &answer), |mut parts| {
        parts.rotate_left(2);
        parts.reverse();
        parts.extend(parts.clone());
        parts
    });
    Situation {
        name: "fragment_order",
        about: "A segment of 3000 bytes in six IPv4 fragments, out of order; then all of them again.\n\n\
                The flow is whole, its bytes come from six frames, and all twelve frames are used.",
        captures: vec![capture(frames)],
        flows: flows(scene, &answer),
    }
}

fn fragment_ipv6(scene: &Scene) -> Situation {
    let scene = &scene.between("[2001:db8::10]:49160", "[2001:db8:0:1::1]:80");
    let answer = text(2, 3000);
    let frames = fragmented(&download(scene, &answer), |mut parts| {
        parts.reverse();
        parts
    });
    Situation {
        name: "fragment_ipv6",
        about: "A segment of 3000 bytes in six IPv6 fragments, the last one first.\n\nThe flow is whole.",
        captures: vec![capture(frames)],
        flows: flows(scene, &answer),
    }
}

fn fragment_overlap(scene: &Scene) -> Situation {
    let answer = text(3, 3000);
    let frames = download(scene, &answer);
    let mut lie = part(&frames[answer_at(&frames)], 0x1234, SIZE, 3 * SIZE);
    lie.packet[20..].fill(b'!');
    let frames = fragmented(&frames, |mut parts| {
        parts.insert(2, lie);
        parts
    });
    // the lie fills what the third fragment would have brought
    let (from, to) = (2 * SIZE - 20, 3 * SIZE - 20);
    let seen = [&answer[..from], &vec![b'!'; to - from], &answer[to..]].concat();
    Situation {
        name: "fragment_overlap",
        about: "Among the six fragments of a segment, behind the second, one that contradicts the second and the third.\n\n\
                The first copy of each byte wins: of the second fragment all is kept, of the third nothing. Two anomalies\n\
                `fragment_conflict` say so, and the segment's checksum is bad.",
        captures: vec![capture(frames)],
        flows: flows(scene, &seen),
    }
}

fn fragment_missing(scene: &Scene) -> Situation {
    let answer = text(4, 3000);
    let frames = fragmented(&download(scene, &answer), |mut parts| {
        parts.remove(3);
        parts
    });
    let file = capture(frames);
    let used = file.used - 5;
    Situation {
        name: "fragment_missing",
        about: "One of the six fragments of a segment was not captured.\n\n\
                The five others are skipped as `incomplete_fragment`; the answer has no file.",
        captures: vec![CaptureFile { used, ..file }],
        flows: vec![scene.there("").then(REQUEST)],
    }
}

fn fragment_stale(scene: &Scene) -> Situation {
    let answer = text(5, 1400);
    let frames = download(scene, &answer);
    let at = answer_at(&frames);
    let mut stale = part(&frames[at], 0x1234, SIZE, 2 * SIZE);
    stale.packet[20..].fill(b'?');
    stale.time -= 61_000_000_000;
    let mut frames = fragmented(&frames, |parts| parts);
    frames.insert(0, stale);
    let file = capture(frames);
    let used = file.used - 1;
    Situation {
        name: "fragment_stale",
        about: "A fragment, and 61 seconds later a segment in three fragments with the same identification.\n\n\
                The old fragment is no part of the segment: it is skipped as `incomplete_fragment`.",
        captures: vec![CaptureFile { used, ..file }],
        flows: flows(scene, &answer),
    }
}

fn fragment_spans_two_captures(scene: &Scene) -> Situation {
    let answer = text(6, 3000);
    let frames = fragmented(&download(scene, &answer), |parts| parts);
    let (first, second) = frames.split_at(frames.len() - 4);
    let file = |name, frames: &[Frame]| CaptureFile { file: name, ..capture(frames.to_vec()) };
    Situation {
        name: "fragment_spans_two_captures",
        about: "The capture was changed between the third and the fourth of six fragments.\n\n\
                The segment is whole, and all frames of both captures are used, also where the second is ingested later.",
        captures: vec![file("first.pcap", first), file("second.pcap", second)],
        flows: flows(scene, &answer),
    }
}
