//! Writing: transactions, conflicts, connections at rest, indexes.

use std::time::Duration;

use super::check;
use super::fixture::*;
use crate::index::*;
use crate::model::{Extent, Timestamp};

#[test]
fn a_conflict_is_split_by_the_frames_that_came_before_it() {
    let (case, mut writer) = Case::new();
    let replacement = Extent { replaces: true, ..extent(2, 2, 3) };
    for row in [
        connection(1),
        extents(1, &[extent(4, 4, 2), extent(0, 4, 1)]),
        extents(1, &[replacement]),
        extents(1, &[extent(8, 2, 4)]),
    ] {
        writer.put(row).unwrap();
    }
    writer.put(conflict(1, 1, "abcdef", false, 2)).unwrap();
    writer.commit().unwrap();
    writer.put(conflict(1, 1, "abcdefgh", true, 4)).unwrap();
    writer.put(conflict(1, 4, "x", false, 1)).unwrap();
    writer.put(flow(1)).unwrap();
    writer.commit().unwrap();
    writer.finish().unwrap();
    check(
        &case,
        "SELECT number, \"offset\" - 2, kept_frame, lost_frame, lost_bytes FROM conflicts ORDER BY number",
        &["0|1|1|9|abc", "1|4|2|9|def", "2|1|9|1|a", "3|2|9|3|bc", "4|4|9|2|defg", "5|8|9|4|h", "6|4|2|9|x"],
    );
}

#[test]
fn a_flood_of_conflicts_is_linear() {
    let (_case, mut writer) = Case::new();
    let list: Vec<Extent> = (0..20_000).map(|i| extent(i * 10, 10, i as u64 + 1)).collect();
    for part in list.chunks(500) {
        writer.put(extents(1, part)).unwrap();
    }
    let started = std::time::Instant::now();
    for i in 0..20_000 {
        writer.put(conflict(1, i * 10, "x", false, i as u64 + 1)).unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn rollback_leaves_no_trace_and_commit_counts() {
    let (case, mut writer) = Case::new();
    everything().into_iter().for_each(|row| writer.put(row).unwrap());
    writer.rollback().unwrap();
    writer.put(connection(5)).unwrap();
    writer.commit().unwrap();
    writer.put(connection(6)).unwrap();
    assert_eq!(writer.batch().unwrap(), 1);
    writer.finish().unwrap();
    check(&case, "SELECT id FROM connections", &["5"]);
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
}

#[test]
fn what_is_not_finished_is_rolled_back_by_the_next_writer() {
    let (case, mut writer) = Case::new();
    writer.put(connection(1)).unwrap();
    writer.commit().unwrap();
    writer.put(connection(2)).unwrap();
    drop(writer);
    let writer = Writer::open(&case.path()).unwrap();
    assert_eq!(writer.next_ids().unwrap(), (1, 2, 3));
    writer.finish().unwrap();
    let files: Vec<_> = std::fs::read_dir(case.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["case.sqlite"], "no log beside it");
}

#[test]
fn closed_connections_rest_until_a_later_frame_was_seen() {
    let (_case, mut writer) = Case::new();
    let Row::Connection(mut later) = connection(2) else { unreachable!("it is one") };
    let (_, last) = later.span.unwrap();
    for (id, until) in [(1, Some(last)), (2, None)] {
        writer.put(connection(id)).unwrap();
        writer
            .put(Row::Dormant(DormantRow {
                connection: id,
                tuple_hash: id,
                until,
                is_closed: until.is_some(),
                state: vec![],
            }))
            .unwrap();
    }
    writer.commit().unwrap();
    assert_eq!(writer.dormant_hashes(Hashes::default()).unwrap(), Hashes::from_iter([1, 2]));
    later.id = 3;
    later.span = Some((last, Timestamp(last.nanoseconds() + 1)));
    writer.put(Row::Connection(later)).unwrap();
    writer.commit().unwrap();
    assert_eq!(writer.dormant_hashes(Hashes::default()).unwrap(), Hashes::from_iter([2]));
}

/// One taken up is crossed out, and its row stays until most of it went.
#[test]
fn a_row_of_connections_at_rest_is_kept_while_half_of_it_is_left() {
    let (case, mut writer) = Case::new();
    (1..=100).for_each(|id| writer.put(dormant(id, id)).unwrap());
    writer
        .put_rows(&(101..=200).fold(Rows::new(), |mut rows, id| {
            rows.put(dormant(id, id)).unwrap();
            rows
        }))
        .unwrap();
    writer.commit().unwrap();
    let state = |id: u64| vec![vec![id as u8; 3]];
    let none = Vec::<Vec<u8>>::new();
    let rows = "SELECT (SELECT count(*) FROM dormant), (SELECT count(*) FROM dormant_taken)";
    for id in 101..=150 {
        assert_eq!(writer.take_dormant(id, None).unwrap(), state(id));
    }
    writer.commit().unwrap();
    check(&case, rows, &["101|1"]);
    writer.finish().unwrap();
    let mut writer = Writer::open(&case.path()).unwrap();
    let left =
        |writer: &mut Writer| -> Vec<u64> { writer.dormant().unwrap().iter().map(|one| one.connection).collect() };
    assert_eq!(left(&mut writer), (1..=100).chain(151..=200).collect::<Vec<u64>>());
    assert_eq!(writer.dormant_hashes(Hashes::default()).unwrap().len(), 150);
    assert_eq!(writer.take_dormant(150, None).unwrap(), none);
    assert_eq!(writer.take_dormant(151, None).unwrap(), state(151));
    writer.commit().unwrap();
    check(&case, rows, &["101|0"]);
    assert_eq!(writer.take_dormant(151, None).unwrap(), none);
    assert_eq!(writer.take_dormant(152, None).unwrap(), state(152));
    assert_eq!(writer.take_dormant(1, None).unwrap(), state(1));
    writer.commit().unwrap();
    check(&case, rows, &["100|1"]);
    writer.finish().unwrap();
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
}

#[test]
fn dormant_connections_are_taken_whole() {
    let (case, mut writer) = Case::new();
    let hash = u64::MAX - 1;
    for id in [2, 1, 3] {
        [connection(id), flow(id), origin(id), anomaly(Some((2 * id - 1, id)), 1)]
            .into_iter()
            .for_each(|row| writer.put(row).unwrap());
        writer.put(dormant(id, if id == 3 { 7 } else { hash })).unwrap();
    }
    writer.commit().unwrap();
    assert_eq!(writer.dormant_hashes(Hashes::default()).unwrap(), Hashes::from_iter([7, hash]));
    assert_eq!(writer.gaps_of("flows/2").unwrap(), [(4, 2)]);
    assert_eq!(writer.take_dormant(hash, None).unwrap(), [vec![1; 3], vec![2; 3]]);
    assert_eq!(writer.take_dormant(hash, None).unwrap(), Vec::<Vec<u8>>::new());
    assert!(!writer.path_taken("flows/2").unwrap() && writer.path_taken("flows/3").unwrap());
    writer.commit().unwrap();
    writer.finish().unwrap();
    let reader = case.reader();
    assert_eq!(reader.check_seals().unwrap(), [""; 0]);
    check(
        &case,
        "SELECT (SELECT group_concat(id) FROM connections), (SELECT count(*) FROM gaps), (SELECT count(*) FROM anomalies)",
        &["3|1|1"],
    );
    check(&case, "SELECT count(*) FROM extent", &["3"]);
}

/// Enough connections for several rows of them: some are taken up and go on, all others stay as they are.
#[test]
fn a_connection_goes_on_and_keeps_where_its_bytes_came_from() {
    let (case, mut writer) = Case::new();
    let whole = |id: u64| {
        let (Row::Flow(mut row), Row::Extents(_, chunk)) = (flow(id), origin(id)) else { unreachable!("they are") };
        row.extents = chunk;
        Row::Flow(row)
    };
    let state = |id: u64| vec![vec![id as u8; 3]];
    let mut rows = Rows::new();
    for id in 1..=300 {
        [connection(id), whole(id), dormant(id, id)].into_iter().for_each(|row| rows.put(row).unwrap());
    }
    writer.put_rows(&rows).unwrap();
    writer.commit().unwrap();
    check(&case, "SELECT count(*), (SELECT count(*) FROM extent) FROM dormant", &["3|0"]);
    assert_eq!(writer.take_dormant(7, None).unwrap(), state(7));
    assert_eq!(writer.take_dormant(7, None).unwrap(), [[0; 0]; 0]);
    [connection(7), flow(7), dormant(7, 7)].into_iter().for_each(|row| writer.put(row).unwrap());
    writer.commit().unwrap();
    assert_eq!(writer.dormant_hashes(Hashes::default()).unwrap().len(), 300);
    assert_eq!(writer.take_dormant(7, None).unwrap(), state(7));
    assert_eq!(writer.take_dormant(8, None).unwrap(), state(8));
    writer.rollback().unwrap();
    assert_eq!(writer.take_dormant(8, None).unwrap(), state(8), "it was not taken");
    [connection(8), flow(8)].into_iter().for_each(|row| writer.put(row).unwrap());
    writer.commit().unwrap();
    let left = writer.dormant_hashes(Hashes::default()).unwrap();
    assert!(!left.contains(&8));
    assert_eq!(writer.dormant_hashes(Hashes::from_iter([8])).unwrap(), left);
    assert_eq!(writer.take_dormant(150, None).unwrap(), state(150));
    writer.finish().unwrap();
    check(&case, "SELECT group_concat(flow_id) FROM extent", &["13,15"]);
    check(&case, "SELECT flow_id, count(*) FROM segments GROUP BY 1 HAVING count(*) <> 2", &[]);
    let reader = case.reader();
    assert_eq!(reader.check_seals().unwrap(), [""; 0]);
    assert_eq!(reader.consistency().unwrap(), [""; 0]);
}

#[test]
fn an_unreadable_capture_makes_room() {
    let (case, mut writer) = Case::new();
    let Row::Capture(readable) = capture(1) else { unreachable!() };
    let row = CaptureRow { id: 2, sha256: None, status: Status::Unreadable, ..*readable.clone() };
    writer.put(Row::Capture(readable)).unwrap();
    writer.put(Row::Capture(Box::new(row))).unwrap();
    writer.commit().unwrap();
    writer.replace_unreadable("a.pcap").unwrap();
    writer.commit().unwrap();
    assert_eq!(writer.stored_captures().unwrap().iter().map(|capture| capture.id).collect::<Vec<_>>(), [1]);
    writer.finish().unwrap();
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
}

#[test]
fn paths_are_indexed_when_many_are_asked_for() {
    let indexed = |case: &Case| {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'flow_path')";
        case.plain().query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap()
    };
    let case = Case::full();
    assert!(!indexed(&case));
    let mut writer = Writer::open(&case.path()).unwrap();
    writer.put(flow(3)).unwrap();
    assert!(writer.path_taken("flows/3").unwrap());
    writer.rollback().unwrap();
    assert!(!writer.path_taken("flows/3").unwrap() && writer.path_taken("flows/1").unwrap());
    [connection(3), flow(3), origin(3)].into_iter().for_each(|row| writer.put(row).unwrap());
    assert!(writer.path_taken("flows/3").unwrap());
    writer.commit().unwrap();
    writer.finish().unwrap();
    assert!(indexed(&case));
    assert_eq!(case.reader().consistency().unwrap(), [""; 0]);
}

#[test]
fn runs_are_outside_the_record() {
    let (case, mut writer) = Case::new();
    let id = writer.begin_run(5, "0.1", "flowcase ingest x").unwrap();
    writer.end_run(id, 6, 0.5, 0.25, 1 << 20).unwrap();
    let other = writer.begin_run(7, "0.1", "flowcase ingest y").unwrap();
    writer.finish().unwrap();
    let reader = case.reader();
    let runs = reader.runs().unwrap();
    assert_eq!((runs[0].id, runs[0].ended_ns, runs[0].peak_memory_bytes), (id, Some(6), Some(1 << 20)));
    assert_eq!((runs[1].id, runs[1].ended_ns), (other, None));
    assert_eq!((reader.batch().unwrap(), reader.check_seals().unwrap().len()), (0, 0));
}
