//! A packed case is the same case: rows, bytes, holes, times and names are those of one that stores files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use flowcase::store::Kind;

use crate::laws::random::{Shape, traffic};
use crate::support::{Place, STORES, assert_fails, entries, testdata};
use crate::traffic::{Capture, Link};

#[test]
fn every_situation_is_exported_as_its_files() {
    for name in entries(Path::new(&testdata(""))) {
        let folder = testdata(&name);
        if Path::new(&folder).is_dir() {
            let [files, packed] = STORES.map(Place::of);
            assert_same_case(&files, &packed, &[&folder]);
        }
    }
}

#[test]
fn so_is_random_traffic_with_large_flows_and_holes() {
    let capture = random(3, Shape { conversations: 6, bytes: 900_000, segment: 1400, trouble: 30 });
    let places = STORES.map(Place::of);
    places.iter().for_each(|place| drop(place.file("a.pcap", &capture)));
    assert_same_case(&places[0], &places[1], &["a.pcap"]);
    let [files, packed] = places.map(|place| place.contents("case"));
    assert_eq!(packed.rows, files.rows);
}

fn random(seed: u64, shape: Shape) -> Vec<u8> {
    let frames = traffic(seed, shape).into_iter().map(|sent| sent.frame);
    Capture::on(Link::Ethernet).frames(frames).pcap()
}

#[track_caller]
fn assert_same_case(files: &Place, packed: &Place, captures: &[&str]) {
    let [of_files, of_packed] = [files, packed].map(|place| {
        let captures: Vec<&str> = captures.iter().copied().chain(["--hash", "sha256,md5,sha1,blake3"]).collect();
        place.ingest("case", &captures);
        place.assert_whole("case");
        place.stdout(&["export", "case", "--as", "files", "-o", "out"]);
        let mut found = BTreeMap::new();
        walk(&place.path().join("out"), "", &mut found);
        found
    });
    assert_eq!(of_packed, of_files, "{captures:?}");
    assert!(!packed.path().join("case/flows").exists());
    let sql = "SELECT id, hex(payload(id)) FROM flows";
    let read = |place: &Place| {
        let shown = place.stdout(&["query", "case", "SELECT id FROM connections", "--format", "csv"]);
        let shown = shown.lines().skip(1).map(|id| place.run(&["show", "case", id, "--hex"]).stdout);
        let ids = place.stdout(&["query", "case", "SELECT id FROM flows ORDER BY id", "--format", "csv"]);
        let cats = ids.lines().skip(1).map(|id| place.run(&["cat", "case", id]).stdout);
        let read: Vec<Vec<u8>> = shown.chain(cats).collect();
        (read, place.stdout(&["query", "case", sql, "--format", "csv"]))
    };
    assert!(read(packed) == read(files), "{captures:?}");
}

/// Bytes, time and (all but) blocks of every file.
type Exported = BTreeMap<String, (blake3::Hash, Option<SystemTime>, bool)>;

fn walk(root: &Path, beneath: &str, found: &mut Exported) {
    for name in entries(&root.join(beneath)) {
        let path = format!("{beneath}{name}");
        let (whole, data) = (root.join(&path), root.join(&path).metadata().unwrap());
        if data.is_dir() {
            walk(root, &format!("{path}/"), found);
            continue;
        }
        let time = (name != "SHA256SUMS").then(|| data.modified().unwrap());
        let sparse = data.blocks() * 512 + 65536 < data.len();
        found.insert(path, (blake3::hash(&fs::read(whole).unwrap()), time, sparse));
    }
}

#[test]
fn the_store_is_fixed_when_a_case_is_made() {
    for (store, other) in [("packed", "files"), ("files", "packed")] {
        let place = Place::new();
        place.ingest("case", &[&*testdata("web/capture.pcap"), "--store", store]);
        let words = ["ingest", "case", &testdata("loss/capture.pcap"), "--store", other];
        assert_fails(&place.run(&words), 2, &format!("the case was made with store `{store}`, not `{other}`"));
        place.ingest("case", &[testdata("loss/capture.pcap")]);
        place.assert_whole("case");
        let info = place.stdout(&["info", "case", "--format", "json"]);
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["store"]["kind"], store);
        assert!(info["store"]["disk_bytes"].as_u64().unwrap() > 0);
        assert!(place.stdout(&["info", "case"]).contains(&format!("  store           {store}, size on disk ")));
    }
}

/// Bytes behind the last frame that no writer left there are not written over; they are cut as those of a killed one.
#[test]
fn a_pack_that_grew_otherwise_is_not_gone_on_with() {
    let place = Place::of(Kind::Packed);
    // as many connections as make a frame in every pack
    let shape = Shape { conversations: 24, bytes: 400, segment: 100, trouble: 0 };
    place.file("first.pcap", &random(1, shape));
    place.file("second.pcap", &random(2, shape));
    place.ingest("case", &["first.pcap"]);
    let pack = place.path().join("case/packs/0");
    let sound = fs::read(&pack).unwrap();
    fs::write(&pack, [&sound[..], b"more"].concat()).unwrap();
    let output = place.run(&["ingest", "case", "second.pcap"]);
    assert_fails(&output, 3, "`packs/0`");
    assert_eq!(fs::read(&pack).unwrap(), sound);
    place.assert_whole("case");
    place.ingest("case", &["second.pcap"]);
    place.assert_whole("case");
}
