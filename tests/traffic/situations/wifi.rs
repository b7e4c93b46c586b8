//! The same kind of talk over 802.11, as different radios tell of it.

use super::{Scene, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server};
use crate::traffic::wifi::{self, AP, Data};
use crate::traffic::{Capture, Flow, Frame, Link, Situation};

const REQUEST: &[u8] = b"which way to the harbour?\n";
const ANSWER: &[u8] = b"down the hill and to the left\n";

/// Bits of radiotap's flags.
const FCS: u8 = 0x10;
const PADDED: u8 = 0x20;

/// Each of them.
pub fn all() -> Vec<Situation> {
    super::staged(
        191,
        &[
            wifi_radiotap,
            wifi_bare_fcs,
            wifi_qos_amsdu,
            wifi_wds,
            wifi_protected,
            wifi_retry,
            wifi_fragments,
            wifi_networks,
            wifi_prism,
            wifi_avs,
            wifi_ppi,
        ],
    )
}

/// Eleven frames: open, question, answer, close.
fn small_talk(scene: &Scene) -> Vec<Frame> {
    scene.talk().open().says(Client, REQUEST).says(Server, ANSWER).close().frames()
}

fn both_flows(scene: &Scene) -> Vec<Flow> {
    vec![scene.there("").then(REQUEST), scene.back("").then(ANSWER)]
}

/// The talk with every packet laid into what `lay` makes of it and its number.
fn laid(scene: &Scene, lay: impl Fn(&Frame, u16) -> Vec<u8>) -> Vec<Frame> {
    small_talk(scene).into_iter().zip(1..).map(|(frame, number)| as_it_is(&frame, lay(&frame, number))).collect()
}

fn as_it_is(frame: &Frame, bytes: Vec<u8>) -> Frame {
    Frame { packet: bytes, ..frame.clone() }
}

fn captured(link: u16, frames: Vec<Frame>, used: u64) -> Vec<CaptureFile> {
    let count = frames.len() as u64;
    let file = CaptureFile::whole("capture.pcap", Capture::on(Link::Whole(link)).frames(frames).pcap(), count);
    vec![CaptureFile { used, ..file }]
}

/// A plain data frame.
fn plain(frame: &Frame, number: u16) -> Vec<u8> {
    Data { number, ..Data::default() }.around(frame, &wifi::snap(frame))
}

fn wifi_radiotap(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| wifi::radiotap(FCS, &wifi::checked(plain(frame, number))));
    Situation {
        name: "wifi_radiotap",
        about: "A question and its answer over 802.11, with radiotap headers of three words and frame check sequences.\n\n\
                Two complete flows.",
        captures: captured(wifi::RADIOTAP, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_bare_fcs(scene: &Scene) -> Situation {
    let mut frames = laid(scene, |frame, number| wifi::checked(plain(frame, number)));
    // the answer has an IPv4 total length of 0: only its end tells how long it is
    let answer = 5;
    let mut offloaded = small_talk(scene)[answer].clone();
    offloaded.packet[2..4].fill(0);
    frames[answer].packet = wifi::checked(plain(&offloaded, 6));
    // one more of the client, damaged on its way
    let mut damaged = frames[3].clone();
    let last = damaged.packet.len() - 1;
    (damaged.packet[last], damaged.time) = (damaged.packet[last] ^ 1, damaged.time + 1000);
    frames.insert(4, damaged);
    Situation {
        name: "wifi_bare_fcs",
        about: "A question and its answer over 802.11 without a header of the radio; frame check sequences are there, but nothing says\n\
                so. The answer's IPv4 total length is 0; the question came twice, once with a wrong check sequence.\n\n\
                Two complete flows: a right check sequence is never data.",
        captures: captured(wifi::BARE, frames, 12),
        flows: both_flows(scene),
    }
}

fn wifi_qos_amsdu(scene: &Scene) -> Situation {
    let answer = text(1, 1500);
    let talk =
        scene.talk().open().says(Client, REQUEST).puts(Server, 0, &answer[..500]).puts(Server, 500, &answer[500..1000]);
    let told = talk.puts(Server, 1000, &answer[1000..]).frames();
    let (alone, together) = told.split_at(5);
    let qos = |number, qos| Data { number, qos: Some(qos), ht_control: true, ..Data::default() };
    let radio = |frame: &[u8], data: Data| {
        let header = data.around(&told[0], &[]).len();
        let padding = vec![0; header.next_multiple_of(4) - header];
        wifi::radiotap(PADDED, &[&frame[..header], &padding, &frame[header..]].concat())
    };
    let mut frames: Vec<Frame> = Vec::new();
    for (frame, number) in alone.iter().zip(1..) {
        let data = qos(number, 5);
        frames.push(as_it_is(frame, radio(&data.around(frame, &wifi::snap(frame)), data)));
    }
    let data = qos(6, 0x85);
    frames.push(as_it_is(&together[0], radio(&data.around(&together[0], &wifi::amsdu(together)), data)));
    Situation {
        name: "wifi_qos_amsdu",
        about: "A question over 802.11 with QoS and HT control, and its answer: three segments in one frame (A-MSDU). The radio pads\n\
                headers to multiples of four bytes.\n\n\
                Two complete flows.",
        captures: captured(wifi::RADIOTAP, frames, 6),
        flows: vec![scene.there("").then(REQUEST), scene.back("").then(&answer)],
    }
}

fn wifi_wds(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| {
        let data = Data { number, relayed: true, qos: Some(0), ..Data::default() };
        wifi::radiotap(0, &data.around(frame, &wifi::snap(frame)))
    });
    Situation {
        name: "wifi_wds",
        about: "A question and its answer between two access points: frames with four addresses.\n\n\
                Two complete flows; the link addresses are those of client and server.",
        captures: captured(wifi::RADIOTAP, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_protected(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| {
        let body = [&[1, 0, 0, 0x20, 0, 0, 0, 0][..], &text(number as u8, frame.packet.len())].concat();
        wifi::radiotap(0, &Data { number, protected: true, ..Data::default() }.around(frame, &body))
    });
    Situation {
        name: "wifi_protected",
        about: "Encrypted frames.\n\nNo flow; all eleven frames are skipped as `encrypted`.",
        captures: captured(wifi::RADIOTAP, frames, 0),
        flows: Vec::new(),
    }
}

fn wifi_retry(scene: &Scene) -> Situation {
    let mut frames = Vec::new();
    for (frame, number) in small_talk(scene).iter().zip(4090..) {
        let sent = |retry, delay| {
            let data = Data { number: number % 4096, qos: Some(0), retry, ..Data::default() };
            let packet = wifi::radiotap(0, &data.around(frame, &wifi::snap(frame)));
            Frame { time: frame.time + delay, packet, ..frame.clone() }
        };
        // of the question only the second copy was captured
        frames.extend((number != 4093).then(|| sent(false, 0)));
        frames.push(sent(true, 1000));
    }
    Situation {
        name: "wifi_retry",
        about: "Every frame was sent twice, and of all but the one with the question both copies were captured.\n\n\
                Two complete flows without retransmissions; ten frames are skipped as `retry`.",
        captures: captured(wifi::RADIOTAP, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_fragments(scene: &Scene) -> Situation {
    let mut frames = Vec::new();
    for (frame, number) in small_talk(scene).iter().zip(1..) {
        let body = wifi::snap(frame);
        let parts: Vec<&[u8]> = body.chunks(32).collect();
        for (part, i) in parts.iter().zip(0..) {
            let data = Data { number, part: (i, usize::from(i) + 1 < parts.len()), ..Data::default() };
            let packet = wifi::radiotap(0, &data.around(frame, part));
            frames.push(Frame { time: frame.time + i64::from(i) * 1000, packet, ..frame.clone() });
        }
    }
    let used = frames.len() as u64;
    Situation {
        name: "wifi_fragments",
        about: "A question and its answer over 802.11, every packet in parts of 32 bytes.\n\nTwo complete flows.",
        captures: captured(wifi::RADIOTAP, frames, used),
        flows: both_flows(scene),
    }
}

fn wifi_networks(scene: &Scene) -> Situation {
    let rsn = |ways: &[u8]| {
        let head = [1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, ways.len() as u8, 0];
        let ways = ways.iter().flat_map(|way| [0, 0x0f, 0xac, *way]);
        head.into_iter().chain(ways).chain([0, 0]).collect::<Vec<u8>>()
    };
    let wpa = [0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2];
    let (psk, both, sae) = (rsn(&[2]), rsn(&[2, 8]), rsn(&[8]));
    let other = |last| [2, 0, 0, 0, 1, last];
    let told = [
        wifi::announcement(0x80, AP, false, &[(0, b"harbour"), (3, &[6])]),
        wifi::announcement(0x80, other(1), true, &[(0, "Café\\".as_bytes()), (3, &[1]), (48, &psk)]),
        wifi::announcement(0x80, other(2), true, &[(0, b""), (3, &[11]), (48, &both)]),
        wifi::announcement(0x50, other(2), true, &[(0, b"hidden"), (3, &[11]), (48, &both)]),
        wifi::announcement(0x80, other(3), true, &[(0, b"\xff\x01"), (48, &sae)]),
        wifi::announcement(0x80, other(4), true, &[(0, b"old"), (61, &[13])]),
        wifi::announcement(0x80, other(5), true, &[(0, b"older"), (221, &wpa), (48, &psk)]),
        wifi::announcement(0x80, other(6), true, &[(0, b"\0\0\0\0"), (221, &wpa)]),
        // an acknowledgement, and a frame without data
        vec![0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1],
        [&[0x48, 1, 0, 0][..], &AP, &[2, 0, 0, 0, 0, 1], &AP, &[0, 0]].concat(),
    ];
    let talk = laid(scene, |frame, number| wifi::radiotap(FCS, &wifi::checked(plain(frame, number))));
    let first = talk[0].clone();
    let told = told.into_iter().zip(1..).map(|(bytes, i)| {
        let packet = wifi::radiotap(FCS, &wifi::checked(bytes));
        Frame { time: first.time - i * 100_000, packet, ..first.clone() }
    });
    let mut frames: Vec<Frame> = told.chain(talk.clone()).collect();
    frames.sort_by_key(|frame| frame.time);
    Situation {
        name: "wifi_networks",
        about: "What seven networks say of themselves in beacons, one of them (`hidden`) only when asked, and a question and its answer in\n\
                the one that is open. One frame each of control and without data.\n\n\
                Two complete flows; ten frames are skipped as `no_data`. The view `wifi_networks` lists seven, with names,\n\
                channels and how they protect data.",
        captures: captured(wifi::RADIOTAP, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_prism(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| wifi::prism(&plain(frame, number)));
    Situation {
        name: "wifi_prism",
        about: "A question and its answer over 802.11, with Prism headers.\n\nTwo complete flows.",
        captures: captured(wifi::PRISM, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_avs(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| wifi::avs(&wifi::checked(plain(frame, number))));
    Situation {
        name: "wifi_avs",
        about: "A question and its answer over 802.11, with AVS headers and frame check sequences.\n\nTwo complete flows.",
        captures: captured(wifi::AVS, frames, 11),
        flows: both_flows(scene),
    }
}

fn wifi_ppi(scene: &Scene) -> Situation {
    let frames = laid(scene, |frame, number| wifi::ppi(&wifi::checked(plain(frame, number))));
    Situation {
        name: "wifi_ppi",
        about: "A question and its answer over 802.11, with PPI headers and frame check sequences.\n\nTwo complete flows.",
        captures: captured(wifi::PPI, frames, 11),
        flows: both_flows(scene),
    }
}
