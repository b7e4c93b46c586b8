//! The floor from outside: what a writer puts, readers see.

use std::collections::HashSet;
use std::time::Duration;

use super::fixture::*;
use super::*;
use crate::model::{Extent, FlowId};

fn rows(case: &Case, sql: &str) -> Vec<String> {
    let mut text = Text::default();
    assert_eq!(case.reader().query(sql, &QueryLimits::default(), &mut text).unwrap(), End::Complete);
    text.rows
}

#[track_caller]
fn check(case: &Case, sql: &str, expected: &[&str]) {
    assert_eq!(rows(case, sql), expected, "{sql}");
}

#[test]
fn views_show_what_was_put() {
    let case = Case::full();
    check(
        &case,
        "SELECT id, start_time, duration_ns, state, orig_bytes, gap_bytes, missing_tail_bytes, vlan, vlans, open FROM connections",
        &["1|1970-01-01T00:00:01.000000000Z|2000000000|SF|8|2|7|10|10/20|1"],
    );
    check(
        &case,
        "SELECT id, side, part, src_ip, src_port, dst_ip, path, length, stored_bytes, gap_bytes, isn, substr(sha256, 1, 4), md5, base, src_mac FROM flows ORDER BY id",
        &[
            "1|orig|0|10.0.0.1|1001|2001:db8::1|flows/1|10|8|2|4294967295|abab||-2|010203040506",
            "2|resp|0|2001:db8::1|80|10.0.0.1||0|0|0|4294967295||||010203040506",
        ],
    );
    check(&case, "SELECT * FROM gaps", &["1|4|2"]);
    check(&case, "SELECT * FROM skipped", &["1|not_ip|2|84"]);
    check(&case, "SELECT id, flow_id, kind, count, connection_id FROM anomalies", &["1||jump|2|", "2|1|jump|1|1"]);
    check(
        &case,
        "SELECT first_time, status, filter, stopped_at FROM captures",
        &["1969-12-31T23:59:59.999999999Z|truncated||99"],
    );
    check(
        &case,
        "SELECT time_ns / 1000000000, kind, detail FROM timeline WHERE kind <> 'anomaly' ORDER BY time_ns, kind",
        &[
            "0|capture begins|a.pcap",
            "1|connection begins|10.0.0.1 port 1001 to 2001:db8::1 port 80",
            "3|capture ends|a.pcap",
            "3|connection ends|SF ShADd",
            "9|conflict|2 bytes at offset 2: frame 1 kept, frame 9 lost",
        ],
    );
}

#[test]
fn columns_are_those_of_the_views_and_need_no_function_of_ours() {
    let case = Case::full();
    let plain = case.plain();
    for (view, columns) in columns::COLUMNS {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let mut text = Text::default();
        case.reader().query(&format!("SELECT * FROM {view}"), &QueryLimits::default(), &mut text).unwrap();
        assert_eq!(text.names, names.join("|"), "{view}");
        assert!(!text.rows.is_empty(), "{view}");
        if *view != "segments" {
            let mut statement = plain.prepare(&format!("SELECT * FROM {view}")).unwrap();
            let count = statement.query_map([], |_| Ok(())).unwrap().map(Result::unwrap).count();
            assert_eq!(count, text.rows.len(), "{view}");
        }
    }
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'view'";
    let views: i64 = plain.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(views + 1, columns::COLUMNS.len() as i64);
}

#[test]
fn segments_in_every_way_of_asking() {
    let case = Case::full();
    let expected = [
        "1|0|4|1|1|1000|1000000000|1970-01-01T00:00:01.000000000Z|64|good",
        "1|6|4|1|2|2000|2000000000|1970-01-01T00:00:02.000000000Z|64|good",
    ];
    check(&case, "SELECT * FROM segments", &expected);
    check(&case, "SELECT * FROM segments WHERE flow_id = 1", &expected);
    check(&case, "SELECT * FROM segments(1)", &expected);
    check(
        &case,
        "SELECT segments.* FROM flows JOIN segments ON segments.flow_id = flows.id WHERE src_port = 1001",
        &expected,
    );
    check(&case, "SELECT segments.* FROM flows, segments(flows.id)", &expected);
    for none in [
        "segments(2)",
        "segments(NULL)",
        "segments('x')",
        "segments WHERE flow_id = 7",
        "segments(1) WHERE flow_id = 2",
        "segments WHERE flow_id IN (2, 3)",
    ] {
        check(&case, &format!("SELECT * FROM {none}"), &[]);
    }
    check(&case, "SELECT count(*) FROM segments a JOIN segments b USING (flow_id)", &["4"]);
}

#[test]
fn functions() {
    let case = Case::full();
    std::fs::create_dir(case.dir.path().join("flows")).unwrap();
    std::fs::write(case.dir.path().join("flows/1"), b"0123\0\x006789 more").unwrap();
    check(&case, "SELECT payload(1), payload(2), payload(NULL)", &["0123\0\x006789||"]);
    check(
        &case,
        "SELECT in_subnet('10.1.2.3', '10.0.0.0/8'), in_subnet('11.1.2.3', '10.0.0.0/8'), in_subnet(NULL, '::/0')",
        &["1|0|"],
    );
    check(&case, "SELECT ip('9.0.0.0') < ip('10.0.0.0'), length(ip('::')), ip('x')", &["1|16|"]);
    check(
        &case,
        "SELECT iso(-1), ns('1970-01-01T00:00:02Z'), ns('x'), iso(NULL)",
        &["1969-12-31T23:59:59.999999999Z|2000000000||"],
    );
    std::fs::write(case.dir.path().join("flows/1"), b"short").unwrap();
    let failed = case.reader().query("SELECT payload(1)", &QueryLimits::default(), &mut Text::default());
    assert!(failed.unwrap_err().to_string().contains("5 bytes, where the index says 10"));
    std::fs::remove_file(case.dir.path().join("flows/1")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", case.dir.path().join("flows/1")).unwrap();
    assert!(case.reader().query("SELECT payload(1)", &QueryLimits::default(), &mut Text::default()).is_err());
}

#[test]
fn the_guard_refuses_everything_but_reading() {
    let case = Case::full();
    let before = std::fs::read(case.path()).unwrap();
    let reader = case.reader();
    for sql in [
        "DELETE FROM flow",
        "UPDATE capture SET path = ''",
        "INSERT INTO setting VALUES ('a', 'b')",
        "DROP VIEW flows",
        "CREATE TABLE t(a)",
        "CREATE TEMP TABLE t(a)",
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "ATTACH '/tmp/x.db' AS x",
        "DETACH main",
        "PRAGMA query_only = 0",
        "PRAGMA journal_mode",
        "SELECT * FROM pragma_table_info('flow')",
        "VACUUM",
        "VACUUM INTO '/tmp/x'",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "SELECT fts3_tokenizer('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT edit('x')",
        "SELECT 1; DELETE FROM flow",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "WITH a AS (SELECT 1) DELETE FROM flow",
        "EXPLAIN DELETE FROM flow",
        "ALTER TABLE flow RENAME TO f",
        "REPLACE INTO setting VALUES ('a', 'b')",
    ] {
        let end = reader.query(sql, &QueryLimits::default(), &mut Text::default());
        assert!(matches!(end, Err(Error::Refused(_) | Error::User(_))), "{sql}: {end:?}");
    }
    let ok = reader.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT i FROM n;",
        &QueryLimits::default(),
        &mut Text::default(),
    );
    assert_eq!(ok.unwrap(), End::Complete);
    drop(reader);
    assert_eq!(std::fs::read(case.path()).unwrap(), before);
}

#[test]
fn messages_about_sql_are_sqlites_own() {
    let case = Case::full();
    let reader = case.reader();
    let error = |sql: &str| reader.query(sql, &QueryLimits::default(), &mut Text::default()).unwrap_err().to_string();
    assert_eq!(error("SELECT nonsense"), "no such column: nonsense");
    assert_eq!(error("ATTACH 'x' AS y"), "other databases cannot be attached here");
    assert_eq!(error("SELECT 1; SELECT 2"), "one statement at a time");
    assert_eq!(error("DELETE FROM flow"), "this SQL writes; a case is only read");
}

#[test]
fn limits_of_rows_and_time() {
    let case = Case::full();
    let reader = case.reader();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut text = Text::default();
    let limits = QueryLimits { rows: Some(3), time: None };
    assert_eq!(reader.query(endless, &limits, &mut text).unwrap(), End::RowLimit);
    assert_eq!(text.rows, ["1", "2", "3"]);
    assert_eq!(reader.query("SELECT 1", &QueryLimits { rows: Some(1), time: None }, &mut text).unwrap(), End::Complete);
    let limits = QueryLimits { rows: None, time: Some(Duration::from_millis(20)) };
    let counting = format!("SELECT count(*) FROM ({endless})");
    assert_eq!(reader.query(&counting, &limits, &mut text).unwrap(), End::TimeLimit);
    assert_eq!(
        reader.query("SELECT 1", &QueryLimits::default(), &mut text).unwrap(),
        End::Complete,
        "the limit is gone"
    );
}

#[test]
fn selections() {
    let (case, mut writer) = Case::new();
    for row in [connection(1), flow(1), origin(1), connection(2), flow(2), origin(2)] {
        writer.put(row).unwrap();
    }
    writer.commit().unwrap();
    writer.finish().unwrap();
    let reader = case.reader();
    let ids = |what, selection: &Selection| -> String {
        let mut text = Text::default();
        reader.list(what, selection, None, &mut text).unwrap();
        text.rows.iter().map(|row| row.split('|').next().unwrap()).collect::<Vec<_>>().join(" ")
    };
    let check = |selection: Selection, connections: &str, flows: &str| {
        assert_eq!(
            (ids(Listing::Connections, &selection).as_str(), ids(Listing::Flows, &selection).as_str()),
            (connections, flows),
            "{selection:?}"
        );
    };
    let all = Selection::default;
    check(all(), "1 2", "1 2 3 4");
    check(Selection { host: vec!["10.0.0.0/8".parse().unwrap()], ..all() }, "1 2", "1 2 3 4");
    check(Selection { host: vec!["10.0.0.2".parse().unwrap()], ..all() }, "", "");
    check(Selection { port: vec![1002..=1003], ..all() }, "2", "3 4");
    check(Selection { port: vec![1001..=1001, 1002..=1002], ..all() }, "1 2", "1 2 3 4");
    check(Selection { src: vec!["10.0.0.1:1001".parse().unwrap()], ..all() }, "1", "1");
    check(Selection { dst: vec![":1001".parse().unwrap()], ..all() }, "", "2");
    check(Selection { since: at(4), ..all() }, "", "");
    check(Selection { since: at(3), until: at(1), ..all() }, "1 2", "2 4");
    check(Selection { state: vec!["sf".into()], vlan: vec![10], ..all() }, "1 2", "1 2 3 4");
    check(Selection { vlan: vec![1], ..all() }, "", "");
    check(Selection { min_bytes: Some(8), ..all() }, "1 2", "1 3");
    check(Selection { where_sql: Some("id = 1 OR id = 4 -- why".into()), port: vec![80..=80], ..all() }, "1", "1 4");
    let escape = Selection { where_sql: Some("0) OR (1".into()), ..all() };
    assert!(matches!(reader.list(Listing::Flows, &escape, None, &mut Text::default()), Err(Error::Refused(_))));
    let wrong = Selection { where_sql: Some("nonsense".into()), ..all() };
    assert!(matches!(reader.list(Listing::Flows, &wrong, None, &mut Text::default()), Err(Error::User(_))));
    let mut text = Text::default();
    reader.list(Listing::Flows, &all(), Some(1), &mut text).unwrap();
    assert_eq!(text.rows.len(), 1);
}

#[test]
fn typed_rows() {
    let case = Case::full();
    let reader = case.reader();
    let mut seen = Vec::new();
    reader
        .flows::<Error>(&Selection::default(), &mut |flow| {
            seen.push(flow);
            Ok(())
        })
        .unwrap();
    assert_eq!(seen.len(), 1, "only those with a file");
    assert_eq!(
        (seen[0].id, seen[0].src, seen[0].base, seen[0].digests.sha256),
        (1, endpoint("10.0.0.1:1001"), -2, Some([0xab; 32]))
    );
    assert_eq!(reader.flow(1).unwrap().as_ref(), seen.first());
    assert_eq!(reader.flow_by_path("flows/1").unwrap().as_ref(), seen.first());
    assert_eq!(reader.flows_of_connection(1).unwrap(), seen);
    assert_eq!(reader.flow(2).unwrap(), None);
    assert_eq!(reader.connection(1).unwrap().unwrap().flow_ids, [Some(1), Some(2)]);
    assert_eq!(reader.gaps(1).unwrap(), [(4, 2)]);
    let totals = reader.totals().unwrap();
    assert_eq!((totals.flows, totals.stored_bytes, totals.gap_bytes, totals.conflicts, totals.frames), (1, 8, 2, 1, 5));
    assert_eq!(totals.anomalies, [("jump".to_owned(), 3)]);
    assert_eq!(reader.captures().unwrap()[0].sha256.as_deref(), Some("01".repeat(32).as_str()));
    assert_eq!((reader.batch().unwrap(), reader.settings().unwrap().len()), (1, 2));
}

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
    assert_eq!(writer.dormant_hashes().unwrap(), HashSet::from([7, hash]));
    assert_eq!(writer.gaps_of("flows/2").unwrap(), [(4, 2)]);
    assert_eq!(writer.take_dormant(hash).unwrap(), [vec![1; 3], vec![2; 3]]);
    assert_eq!(writer.take_dormant(hash).unwrap(), Vec::<Vec<u8>>::new());
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
fn deferred_indexes_come_back() {
    let indexes = |case: &Case| -> u32 {
        case.plain()
            .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL", [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    let all = indexes(&Case::full());
    assert!(all > 10);
    let (case, mut writer) = Case::new();
    writer.defer_indexes().unwrap();
    everything().into_iter().for_each(|row| writer.put(row).unwrap());
    assert!(writer.path_taken("flows/1").unwrap());
    writer.commit().unwrap();
    assert_eq!(indexes(&case), 1, "only that of paths, which was needed");
    writer.finish().unwrap();
    assert_eq!(indexes(&case), all);
    let (case, mut writer) = Case::new();
    writer.defer_indexes().unwrap();
    drop(writer);
    drop(Writer::open(&case.path()).unwrap());
    assert_eq!(indexes(&case), all, "made by the next writer, if that one was killed");
}

#[test]
fn equality_uses_an_index() {
    let case = Case::full();
    let hash = "ab".repeat(32);
    for (condition, index) in [
        (format!("flows WHERE sha256 = '{hash}'"), "flow_sha256"),
        ("flows WHERE md5 = 'x'".into(), "flow_md5"),
        ("flows WHERE path = 'x'".into(), "flow_path"),
        ("flows WHERE connection_id = 1".into(), "flow_connection"),
        ("flows WHERE id = 2".into(), "connection_resp_flow"),
        ("connections WHERE orig_ip = 'x'".into(), "connection_orig_ip"),
        ("connections WHERE resp_port = 80".into(), "connection_resp_port"),
        ("connections WHERE start_ns > 5".into(), "connection_start_ns"),
        ("flows WHERE stored_bytes > 5".into(), "flow_stored_bytes"),
    ] {
        let plan = rows(&case, &format!("EXPLAIN QUERY PLAN SELECT * FROM {condition}")).join("\n");
        assert!(plan.contains(index), "{condition}:\n{plan}");
    }
    assert_eq!(rows(&case, &format!("SELECT id FROM flows WHERE sha256 = '{hash}'")), ["1"]);
}

#[test]
fn strange_files_are_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("case.sqlite");
    let case = Case::full();
    let ours = std::fs::read(case.path()).unwrap();
    let foreign = {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE t(a); PRAGMA user_version = 3").unwrap();
        drop(db);
        std::fs::read(&path).unwrap()
    };
    let changed = |at: usize, byte: u8| {
        let mut bytes = ours.clone();
        bytes[at] = byte;
        bytes
    };
    let mut scrambled = ours.clone();
    scrambled[100..4096].fill(0xee);
    let files: [(&str, Vec<u8>, fn(&Error) -> bool); 8] = [
        ("empty", vec![], |error| matches!(error, Error::NotACase { .. })),
        ("garbage", vec![7; 5000], |error| matches!(error, Error::NotACase { .. })),
        ("foreign", foreign, |error| matches!(error, Error::NotACase { .. })),
        ("newer", changed(63, 99), |error| matches!(error, Error::Newer { version: 99, .. })),
        ("cut", ours[..ours.len() - 4096].to_vec(), |error| matches!(error, Error::Damaged { .. })),
        ("only a header", ours[..100].to_vec(), |error| matches!(error, Error::Damaged { .. })),
        ("scrambled", scrambled, |error| matches!(error, Error::Damaged { .. })),
        ("wild page size", changed(17, 77), |error| matches!(error, Error::Damaged { .. })),
    ];
    for (name, bytes, expected) in files {
        std::fs::write(&path, &bytes).unwrap();
        for error in [Writer::open(&path).err(), Reader::open(&path, dir.path()).err()] {
            assert!(error.as_ref().is_some_and(expected), "{name}: {error:?}");
        }
        assert!(Writer::create(&path, &Default::default()).is_err(), "{name}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{name}: nothing beside it");
    }
}

#[test]
fn seals_see_every_column() {
    let case = Case::full();
    let pristine = std::fs::read(case.path()).unwrap();
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
    for table in cells::TABLES {
        for (i, column) in table.columns.split(", ").enumerate() {
            std::fs::write(case.path(), &pristine).unwrap();
            let db = case.plain();
            db.pragma_update(None, "ignore_check_constraints", true).unwrap();
            let kind: String = db
                .query_row(
                    "SELECT type FROM pragma_table_info(?1) WHERE name = trim(?2, '\"')",
                    (table.name, column),
                    |row| row.get(0),
                )
                .unwrap();
            let other = match kind.as_str() {
                "INTEGER" => format!("coalesce({column}, 0) + 100"),
                "TEXT" => format!("coalesce({column}, '') || 'x'"),
                _ => format!("CAST(coalesce({column}, '') || 'x' AS BLOB)"),
            };
            let sql = format!("UPDATE {} SET {column} = {other}", table.name);
            assert!(db.execute(&sql, []).unwrap() > 0, "{sql}");
            drop(db);
            let expected: &[&str] = if table.unsealed == Some(i) { &[] } else { &[table.name] };
            assert_eq!(case.reader().check_seals().unwrap(), expected, "{}.{column}", table.name);
        }
        std::fs::write(case.path(), &pristine).unwrap();
        case.plain().execute(&format!("DELETE FROM {}", table.name), []).unwrap();
        let seen = Reader::open(&case.path(), case.dir.path()).and_then(|reader| reader.check_seals());
        assert!(seen.map_or(true, |tables| tables == [table.name]), "{} emptied", table.name);
    }
}

#[test]
fn consistency_says_what_does_not_agree() {
    let case = Case::full();
    assert_eq!(case.reader().consistency().unwrap(), [""; 0]);
    for (sql, complaint) in [
        ("UPDATE capture SET used_frames = 4", "capture 1: 5 frames, but 4 used and 2 skipped"),
        ("UPDATE flow SET stored_bytes = 9", "flow 1: 10 bytes long, but 9 stored and 2 in gaps"),
        ("UPDATE flow SET connection_id = 4", "flow 1: its connection 4 is not there"),
        ("UPDATE extent SET data = x'ff'", "the extents of flow 1 are damaged"),
        ("DELETE FROM extent", "flow 1: 8 bytes stored, but the origin of 0 is known"),
        ("DELETE FROM flow", "gaps of flow 1: the flow is not there"),
    ] {
        let case = Case::full();
        case.plain().execute(sql, []).unwrap();
        let complaints = case.reader().consistency().unwrap();
        assert!(complaints.iter().any(|text| text == complaint), "{sql}: {complaints:?}");
    }
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

/// Two writers of the same rows in different orders seal the same.
#[test]
fn seals_do_not_depend_on_order() {
    let sums = |rows: Vec<Row>| {
        let (case, mut writer) = Case::new();
        rows.into_iter().for_each(|row| writer.put(row).unwrap());
        writer.commit().unwrap();
        writer.finish().unwrap();
        rows_of_seal(&case)
    };
    let ids: Vec<FlowId> = (1..20).collect();
    let backwards = ids.iter().rev().flat_map(|&id| [flow(id), connection(id)]).collect();
    assert_eq!(sums(ids.iter().flat_map(|&id| [connection(id), flow(id)]).collect()), sums(backwards));
}

fn rows_of_seal(case: &Case) -> Vec<String> {
    rows(case, "SELECT name, hex(sum) FROM seal ORDER BY name")
}
