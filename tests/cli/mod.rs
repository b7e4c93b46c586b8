//! The program from outside: each command on a case made by hand.

mod case;
mod export;
mod ingest;
mod list;
mod read;
mod report;

use assert_cmd::Command;

use crate::support::{Place, assert_fails, stderr};

/// A directory with the case of [`case`] in it.
fn made_by_hand() -> Place {
    let place = Place::new();
    case::make(&place.path().join("case"));
    place
}

#[test]
fn every_command_refuses_what_is_no_case() {
    let place = made_by_hand();
    std::fs::create_dir(place.path().join("empty")).unwrap();
    let commands: [&[&str]; 9] = [
        &["info", "empty"],
        &["connections", "empty"],
        &["flows", "empty"],
        &["query", "empty", "SELECT 1"],
        &["cat", "empty", "1"],
        &["show", "empty", "1"],
        &["report", "empty", "dfxml"],
        &["export", "empty", "--as", "csv", "-o", "out"],
        &["verify", "empty"],
    ];
    for words in commands {
        let output = place.run(words);
        assert_fails(&output, 3, "error: `empty` is not a case");
        assert!(stderr(&output).contains("\nhint: "), "{words:?}");
    }
    assert_eq!(std::fs::read_dir(place.path().join("empty")).unwrap().count(), 0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = made_by_hand();
    let program = env!("CARGO_BIN_EXE_flowcase");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n";
    let pipe = format!("{program} query case '{sql}' --format csv | head -1; echo ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").current_dir(place.path()).args(["-c", &pipe]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "i\n0\n");
    assert_eq!(stderr(&output), "");
}
