//! When closed connections are put to rest, and where groups of captures are committed, changes nothing that is recorded.

use std::path::PathBuf;

use flowcase::ingest::{Options, Progress, ingest};

use super::{capture, on_random_traffic};
use crate::support::Place;

#[test]
fn when_connections_rest_changes_nothing() {
    on_random_traffic(|_, store, sent| {
        let place = Place::of(store);
        let middle = sent.len() / 2;
        let captures = [capture(&place, "a.pcap", &sent[..middle]), capture(&place, "b.pcap", &sent[middle..])];
        let record = |case: &str, settle_after: u64, group_bytes: u64| {
            let paths: Vec<PathBuf> = captures.iter().map(|name| place.path().join(name)).collect();
            let (settle_after, group_bytes) = (Some(settle_after), Some(group_bytes));
            let options = Options { settle_after, group_bytes, store: Some(store), ..Options::default() };
            ingest(&place.path().join(case), &paths, &options, &mut Silent).unwrap();
            place.assert_whole(case);
            place.contents(case)
        };
        let never = record("never", u64::MAX / 2, u64::MAX);
        record("at once", 0, u64::MAX).assert_equals(&never, "rest after no segment");
        record("soon", 7, 0).assert_equals(&never, "rest after 7 segments, every group committed");
    });
}

struct Silent;

impl Progress for Silent {
    fn total(&mut self, _: u64) {}
    fn at(&mut self, _: u64, _: u64) {}
    fn note(&mut self, _: &str) {}
}
