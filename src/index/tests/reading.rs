//! Reading: views, typed rows, selections, functions, segments.

use super::fixture::*;
use super::{check, rows};
use crate::index::*;

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
    check(&case, "SELECT * FROM skipped", &["1|not_ip|2|84|"]);
    check(&case, "SELECT id, flow_id, kind, count, connection_id FROM anomalies", &["1||jump|2|", "2|1|jump|1|1"]);
    check(
        &case,
        "SELECT first_time, status, filter, stopped_at FROM captures",
        &["1969-12-31T23:59:59.999999999Z|truncated||99"],
    );
    check(
        &case,
        "SELECT time_ns / 1000000000, kind, detail FROM timeline WHERE kind NOT IN ('anomaly', 'tls') ORDER BY time_ns, kind",
        &[
            "0|capture begins|a.pcap",
            "1|connection begins|10.0.0.1 port 1001 to 2001:db8::1 port 80",
            "1|dns|lookup: it",
            "1|ftp|transfer: it",
            "1|http|transaction: it",
            "1|mail|mail: it",
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
fn equality_uses_an_index() {
    let case = Case::full();
    for (condition, indexes) in [
        ("flows WHERE connection_id = 1", &["flow_connection"][..]),
        ("flows WHERE id = 2", &["connection_orig_bare", "connection_resp_bare"]),
    ] {
        let plan = rows(&case, &format!("EXPLAIN QUERY PLAN SELECT * FROM {condition}")).join("\n");
        indexes.iter().for_each(|index| assert!(plan.contains(index), "{condition}:\n{plan}"));
    }
}

/// A selection by host or port reads no table through, nor sorts what it lists.
#[test]
fn selections_use_indexes() {
    let case = Case::full();
    let reader = case.reader();
    let host = || vec!["10.0.0.1".parse().unwrap()];
    let end = || vec!["10.0.0.1:1001".parse().unwrap()];
    for selection in [
        Selection { host: host(), ..Selection::default() },
        Selection { port: vec![1001..=1001], ..Selection::default() },
        Selection { src: end(), ..Selection::default() },
        Selection { dst: end(), ..Selection::default() },
        Selection { dst: vec![":80".parse().unwrap()], host: host(), ..Selection::default() },
    ] {
        for what in [Listing::Connections, Listing::Flows] {
            let plan = reader.plan(what, &selection).unwrap();
            assert!(!plan.iter().any(|step| is_scan(step)), "{selection:?} of {what:?}:\n{}", plan.join("\n"));
        }
    }
    for what in [Listing::Connections, Listing::Flows] {
        let plan = reader.plan(what, &Selection::default()).unwrap();
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{what:?}:\n{}", plan.join("\n"));
    }
}

/// Few are found by their numbers, many by reading all: the result is the same, and that of SQL over the view.
#[test]
fn selections_find_the_same_few_or_many() {
    let (case, mut writer) = Case::new();
    let mut rows = Rows::new();
    (1..=1000).for_each(|id| rows.put(connection(id)).unwrap());
    writer.put_rows(&rows).unwrap();
    writer.commit().unwrap();
    let reader = case.reader();
    for (port, condition) in [
        (1001..=1003, "1001 AND 1003"),
        (1500..=1563, "1500 AND 1563"),
        (1500..=1624, "1500 AND 1624"),
        (1500..=1699, "1500 AND 1699"),
        (1..=1000, "1 AND 1000"),
    ] {
        let selection =
            Selection { port: vec![port], host: vec!["10.0.0.0/24".parse().unwrap()], ..Selection::default() };
        let mut listed = Text::default();
        reader.list(Listing::Connections, &selection, None, &mut listed).unwrap();
        let sql =
            format!("SELECT * FROM connections WHERE orig_port BETWEEN {condition} OR resp_port BETWEEN {condition}");
        assert_eq!(listed.rows, rows_of(&reader, &sql), "{condition}");
        let sql = format!("SELECT * FROM flows WHERE src_port BETWEEN {condition} OR dst_port BETWEEN {condition}");
        let mut listed = Text::default();
        reader.list(Listing::Flows, &selection, None, &mut listed).unwrap();
        assert_eq!(listed.rows, rows_of(&reader, &format!("{sql} ORDER BY id")), "{condition}");
        assert!(!listed.rows.is_empty());
    }
}

fn rows_of(reader: &Reader, sql: &str) -> Vec<String> {
    let mut text = Text::default();
    reader.query(sql, &QueryLimits::default(), &mut text).unwrap();
    text.rows
}

fn is_scan(step: &str) -> bool {
    ["connection", "flow"]
        .iter()
        .any(|table| step == format!("SCAN {table}") || step.starts_with(&format!("SCAN {table} ")))
}

#[test]
fn a_reader_sees_the_last_commit_while_a_writer_works() {
    let (case, mut writer) = Case::new();
    writer.put(connection(1)).unwrap();
    writer.commit().unwrap();
    writer.put(connection(2)).unwrap();
    check(&case, "SELECT id FROM connections", &["1"]);
    writer.commit().unwrap();
    check(&case, "SELECT id FROM connections", &["1", "2"]);
}
