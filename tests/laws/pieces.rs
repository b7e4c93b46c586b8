//! Law 3: a capture cut in pieces makes the same case, whether they are ingested at once or one after the other.

use fastrand::Rng;

use super::random::Sent;
use super::{capture, on_random_traffic};
use crate::support::{Contents, Place, assert_same, open, select};

/// What must not depend on how the traffic was laid into captures: all but numbers of captures and frames.
const OF_TRAFFIC: &[&str] = &[
    "SELECT * FROM connections",
    "SELECT * FROM flows",
    "SELECT * FROM gaps",
    "SELECT flow_id, \"offset\", length, lost_bytes, kept_ttl, kept_checksum, lost_ttl, lost_checksum, time, later_kept
     FROM conflicts",
    "SELECT flow_id, connection_id, kind, detail, time, count FROM anomalies ORDER BY time, flow_id, kind",
];

#[test]
fn pieces_ingested_in_turn_are_those_ingested_at_once() {
    on_random_traffic(|seed, store, sent| {
        for pieces in [2, 3, 7] {
            let place = Place::of(store);
            let names = cut(&place, sent, pieces, seed);
            place.ingest("at_once", &names);
            let at_once = place.contents("at_once");
            names.iter().for_each(|name| drop(place.ingest("in_turn", &[name])));
            place.contents("in_turn").assert_equals(&at_once, &format!("{pieces} in turn"));
            place.assert_whole("in_turn");
            let (some, others) = names.split_at(pieces / 2);
            place.ingest("in_two", some);
            place.ingest("in_two", others);
            place.contents("in_two").assert_equals(&at_once, &format!("{pieces} in two"));
        }
    });
}

#[test]
fn so_they_are_where_the_last_copy_wins() {
    on_random_traffic(|seed, store, sent| {
        let place = Place::of(store);
        let names = cut(&place, sent, 3, seed);
        let with = |names: &[String]| [names, &["--overlap".to_owned(), "last".to_owned()]].concat();
        place.ingest("at_once", &with(&names));
        names.chunks(1).for_each(|name| drop(place.ingest("in_turn", &with(name))));
        place.contents("in_turn").assert_equals(&place.contents("at_once"), "last copy wins");
        place.assert_whole("in_turn");
    });
}

#[test]
fn cutting_a_capture_changes_nothing_about_its_traffic() {
    on_random_traffic(|seed, store, sent| {
        let place = Place::of(store);
        place.ingest("whole", &[capture(&place, "whole.pcap", sent)]);
        cut(&place, sent, 5, seed).iter().for_each(|name| drop(place.ingest("in_turn", &[name])));
        let [whole, in_turn] = ["whole", "in_turn"].map(|case| of_traffic(&place, case));
        OF_TRAFFIC.iter().zip(in_turn.0.iter().zip(&whole.0)).for_each(|(sql, (a, b))| assert_same(a, b, sql));
        assert_eq!(in_turn.1.files, whole.1.files);
    });
}

fn of_traffic(place: &Place, case: &str) -> (Vec<Vec<String>>, Contents) {
    let index = open(&place.path().join(case));
    let mut rows: Vec<Vec<String>> = OF_TRAFFIC.iter().map(|sql| select(&index, sql)).collect();
    let sql = "SELECT flow_id, \"offset\", length, time_ns FROM segments ORDER BY 1, 2";
    let segments = place.stdout(&["query", case, sql, "--format", "csv"]);
    rows.push(segments.lines().map(str::to_owned).collect());
    (rows, place.contents(case))
}

/// Cuts the traffic at random moments; a piece may be empty of TCP, but not of frames.
fn cut(place: &Place, sent: &[Sent], pieces: usize, seed: u64) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let mut cuts: Vec<usize> = rng.choose_multiple(1..sent.len(), pieces - 1);
    cuts.sort();
    let (starts, ends) = ([&[0], &cuts[..]].concat(), [&cuts[..], &[sent.len()]].concat());
    let piece =
        |(i, (start, end)): (usize, (usize, usize))| capture(place, &format!("{pieces}-{i}.pcap"), &sent[start..end]);
    starts.into_iter().zip(ends).enumerate().map(piece).collect()
}
