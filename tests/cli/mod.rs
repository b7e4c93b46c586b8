//! The program from outside: each command on a case made by hand.

mod case;
mod export;
mod ingest;
mod list;
mod read;
mod report;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// A directory with `case` in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        case::make(&place.path().join("case"));
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program in the directory.
    fn run(&self, words: &[&str]) -> Output {
        self.run_with(words, "")
    }

    fn run_with(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowcase"));
        command.current_dir(self.path()).args(words).write_stdin(stdin).output().unwrap()
    }

    /// Stdout of a command that must succeed.
    #[track_caller]
    fn stdout(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Exit code and stderr.
#[track_caller]
fn assert_fails(output: &Output, code: i32, says: &str) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(says), "{stderr}");
}

#[test]
fn every_command_refuses_what_is_no_case() {
    let place = Place::new();
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
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_flowcase");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n";
    let pipe = format!("{program} query case '{sql}' --format csv | head -1; echo ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").current_dir(place.path()).args(["-c", &pipe]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "i\n0\n");
    assert_eq!(stderr(&output), "");
}
