//! Captures and cases that take turns.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{Listening, expected, flows};
use crate::support::{Place, entries, open, select, stderr};

/// The cases in a directory, oldest first.
fn cases(place: &Place) -> Vec<String> {
    let names = entries(&place.path().join("case")).into_iter().filter(|name| name != "pcap");
    names.map(|name| format!("case/{name}")).collect()
}

fn index(place: &Place, case: &str) -> rusqlite::Connection {
    open(&place.path().join(case))
}

#[test]
fn frames_are_kept_where_the_case_says() {
    let place = Place::new();
    let options = ["--write-pcap", "pcap", "--rotate", "100K"];
    let Some(listening) = Listening::begin(&place, &options) else { return };
    let (ask, answer) = (b"tides?".repeat(10), b"spring ".repeat(50_000));
    for _ in 0..3 {
        listening.talk(&ask, &answer);
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(listening.end(Signal::INT), Some(0));
    place.assert_whole("case");
    let all = flows(&place);
    assert_eq!(all[5..], expected(&[&answer]));
    // every capture is the file that lies there
    let captures =
        select(&index(&place, "case"), "SELECT path, sha256, size_bytes, format, status FROM captures ORDER BY id");
    assert!(captures.len() >= 3, "{captures:?}");
    let again: Vec<&str> = captures.iter().map(|row| row.split('|').next().unwrap()).collect();
    for (row, path) in captures.iter().zip(&again) {
        let bytes = fs::read(place.path().join(path)).unwrap();
        assert_eq!(*row, format!("{path}|{}|{}|pcap|complete", super::sha256(&bytes), bytes.len()));
    }
    // and each byte is where it is said to be
    let segments = "SELECT c.path, file_position, s.length, hex(substr(payload(f.id), s.\"offset\" + 1, s.length))
        FROM flows f JOIN segments(f.id) s JOIN captures c ON c.id = s.capture_id WHERE f.length < 1000";
    let rows = place.stdout(&["query", "case", segments, "--format", "csv"]);
    assert_eq!(rows.lines().count(), 4);
    for row in rows.lines().skip(1) {
        let cells: Vec<&str> = row.trim().split(',').collect();
        let [at, length] = [1, 2].map(|cell: usize| cells[cell].parse::<usize>().unwrap());
        let bytes = fs::read(place.path().join(cells[0])).unwrap();
        let hex: String = bytes[at..at + length].iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, cells[3]);
    }
    // the captures are known, and say the same to another case
    let words: Vec<&str> = ["ingest", "case"].into_iter().chain(again.iter().copied()).collect();
    let known = place.run(&words);
    assert_eq!(stderr(&known).matches("in the case already").count(), again.len(), "{}", stderr(&known));
    place.ingest("other", &again);
    let same = "SELECT length, sha256 FROM flows ORDER BY id";
    assert_eq!(select(&index(&place, "other"), same), select(&index(&place, "case"), same));
}

#[test]
fn connections_go_on_in_the_next_case() {
    let place = Place::new();
    let Some(listening) = Listening::begin(&place, &["--roll", "1s"]) else { return };
    let mut client = TcpStream::connect(listening.server.local_addr().unwrap()).unwrap();
    let (mut server, _) = listening.server.accept().unwrap();
    for number in 0..8 {
        client.write_all(format!("ask {number}\n").as_bytes()).unwrap();
        server.read_exact(&mut [0; 6]).unwrap();
        server.write_all(format!("answer {number}\n").as_bytes()).unwrap();
        client.read_exact(&mut [0; 9]).unwrap();
        thread::sleep(Duration::from_millis(400));
    }
    drop((client, server));
    thread::sleep(Duration::from_millis(300));
    assert_eq!(listening.end(Signal::TERM), Some(0));
    let cases = cases(&place);
    assert!(cases.len() >= 3, "{cases:?}");
    let (mut asked, mut answered, mut earlier) = (String::new(), String::new(), None);
    for case in &cases {
        place.assert_whole(case);
        let index = index(&place, case);
        for (side, text) in [("orig", &mut asked), ("resp", &mut answered)] {
            for path in select(&index, &format!("SELECT path FROM flows WHERE side = '{side}' AND path IS NOT NULL")) {
                *text += &fs::read_to_string(place.path().join(case).join(path)).unwrap();
            }
        }
        // who opened it is known in each case, and where it was before
        let connections = select(&index, "SELECT count(*), sum(orig_port > 20000) FROM connections");
        if connections == ["0|NULL"] {
            continue;
        }
        assert_eq!(connections.len(), 1);
        let before = select(&index, "SELECT earlier_case, earlier_id FROM continued_connections");
        assert_eq!(before, earlier.into_iter().collect::<Vec<_>>(), "{case}");
        earlier = Some(format!("{}|1", PathBuf::from(case).file_name().unwrap().to_str().unwrap()));
    }
    let changed = rusqlite::Connection::open(place.path().join(&cases[1]).join("case.sqlite")).unwrap();
    assert_eq!(changed.execute("UPDATE continued SET earlier_id = 9", []).unwrap(), 1);
    drop(changed);
    assert_eq!(place.run(&["verify", &cases[1]]).status.code(), Some(1), "the table is sealed");
    let all = |word: &str| (0..8).map(|number| format!("{word} {number}\n")).collect::<String>();
    assert_eq!((asked, answered), (all("ask"), all("answer")));
}

#[test]
fn the_oldest_cases_go_where_there_is_too_much() {
    let place = Place::new();
    let options = ["--roll", "300K", "--keep", "2M", "--write-pcap", "case/pcap", "--store", "packed"];
    let Some(listening) = Listening::begin(&place, &options) else { return };
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(400_000).collect();
    for _ in 0..8 {
        listening.talk(b"more", &noise);
        thread::sleep(Duration::from_millis(300));
    }
    listening.signal(Signal::INT);
    let (code, said) = listening.wait();
    assert_eq!(code, Some(0));
    let removed: Vec<&str> = said.lines().filter(|line| line.starts_with("removed `")).collect();
    assert!(removed.len() >= 3, "{said}");
    let cases = cases(&place);
    assert!(!cases.is_empty());
    let mut kept = Vec::new();
    for case in &cases {
        assert!(!removed.iter().any(|line| line.contains(&format!("`{case}`"))), "{case}\n{said}");
        place.assert_whole(case);
        kept.extend(select(&index(&place, case), "SELECT path FROM captures WHERE format = 'pcap' ORDER BY id"));
    }
    // of the captures those are left that a case leads to
    let left: Vec<String> = entries(&place.path().join("case/pcap"));
    kept.sort();
    assert_eq!(left.iter().map(|name| format!("case/pcap/{name}")).collect::<Vec<_>>(), kept);
}
