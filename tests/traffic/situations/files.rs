//! What happens to capture files: cut, damaged, divided, compressed.

use super::{Scene, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server};
use crate::traffic::{Capture, Flow, Frame, Link, Situation};

const REQUEST: &[u8] = b"GET /files HTTP/1.0\r\n\r\n";
/// Ethernet, IPv4 and TCP headers without options.
const HEADERS: usize = 54;

/// Each of them.
pub fn all() -> Vec<Situation> {
    super::staged(51, &[cut_snaplen, truncated, damaged, spans_two_captures, gz])
}

/// 8 frames: the handshake, the request, three segments of the answer, an acknowledgement (and one before).
fn download(scene: &Scene, answer: &[u8]) -> Vec<Frame> {
    scene.talk().mss(400).open().says(Client, REQUEST).says(Server, answer).frames()
}

fn flows(scene: &Scene, answer: Flow) -> Vec<Flow> {
    vec![scene.there("").then(REQUEST), answer]
}

fn cut_snaplen(scene: &Scene) -> Situation {
    let answer = text(1, 1200);
    let capture = Capture::on(Link::Ethernet).snap_len(96).frames(download(scene, &answer));
    let seen = 96 - HEADERS;
    let expected = [0, 400].iter().fold(scene.back(""), |flow, &at| flow.then(&answer[at..at + seen]).hole(400 - seen));
    Situation {
        name: "cut_snaplen",
        about: "Captured with a snap length of 96 bytes: of each 400-byte segment 42 bytes were kept.\n\n\
                The answer's flow ends with the last captured byte; what was cut in between are two gaps of 358 bytes, what was\n\
                cut at the end are 358 `missing_tail_bytes`. Checksums of cut segments are unknown, not bad.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), 9)],
        flows: flows(scene, expected.then(&answer[800..800 + seen])),
    }
}

fn truncated(scene: &Scene) -> Situation {
    let answer = text(2, 1200);
    let mut bytes = Capture::on(Link::Ethernet).frames(download(scene, &answer)).pcap();
    // the last frame is an acknowledgement of 60 bytes; cut into the segment before it
    bytes.truncate(bytes.len() - 76 - 100);
    let file = CaptureFile { status: "truncated", ..CaptureFile::whole("capture.pcap", bytes, 7) };
    Situation {
        name: "truncated",
        about: "The file ends in the middle of a frame, as after a full disk.\n\n\
                All frames before are used, the status is `truncated`, and the exit code is 1.",
        captures: vec![file],
        flows: flows(scene, scene.back("").then(&answer[..800])),
    }
}

fn damaged(scene: &Scene) -> Situation {
    let answer = text(3, 1200);
    let mut bytes = Capture::on(Link::Ethernet).frames(download(scene, &answer)).pcap();
    let last_record = bytes.len() - 76 - (16 + HEADERS + 400);
    bytes[last_record..last_record + 16].fill(0xff);
    let file = CaptureFile { status: "damaged", ..CaptureFile::whole("capture.pcap", bytes, 7) };
    Situation {
        name: "damaged",
        about: "A record header was overwritten with ones.\n\n\
                All frames before are used, the status is `damaged`, `stopped_at` is the offset of that header, and the exit code\n\
                is 1.",
        captures: vec![file],
        flows: flows(scene, scene.back("").then(&answer[..800])),
    }
}

fn spans_two_captures(scene: &Scene) -> Situation {
    let answer = text(4, 1200);
    let mut first = download(scene, &answer);
    let second = first.split_off(6);
    let [first, second] = [first, second].map(|frames| Capture::on(Link::Ethernet).nanoseconds().frames(frames).pcap());
    Situation {
        name: "spans_two_captures",
        about: "One connection, divided over two captures in the middle of the answer; the second one is compressed.\n\n\
                One connection and two complete flows, whether both captures are ingested at once, in any order, or one after\n\
                the other.",
        captures: vec![CaptureFile::whole("first.pcap", first, 6), CaptureFile::whole("second.pcap.zst", second, 3)],
        flows: flows(scene, scene.back("").then(&answer)),
    }
}

fn gz(scene: &Scene) -> Situation {
    let answer = text(5, 1200);
    let capture = Capture::on(Link::Raw).frames(download(scene, &answer));
    Situation {
        name: "gz",
        about: "A capture of raw IP, compressed with gzip.\n\nTwo complete flows; file positions are those in the decompressed capture.",
        captures: vec![CaptureFile::whole("capture.pcap.gz", capture.pcap(), 9)],
        flows: flows(scene, scene.back("").then(&answer)),
    }
}
