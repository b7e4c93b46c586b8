//! Holding: SQL of users, files that are not ours, rows that were changed.

use std::time::Duration;

use super::fixture::*;
use super::rows;
use crate::index::*;
use crate::model::FlowId;

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
    type Expected = fn(&Error) -> bool;
    let files: [(&str, Vec<u8>, Expected); 8] = [
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
