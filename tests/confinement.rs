//! What a process that reads what others sent cannot do, whatever it is made to run: a plug-in tries.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use crate::support::{Place, assert_fails, is_installed, is_root, open, select, stderr, testdata};

/// Tries what it should not do, and says what it came to.
const TRIES: &str = r#"
import os, signal, socket

def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return type(error).__name__

def scan(payload, flow):
    here = os.getcwd()
    tries = {
        "write beside": lambda: open(here + "/escaped", "w"),
        "write over": lambda: open(here + "/precious", "w"),
        "remove": lambda: os.remove(here + "/precious"),
        "move out": lambda: os.rename(here + "/case/case.sqlite", here + "/stolen"),
        "link": lambda: os.symlink("/etc/passwd", here + "/link"),
        "make a directory": lambda: os.mkdir(here + "/directory"),
        "write elsewhere": lambda: open("/tmp/flowcase_escaped_%d" % os.getpid(), "w"),
        "TCP": lambda: socket.create_connection(("127.0.0.1", 9)),
        "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "local": lambda: socket.socket(socket.AF_UNIX),
        "signal": lambda: os.kill(%OTHER%, 0),
        "read what is another's": lambda: open(here + "/secret").read(),
        "become root": lambda: os.setuid(0),
    }
    for name, what in tries.items():
        yield {"kind": name, "value": attempt(what)}
"#;
/// What only another user is kept from.
const BY_USER: [&str; 2] = ["read what is another's", "become root"];

fn place() -> Place {
    let place = Place::new();
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    write("tries.py", &TRIES.replace("%OTHER%", &std::process::id().to_string()));
    write("precious", "kept");
    write("secret", "told to nobody");
    fs::set_permissions(place.path().join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// What came of each attempt.
fn attempts(place: &Place) -> Vec<(String, String)> {
    let rows = select(&open(&place.path().join("case")), "SELECT DISTINCT kind, value FROM findings ORDER BY 1");
    rows.iter().map(|row| row.split_once('|').unwrap()).map(|(what, came)| (what.into(), came.into())).collect()
}

#[test]
fn a_plugin_writes_nowhere_and_opens_no_socket() {
    if !is_installed("python3") {
        return;
    }
    let place = place();
    let done = place.run(&["ingest", "case", &testdata("web"), "--python", "tries.py"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    if stderr(&done).contains("note: ") {
        return println!("skipped: {}", stderr(&done));
    }
    let attempts = attempts(&place);
    assert_eq!(attempts.len(), 13, "{attempts:?}");
    for (what, came) in attempts.iter().filter(|(what, _)| !BY_USER.contains(&what.as_str())) {
        assert_ne!(came, "done", "{what}");
    }
    assert_eq!(fs::read_to_string(place.path().join("precious")).unwrap(), "kept");
    place.assert_whole("case");
    // and it is confinement that keeps it
    let done = place.run(&["--unconfined", "scan", "case", "--python", "tries.py", "--again"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(place.path().join("escaped").exists());
    for file in fs::read_dir("/tmp").unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("flowcase_escaped_") {
            fs::remove_file(file.path()).unwrap();
        }
    }
}

#[test]
fn another_user_has_nothing_of_ours() {
    if !is_installed("python3") || !is_root() {
        return println!("skipped: only root becomes another user");
    }
    let place = place();
    let done = place.run(&["ingest", "case", &testdata("web"), "--python", "tries.py", "--user", "nobody"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for (what, came) in attempts(&place) {
        assert_ne!(came, "done", "{what}");
    }
    let owner = |path: &Path| std::os::unix::fs::MetadataExt::uid(&path.metadata().unwrap());
    assert_ne!(owner(&place.path().join("case/case.sqlite")), 0);
    assert_ne!(owner(&place.path().join("case")), 0, "the directory was given to the user");
}

#[test]
fn paths_are_those_beneath_the_new_root() {
    if !is_root() {
        return println!("skipped: only root changes the root");
    }
    let place = Place::new();
    let jail = place.path().join("jail");
    fs::create_dir(&jail).unwrap();
    chown(&jail, Some(65534), Some(65534)).unwrap();
    fs::copy(Path::new(&testdata("web")).join("capture.pcap"), jail.join("web.pcap")).unwrap();
    fs::set_permissions(jail.join("web.pcap"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let jail = jail.to_str().unwrap();
    let done = place.run(&["ingest", "/case", "/web.pcap", "--user", "nobody", "--chroot", jail]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(select(&open(&place.path().join("jail/case")), "SELECT count(*) FROM flows"), ["4"]);
}

#[test]
fn privileges_that_cannot_be_dropped_end_it() {
    let place = Place::new();
    let words = ["ingest", "case", &testdata("web"), "--user", "nobody_of_that_name"];
    assert_fails(&place.run(&words), 2, "nobody_of_that_name");
    assert_fails(&place.run(&["ingest", "case", &testdata("web"), "--chroot", "/"]), 2, "--user");
    assert!(!place.path().join("case").exists());
}

#[test]
fn root_does_not_take_a_network_apart_unless_told() {
    if !is_root() {
        return println!("skipped: this is not root");
    }
    let place = Place::new();
    assert_fails(&place.run(&["capture", "case", "-i", "lo", "--packets", "1"]), 2, "--as-root");
    assert!(!place.path().join("case").exists());
}
