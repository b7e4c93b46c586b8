//! Scanners over stored cases: what they find is the same whatever came in between.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flowcase::scan::SCANNERS;
use rusqlite::Connection;

use crate::support::{PROGRAM, Place, STORES, assert_fails, files, open, select, stderr, testdata};
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link};

/// What scanners found, and the files they extracted.
fn found(place: &Place, case: &str) -> (Vec<String>, Vec<String>) {
    let index = open(&place.path().join(case));
    let of = |view: &str| select(&index, &format!("SELECT * FROM {view} ORDER BY scanner, connection_id, number"));
    let rows =
        [of("findings"), select(&index, "SELECT * FROM objects ORDER BY id"), select(&index, "SELECT * FROM http")];
    let root = place.path().join(case);
    let mut names: Vec<String> = match root.join("objects").exists() {
        true => files(&root.join("objects"))
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().display().to_string())
            .collect(),
        false => Vec::new(),
    };
    names.sort();
    (rows.concat(), names)
}

/// Visits to a web server, `at once` of them at a time.
fn visits(count: usize, at_once: usize) -> Vec<Frame> {
    let mut frames: Vec<Frame> =
        (0..count).flat_map(|number| visit(number, (number / at_once) as i64 * 50_000_000)).collect();
    frames.sort_by_key(|frame| frame.time);
    frames
}

fn visit(number: usize, start: i64) -> Vec<Frame> {
    let client = format!("10.1.{}.{}:40000", number / 200, number % 200 + 1);
    let mut talk = Talk::new(&client, "10.9.9.9:8080", 1_700_000_000_000_000_000 + start).open();
    for page in 0..2 {
        let body = format!("<html><title>page {page} of {number}</title>{}</html>", "x".repeat(number * 37 % 3000));
        let ask = format!("GET /{number}/{page}.html HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\n\r\n");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
        talk = talk.says(Client, ask.as_bytes()).says(Server, (head + &body).as_bytes());
    }
    talk.close().frames()
}

fn write(place: &Place, name: &str, frames: &[Frame]) -> String {
    place.file(name, &Capture::on(Link::Ethernet).frames(frames.iter().cloned()).pcap())
}

fn scan(place: &Place, case: &str, words: &[&str]) {
    place.stdout(&[&["scan", case], words].concat());
}

#[test]
fn connections_that_went_on_are_scanned_again() {
    for store in STORES {
        let place = Place::of(store);
        let frames = visits(30, 6);
        let all = write(&place, "all.pcap", &frames);
        place.ingest("at once", &[all, "--scan".into(), "all".into()]);
        let expected = found(&place, "at once");
        assert!(expected.0.iter().any(|row| row.contains("shop.example")), "{:?}", expected.0);
        let (third, parts) = (frames.len() / 3, ["a.pcap", "b.pcap", "c.pcap"]);
        for (number, (name, part)) in parts.iter().zip(frames.chunks(third + 1)).enumerate() {
            let capture = write(&place, name, part);
            place.ingest("in parts", &[capture]);
            place.assert_whole("in parts");
            if number == 1 {
                assert_ne!(found(&place, "in parts"), expected);
            }
            scan(&place, "in parts", &["--workers", if number == 0 { "1" } else { "7" }]);
            place.assert_whole("in parts");
        }
        assert_eq!(found(&place, "in parts"), expected);
        scan(&place, "in parts", &["--again"]);
        assert_eq!(found(&place, "in parts"), expected);
    }
}

#[test]
fn scanners_can_be_run_one_by_one() {
    let place = Place::new();
    let all = write(&place, "all.pcap", &visits(300, 300));
    place.ingest("together", &[all.clone(), "--scan".into(), "all".into()]);
    place.ingest("one by one", &[all]);
    for entry in SCANNERS {
        scan(&place, "one by one", &["-e", entry.name]);
    }
    assert_eq!(found(&place, "one by one"), found(&place, "together"));
}

#[test]
fn a_scan_survives_being_killed() {
    let place = Place::new();
    let all = write(&place, "all.pcap", &visits(1500, 100));
    place.ingest("base", &[all]);
    copy(&place, "base", "undisturbed");
    let clock = Instant::now();
    scan(&place, "undisturbed", &[]);
    let (duration, expected) = (clock.elapsed(), found(&place, "undisturbed"));
    for round in 0..4u32 {
        let case = format!("killed {round}");
        copy(&place, "base", &case);
        let after = duration.mul_f64((f64::from(round) + fastrand::f64()) / 4.0);
        killed(&place, &case, after);
        place.assert_whole(&case);
        scan(&place, &case, &[]);
        place.assert_whole(&case);
        assert_eq!(found(&place, &case), expected, "killed after {after:?}");
    }
}

fn copy(place: &Place, from: &str, to: &str) {
    assert!(Command::new("cp").current_dir(place.path()).args(["-a", from, to]).status().unwrap().success());
}

fn killed(place: &Place, case: &str, after: Duration) {
    let mut command = Command::new(PROGRAM);
    let mut child = command.current_dir(place.path()).args(["scan", case]).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn changed_objects_are_found() {
    let place = Place::new();
    let capture = write(&place, "all.pcap", &visits(3, 1));
    place.ingest("case", &[capture, "--scan".into(), "all".into()]);
    let object = files(&place.path().join("case/objects")).pop().unwrap();
    let bytes = fs::read(&object).unwrap();
    let says = |what: &str| {
        let output = place.run(&["verify", "case"]);
        let faults = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(faults.starts_with("objects/") && faults.contains(what), "{what}: {faults}");
    };
    fs::write(&object, [&bytes[1..], b"!"].concat()).unwrap();
    says("sha256 differs");
    fs::write(&object, &bytes[1..]).unwrap();
    says("bytes long instead of");
    fs::remove_file(&object).unwrap();
    says("missing");
    fs::write(&object, &bytes).unwrap();
    fs::write(object.with_extension("other"), &bytes).unwrap();
    says("no object of the case");
}

#[test]
fn a_payload_that_cannot_be_read_is_an_anomaly() {
    let place = Place::new();
    place.ingest("case", &[testdata("web/capture.pcap")]);
    let flow = files(&place.path().join("case/flows")).pop().unwrap();
    fs::remove_file(flow).unwrap();
    let output = place.run(&["scan", "case"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let index = open(&place.path().join("case"));
    let failed = select(&index, "SELECT count(*) > 0 FROM anomalies WHERE kind = 'scan_failed' AND frame > 0");
    assert_eq!(failed, ["1"]);
    assert_ne!(select(&index, "SELECT count(*) FROM findings"), ["0"], "the others were scanned");
}

#[test]
fn a_scan_wants_a_case_that_nobody_writes() {
    let place = Place::new();
    assert_fails(&place.run(&["scan", "nowhere"]), 3, "not a case");
    place.ingest("case", &[testdata("web/capture.pcap")]);
    assert_fails(&place.run(&["scan", "case", "-x", &names()]), 2, "no scanner is left");
    assert_fails(&place.run(&["scan", "case", "-e", "nothing"]), 2, "nothing");
    let db = Connection::open(place.path().join("case/case.sqlite")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_fails(&place.run(&["scan", "case"]), 3, "written by another program");
}

fn names() -> String {
    SCANNERS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(",")
}
