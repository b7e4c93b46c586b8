//! `verify` finds every change to what was recorded, and calls nothing else one.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use flowcase::store::Kind;
use rusqlite::Connection;

use crate::support::{Place, files, select, stderr, testdata};

/// A case with rows in every table: gaps, a conflict, anomalies, skipped frames, connections and fragments at rest.
fn made() -> (Place, PathBuf) {
    made_with(Kind::Files)
}

fn made_with(store: Kind) -> (Place, PathBuf) {
    let place = Place::of(store);
    let captures =
        ["web", "loss", "overlap_conflict", "jump", "damaged", "late_syn", "fragment_missing", "wifi_radiotap"];
    place.ingest("case", &captures.map(|name| testdata(&format!("{name}/capture.pcap"))));
    place.assert_whole("case");
    let case = place.path().join("case");
    (place, case)
}

/// The files beneath `flows/`, by size.
fn payload(directory: &Path) -> Vec<PathBuf> {
    let mut files = files(directory);
    files.sort_by_key(|path| path.metadata().unwrap().len());
    files
}

/// `verify` must exit with 1 and complain about this file.
#[track_caller]
fn assert_found(place: &Place, path: &str, what: &str) {
    let output = place.run(&["verify", "case"]);
    let faults = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{what}: {}", stderr(&output));
    assert!(faults.lines().any(|fault| fault.starts_with(path)), "{what}: {faults}");
}

fn flip_a_bit(path: &Path) {
    let (file, mut byte) = (fs::File::options().read(true).write(true).open(path).unwrap(), [0]);
    let middle = file.metadata().unwrap().len() / 2;
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 1], middle).unwrap();
}

fn cut_a_byte(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(path.metadata().unwrap().len() - 1).unwrap();
}

#[test]
fn changed_files_are_found() {
    type Change = fn(&Path);
    let changes: &[(&str, Change)] = &[
        ("a flipped bit", flip_a_bit),
        ("cut", cut_a_byte),
        ("grown", |path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_len(path.metadata().unwrap().len() + 1).unwrap();
        }),
        ("lost", |path| fs::remove_file(path).unwrap()),
        ("a link to its own bytes", |path| {
            let copy = path.ancestors().nth(4).unwrap().join("copy");
            fs::rename(path, &copy).unwrap();
            symlink(copy, path).unwrap();
        }),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let (place, case) = made();
        let path = payload(&case.join("flows")).pop().unwrap();
        change(&path);
        assert_found(&place, path.strip_prefix(&case).unwrap().to_str().unwrap(), what);
    }
}

/// The pack is named, and every flow that lies where it is broken.
#[test]
fn changed_packs_are_found() {
    type Change = fn(&Path);
    let changes: &[(&str, Change)] = &[
        ("a flipped bit", flip_a_bit),
        ("cut", cut_a_byte),
        ("lost", |path| fs::remove_file(path).unwrap()),
        ("a link to its own bytes", |path| {
            let copy = path.ancestors().nth(3).unwrap().join("copy");
            fs::rename(path, &copy).unwrap();
            symlink(copy, path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let (place, case) = made_with(Kind::Packed);
        change(&case.join("packs/1"));
        assert_found(&place, "packs/1: ", what);
        let paths = select(&crate::support::open(&case), "SELECT path FROM flow WHERE substr(pieces, 1, 1) = x'01'");
        assert!(paths.len() > 1);
        paths.iter().for_each(|path| assert_found(&place, &format!("{path}: cannot be read"), what));
    }
    let (place, case) = made_with(Kind::Packed);
    let file = fs::File::options().write(true).open(case.join("packs/1")).unwrap();
    file.set_len(file.metadata().unwrap().len() + 1).unwrap();
    assert_found(&place, "packs/1: ", "grown");
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    fs::write(case.join("packs/8"), "").unwrap();
    assert_found(&place, "packs/8: no pack of the case", "one too many");
    fs::remove_file(case.join("packs/8")).unwrap();
    fs::create_dir(case.join("flows")).unwrap();
    fs::write(case.join("flows/x"), "").unwrap();
    assert_found(&place, "flows/x: no flow of the case", "a file beside");
    fs::remove_dir_all(case.join("flows")).unwrap();
    place.assert_whole("case");
}

#[test]
fn files_too_many_are_found() {
    let (place, case) = made();
    let bin = payload(&case.join("flows")).pop().unwrap();
    let twin = format!("{}c9", bin.display());
    fs::copy(&bin, &twin).unwrap();
    assert_found(&place, twin.strip_prefix(case.to_str().unwrap()).unwrap().trim_start_matches('/'), "one too many");
    fs::remove_file(&twin).unwrap();
    symlink("nowhere", &twin).unwrap();
    assert_found(&place, "flows/", "a link too many");
    fs::remove_file(&twin).unwrap();
    place.assert_whole("case");
}

#[test]
fn bytes_in_a_gap_are_found_even_without_digests() {
    let place = Place::new();
    place.ingest("case", &[testdata("loss/capture.pcap"), "--hash".into(), "none".into()]);
    place.assert_whole("case");
    let path = payload(&place.path().join("case/flows")).pop().unwrap();
    fs::File::options().write(true).open(path).unwrap().write_all_at(b"x", 700).unwrap();
    assert_found(&place, "flows/", "a byte in a gap");
}

#[test]
fn changed_rows_are_found() {
    let changes = [
        "UPDATE connection SET history = 'S' WHERE id = 1",
        "UPDATE connection SET resp_port = resp_port + 1 WHERE id = 1",
        "UPDATE flow SET length = length + 1 WHERE id = 1",
        "UPDATE flow SET sha256 = zeroblob(32) WHERE id = 1",
        "UPDATE flow SET sha256 = NULL WHERE id = 1",
        "UPDATE flow SET path = path || 'c1' WHERE id = 1",
        "UPDATE flow SET start_ns = start_ns + 1 WHERE id = 1",
        "UPDATE extent SET data = cast(substr(data, 1, length(data) - 1) || x'7f' AS BLOB)",
        "UPDATE flow SET extents = cast(substr(extents, 1, length(extents) - 1) || x'7f' AS BLOB) WHERE id = 1",
        "UPDATE flow SET extents = NULL WHERE id = 1",
        "UPDATE flow SET path_key = path_key + 1 WHERE id = 1",
        "UPDATE connection SET bare = 3 - bare WHERE id = 1",
        "UPDATE connection SET rests = 1 - rests WHERE id = 1",
        "UPDATE ends SET data = zeroblob(length(data)) WHERE id = 1",
        "DELETE FROM ends",
        "UPDATE gap SET length = length - 1",
        "UPDATE conflict SET lost_bytes = zeroblob(length(lost_bytes))",
        "UPDATE anomaly SET detail = 'nothing'",
        "UPDATE capture SET used_frames = used_frames - 1 WHERE id = 1",
        "UPDATE capture SET sha256 = zeroblob(32) WHERE id = 1",
        "UPDATE skip SET reason = 'filtered' WHERE reason = 'not_tcp'",
        "UPDATE setting SET value = 'last' WHERE name = 'overlap'",
        "UPDATE dormant SET state = zeroblob(length(state))",
        "UPDATE dormant SET hashes = zeroblob(length(hashes))",
        "UPDATE batch SET number = number + 1",
        "UPDATE batch SET last_ns = last_ns + 1",
        "DELETE FROM conflict",
        "DELETE FROM flow WHERE id = 1",
        "DELETE FROM connection WHERE id = 1",
        "DELETE FROM skip",
        "INSERT INTO skip VALUES (1, 'malformed', -1, 1, 60)",
        "INSERT INTO gap SELECT flow_id, \"offset\" + length, 1 FROM gap LIMIT 1",
        "UPDATE seal SET sum = zeroblob(16) WHERE name = 'flow'",
    ];
    assert_all_found(Kind::Files, &changes);
}

#[test]
fn changed_rows_about_packs_are_found() {
    let changes = [
        "UPDATE flow SET pieces = NULL WHERE id = 1",
        "UPDATE flow SET pieces = x'00ff' WHERE id = 1",
        "UPDATE flow SET pieces = (SELECT pieces FROM flow WHERE id = 2) WHERE id = 1",
        "UPDATE pack_frame SET length = length - 1 WHERE number = 0",
        "UPDATE pack_frame SET stored_bytes = stored_bytes + 1 WHERE number = 0",
        "UPDATE pack_frame SET \"offset\" = \"offset\" + 1 WHERE number = 0",
        "UPDATE pack_frame SET length = 1 << 60 WHERE number = 0",
        "UPDATE pack_frame SET pack = pack + 8",
        "DELETE FROM pack_frame",
        "INSERT INTO pack_frame SELECT pack, number + 1000, \"offset\" + stored_bytes, 1, 1 FROM pack_frame",
    ];
    assert_all_found(Kind::Packed, &changes);
}

#[track_caller]
fn assert_all_found(store: Kind, changes: &[&str]) {
    let (place, case) = made_with(store);
    let index = case.join("case.sqlite");
    let sound = fs::read(&index).unwrap();
    for sql in changes {
        let changed = Connection::open(&index).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql}");
        assert_found(&place, "", sql);
        fs::write(&index, &sound).unwrap();
    }
    place.assert_whole("case");
}

/// Every table but those that say when and where has a seal.
#[test]
fn every_table_is_sealed() {
    let (place, case) = made();
    // of two that go on, in one row, only one does
    let open = ["reorder/capture.pcap", "spans_two_captures/first.pcap"].map(testdata);
    place.run(&["ingest", "case", "--workers", "1", &open[0], &open[1]]);
    place.run(&["scan", "case"]);
    place.ingest("case", &[testdata("spans_two_captures/second.pcap.zst")]);
    let index = crate::support::open(&case);
    let tables = select(&index, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let mut sealed = select(&index, "SELECT name FROM seal");
    sealed.extend(["run".to_owned(), "seal".to_owned()]);
    sealed.sort();
    assert_eq!(tables, sealed);
    let (_packed, packed) = made_with(Kind::Packed);
    let packed = crate::support::open(&packed);
    // only cases of interfaces have rows in `continued`: see `capture::rolling`
    for table in tables.into_iter().filter(|table| table != "continued") {
        let index = if table == "pack_frame" { &packed } else { &index };
        assert_ne!(select(index, &format!("SELECT count(*) FROM {table}")), ["0"], "{table} is empty here");
    }
}

#[test]
fn damaged_pages_of_the_index_are_found() {
    let (place, case) = made();
    let index = case.join("case.sqlite");
    // without free pages, whose content is nothing
    Connection::open(&index).unwrap().execute_batch("VACUUM").unwrap();
    let sound = fs::read(&index).unwrap();
    let size = usize::from(u16::from_be_bytes([sound[16], sound[17]]));
    for page in 1..sound.len() / size {
        let mut damaged = sound.clone();
        damaged[page * size..(page + 1) * size].fill(0xa5);
        fs::write(&index, damaged).unwrap();
        let output = place.run(&["verify", "case"]);
        assert!(matches!(output.status.code(), Some(1 | 3)), "page {page}: {:?}", output.status);
    }
}

#[test]
fn what_is_no_change_is_none() {
    let (place, case) = made();
    let copied = Command::new("cp").current_dir(place.path()).args(["-a", "case", "copy"]).status().unwrap();
    assert!(copied.success());
    place.assert_whole("copy");
    for path in payload(&case.join("flows")) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
    place.assert_whole("case");
    ["dfxml", "csv", "json"].iter().for_each(|format| drop(place.stdout(&["report", "case", format])));
    place.assert_whole("case");
    let index = Connection::open(case.join("case.sqlite")).unwrap();
    index.execute_batch("UPDATE capture SET path = 'elsewhere'; UPDATE run SET started_ns = 0; VACUUM").unwrap();
    drop(index);
    place.assert_whole("case");
    fs::set_permissions(case.join("case.sqlite"), fs::Permissions::from_mode(0o444)).unwrap();
    payload(&case).iter().for_each(|path| fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap());
    fs::set_permissions(&case, fs::Permissions::from_mode(0o555)).unwrap();
    place.assert_whole("case");
    fs::set_permissions(&case, fs::Permissions::from_mode(0o755)).unwrap();
}
