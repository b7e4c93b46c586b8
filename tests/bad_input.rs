//! Bad input: each kind has a message that names file and offset, a row in `captures`, and costs the other captures
//! nothing. What is wrong with the request itself touches nothing.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use crate::support::{PROGRAM, Place, assert_fails, entries, open, select, stderr, testdata};
use crate::traffic::packet::Frame;

/// A pcap header, little-endian, microseconds.
fn header(major: u16, snap_length: u32, link: u32) -> Vec<u8> {
    let head = [0xa1b2_c3d4u32.to_le_bytes(), [major.to_le_bytes(), 4u16.to_le_bytes()].concat().try_into().unwrap()];
    [&head.concat()[..], &[0; 8], &snap_length.to_le_bytes(), &link.to_le_bytes()].concat()
}

/// A record of 60 bytes: an ARP question over Ethernet.
fn record(seconds: u32, fraction: u32) -> Vec<u8> {
    let mut frame = [&[0xff; 6][..], &[2; 6], &[8, 6], &Frame::arp(0).packet].concat();
    frame.resize(60, 0);
    [&words(&[seconds, fraction, 60, 60])[..], &frame].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A pcapng block of a body whose length divides by 4.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = 12 + body.len() as u32;
    [&words(&[kind, length])[..], body, &words(&[length])].concat()
}

/// A section with an Ethernet interface, 48 bytes.
fn section() -> Vec<u8> {
    let section = [&words(&[0x1a2b_3c4d, 1])[..], &[0xff; 8]].concat();
    [block(0x0a0d_0d0a, &section), block(1, &words(&[1, 262_144]))].concat()
}

/// Content of a file, what is said of it, frames, status and offset in its row, and its anomaly.
struct Bad(&'static str, Option<Vec<u8>>, &'static str, &'static str, &'static str);

fn all() -> Vec<Bad> {
    let ethernet = header(2, 262_144, 1);
    let (early, late) = (record(1_600_000_000, 0), record(1_700_000_000, 0));
    let packet = |ticks: u64| {
        let head = words(&[0, (ticks >> 32) as u32, ticks as u32, 60, 60]);
        block(6, &[&head[..], &late[16..]].concat())
    };
    vec![
        Bad("missing", None, "no such file", "0|unreadable|NULL", ""),
        Bad("empty", Some(vec![]), "offset 0", "0|unreadable|0", ""),
        Bad("text", Some(b"Dear diary,\nno packets today.\n".to_vec()), "offset 0", "0|unreadable|0", ""),
        Bad("cut_header", Some(ethernet[..13].to_vec()), "offset 0", "0|unreadable|0", ""),
        Bad("version", Some(header(3, 65535, 1)), "pcap version 3.4 at offset 4", "0|unreadable|4", ""),
        Bad(
            "unknown_link",
            Some([header(2, 65535, 147), late.clone()].concat()),
            "frame 1 at offset 40: link type 147",
            "1|complete|NULL",
            "unknown_link",
        ),
        Bad(
            "snap_length",
            Some([header(2, u32::MAX, 1), late.clone()].concat()),
            "header at offset 16: snap length 4294967295",
            "1|complete|NULL",
            "snap_length_huge",
        ),
        Bad(
            "record_length",
            Some([&ethernet[..], &late, &words(&[0, 0, u32::MAX, u32::MAX]), &late].concat()),
            "frame 2 at offset 100 claims 4294967295 bytes",
            "1|damaged|100",
            "capture_damaged",
        ),
        Bad(
            "cut_frame",
            Some([&ethernet[..], &late, &late[..50]].concat()),
            "frame 2 at offset 100 is cut short: 34 of 60 bytes",
            "1|truncated|100",
            "capture_truncated",
        ),
        Bad(
            "fraction",
            Some([&ethernet[..], &record(1_700_000_000, 2_000_000)].concat()),
            "frame 1 at offset 40: fraction",
            "1|complete|NULL",
            "time_out_of_range",
        ),
        Bad(
            "backwards",
            Some([&ethernet[..], &late, &early].concat()),
            "frame 2 at offset 116: time 100000000.000000000 s before",
            "2|complete|NULL",
            "time_backwards",
        ),
        Bad(
            "block_length",
            Some([section(), packet(1_700_000_000_000_000), words(&[6, 0, 0, 0])].concat()),
            "block at offset 140 claims 0 bytes",
            "1|damaged|140",
            "capture_damaged",
        ),
        Bad(
            "range",
            Some([section(), packet(u64::MAX)].concat()),
            "frame 1 at offset 48: time 18446744073709551615",
            "1|complete|NULL",
            "time_out_of_range",
        ),
    ]
}

#[test]
fn each_is_named_and_recorded_and_the_others_are_ingested() {
    for Bad(name, bytes, says, row, anomaly) in all() {
        let place = Place::new();
        bytes.map(|bytes| place.file(name, &bytes));
        let output = place.run(&["ingest", "case", name, &testdata("web/capture.pcap")]);
        assert_fails(&output, 1, says);
        assert!(stderr(&output).lines().any(|line| line.starts_with(&format!("`{name}`: "))), "{}", stderr(&output));
        let index = open(&place.path().join("case"));
        let sql = format!("SELECT frames, status, stopped_at FROM captures WHERE path = '{name}'");
        assert_eq!(select(&index, &sql), [row], "{name}");
        let anomalies = select(&index, "SELECT kind FROM anomalies");
        assert_eq!(anomalies.join(" "), anomaly, "{name}");
        assert_eq!(select(&index, "SELECT count(*) FROM connections"), ["2"], "{name}");
        place.assert_whole("case");
    }
}

#[test]
fn all_at_once_are_recorded_each() {
    let place = Place::new();
    let names: Vec<&str> = all()
        .into_iter()
        .map(|Bad(name, bytes, ..)| {
            bytes.map(|bytes| place.file(name, &bytes));
            name
        })
        .collect();
    assert_eq!(place.ingest("case", &names).status.code(), Some(1));
    let index = open(&place.path().join("case"));
    assert_eq!(select(&index, "SELECT count(*) FROM captures"), [names.len().to_string()]);
    place.assert_whole("case");
}

#[test]
fn nothing_readable_makes_no_case() {
    let place = Place::new();
    place.file("text", b"no capture");
    assert_fails(&place.run(&["ingest", "case", "text", "missing"]), 3, "`text`: unreadable: not a capture");
    assert_eq!(entries(place.path()), ["text"]);
    place.ingest("case", &[testdata("web/capture.pcap")]);
    let before = place.contents("case");
    assert_fails(&place.run(&["ingest", "case", "text", "missing"]), 3, "no capture could be read");
    place.contents("case").assert_equals(&before, "nothing readable");
}

/// Fails with this exit code, and neither the case nor the directory around it change.
#[track_caller]
fn assert_untouched(place: &Place, words: &[&str], code: i32, says: &str) {
    let listing = |place: &Place| {
        let index = place.path().join("case/case.sqlite");
        (entries(place.path()), entries(&place.path().join("case")), fs::read(index).unwrap_or_default())
    };
    let before = listing(place);
    assert_fails(&place.run(words), code, says);
    assert!(listing(place) == before, "{words:?} changed {:?} to {:?}", before.0, entries(place.path()));
}

#[test]
fn wrong_requests_touch_nothing() {
    let place = Place::new();
    let (web, vlan) = (testdata("web/capture.pcap"), testdata("vlan/capture.pcap"));
    place.ingest("case", &[&web]);
    place.file("file", b"in the way");
    for case in ["new", "case"] {
        assert_untouched(&place, &["ingest", case, &vlan, "--filter", "prt 80"], 2, "filter `prt 80`");
        assert_untouched(&place, &["ingest", case, &vlan, "--template", "%Z"], 2, "template `%Z`");
        assert_untouched(&place, &["ingest", case, &vlan, "--template", "/etc/%A"], 2, "template `/etc/%A`");
        assert_untouched(&place, &["ingest", case, &vlan, "--workers", "no"], 2, "error: ");
        assert_untouched(&place, &["ingest", case], 2, "CAPTURE");
    }
    assert_untouched(&place, &["ingest", "file", &web], 3, "`file`");
    assert_untouched(&place, &["ingest", "file/case", &web], 3, "`file/case`");
    fs::create_dir(place.path().join("mine")).unwrap();
    fs::write(place.path().join("mine/letter"), "mine").unwrap();
    assert_untouched(&place, &["ingest", "mine", &web], 3, "`mine` is not empty and not a case");
    assert_eq!(entries(&place.path().join("mine")), ["letter"]);
}

#[test]
fn settings_of_a_case_are_not_changed() {
    let place = Place::new();
    place.ingest("case", &[testdata("web/capture.pcap")]);
    let (vlan, before) = (testdata("vlan/capture.pcap"), place.contents("case"));
    let others = [
        ["--overlap", "last"],
        ["--max-jump", "1M"],
        ["--max-bytes", "1M"],
        ["--template", "%A/%B%c"],
        ["--hash", "md5"],
    ];
    for [option, value] in others {
        let output = place.run(&["ingest", "case", &vlan, option, value]);
        assert_fails(&output, 2, &format!("the case was made with {}", option[2..].replace('-', "_")));
        place.contents("case").assert_equals(&before, option);
    }
}

#[test]
fn what_is_no_case_of_this_program_is_left_alone() {
    let web = testdata("web/capture.pcap");
    let ruins: [(&str, &str); 3] = [
        ("PRAGMA user_version = 999", "newer"),
        ("PRAGMA application_id = 7", "not the index of a case"),
        ("DROP VIEW flows; DROP TABLE flow", ""),
    ];
    for (sql, says) in ruins {
        let place = Place::new();
        place.ingest("case", &[&web]);
        Connection::open(place.path().join("case/case.sqlite")).unwrap().execute_batch(sql).unwrap();
        let more = testdata("vlan/capture.pcap");
        let commands: [&[&str]; 4] =
            [&["ingest", "case", &more], &["flows", "case"], &["verify", "case"], &["report", "case", "csv"]];
        for words in commands {
            assert_untouched(&place, words, 3, says);
        }
    }
    let place = Place::new();
    fs::create_dir(place.path().join("case")).unwrap();
    let foreign = Connection::open(place.path().join("case/case.sqlite")).unwrap();
    foreign.execute_batch("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)").unwrap();
    drop(foreign);
    assert_untouched(&place, &["ingest", "case", &web], 3, "`case/case.sqlite`");
    place.file("case/case.sqlite", b"not a database, though long enough to be taken for one by its size alone");
    assert_untouched(&place, &["ingest", "case", &web], 3, "`case/case.sqlite`");
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let place = Place::new();
    place.ingest("case", &[testdata("web/capture.pcap")]);
    let before = entries(&place.path().join("case"));
    let mut command = Command::new(PROGRAM);
    command.current_dir(place.path()).args(["ingest", "case", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut first = command.spawn().unwrap();
    let bytes = fs::read(testdata("vlan/capture.pcap")).unwrap();
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(&bytes[..100]).unwrap();
    let words = ["ingest", "case", &testdata("ipv6/capture.pcap")];
    // it has taken the lock when it writes something beside the index
    let begun = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        entries(&place.path().join("case")).len() > before.len()
    });
    assert!(begun, "the first writer does not begin");
    assert_fails(&place.run(&words), 3, "`case` is being written by another program");
    assert!(place.stdout(&["connections", "case"]).lines().count() > 2);
    stdin.write_all(&bytes[100..]).unwrap();
    drop(stdin);
    let mut said = String::new();
    first.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0), "{said}");
    place.assert_whole("case");
}
