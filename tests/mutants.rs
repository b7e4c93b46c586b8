//! Damaged captures, each through the built program: it ends in time with a case that is whole, or with none, and writes
//! nowhere else. `FLOWCASE_MUTANTS=10000` makes more; `FLOWCASE_CAPTURES=DIRECTORY` takes the captures beneath it instead of
//! `testdata/`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;

use crate::support::{PROGRAM, Place, STORES, captures, open, select, stderr, testdata};

/// Longer captures take their time without being stranger.
const LONGEST: u64 = 256 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn mutants_of_captures_are_survived() {
    let count: u64 = std::env::var("FLOWCASE_MUTANTS").map_or(120, |count| count.parse().unwrap());
    let directory = std::env::var("FLOWCASE_CAPTURES").unwrap_or_else(|_| testdata(""));
    let captures = captures(Path::new(&directory));
    let captures = captures.iter().filter(|path| path.metadata().unwrap().len() <= LONGEST);
    let captures: Vec<Vec<u8>> = captures.map(|path| fs::read(path).unwrap()).collect();
    assert!(captures.len() > 20);
    for number in 0..count {
        let mut rng = Rng::with_seed(number);
        let mutant = mutant(&captures, &mut rng);
        let place = Place::of(STORES[number as usize % 2]);
        survives(&place, &mutant, number);
    }
}

fn survives(place: &Place, mutant: &[u8], number: u64) {
    place.file("mutant.pcap", mutant);
    let store = place.store().name();
    let udp: &[&str] = if number.is_multiple_of(3) { &["--udp"] } else { &[] };
    let mut command = assert_cmd::Command::new(PROGRAM);
    command
        .current_dir(place.path())
        .args(["ingest", "case", "mutant.pcap", "--memory", "64M", "--store", store])
        .args(udp);
    let output = command.timeout(PATIENCE).output().unwrap();
    let says = stderr(&output);
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1 | 3)) && !says.contains("panicked"), "mutant {number}: {code:?} {says}");
    let mut made: Vec<String> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    made.sort();
    if code == Some(3) {
        return assert_eq!(made, ["mutant.pcap"], "mutant {number}");
    }
    assert_eq!(made, ["case", "mutant.pcap"], "mutant {number}");
    place.assert_whole("case");
    let sums = "SELECT frames - used_frames - (SELECT coalesce(sum(frames), 0) FROM skipped) FROM captures";
    assert_eq!(select(&open(&place.path().join("case")), sums), ["0"], "mutant {number}");
}

/// A capture after a few accidents: bits turned, lengths at their extremes, a cut, a piece of another capture.
fn mutant(captures: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = captures[rng.usize(0..captures.len())].clone();
    for _ in 0..1 << rng.u32(0..6) {
        // the headers of file and first frames are hit as often as all the rest
        let reach = if rng.bool() { bytes.len().min(200) } else { bytes.len() };
        let at = rng.usize(0..=reach);
        match rng.u32(0..8) {
            0..=3 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
            4 if at + 2 <= bytes.len() => bytes[at..at + 2].fill([0, 0xff][rng.usize(0..2)]),
            5 if at + 4 <= bytes.len() => {
                let extreme: u32 = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 65535][rng.usize(0..6)];
                bytes[at..at + 4].copy_from_slice(&extreme.to_le_bytes());
            }
            6 if rng.u32(0..4) == 0 => bytes.truncate(at),
            7 if rng.u32(0..4) == 0 => {
                let other = &captures[rng.usize(0..captures.len())];
                let from = rng.usize(0..=other.len());
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            _ => {}
        }
    }
    bytes
}
