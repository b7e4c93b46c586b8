//! The built program over `testdata/`: every situation comes out as its two lists say.

use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::support::{Place, STORES, open, select, testdata};

#[test]
fn every_situation_comes_out_as_its_lists_say() {
    for (folder, store) in folders().into_iter().flat_map(|folder| STORES.map(|store| (folder.clone(), store))) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let place = Place::of(store);
        let listed = lines(&folder.join("captures.csv"));
        let captures: Vec<String> = listed.iter().map(|line| testdata(&format!("{name}/{}", cell(line, 0)))).collect();
        let code = place.ingest("case", &captures).status.code();
        let complete = listed.iter().all(|line| cell(line, 3) == "complete");
        assert_eq!(code, Some(i32::from(!complete)), "{name}");
        place.assert_whole("case");
        let case = place.path().join("case");
        assert_eq!(captures_of(&case), listed, "{name}");
        assert_eq!(flows_of(&case, &place.payload("case")), lines(&folder.join("expected.csv")), "{name}");
    }
}

#[test]
fn captures_ingested_one_after_the_other_are_one_conversation() {
    for (name, files) in [
        ("spans_two_captures", ["first.pcap", "second.pcap.zst"]),
        ("fragment_spans_two_captures", ["first.pcap", "second.pcap"]),
    ] {
        let both = files.map(|file| testdata(&format!("{name}/{file}")));
        for place in STORES.map(Place::of) {
            place.ingest("at_once", &both);
            both.iter().for_each(|capture| drop(place.ingest("in_turn", &[capture])));
            place.contents("in_turn").assert_equals(&place.contents("at_once"), name);
        }
    }
}

#[test]
fn a_directory_of_captures_is_walked() {
    let place = Place::new();
    place.ingest("case", &[testdata("")]);
    place.assert_whole("case");
    let listed: Vec<String> = folders().iter().flat_map(|folder| lines(&folder.join("captures.csv"))).collect();
    let sum = |column| listed.iter().map(|line| cell(line, column).parse::<u64>().unwrap()).sum::<u64>();
    let found = select(
        &open(&place.path().join("case")),
        "SELECT count(*), sum(frames), sum(used_frames), sum(frames - used_frames),
                (SELECT sum(frames) FROM skipped) FROM captures",
    );
    let (frames, used) = (sum(1), sum(2));
    assert_eq!(found, [format!("{}|{frames}|{used}|{}|{}", listed.len(), frames - used, frames - used)]);
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(testdata("")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() > 20);
    folders
}

/// The lines of a list, without its head.
fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect()
}

fn cell(line: &str, column: usize) -> &str {
    line.split(',').nth(column).unwrap()
}

/// As `captures.csv` lists them.
fn captures_of(case: &Path) -> Vec<String> {
    let sql =
        "SELECT path, frames, used_frames, status, (SELECT coalesce(sum(frames), 0) FROM skipped WHERE capture_id = id)
               FROM captures ORDER BY id";
    let line = |row: String| {
        let cells: Vec<&str> = row.split('|').collect();
        let file = cells[0].rsplit('/').next().unwrap();
        let [frames, used, skipped] = [1, 2, 4].map(|column| cells[column].parse::<u64>().unwrap());
        assert_eq!(frames, used + skipped, "{file}");
        format!("{file},{frames},{used},{}", cells[3])
    };
    select(&open(case), sql).into_iter().map(line).collect()
}

/// As `expected.csv` lists them, with the MD5 of what lies in the file.
fn flows_of(case: &Path, payload: &Path) -> Vec<String> {
    let sql = "SELECT path, length, gap_bytes FROM flows WHERE path IS NOT NULL ORDER BY id";
    let line = |row: String| {
        let cells: Vec<&str> = row.split('|').collect();
        let md5 = Md5::digest(fs::read(payload.join(cells[0])).unwrap());
        let md5: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = cells[0].rsplit('/').next().unwrap();
        format!("{name},{},{},{md5}", cells[1], cells[2])
    };
    select(&open(case), sql).into_iter().map(line).collect()
}
