//! What a capture says of itself, and what becomes of it where something goes wrong.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Listening, flows, wait_for};
use crate::support::{PROGRAM, Place, open, select};

/// Runs what root may do; false if it does not work here.
fn root_runs(line: &str) -> bool {
    let mut words = line.split(' ');
    let command = Command::new(words.next().unwrap()).args(words).stderr(Stdio::null()).status();
    command.is_ok_and(|status| status.success())
}

#[test]
fn it_says_how_it_goes() {
    let place = Place::new();
    let socket = UnixDatagram::bind(place.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let hear = || {
        let mut text = [0; 1000];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let address = place.path().join("notify");
    let starter = [("NOTIFY_SOCKET", address.to_str().unwrap()), ("WATCHDOG_USEC", "1000000")];
    let Some(listening) = Listening::begin_with(&place, &[], &starter) else { return };
    assert_eq!(hear(), "READY=1");
    listening.talk(b"ask", b"answer");
    let begun = Instant::now();
    while !hear().contains(" 2 flows") {
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    listening.signal(Signal::USR1);
    thread::sleep(Duration::from_millis(500));
    listening.signal(Signal::INT);
    let mut last = hear();
    while last.starts_with("WATCHDOG=1\nSTATUS=") {
        last = hear();
    }
    assert_eq!(last, "STOPPING=1");
    let (code, said) = listening.wait();
    assert_eq!(code, Some(0));
    let lines = said.lines().filter(|line| line.ends_with(", 0 lost, 2 flows")).count();
    assert_eq!(lines, 1, "SIGUSR1 asks once: {said}");
}

#[test]
fn an_interface_that_goes_ends_it() {
    let (ours, theirs) = (format!("fc{}a", std::process::id()), format!("fc{}b", std::process::id()));
    if !root_runs(&format!("ip link add {ours} type veth peer name {theirs}")) {
        return println!("skipped: no interface can be made here");
    }
    assert!(root_runs(&format!("ip link set {ours} up")) && root_runs(&format!("ip link set {theirs} up")));
    let place = Place::new();
    let words = ["capture", "case", "--as-root", "-i", &ours];
    let program = Command::new(PROGRAM).current_dir(place.path()).args(words).stderr(Stdio::piped()).spawn().unwrap();
    // it sends router solicitations by itself, at least
    thread::sleep(Duration::from_secs(6));
    assert!(root_runs(&format!("ip link del {ours}")));
    let ended = program.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("`{ours}`: truncated after ")), "{said}");
    place.assert_whole("case");
    let row =
        select(&open(&place.path().join("case")), "SELECT path, status, message IS NULL FROM captures ORDER BY id");
    assert_eq!(row, [format!("{ours}|truncated|0")]);
}

#[test]
fn a_full_disk_costs_what_was_not_committed() {
    let place = Place::new();
    let disk = place.path().join("case");
    std::fs::create_dir(&disk).unwrap();
    let disk = disk.to_str().unwrap();
    if !root_runs(&format!("mount -t tmpfs -o size=4M none {disk}")) {
        return println!("skipped: nothing can be mounted here");
    }
    // the mount goes with the test, whatever becomes of it
    let _mount = Unmount(disk.to_owned());
    let Some(listening) = Listening::begin(&place, &[]) else { return };
    listening.talk(b"one", b"two");
    wait_for(&place, 2);
    for _ in 0..4 {
        listening.talk(b"more", &vec![b'x'; 2 << 20]);
    }
    let (code, said) = listening.wait();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("No space left on device") || said.contains("full"), "{said}");
    assert_eq!(flows(&place).len(), 2, "what was committed is there");
    place.assert_whole("case");
    let run = "SELECT message FROM run ORDER BY id DESC LIMIT 1";
    let index = open(&place.path().join("case"));
    let why = select(&index, run).remove(0);
    assert!(said.contains(&why) && why != "NULL", "{why}");
    drop(index);
    // with more room the case goes on
    assert!(root_runs(&format!("mount -o remount,size=100M {disk}")));
    let Some(listening) = Listening::begin(&place, &[]) else { return };
    listening.talk(b"three", b"four!!!");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(listening.end(Signal::TERM), Some(0));
    assert_eq!(flows(&place).len(), 4);
    place.assert_whole("case");
}

/// Unmounts when dropped.
struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        root_runs(&format!("umount -l {}", self.0));
    }
}
