//! The merge against a sort, on files of a few frames.

use proptest::prelude::*;

use super::super::fixtures::{PCAP, pcap};
use super::super::probe;
use super::*;

/// Captures as files, each a list of times in seconds; the frames' byte is the capture's number.
struct Files(tempfile::TempDir, Vec<PathBuf>);

fn files(captures: &[Vec<u32>]) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let write = |(i, times): (usize, &Vec<u32>)| {
        let path = dir.path().join(format!("{i:03}"));
        let name = [i as u8];
        let frames: Vec<(u32, u32, &[u8])> = times.iter().map(|time| (*time, 0, &name[..])).collect();
        std::fs::write(&path, pcap(&frames)).unwrap();
        path
    };
    let paths = captures.iter().enumerate().map(write).collect();
    Files(dir, paths)
}

fn planned(files: &Files) -> Vec<Planned> {
    plan(&files.1.iter().map(|path| probe(path)).collect::<Vec<_>>())
}

/// Frames as (capture, number), with the other steps between them.
fn steps(merge: Merge) -> Vec<String> {
    let mut out = Vec::new();
    for step in merge {
        match step {
            Step::Frames(batch, range) => {
                out.extend(batch.frames[range].iter().map(|frame| format!("{}.{}", batch.capture, frame.number)));
            }
            Step::Ended(ended) => {
                let Ended { capture, frames, stop, .. } = *ended;
                out.push(format!("end {capture} {frames}{}", if stop.is_some() { "!" } else { "" }));
            }
            Step::Quiet => out.push("quiet".to_owned()),
            Step::SoFar(_) | Step::Begun { .. } => panic!("files are planned, and end"),
        }
    }
    out
}

fn check(captures: &[Vec<u32>], expected: &str) {
    let files = files(captures);
    assert_eq!(steps(Merge::new(planned(&files))).join(" "), expected);
}

#[test]
fn one_after_the_other_is_quiet_between() {
    check(&[vec![5, 6], vec![1, 2]], "1.1 1.2 end 1 2 quiet 0.1 0.2 end 0 2");
    check(&[vec![1, 2], vec![2, 3]], "0.1 0.2 end 0 2 1.1 1.2 end 1 2");
}

#[test]
fn overlapping_ones_interleave() {
    check(&[vec![1, 4, 9], vec![2, 3, 5]], "0.1 1.1 1.2 0.2 1.3 end 1 3 0.3 end 0 3");
}

#[test]
fn time_running_backwards_stays_in_file_order() {
    check(&[vec![1, 8, 2], vec![3, 9]], "0.1 1.1 0.2 0.3 end 0 3 1.2 end 1 2");
}

#[test]
fn unreadable_and_empty_captures_end_at_once() {
    let files = files(&[vec![1], vec![]]);
    std::fs::write(&files.1[1], PCAP).unwrap();
    let paths = [files.1[0].clone(), files.1[1].clone(), files.0.path().join("absent"), files.0.path().join("text")];
    std::fs::write(&paths[3], "no capture").unwrap();
    let probes: Vec<Probe> = paths.iter().map(|path| probe(path)).collect();
    let mut out = steps(Merge::new(plan(&probes)));
    assert_eq!(out.split_off(3), ["0.1", "end 0 1"]);
    out.sort();
    assert_eq!(out, ["end 1 0", "end 2 0!", "end 3 0!"]);
    for step in Merge::new(plan(&probes)) {
        if let Step::Ended(ended) = step {
            let Ended { capture, identity, .. } = *ended;
            assert_eq!(identity.map(|identity| identity.sha256), file_sha256(&paths[capture]).ok());
        }
    }
}

#[test]
fn frames_without_time_take_that_of_the_one_before() {
    let simple = |data: &[u8]| [&[3, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0][..], data, &[0, 0, 0, 20, 0, 0, 0]].concat();
    let timed =
        |us: u8| [&[6, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, us][..], &[0; 11], &[32, 0, 0, 0]].concat();
    let section = [
        0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 28, 0, 0, 0,
    ];
    let interface = [1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0];
    let capture = [&section[..], &interface, &simple(b"a"), &timed(10), &simple(b"b"), &timed(30)].concat();
    let files = files(&[vec![], vec![0]]);
    std::fs::write(&files.1[0], capture).unwrap();
    std::fs::write(&files.1[1], pcap(&[(0, 5, b"c"), (0, 20, b"d")])).unwrap();
    assert_eq!(steps(Merge::new(planned(&files))).join(" "), "1.1 0.1 0.2 0.3 1.2 end 1 2 0.4 end 0 4");
    let ended = Merge::new(planned(&files)).find_map(|step| match step {
        Step::Ended(ended) if ended.capture == 0 => Some(ended),
        _ => None,
    });
    let Ended { first, last, .. } = *ended.unwrap();
    assert_eq!((first, last), (Some(Timestamp(10_000)), Some(Timestamp(30_000))));
}

#[test]
fn buffers_are_used_again() {
    let data = vec![7; 60_000];
    let frames: Vec<(u32, u32, &[u8])> = (0..100).map(|i| (i, 0, &data[..])).collect();
    let files = files(&[vec![]]);
    std::fs::write(&files.1[0], pcap(&frames)).unwrap();
    let mut places = std::collections::HashSet::new();
    for step in Merge::new(planned(&files)) {
        if let Step::Frames(batch, _) = step {
            places.insert(batch.bytes.as_ptr());
        }
    }
    assert!(places.len() <= 2, "{}", places.len());
}

proptest! {
    #[test]
    fn the_order_is_that_of_a_sort(captures in proptest::collection::vec(proptest::collection::vec(0..20u32, 0..8), 0..6), shuffle: u64) {
        let files = files(&captures);
        let mut plan = planned(&files);
        let order: Vec<usize> = plan.iter().map(|planned| planned.capture).collect();
        let mut naive: Vec<(u32, usize, usize)> = Vec::new();
        for (rank, capture) in order.iter().enumerate() {
            let mut key = 0;
            for (i, time) in captures[*capture].iter().enumerate() {
                key = key.max(*time);
                naive.push((key, rank, i + 1));
            }
        }
        naive.sort();
        let naive: Vec<String> = naive.iter().map(|(_, rank, number)| format!("{}.{number}", order[*rank])).collect();
        fastrand::Rng::with_seed(shuffle).shuffle(&mut plan);
        let mut merged = steps(Merge::new(plan));
        prop_assert_eq!(merged.iter().filter(|step| step.starts_with("end")).count(), captures.len());
        merged.retain(|step| step.contains('.'));
        prop_assert_eq!(merged, naive);
    }
}
