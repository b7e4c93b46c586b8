//! The loads that benchmarks measure with are what they say: the project's own reader, decoder and index are asked.

use std::collections::HashSet;

use flowcase::capture::{Reader, Source};
use flowcase::decode::decode;
use flowcase::model::{Batch, Checksum, Flags};

use crate::load::{IDLE_FRAMES, Load, Made, PROFILES};
use crate::support::{Place, open, select};

/// A size that is quick to make and to read.
fn small(profile: &str) -> Load {
    let size = match profile {
        "bulk" => 2,
        "mess" => 6,
        "idle" => 3,
        _ => 60,
    };
    Load::new(profile, size).unwrap()
}

fn written(load: Load, seed: u64) -> (Vec<u8>, Made) {
    let mut bytes = Vec::new();
    let made = load.write(seed, &mut bytes).unwrap();
    (bytes, made)
}

/// Frames, SYNs of originators, segments with payload and payload bytes as they lie in a capture; every checksum is good.
fn counted(place: &Place, capture: &str) -> (u64, u64, u64) {
    let mut reader = Reader::open(&place.path().join(capture)).unwrap();
    let (mut batch, mut counts, mut more) = (Batch::default(), (0, 0, 0), true);
    while more {
        more = reader.fill(&mut batch).unwrap();
        for frame in &batch.frames {
            let found = decode(frame.link, batch.data(frame), frame.original_len);
            let segment = found.unwrap().segment().unwrap();
            assert_eq!((segment.checksum, segment.missing), (Checksum::Good, 0), "frame {}", frame.number);
            counts.0 += 1;
            counts.1 += u64::from(segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK));
            counts.2 += u64::from(!segment.payload.is_empty());
        }
    }
    counts
}

/// What a case of each load answers.
const ANSWERS: &[(&str, &[(&str, &str)])] = &[
    ("bulk", &[(STATES, "SF"), (DISORDER, "0|0")]),
    ("web", &[(STATES, "SF"), (DISORDER, "1|1")]),
    ("small", &[(STATES, "SF"), (DISORDER, "0|0"), (EACH, "96|180")]),
    ("crowd", &[(STATES, "SF"), (DISORDER, "0|0"), (EACH, "96|180")]),
    ("open", &[(STATES, "S1"), (EACH, "200|200")]),
    ("syn", &[(STATES, "S0"), (EACH, "0|0"), ("SELECT count(DISTINCT orig_ip) FROM connections", "60")]),
    ("mess", &[(STATES, "SF"), (DISORDER, "1|1"), (EACH, "0|65536")]),
    ("collide", &[(STATES, "S0"), (EACH, "0|0")]),
    ("random", &[(STATES, "S0"), (EACH, "0|0")]),
    ("opened", &[(STATES, "S1"), (EACH, "0|0")]),
];
const STATES: &str = "SELECT DISTINCT state FROM connections";
const EACH: &str = "SELECT DISTINCT orig_bytes, resp_bytes FROM connections";
const DISORDER: &str = "SELECT sum(out_of_order) > 0, sum(retransmitted_bytes) > 0 FROM connections";
const WHOLE: &str = "SELECT count(*), sum(orig_bytes + resp_bytes), coalesce(sum(gap_bytes), 0) FROM connections";

#[test]
fn a_capture_holds_what_was_made_and_a_case_all_of_it() {
    // a case waits for the disk, not for the processor
    std::thread::scope(|scope| {
        ANSWERS.iter().for_each(|(profile, answers)| drop(scope.spawn(|| check(profile, answers))));
    });
}

fn check(profile: &str, answers: &[(&str, &str)]) {
    let place = Place::new();
    let (bytes, made) = written(small(profile), 7);
    let capture = place.file("load.pcap", &bytes);
    assert_eq!(counted(&place, &capture), (made.frames, made.connections, made.segments), "{profile}");
    assert_eq!(place.ingest("case", &[capture]).status.code(), Some(0), "{profile}");
    let index = open(&place.path().join("case"));
    assert_eq!(select(&index, WHOLE), [format!("{}|{}|0", made.connections, made.payload)], "{profile}");
    assert_eq!(select(&index, "SELECT frames, used_frames FROM captures"), [format!("{0}|{0}", made.frames)]);
    assert_eq!(select(&index, "SELECT count(*) FROM conflicts"), ["0"], "{profile}");
    for (sql, expected) in answers {
        assert_eq!(select(&index, sql), [*expected], "{profile}: {sql}");
    }
}

#[test]
fn every_profile_but_the_long_one_is_checked() {
    let checked = ANSWERS.iter().map(|(profile, _)| *profile).chain(["idle"]);
    assert_eq!(PROFILES.iter().map(|(profile, _)| *profile).collect::<Vec<_>>(), checked.collect::<Vec<_>>());
}

#[test]
fn the_same_seed_gives_the_same_capture() {
    for (profile, _) in PROFILES.iter().filter(|(name, _)| *name != "idle") {
        assert!(written(small(profile), 1) == written(small(profile), 1), "{profile}");
    }
    assert!(written(small("web"), 1) != written(small("web"), 2));
}

#[test]
fn colliding_endpoints_collide_and_others_do_not() {
    for (profile, expected) in [("collide", 1), ("random", 60)] {
        let capture = written(small(profile), 7).0;
        // addresses and ports of each frame: 16 bytes of record and 14 of Ethernet before the IP header, 78 bytes a record
        let ends = capture[24..].chunks(78).map(|record| [42, 46, 50].map(|at| &record[at..]));
        let number = |[src, dst, ports]: [&[u8]; 3]| {
            let word = |bytes: &[u8]| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            word(src) ^ word(dst) ^ (word(ports) >> 16) ^ (word(ports) & 0xffff)
        };
        let numbers: HashSet<u32> = ends.map(number).collect();
        assert_eq!(numbers.len(), expected, "{profile}");
    }
}

#[test]
fn responses_of_the_web_are_lognormal() {
    let (_, made) = written(Load::new("web", 4000).unwrap(), 7);
    let mean = made.payload / made.connections;
    assert!((12_000..14_000).contains(&mean), "{mean}");
}

#[test]
fn idle_connections_are_acknowledged_without_end() {
    struct Length(u64);
    impl std::io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    let made = small("idle").write(7, &mut length).unwrap();
    assert_eq!((made.connections, made.frames, made.payload), (3, 9 + IDLE_FRAMES, 0));
    assert_eq!(length.0, 24 + 70 * made.frames + 2 * 8 * 3);
}
