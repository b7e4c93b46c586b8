//! Law 4: the same captures make the same case, whatever the order in which they are given, and given again.

use fastrand::Rng;

use super::random::Sent;
use super::{capture, on_random_traffic};
use crate::support::{Place, stderr};

#[test]
fn captures_that_overlap_in_time_can_be_given_in_any_order() {
    on_random_traffic(|seed, store, sent| {
        let place = Place::of(store);
        let mut names = overlapping(&place, sent, seed);
        place.ingest("as_named", &names);
        let expected = place.contents("as_named");
        place.assert_whole("as_named");
        names.reverse();
        place.ingest("reversed", &names);
        place.contents("reversed").assert_equals(&expected, "reversed");
        names.rotate_left(1);
        place.ingest("rotated", &names);
        place.contents("rotated").assert_equals(&expected, "rotated");
    });
}

#[test]
fn captures_the_case_has_change_nothing() {
    on_random_traffic(|seed, store, sent| {
        let place = Place::of(store);
        let names = overlapping(&place, sent, seed);
        place.ingest("case", &names);
        let expected = place.contents("case");
        for again in [&names[..], &names[1..2], &[".".to_owned()]] {
            let output = place.ingest("case", again);
            assert!(stderr(&output).contains("in the case already"), "{}", stderr(&output));
            place.contents("case").assert_equals(&expected, "again");
        }
        place.assert_whole("case");
    });
}

#[test]
fn a_capture_given_twice_is_read_once() {
    on_random_traffic(|seed, store, sent| {
        let place = Place::of(store);
        let names = overlapping(&place, sent, seed);
        place.ingest("once", &names);
        place.ingest("twice", &[&names[..], &names[..2]].concat());
        place.contents("twice").assert_equals(&place.contents("once"), "twice");
    });
}

/// Three captures as of three taps at once: each sees some of the traffic, some frames are seen by two at the same time.
fn overlapping(place: &Place, sent: &[Sent], seed: u64) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let taps: Vec<(usize, usize)> = sent.iter().map(|_| (rng.usize(0..3), rng.usize(0..12))).collect();
    let seen_by = |tap: usize| {
        let seen = sent.iter().zip(&taps).filter(move |(_, (one, other))| *one == tap || *other == tap);
        seen.map(|(sent, _)| sent)
    };
    (0..3).map(|tap| capture(place, &format!("tap{tap}.pcap"), seen_by(tap))).collect()
}
