//! A second opinion on bodies: those that tshark exports and tcpflow extracts, where these are installed, are objects with the
//! same digest. `FLOWCASE_CAPTURES=DIRECTORY` asks them about every capture beneath; without, about some of `testdata/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::support::{Place, captures_in, captures_or, files, is_installed, open, select, testdata};

/// Where tshark or tcpflow has bodies that we have not, how many, and why each is right in its way.
const DIFFERENCES: &[(&str, &str, usize, &str)] = &[
    (
        "tcpflow",
        "http_bodies/capture.pcap",
        1,
        "takes what follows the answer to a HEAD for its body: it does not look at requests",
    ),
    ("tshark", "gz_truncated.pcap.gz", 7, "no HTTP: on port 80 tshark takes what any segment carries for a body"),
    ("tshark", "tcpflow-test1-one-packet.pcap", 1, "one segment of a body, without the head of the response"),
    (
        "tshark",
        "tcpflow-test5-lines-randomized2.pcap",
        1,
        "frames are out of order: tshark takes the first segment for a body; put in order it is part of one of 1590 bytes",
    ),
    (
        "tshark",
        "zeek-mixed-vlan-mpls.pcap",
        3,
        "HTTP/0.9, which has no heads: tshark takes each of three segments for a body",
    ),
];

/// Folders of `testdata/` in which HTTP is spoken.
const SPOKEN: [&str; 4] = ["web", "loss", "http_bodies", "http_lost"];

#[test]
fn bodies_that_tshark_exports_are_objects() {
    let export = |capture: &Path, into: &Path| {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(capture).args(["-q", "--export-objects"]).arg(format!("http,{}", into.display()));
        command.output().unwrap();
        files(into)
    };
    compare("tshark", 3, export);
}

#[test]
fn bodies_that_tcpflow_extracts_are_objects() {
    let extract = |capture: &Path, into: &Path| {
        let mut command = Command::new("tcpflow");
        command.current_dir(into).arg("-q").arg("-r").arg(capture).args(["-e", "http", "-o", "."]).output().unwrap();
        files(into).into_iter().filter(|path| name(path).contains("HTTPBODY")).collect()
    };
    compare("tcpflow", 2, extract);
}

/// Fails unless each body that the other program finds is an object, or the difference is explained; it has to find `least`.
fn compare(program: &str, least: usize, export: impl Fn(&Path, &Path) -> Vec<PathBuf>) {
    if !is_installed(program) {
        return;
    }
    let all = captures_or(|| captures_in(&SPOKEN));
    let (mut agreed, mut different) = (0, Vec::new());
    for capture in all.into_iter().map(|capture| capture.canonicalize().unwrap()) {
        let theirs = tempfile::tempdir().unwrap();
        let exported = export(&capture, theirs.path());
        let bodies: Vec<_> = exported.iter().filter(|path| fs::metadata(path).unwrap().len() > 0).collect();
        let ours = if bodies.is_empty() { BTreeSet::new() } else { objects(&capture) };
        let (same, missing): (Vec<_>, Vec<_>) = bodies.into_iter().partition(|path| ours.contains(&digest(path)));
        agreed += same.len();
        let known = |(by, of, ..): &&(&str, &str, usize, &str)| *by == program && capture.ends_with(of);
        if missing.len() != DIFFERENCES.iter().find(known).map_or(0, |(_, _, count, _)| *count) {
            let names: Vec<_> = missing.iter().map(|path| name(path)).collect();
            different.push(format!("{}: {} of {}: {names:?}", capture.display(), names.len(), exported.len()));
        }
    }
    println!("{agreed} bodies agree with {program}");
    let least = std::env::var("FLOWCASE_CAPTURES").map_or(least, |_| 0);
    assert!(different.is_empty() && agreed >= least, "{agreed} agree, not these:\n{}", different.join("\n"));
}

/// Digests of the objects of a capture.
fn objects(capture: &Path) -> BTreeSet<String> {
    let place = Place::new();
    place.ingest("case", &[capture.to_str().unwrap(), "--scan", "http"]);
    let sql = "SELECT sha256 FROM objects WHERE scanner = 'http'";
    select(&open(&place.path().join("case")), sql).into_iter().collect()
}

fn digest(path: &Path) -> String {
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn bodies_of_every_shape_are_objects() {
    let found = |folder: &str| {
        let place = Place::new();
        place.ingest("case", &[&testdata(folder), "--scan", "http"]);
        place.assert_whole("case");
        let sql = "SELECT name, said_type, size_bytes, complete FROM objects ORDER BY id";
        let index = open(&place.path().join("case"));
        let transactions =
            "SELECT method, uri, status, request_bytes, response_bytes, complete FROM http ORDER BY number";
        (select(&index, sql), select(&index, transactions))
    };
    let (objects, transactions) = found("http_bodies");
    assert_eq!(
        objects,
        [
            "ferries.html|text/html|279|1",
            "crew|multipart/form-data; boundary=tide|208|1",
            "crew|text/plain|5|1",
            "boat|NULL|9|1",
            "../../crew.csv|text/csv|24|1",
        ]
    );
    assert_eq!(
        transactions,
        ["GET|/ferries.html|200|0|107|1", "HEAD|/map.png|200|0|0|1", "GET|/none|204|0|0|1", "POST|/crew|201|208|5|1",]
    );
    let (objects, transactions) = found("http_lost");
    assert_eq!(objects, ["log.txt|text/plain|900|0", "log.txt|NULL|2|1"]);
    assert_eq!(transactions, ["GET|/log.txt|200|0|600|0", "GET|/log.txt|404|0|2|1"]);
}
