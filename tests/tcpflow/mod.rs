//! The command line of tcpflow: what both programs make of the same options ([`table`]), reports, tcpflow's own tests, and what is
//! ours.

mod made;
mod mends;
mod report;
mod scripts;
mod table;

use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use named_sem::NamedSemaphore;

use crate::support::{PROGRAM, Place, assert_fails, open, select, stderr};
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link};

/// HTTP with several answers, all bytes there are, and two connections at once; in frames that are not padded.
fn capture(place: &Place) -> PathBuf {
    let talk = |client: &str, server: &str, start: i64| Talk::new(client, server, start).mss(400).open();
    let start = 1_700_000_000_000_000_000;
    let ask = |path: &str| format!("GET /{path} HTTP/1.1\r\nHost: tides.example\r\n\r\n");
    let answer = |kind: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let web = talk("10.0.0.1:40000", "10.0.0.2:80", start)
        .says(Client, ask("a").as_bytes())
        .says(Server, &answer("text/html", &b"<p>spring tide</p>".repeat(50)))
        .says(Client, ask("b").as_bytes())
        .says(Server, &answer("image/png", b"\x89PNG"))
        .close();
    let bytes: Vec<u8> = (0..=255).collect();
    let noise = talk("10.0.0.3:40001", "10.0.0.2:7", start + 5_000_000_000)
        .says(Client, &bytes)
        .says(Server, &bytes.repeat(4))
        .says(Client, b"abc")
        .close();
    let frames = [web.frames(), noise.frames()].concat();
    let name = place.file("right.pcap", &Capture::on(Link::Raw).frames(frames).pcap());
    place.path().join(name)
}

/// Frames of Ethernet, so long that they are not padded: what an IPv6 host says, and two frames that are no TCP.
fn capture_of_ethernet(place: &Place) -> PathBuf {
    let (start, ends) = (1_700_000_000_000_000_000, ["[fd00::1]:40000", "[fd00::2]:80"]);
    let talk = Talk::new(ends[0], ends[1], start).open().says(Client, b"ask").says(Server, b"answer");
    let udp = Frame::udp(start + 1_000_000_000, ends.map(|end| end.parse().unwrap()), b"datagram");
    let frames = [vec![Frame::arp(start - 1_000_000_000)], talk.close().frames(), vec![udp]].concat();
    let name = place.file("ethernet.pcap", &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.path().join(name)
}

#[test]
fn a_directory_may_hold_other_files_and_runs_go_on() {
    let place = Place::new();
    let capture = capture(&place);
    let capture = capture.to_str().unwrap();
    place.file("notes.txt", b"mine");
    place.file("010.000.000.001.40000-010.000.000.002.00080", b"somebody else's");
    place.stdout(&["tcpflow", "-q", "-o", ".", "-r", capture]);
    let names = crate::support::entries(place.path());
    assert!(names.contains(&"010.000.000.001.40000-010.000.000.002.00080c1".to_owned()), "{names:?}");
    assert_eq!(
        std::fs::read(place.path().join("010.000.000.001.40000-010.000.000.002.00080")).unwrap(),
        b"somebody else's"
    );
    place.assert_whole(".");
    // the same capture again changes nothing, and every other command takes the directory
    place.stdout(&["tcpflow", "-q", "-r", capture]);
    assert_eq!(crate::support::entries(place.path()), names);
    assert!(place.stdout(&["info", "."]).contains("4 with payload"));
}

#[test]
fn connections_go_on_with_r() {
    let place = Place::new();
    let talk = Talk::new("10.0.0.1:40000", "10.0.0.2:80", 1_700_000_000_000_000_000).open();
    let frames = talk.says(Client, b"one").says(Client, b"two").close().frames();
    let other =
        Talk::new("10.0.0.9:40000", "10.0.0.2:80", 1_700_000_001_000_000_000).open().says(Client, b"three").frames();
    let (first, second) = frames.split_at(4);
    let second = [second, &other].concat();
    place.file("first.pcap", &Capture::on(Link::Raw).frames(first.to_vec()).pcap());
    place.file("second.pcap", &Capture::on(Link::Raw).frames(second).pcap());
    place.stdout(&["tcpflow", "-q", "-o", "out", "-r", "first.pcap", "-R", "second.pcap"]);
    let flow = place.path().join("out/010.000.000.001.40000-010.000.000.002.00080");
    assert_eq!(std::fs::read(flow).unwrap(), b"onetwo");
    assert!(!place.path().join("out/010.000.000.009.40000-010.000.000.002.00080").exists());
    place.assert_whole("out");
}

#[test]
fn frames_are_written_to_captures() {
    let place = Place::new();
    let (start, ends) = (1_700_000_000_000_000_123, ["10.0.0.1:40000", "10.0.0.2:80"]);
    let talk = Talk::new(ends[0], ends[1], start).open().says(Client, b"ask").says(Server, b"answer").close();
    let others = [Frame::arp(start), Frame::udp(start + 1, ends.map(|end| end.parse().unwrap()), b"datagram")];
    let quiet = Talk::new("10.0.0.3:40000", ends[1], start).syn();
    let frames = [talk.frames(), quiet.frames(), others.to_vec()].concat();
    place.file("all.pcap", &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.stdout(&["tcpflow", "-q", "-o", "out", "-K", "-w", "others.pcap", "-r", "all.pcap"]);
    let names =
        ["010.000.000.001.40000-010.000.000.002.00080.pcap", "010.000.000.002.00080-010.000.000.001.40000.pcap"];
    let without_payload = "010.000.000.003.40000-010.000.000.002.00080.pcap";
    let made = crate::support::entries(&place.path().join("out"));
    assert_eq!(made, [names[0], names[1], without_payload, "report.xml"]);
    // what was taken apart gives the same, put together
    let list = |case: &str, captures: &[&str]| {
        place.ingest(case, captures);
        let sql = "SELECT src_port, length, sha256, packets, start_ns FROM flows ORDER BY src_port";
        select(&open(&place.path().join(case)), sql)
    };
    let [ask, answer, quiet] = [names[0], names[1], without_payload].map(|name| format!("out/{name}"));
    assert_eq!(list("parts", &[&ask, &answer, &quiet]), list("whole", &["all.pcap"]));
    let reasons = "SELECT reason, frames FROM skipped ORDER BY reason";
    place.ingest("others", &["others.pcap"]);
    let skipped = ["whole", "others"].map(|case| select(&open(&place.path().join(case)), reasons));
    assert_eq!(skipped[0], skipped[1]);
    assert_eq!(skipped[0], ["not_ip|1", "not_tcp|1"]);
}

#[test]
fn histograms_tell_bytes_of_frames_by_address() {
    let place = Place::new();
    let capture = capture(&place);
    let words = ["tcpflow", "-q", "-o", "out", "-E", "netviz", "-S", "netviz_histogram_dump=1", "-r"];
    let dump = |more: &[&str]| place.stdout(&[&words[..], &[capture.to_str().unwrap()], more].concat());
    let [web, noise] = ["10.0.0.1  count=408\n", "10.0.0.3  count=547\n"];
    let answers = "10.0.0.2  count=2752\n";
    let [to_web, to_noise, asked] = ["10.0.0.1  count=1400\n", "10.0.0.3  count=1352\n", "10.0.0.2  count=955\n"];
    assert_eq!(
        dump(&[]),
        format!(
            "src_tree:\nhistogram size: 3\n{web}{answers}{noise}\ndst_tree:\nhistogram size: 3\n{to_web}{asked}{to_noise}\n"
        )
    );
}

#[test]
fn a_semaphore_is_held_while_something_is_printed() {
    let place = Place::new();
    let capture = capture(&place);
    let name = format!("/flowcase-test-{}", std::process::id());
    let mut semaphore = NamedSemaphore::create(&name, 1).unwrap();
    semaphore.wait().unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(place.path()).args(["tcpflow", "-q", "-c", "-L", &name, "-r"]).arg(&capture);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| send.send(command.output().unwrap()));
        let early = receive.recv_timeout(Duration::from_millis(300));
        semaphore.post().unwrap();
        assert!(early.is_err(), "it did not wait");
        let printed = String::from_utf8(receive.recv().unwrap().stdout).unwrap();
        assert_eq!(printed, place.stdout(&["tcpflow", "-q", "-c", "-r", capture.to_str().unwrap()]));
    });
    semaphore.try_wait().expect("it was given back");
    std::fs::remove_file(format!("/dev/shm/sem.{}", &name[1..])).unwrap();
}

#[test]
fn what_cannot_be_had_is_said() {
    let place = Place::new();
    let capture = capture(&place);
    let capture = capture.to_str().unwrap();
    for (options, says) in [
        (&["-i", "lo"][..], "-i"),
        (&["-z", "."], "-U"),
        (&["-U", "nobody_of_that_name"], "nobody_of_that_name"),
        (&["-S", "tcp_timeout=x"], "tcp_timeout"),
        (&["-S", "nonsense=3"], "nonsense"),
        (&["-S", "nonsense"], "NAME=VALUE"),
        (&["-e", "nonsense"], "nonsense"),
        (&["-Fz"], "`z`"),
        (&["-T", "%q"], "%q"),
        (&["-L", "no/name"], "-L"),
        (&["-o", "right.pcap"], "no directory"),
    ] {
        let words = [&["tcpflow", "-r", capture], options].concat();
        assert_fails(&place.run(&words), 2, says);
    }
    assert_eq!(crate::support::entries(place.path()), ["right.pcap"], "nothing was done");
    let output = place.run(&["tcpflow", "-hh"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("tcp_alert_fd"), "{}", stderr(&output));
}
