//! Capturing from interfaces, where that is allowed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{PROGRAM, Place, assert_fails, open, select};

mod ancestor;
mod rolling;
mod trouble;

/// A program that listens on the loopback interface for one port.
struct Listening {
    program: Child,
    server: TcpListener,
    /// What it says on stderr, once it has ended.
    said: JoinHandle<String>,
}

impl Listening {
    /// Begins, and waits until it listens; `None` where that is not allowed.
    fn begin(place: &Place, options: &[&str]) -> Option<Self> {
        Self::begin_with(place, options, &[])
    }

    /// The same in an environment.
    fn begin_with(place: &Place, options: &[&str], environment: &[(&str, &str)]) -> Option<Self> {
        let words: Vec<&str> =
            ["capture", "case", "--as-root", "-i", "lo"].into_iter().chain(options.iter().copied()).collect();
        Self::begin_as(place, &[&words[..], &["--filter"]].concat(), environment)
    }

    /// With these words; the filter comes behind them.
    fn begin_as(place: &Place, words: &[&str], environment: &[(&str, &str)]) -> Option<Self> {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let filter = format!("tcp port {}", server.local_addr().unwrap().port());
        let mut command = Command::new(PROGRAM);
        let command = command.current_dir(place.path()).args(words).arg(&filter).envs(environment.iter().copied());
        let mut program = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(program.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        if !line.starts_with("listening on lo") {
            println!("skipped: {line}");
            program.wait().unwrap();
            return None;
        }
        // read as it comes, so that nothing waits for it
        let said = thread::spawn(move || {
            let mut text = String::new();
            said.read_to_string(&mut text).unwrap();
            text
        });
        Some(Listening { program, server, said })
    }

    /// A client says a thing and a server another.
    fn talk(&self, asks: &[u8], answers: &[u8]) {
        let address = self.server.local_addr().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut client = TcpStream::connect(address).unwrap();
                client.write_all(asks).unwrap();
                let mut heard = Vec::new();
                client.read_to_end(&mut heard).unwrap();
                assert_eq!(heard, answers);
            });
            let (mut server, _) = self.server.accept().unwrap();
            server.read_exact(&mut vec![0; asks.len()]).unwrap();
            server.write_all(answers).unwrap();
        });
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.program), signal).unwrap();
    }

    fn end(self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.wait().0
    }

    /// Its exit code, and what it said.
    fn wait(mut self) -> (Option<i32>, String) {
        (self.program.wait().unwrap().code(), self.said.join().unwrap())
    }
}

/// SHA-256 and length of each flow, and how many bytes are missing.
fn flows(place: &Place) -> Vec<String> {
    select(&open(&place.path().join("case")), "SELECT length, gap_bytes, sha256 FROM flows ORDER BY length")
}

fn expected(payloads: &[&[u8]]) -> Vec<String> {
    payloads.iter().map(|payload| format!("{}|0|{}", payload.len(), sha256(payload))).collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until a commit has happened that knows of so many flows.
fn wait_for(place: &Place, count: usize) {
    let begun = Instant::now();
    while !place.path().join("case/case.sqlite").exists() || flows(place).len() < count {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was committed");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_heard_is_in_the_case() {
    let place = Place::new();
    let Some(listening) = Listening::begin(&place, &[]) else { return };
    let (ask, answer) = (b"tides?".repeat(10), b"spring ".repeat(100_000));
    listening.talk(&ask, &answer);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(listening.end(Signal::INT), Some(0), "a signal ends it orderly");
    assert_eq!(flows(&place), expected(&[&ask, &answer]));
    place.assert_whole("case");
    let rows = "SELECT path, format, status, frames = used_frames FROM captures ORDER BY id";
    assert_eq!(select(&open(&place.path().join("case")), rows), ["lo|live|complete|1"]);
}

#[test]
fn what_was_committed_is_there_after_a_kill() {
    let place = Place::new();
    let Some(listening) = Listening::begin(&place, &["--store", "packed"]) else { return };
    listening.talk(b"one", b"two");
    wait_for(&place, 2);
    listening.end(Signal::KILL);
    place.assert_whole("case");
    assert_eq!(flows(&place).len(), 2);
    let rows = "SELECT id, status, message FROM captures ORDER BY id";
    let index = || open(&place.path().join("case"));
    assert_eq!(select(&index(), rows), ["1|truncated|was still going on"]);
    // the case goes on
    let Some(listening) = Listening::begin(&place, &[]) else { return };
    listening.talk(b"three", b"four!!!");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(listening.end(Signal::TERM), Some(0));
    assert_eq!(flows(&place).len(), 4);
    assert_eq!(select(&index(), rows), ["1|truncated|was still going on", "2|complete|NULL"]);
    place.assert_whole("case");
}

/// Commits in between, and another run, change nothing about which names were given.
#[test]
fn no_name_is_given_twice() {
    let (place, mut known) = (Place::new(), 0);
    for signal in [Signal::KILL, Signal::INT] {
        let Some(listening) = Listening::begin(&place, &["--template", "both"]) else { return };
        for _ in 0..2 {
            (0..2).for_each(|_| listening.talk(b"one", b"two"));
            known += 4;
            wait_for(&place, known);
        }
        listening.end(signal);
    }
    let counts = (1..16).map(|count| format!("flows/bothc{count}"));
    let expected: Vec<String> = std::iter::once("flows/both".to_owned()).chain(counts).collect();
    assert_eq!(select(&open(&place.path().join("case")), "SELECT path FROM flows ORDER BY id"), expected);
    place.assert_whole("case");
}

#[test]
fn limits_end_it() {
    let place = Place::new();
    let Some(listening) = Listening::begin(&place, &["--packets", "5"]) else { return };
    listening.talk(b"ask", b"answer");
    assert_eq!(listening.wait().0, Some(0));
    assert_eq!(select(&open(&place.path().join("case")), "SELECT frames FROM captures"), ["5"]);
}

#[test]
fn interfaces_that_are_not_there_are_said() {
    let place = Place::new();
    assert_fails(&place.run(&["capture", "case", "--as-root", "-i", "nowhere7"]), 3, "nowhere7");
    assert_fails(&place.run(&["capture", "case", "--as-root", "-i", "lo", "--filter", "prot 80"]), 2, "prot 80");
    assert!(!place.path().join("case").exists());
}
