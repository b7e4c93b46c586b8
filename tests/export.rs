//! What `export` writes is, byte for byte, what the case holds: for twenty selections, files and manifest.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, assert_fails, entries, testdata};

const SELECTIONS: [&[&str]; 20] = [
    &[],
    &["--host", "192.168.1.10"],
    &["--host", "10.0.0.0/8"],
    &["--host", "2001:db8::/32"],
    &["--host", "127.0.0.1", "--host", "2001:db8::10"],
    &["--port", "80"],
    &["--port", "40000-50000"],
    &["--src", "10.0.0.1"],
    &["--dst", "10.0.0.1"],
    &["--src", "10.0.0.1", "--dst", "192.168.1.0/24"],
    &["--since", "2023-11-14T22:13:20.5Z"],
    &["--until", "2023-11-14T22:13:20.2Z"],
    &["--since", "2023-11-14", "--until", "2023-11-15"],
    &["--state", "SF"],
    &["--state", "S1"],
    &["--vlan", "100"],
    &["--min-bytes", "1000"],
    &["--where", "gap_bytes > 0"],
    &["--where", "side = 'orig' AND part = 0", "--port", "80"],
    &["--host", "203.0.113.1"],
];

#[test]
fn twenty_selections_come_out_as_they_are_in_the_case() {
    let place = Place::new();
    place.ingest("case", &[testdata("")]);
    let mut sizes = BTreeSet::new();
    for (i, selection) in SELECTIONS.iter().enumerate() {
        let out = format!("out{i}");
        let words = [&["export", "case", "--as", "files", "-o", &out], *selection].concat();
        place.stdout(&words);
        let paths = selected(&place, selection);
        assert_exported(&place, &place.path().join(&out), &paths);
        sizes.insert(paths.len());
        // a second time, nothing is overwritten
        let before = manifest(&place.path().join(&out));
        assert_fails(&place.run(&words), 2, "is there already");
        assert_eq!(manifest(&place.path().join(&out)), before);
    }
    assert!(sizes.len() > 6, "the selections differ: {sizes:?}");
    place.assert_whole("case");
}

#[test]
fn rows_come_out_with_a_digest_that_checks() {
    let place = Place::new();
    place.ingest("case", &[testdata("")]);
    for (i, selection) in SELECTIONS.iter().enumerate() {
        let out = format!("{i}.csv");
        place.stdout(&[&["export", "case", "--as", "csv", "-o", &out], *selection].concat());
        let listed = place.stdout(&[&["flows", "case", "--format", "csv"], *selection].concat());
        assert_eq!(fs::read_to_string(place.path().join(&out)).unwrap(), listed, "{selection:?}");
        assert_checks(place.path(), &format!("{out}.sha256"));
    }
}

/// Paths of the selected flows, as another command tells them.
fn selected(place: &Place, selection: &[&str]) -> BTreeSet<String> {
    let rows = place.stdout(&[&["flows", "case", "--format", "ndjson"], selection].concat());
    let path =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].as_str().map(str::to_owned);
    rows.lines().filter_map(path).collect()
}

fn assert_exported(place: &Place, out: &Path, paths: &BTreeSet<String>) {
    let listed: BTreeSet<String> = manifest(out).lines().map(|line| line[66..].to_owned()).collect();
    assert_eq!(&listed, paths);
    for path in paths {
        let [mine, theirs] = [place.path().join("case"), out.to_owned()].map(|root| root.join(path));
        assert!(fs::read(&mine).unwrap() == fs::read(&theirs).unwrap(), "{path}");
        assert_eq!(mine.metadata().unwrap().modified().unwrap(), theirs.metadata().unwrap().modified().unwrap());
    }
    assert_eq!(files_beneath(out), paths.len() + 1, "the files and the manifest, no more");
    if !paths.is_empty() {
        assert_checks(out, "SHA256SUMS");
    }
}

fn manifest(out: &Path) -> String {
    fs::read_to_string(out.join("SHA256SUMS")).unwrap()
}

fn files_beneath(directory: &Path) -> usize {
    let paths = entries(directory).into_iter().map(|name| directory.join(name));
    paths.map(|path| if path.is_dir() { files_beneath(&path) } else { 1 }).sum()
}

fn assert_checks(directory: &Path, manifest: &str) {
    let check = Command::new("sha256sum").args(["-c", "--strict", "--quiet", manifest]).current_dir(directory).output();
    let check = check.unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
