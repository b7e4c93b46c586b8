//! A short run of what `fuzz/` runs for long: the committed corpora, frames and files of `testdata/`, and mutants of both.
//! `FLOWCASE_FUZZ=100000` makes more mutants of each target.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use fastrand::Rng;
use flowcase::capture::{Reader, Source};
use flowcase::model::Batch;

#[path = "fuzz/targets/mod.rs"]
mod targets;

use crate::support::{captures, files, testdata};

/// Longer seeds say no more, and take longer.
const LONGEST: usize = 4096;

#[test]
fn mutants_are_survived() {
    let mutants: u64 = std::env::var("FLOWCASE_FUZZ").map_or(3000, |count| count.parse().unwrap());
    for (name, run) in targets::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name}");
        seeds.iter().for_each(|seed| run(seed));
        let mut rng = Rng::with_seed(1);
        for number in 0..mutants {
            let mutant = mutant(&seeds, &mut rng);
            if catch_unwind(|| run(&mutant)).is_err() {
                panic!("{name}: mutant {number}: {mutant:02x?}");
            }
        }
    }
}

/// What a target begins with: its corpus; for the reader of captures those of `testdata/` too, for the decoder their frames.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut seeds: Vec<Vec<u8>> = files(&corpus).iter().map(|path| fs::read(path).unwrap()).collect();
    let captures = captures(Path::new(&testdata("")));
    let captures = captures.iter();
    match target {
        "capture" => seeds.extend(captures.map(|path| fs::read(path).unwrap()).filter(|bytes| bytes.len() <= LONGEST)),
        "decode" => seeds.extend(captures.filter_map(|path| frames(path))),
        _ => {}
    }
    seeds
}

/// The first frames of a capture, as the decoder's target takes them.
fn frames(capture: &Path) -> Option<Vec<u8>> {
    let (mut reader, mut batch) = (Reader::open(capture).ok()?, Batch::default());
    reader.fill(&mut batch).ok()?;
    let link = batch.frames.first()?.link;
    let place = targets::decode::links().iter().position(|known| *known == link)?;
    let mut seed = vec![place as u8, 0, 0];
    for data in batch.frames.iter().map(|frame| batch.data(frame)) {
        seed.extend((data.len() as u16).to_be_bytes());
        seed.extend(data);
    }
    seed.truncate(LONGEST);
    Some(seed)
}

/// A seed after a few accidents: bits turned, bytes set to extremes, pieces lost, repeated, or taken from another seed.
fn mutant(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[rng.usize(0..seeds.len())].clone();
    for _ in 0..rng.usize(1..6) {
        let (at, end) = (rng.usize(0..=bytes.len()), rng.usize(0..=bytes.len()));
        let piece = at.min(end)..at.max(end).min(at.min(end) + 64);
        match rng.u8(0..6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
            1 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.usize(0..5)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(piece)),
            4 => bytes.splice(at..at, bytes[piece].to_vec()).for_each(drop),
            _ => {
                let other = &seeds[rng.usize(0..seeds.len())];
                let from = rng.usize(0..=other.len());
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
        }
    }
    bytes
}
