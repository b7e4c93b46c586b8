//! When connections settle or rest, where groups of captures are committed, and how many workers there are changes nothing
//! that is recorded.

use std::path::PathBuf;

use flowcase::ingest::{Options, Progress, ingest};
use flowcase::store::Kind;

use super::{capture, on_random_traffic};
use crate::load::Load;
use crate::support::{Place, entries, stderr};

#[test]
fn when_connections_rest_changes_nothing() {
    on_random_traffic(|_, store, sent| {
        let place = Place::of(store);
        let middle = sent.len() / 2;
        let captures = [capture(&place, "a.pcap", &sent[..middle]), capture(&place, "b.pcap", &sent[middle..])];
        let record = |idle: u64, case: &str, settle_after: u64, awake_flows: usize, group_bytes: u64| {
            let case = &format!("{case} {idle}");
            let paths: Vec<PathBuf> = captures.iter().map(|name| place.path().join(name)).collect();
            let (settle_after, group_bytes) = (Some(settle_after), Some(group_bytes));
            let (awake_flows, store) = (Some(awake_flows), Some(store));
            let idle = Some(idle);
            let options = Options { settle_after, awake_flows, group_bytes, store, idle, ..Options::default() };
            ingest(&place.path().join(case), &paths, &options, &mut Silent).unwrap();
            place.assert_whole(case);
            place.contents(case)
        };
        // 0: open connections are never over
        for idle in [0, 1] {
            let never = record(idle, "never", u64::MAX / 2, usize::MAX, u64::MAX);
            record(idle, "at once", 0, usize::MAX, u64::MAX).assert_equals(&never, "rest after no segment");
            record(idle, "asleep", u64::MAX / 2, 0, u64::MAX).assert_equals(&never, "flows sleep as soon as they may");
            record(idle, "soon", 7, 0, 0).assert_equals(&never, "rest after 7 segments, every group committed");
        }
    });
}

struct Silent;

impl Progress for Silent {
    fn total(&mut self, _: u64) {}
    fn at(&mut self, _: u64, _: u64) {}
    fn note(&mut self, _: &str) {}
}

/// More is open at once than so little memory holds: connections rest early, wake with their next segment, and nothing
/// but that is told of it.
#[test]
fn little_memory_changes_nothing() {
    let place = Place::new();
    let mut capture = Vec::new();
    Load::new("open", 8000).unwrap().write(1, &mut capture).unwrap();
    place.file("a.pcap", &capture);
    // the same again ten minutes later: every connection is heard of once more
    later(&mut capture, 600);
    place.file("b.pcap", &capture);
    place.ingest("much", &["a.pcap", "b.pcap"]);
    let words = ["ingest", "little", "a.pcap", "b.pcap", "--memory", "64M", "--workers", "1"];
    let output = place.run(&words);
    assert!(output.status.success(), "{}", stderr(&output));
    place.assert_whole("little");
    let mut little = place.contents("little");
    for view in ["anomalies", "timeline"] {
        let rows = little.rows.get_mut(view).unwrap();
        let told = rows.len();
        rows.retain(|row| !row.contains("memory_pressure"));
        assert_eq!(told, rows.len() + 1, "{view}");
    }
    little.assert_equals(&place.contents("much"), "--memory 64M");
}

/// Moves the frames of a little-endian pcap file.
fn later(capture: &mut [u8], seconds: u32) {
    let mut at = 24;
    while at < capture.len() {
        let field = |from: usize| u32::from_le_bytes(capture[at + from..][..4].try_into().unwrap());
        let (time, length) = (field(0) + seconds, field(8));
        capture[at..at + 4].copy_from_slice(&time.to_le_bytes());
        at += 16 + length as usize;
    }
}

/// The number of workers is nowhere to be seen: rows and files are the same, packs too.
#[test]
fn workers_change_nothing() {
    on_random_traffic(|_, store, sent| {
        let place = Place::of(store);
        let name = capture(&place, "a.pcap", sent);
        let record = |workers: usize| {
            let case = workers.to_string();
            let options = Options { workers: Some(workers), store: Some(store), ..Options::default() };
            ingest(&place.path().join(&case), &[place.path().join(&name)], &options, &mut Silent).unwrap();
            let root = place.path().join(&case);
            let packs = if store == Kind::Packed { entries(&root.join("packs")) } else { Vec::new() };
            let packs = packs.iter().map(|pack| std::fs::read(root.join("packs").join(pack)).unwrap());
            (place.contents(&case), packs.collect::<Vec<_>>())
        };
        let (alone, packs) = record(1);
        for workers in [2, 3, 8] {
            let (many, more_packs) = record(workers);
            many.assert_equals(&alone, &format!("{workers} workers"));
            assert!(more_packs == packs, "packs of {workers} workers");
        }
    });
}
