//! What happens to sequence numbers: loss, order, repetition, contradiction.

use super::{SERVER, Scene, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Flow, Link, Situation};

const REQUEST: &[u8] = b"GET /numbers HTTP/1.0\r\n\r\n";

/// Each of them.
pub fn all() -> Vec<Situation> {
    let all = [
        loss,
        reorder,
        retransmission,
        overlap_conflict,
        wrap,
        late_syn,
        port_reuse,
        jump,
        keep_alive,
        rst_data,
        bad_checksum,
        straggling_front,
    ];
    super::staged(31, &all)
}

/// A connection on which the request has been made: 5 frames.
fn asked(scene: &Scene) -> Talk {
    scene.talk().open().says(Client, REQUEST)
}

fn situation(name: &'static str, about: &'static str, talk: Talk, flows: Vec<Flow>) -> Situation {
    let frames = talk.frames();
    let count = frames.len() as u64;
    let capture = Capture::on(Link::Ethernet).frames(frames);
    Situation { name, about, captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), count)], flows }
}

fn there(scene: &Scene) -> Flow {
    scene.there("").then(REQUEST)
}

fn loss(scene: &Scene) -> Situation {
    let [a, b, c] = [1, 2, 3].map(|seed| text(seed, 500));
    let talk = asked(scene).says(Server, &a).loses(Server, &b).says(Server, &c).close();
    situation(
        "loss",
        "The second of three segments of the answer was never captured.\n\n\
         The answer's flow has one gap, 500 bytes at offset 500, which reads as zeros and is no data.",
        talk,
        vec![there(scene), scene.back("").then(&a).hole(500).then(&c)],
    )
}

fn reorder(scene: &Scene) -> Situation {
    let [a, b, c] = [1, 2, 3].map(|seed| text(seed, 400));
    let talk = asked(scene).puts(Server, 0, &a).puts(Server, 400, &b).puts(Server, 800, &c).swapped();
    situation(
        "reorder",
        "The second and third segment of the answer arrive in the wrong order.\n\n\
         Two complete flows; the connection counts one segment out of order and nothing retransmitted.",
        talk,
        vec![there(scene), scene.back("").then(&a).then(&b).then(&c)],
    )
}

fn retransmission(scene: &Scene) -> Situation {
    let [a, b] = [1, 2].map(|seed| text(seed, 400));
    let both = [&a[..], &b].concat();
    let talk = asked(scene).puts(Server, 0, &a).puts(Server, 400, &b).puts(Server, 0, &a).puts(Server, 0, &both);
    situation(
        "retransmission",
        "The answer is sent in two segments, the first of them again, and then both in one.\n\n\
         Two complete flows, 1200 bytes retransmitted, no conflict: the copies are the same.",
        talk,
        vec![there(scene), scene.back("").then(&a).then(&b)],
    )
}

fn overlap_conflict(scene: &Scene) -> Situation {
    let (first, second) = (b"pay 100 to Alice, with regards", b"Mallory and be quick about it");
    let talk = asked(scene).puts(Server, 0, first).puts(Server, 11, second);
    situation(
        "overlap_conflict",
        "A second segment overlaps the first one with other bytes.\n\n\
         The first copy wins (`--overlap first`): 19 bytes of the second are a conflict whose losing bytes are kept in\n\
         the index, its last 10 are new.",
        talk,
        vec![there(scene), scene.back("").then(first).then(&second[19..])],
    )
}

fn wrap(scene: &Scene) -> Situation {
    let [a, b] = [1, 2].map(|seed| text(seed, 600));
    let talk = scene.talk().isn(u32::MAX, u32::MAX - 700).open().says(Client, REQUEST);
    situation(
        "wrap",
        "The client's first byte has sequence number 0, the server's numbers wrap in the middle of a segment.\n\n\
         Two complete flows.",
        talk.says(Server, &a).says(Server, &b).close(),
        vec![there(scene), scene.back("").then(&a).then(&b)],
    )
}

fn late_syn(scene: &Scene) -> Situation {
    let talk = scene.talk().puts(Client, 10, &REQUEST[10..]).syn().puts(Client, 0, &REQUEST[..10]);
    situation(
        "late_syn",
        "The second half of a request is captured first, then the SYN, then the first half.\n\n\
         Position 0 is behind the SYN: one complete flow.",
        talk,
        vec![there(scene)],
    )
}

fn port_reuse(scene: &Scene) -> Situation {
    let second = b"GET /again HTTP/1.0\r\n\r\n";
    let mut frames = asked(scene).close().frames();
    let again = scene.talk().wait(1_000_000_000).isn(70_000, 6_000_000).open();
    frames.extend(again.says(Client, second).close().frames());
    let count = frames.len() as u64;
    let capture = Capture::on(Link::Ethernet).frames(frames);
    Situation {
        name: "port_reuse",
        about: "A second connection from the same port, one second after the first was closed.\n\n\
                Two connections; the second request's flow has `c1` behind its name.",
        captures: vec![CaptureFile::whole("capture.pcap", capture.pcap(), count)],
        flows: vec![there(scene), scene.there("c1").then(second)],
    }
}

fn jump(scene: &Scene) -> Situation {
    let [a, b] = [1, 2].map(|seed| text(seed, 300));
    let talk = asked(scene).puts(Server, 0, &a).puts(Server, 32 << 20, &b);
    situation(
        "jump",
        "The answer's second segment lies 32 MiB behind the first, past the limit of 16 MiB.\n\n\
         No hole: a new part of the flow, whose file has `c1` behind its name. An anomaly `jump`.",
        talk,
        vec![there(scene), scene.back("").then(&a), scene.back("c1").then(&b)],
    )
}

fn keep_alive(scene: &Scene) -> Situation {
    let answer = text(1, 200);
    let last = REQUEST.len() as i64 - 1;
    let talk = asked(scene).says(Server, &answer).wait(45_000_000_000).puts(Client, last, b"\0").acknowledges(Server);
    situation(
        "keep_alive",
        "After 45 seconds the client probes with one zero byte at the number before the next.\n\n\
         Two complete flows, no conflict: a probe is no data.",
        talk.wait(45_000_000_000).puts(Client, last, b"").acknowledges(Server).close(),
        vec![there(scene), scene.back("").then(&answer)],
    )
}

fn rst_data(scene: &Scene) -> Situation {
    let answer = text(1, 200);
    situation(
        "rst_data",
        "The server resets the connection and says why in the RST.\n\n\
         The words are no data (RFC 1122 4.2.2.12): an anomaly `rst_payload`, state RSTR.",
        asked(scene).says(Server, &answer).rst(Server, b"server going down"),
        vec![there(scene), scene.back("").then(&answer)],
    )
}

fn bad_checksum(scene: &Scene) -> Situation {
    let answer = text(1, 200);
    situation(
        "bad_checksum",
        "The answer is captured twice: first with a flipped bit and so with a bad checksum, then as it was sent.\n\n\
         The copy with the good checksum wins: the flow holds the answer as it was sent, the damaged copy is a conflict of\n\
         200 bytes or less.",
        asked(scene).puts(Server, 0, &answer).damaged().puts(Server, 0, &answer),
        vec![there(scene), scene.back("").then(&answer)],
    )
}

fn straggling_front(scene: &Scene) -> Situation {
    let [a, b, c, d] = [1, 2, 3, 4].map(|seed| text(seed, 400));
    let closed = scene.talk().loses(Server, &a).says(Server, &b).loses(Server, &c).says(Server, &d).close();
    let last = closed.wait(10_000_000_000).puts(Server, 0, &a).wait(10_000_000_000).puts(Server, 800, &c).frames();
    // enough of others in between that a closed connection is filed
    let others = scene.between("192.168.1.20:50000", SERVER).talk().open().wait(1_000_000_000);
    let others = (0..2400).fold(others, |others, _| others.wait(7_000_000).acknowledges(Client)).frames();
    let mut frames = [last, others].concat();
    frames.sort_by_key(|frame| frame.time);
    let count = frames.len() as u64;
    let capture = Capture::on(Link::Ethernet).frames(frames);
    Situation {
        name: "straggling_front",
        about: "The answer's second and last quarter are captured, then the end of the connection; ten seconds later its first\n\
                quarter, after ten more its third. In between come over a thousand segments of another connection each time.\n\n\
                One complete flow: its file is written when the connection has been silent for that long, built anew in front of\n\
                the first quarter, and takes the third where it now lies.",
        captures: vec![CaptureFile::whole("capture.pcap.zst", capture.pcap(), count)],
        flows: vec![scene.back("").then(&a).then(&b).then(&c).then(&d)],
    }
}
