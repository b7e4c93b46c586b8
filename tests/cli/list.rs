//! `connections`, `flows` and `query`.

use super::made_by_hand;
use crate::support::{assert_fails, stderr};

#[test]
fn a_table_shows_what_matters_and_the_rest_shows_everything() {
    let place = made_by_hand();
    let table = place.stdout(&["connections", "case"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("id  orig_ip   orig_port  resp_ip"), "{table}");
    assert!(lines[1].contains("10.0.0.1       5000  10.0.0.2         80"), "{table}");
    assert!(!table.contains("community_id"));
    assert!(place.stdout(&["connections", "case", "--format", "csv"]).starts_with("id,protocol,orig_ip,"));
    let json = place.stdout(&["flows", "case", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(rows[1]["gap_bytes"], 10);
    assert_eq!(rows[2]["path"], serde_json::Value::Null);
}

#[test]
fn selections_select() {
    let place = made_by_hand();
    let cases: [(&[&str], &[u64]); 8] = [
        (&[], &[1, 2, 3]),
        (&["--src", "10.0.0.1"], &[1]),
        (&["--host", "10.0.0.3", "--host", "10.0.0.1"], &[1, 2, 3]),
        (&["--port", "400-500"], &[3]),
        (&["--min-bytes", "19"], &[2]),
        (&["--state", "S0"], &[3]),
        (&["--where", "gap_bytes > 0"], &[2]),
        (&["--limit", "2"], &[1, 2]),
    ];
    for (options, expected) in cases {
        let words = [&["flows", "case", "--format", "ndjson"], options].concat();
        let found: Vec<u64> = place
            .stdout(&words)
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap())
            .collect();
        assert_eq!(found, expected, "{options:?}");
    }
}

#[test]
fn wrong_selections_are_usage() {
    let place = made_by_hand();
    assert_fails(&place.run(&["flows", "case", "--host", "nowhere"]), 2, "--host");
    assert_fails(&place.run(&["flows", "case", "--where", "no_such = 1"]), 2, "error: ");
    assert_fails(&place.run(&["flows", "case", "--where", "1) OR (1"]), 2, "error: ");
}

#[test]
fn queries_are_answered_from_arguments_and_stdin() {
    let place = made_by_hand();
    let sql = "SELECT id, path FROM flows WHERE id < 3; -- two\nSELECT x'00ff' AS data;";
    let output = place.run_with(&["query", "case", "-", "--format", "csv"], sql);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = format!("id,path\n1,{}\n2,{}\ndata\n00ff\n", super::case::REQUEST, super::case::RESPONSE);
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(place.stdout(&["query", "case", "SELECT x'00ff' AS data"]), "data\nX'00ff'\n");
    assert_eq!(place.run_with(&["query", "case", "--format", "csv"], sql).stdout, expected.as_bytes());
}

#[test]
fn queries_that_write_or_are_wrong_are_usage() {
    let place = made_by_hand();
    let before = std::fs::read(place.path().join("case/case.sqlite")).unwrap();
    for sql in ["DELETE FROM flow", "ATTACH 'x' AS y", "SELEC", "SELECT 1; SELECT 2", ""] {
        assert_fails(&place.run(&["query", "case", sql]), 2, "error: ");
    }
    assert_eq!(std::fs::read(place.path().join("case/case.sqlite")).unwrap(), before);
}

#[test]
fn limits_of_queries_exit_1() {
    let place = made_by_hand();
    let output = place.run(&["query", "case", "SELECT id FROM flows", "--max-rows", "2", "--format", "csv"]);
    assert_fails(&output, 1, "stopped at the row limit");
    assert_eq!(output.stdout, b"id\n1\n2\n");
    assert_eq!(place.run(&["query", "case", "SELECT id FROM flows", "--max-rows", "3"]).status.code(), Some(0));
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert_fails(&place.run(&["query", "case", endless, "--max-time", "0.2"]), 1, "stopped at the time limit");
}
