//! `ingest`: what it says, and how it exits.

use crate::support::{Place, assert_fails, stderr, testdata};

#[test]
fn from_a_capture_to_its_bytes() {
    let place = Place::new();
    let output = place.run(&["ingest", "case", &testdata("web/capture.pcap")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty(), "talk goes to stderr");
    assert_eq!(place.run(&["verify", "case"]).status.code(), Some(0));
    let paths = place.stdout(&["query", "case", "SELECT path FROM flows WHERE length > 0", "--format", "csv"]);
    for path in paths.lines().skip(1) {
        let bytes = place.run(&["cat", "case", path]).stdout;
        assert_eq!(bytes, std::fs::read(place.path().join("case").join(path)).unwrap());
    }
    assert!(paths.lines().count() > 2);
}

#[test]
fn standard_input_is_a_capture_too() {
    let place = Place::new();
    let bytes = std::fs::read(testdata("web/capture.pcap")).unwrap();
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_flowcase"));
    command.current_dir(place.path()).args(["ingest", "case", "-"]).write_stdin(bytes).assert().code(0);
    let again = place.run(&["ingest", "case", &testdata("web/capture.pcap")]);
    assert_fails(&again, 0, "in the case already (complete), passed over");
}

#[test]
fn what_is_left_out_exits_1_and_is_said() {
    let place = Place::new();
    let output = place.run(&["ingest", "case", &testdata("web/capture.pcap"), "missing.pcap"]);
    assert_fails(&output, 1, "`missing.pcap`: unreadable: ");
    let output = place.run(&["ingest", "other", &testdata("truncated/capture.pcap")]);
    assert_fails(&output, 1, "truncated after ");
}

#[test]
fn what_cannot_be_done_leaves_nothing() {
    let place = Place::new();
    let web = testdata("web/capture.pcap");
    assert_fails(&place.run(&["ingest", "case", "missing.pcap"]), 3, "error: no capture could be read");
    assert_fails(&place.run(&["ingest", "case", &web, "--filter", "prt 80"]), 2, "error: ");
    assert_fails(&place.run(&["ingest", "case", &web, "--template", "../%A"]), 2, "error: template `../%A`");
    assert_fails(&place.run(&["ingest", "case", &web, "--hash", "none,md5"]), 2, "error: --hash none stands alone");
    assert_fails(&place.run(&["ingest", "case", &web, "--max-jump", "big"]), 2, "--max-jump");
    assert_fails(&place.run(&["ingest", "case", &web, "-"]), 2, "error: `-`");
    assert!(!place.path().join("case").exists());
}

#[test]
fn settings_are_fixed_when_the_case_is_made() {
    let place = Place::new();
    let made =
        place.run(&["ingest", "case", &testdata("web/capture.pcap"), "--hash", "md5,blake3", "--overlap", "last"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let other = ["ingest", "case", &testdata("vlan/capture.pcap"), "--hash", "sha256"];
    assert_fails(&place.run(&other), 2, "error: the case was made with hash ");
    let same = ["ingest", "case", &testdata("vlan/capture.pcap"), "--hash", "blake3,md5"];
    assert_eq!(place.run(&same).status.code(), Some(0));
    let digests =
        place.stdout(&["flows", "case", "--where", "md5 IS NOT NULL AND sha256 IS NULL", "--format", "ndjson"]);
    assert!(digests.lines().count() > 2);
}

#[test]
fn progress_to_a_file_comes_in_lines_if_asked_for() {
    let place = Place::new();
    let web = testdata("web/capture.pcap");
    assert!(stderr(&place.run(&["ingest", "one", &web, "--progress", "always"])).contains(" flows\n"));
    assert_eq!(stderr(&place.run(&["ingest", "two", &web])).lines().count(), 1);
}
