//! `export`.

use std::process::Command;

use super::case::{REQUEST, REQUEST_BYTES, RESPONSE, RESPONSE_BYTES};
use super::made_by_hand;
use crate::support::assert_fails;

#[test]
fn files_come_out_with_a_manifest() {
    let place = made_by_hand();
    let out = place.path().join("out");
    place.stdout(&["export", "case", "--as", "files", "-o", "out"]);
    assert_eq!(std::fs::read(out.join(REQUEST)).unwrap(), REQUEST_BYTES);
    assert_eq!(std::fs::read(out.join(RESPONSE)).unwrap(), RESPONSE_BYTES);
    let check = Command::new("sha256sum").args(["-c", "--strict", "SHA256SUMS"]).current_dir(&out).output().unwrap();
    assert!(check.status.success());
    assert_eq!(String::from_utf8_lossy(&check.stdout), format!("{REQUEST}: OK\n{RESPONSE}: OK\n"));
}

#[test]
fn nothing_is_overwritten_without_leave() {
    let place = made_by_hand();
    place.stdout(&["export", "case", "--as", "files", "-o", "out", "--src", "10.0.0.2"]);
    let mine = place.path().join("out").join(RESPONSE);
    std::fs::write(&mine, "mine").unwrap();
    assert_fails(&place.run(&["export", "case", "--as", "files", "-o", "out"]), 2, "is there already");
    assert!(!place.path().join("out").join(REQUEST).exists(), "nothing was written");
    place.stdout(&["export", "case", "--as", "files", "-o", "out", "--overwrite"]);
    assert_eq!(std::fs::read(&mine).unwrap(), RESPONSE_BYTES);
}

#[test]
fn a_changed_file_is_named() {
    let place = made_by_hand();
    std::fs::write(place.path().join("case").join(REQUEST), "changed").unwrap();
    assert_fails(&place.run(&["export", "case", "--as", "files", "-o", "out"]), 1, REQUEST);
}

#[test]
fn csv_comes_with_its_digest() {
    let place = made_by_hand();
    place.stdout(&["export", "case", "--as", "csv", "-o", "flows.csv", "--min-bytes", "1"]);
    let text = std::fs::read_to_string(place.path().join("flows.csv")).unwrap();
    assert_eq!(text.lines().count(), 3);
    let check = Command::new("sha256sum").args(["-c", "flows.csv.sha256"]).current_dir(place.path()).output().unwrap();
    assert!(check.status.success());
    assert_fails(&place.run(&["export", "case", "--as", "csv", "-o", "flows.csv"]), 2, "is there already");
}

#[test]
fn a_case_is_no_place_for_an_export() {
    let place = made_by_hand();
    for inside in ["case", "case/flows", "case/case.sqlite"] {
        let words = ["export", "case", "--as", "csv", "--overwrite", "-o", inside];
        assert_fails(&place.run(&words), 2, "lies within the case");
    }
    assert_fails(&place.run(&["report", "case", "csv", "-o", "case/case.sqlite"]), 2, "lies within the case");
    assert_eq!(place.run(&["verify", "case"]).status.code(), Some(0));
}
