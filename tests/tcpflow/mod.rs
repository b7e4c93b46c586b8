//! The command line of tcpflow, against tcpflow where it is installed: the same options give the same names, bytes, times and text.
//! `FLOWCASE_CAPTURES=DIRECTORY` compares on every capture beneath on which both print the same with `-c -B`; without, on one made
//! here on which tcpflow is right.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;

use crate::support::{PROGRAM, Place, assert_fails, captures, files, is_installed, open, select, stderr};
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link};

/// What is asked of both.
const OPTIONS: &[&[&str]] = &[
    &[],
    &["-c"],
    &["-C"],
    &["-c", "-0"],
    &["-c", "-s"],
    &["-C", "-B"],
    &["-c", "-D"],
    &["-C", "-D", "-0"],
    &["-c", "-J"],
    &["-c", "-S", "console_order=arrival"],
    &["-I"],
    &["-Fc"],
    &["-Ft"],
    &["-FT"],
    &["-Fk"],
    &["-Fm"],
    &["-Fg"],
    &["-FX"],
    &["-Ftk"],
    &["-T", "x%A", "-Ft"],
    &["-Ft", "-T", "x%A"],
    &["-T", "%N_%K_%M_%G_%#_%%"],
    &["-T", "%T/%t/%A.%a-%B.%b%V%v"],
    &["-b", "10"],
    &["-e", "md5"],
    &["-e", "http"],
    &["-e", "http", "-Z"],
    &["-e", "http", "-S", "http_cmd=basename"],
    &["-S", "tcp_cmd=basename"],
    &["-S", "tdelta=-7"],
    &["-E", "md5"],
    &["-x", "tcpdemux"],
    &["-a", "-x", "netviz"],
    &["-q", "-p", "-f", "3"],
    &["-S", "enable_report=NO"],
    &["-X", "other.xml"],
    &["port", "80"],
    &["tcp", "and", "not", "port", "80"],
];

/// On captures of others: options, capture, and why each is right in its way.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("-c -J", "arkime-opcua_synthetic.pcap", NO_IPV6),
    ("-c -J", "tcpdump-bgp-enhanced-route-refresh-subtype.pcapng", NO_IPV6),
    ("-e md5", "arkime-opcua_synthetic.pcap", NOT_ENDED),
    ("-a -x netviz", "arkime-opcua_synthetic.pcap", NOT_ENDED),
    ("-S tcp_cmd=basename", "arkime-opcua_synthetic.pcap", NOT_ENDED),
    ("-e md5", "mercury-dnp3.pcap", NOT_ENDED),
    ("-a -x netviz", "mercury-dnp3.pcap", NOT_ENDED),
];
const NO_IPV6: &str = "tcpflow takes IPv6 addresses apart as if they were of IPv4";
const NOT_ENDED: &str = "tcpflow digests some flows that do not end, or runs the command for them, and others not";

/// What either made.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    text: String,
    /// Size, digest and time in seconds of each file, by its name.
    files: BTreeMap<String, (u64, String, i64)>,
    report: Vec<String>,
}

#[test]
fn the_same_options_give_the_same() {
    if !is_installed("tcpflow") {
        return;
    }
    let place = Place::new();
    let all = match std::env::var("FLOWCASE_CAPTURES") {
        Ok(directory) => captures(Path::new(&directory)).into_iter().filter(|path| is_right(path)).collect(),
        Err(_) => vec![capture(&place)],
    };
    let (mut agreed, mut different) = (0, Vec::new());
    for capture in &all {
        let name = capture.file_name().unwrap().to_str().unwrap();
        for options in OPTIONS {
            let words = options.join(" ");
            if DIFFERENCES.iter().any(|(known, of, _)| *known == words && *of == name) {
                continue;
            }
            let (mut ours, theirs) =
                (made(PROGRAM, &["tcpflow"], options, capture), made("tcpflow", &[], options, capture));
            if theirs.report.is_empty() {
                // of flows it does not store tcpflow says nothing, or that they are empty; ours stand in the report
                ours.report.clear();
            }
            if ours == theirs {
                agreed += 1;
            } else {
                different.push(format!("{name} {words}\n  ours   {ours:?}\n  theirs {theirs:?}"));
            }
        }
    }
    println!("{agreed} of {} agree on {} captures", all.len() * OPTIONS.len(), all.len());
    assert!(different.is_empty() && agreed > 0, "{agreed} agree, not these:\n{}", different.join("\n"));
}

/// Whether tcpflow sees no byte twice, out of order, or that is none, and stores what we store.
fn is_right(capture: &Path) -> bool {
    let same = |options: &[&str]| {
        let (ours, theirs) = (made(PROGRAM, &["tcpflow"], options, capture), made("tcpflow", &[], options, capture));
        ours == theirs && !theirs.report.is_empty()
    };
    same(&["-c", "-B"]) && same(&[])
}

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

fn run(program: &str, before: &[&str], options: &[&str], capture: &Path, place: &Place) -> Output {
    // a filter comes last
    let (filter, options): (Vec<&str>, Vec<&str>) = if options.first().is_some_and(|word| !word.starts_with('-')) {
        (options.to_vec(), Vec::new())
    } else {
        (Vec::new(), options.to_vec())
    };
    let mut command = Command::new(program);
    command.current_dir(place.path()).args(before).args(options).arg("-r").arg(capture).args(filter).output().unwrap()
}

fn made(program: &str, before: &[&str], options: &[&str], capture: &Path) -> Made {
    let place = Place::new();
    let output = run(program, before, options, capture, &place);
    let mut made =
        Made { text: String::from_utf8_lossy(&output.stdout).into_owned(), files: BTreeMap::new(), report: Vec::new() };
    if options.iter().any(|option| option.contains("_cmd=")) {
        // tcpflow runs several at once
        let mut lines: Vec<&str> = made.text.lines().collect();
        lines.sort_unstable();
        made.text = lines.join("\n");
    }
    for path in files(place.path()) {
        let name = path.strip_prefix(place.path()).unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        if name.ends_with(".xml") {
            made.report = report(&String::from_utf8_lossy(&bytes));
            made.files.insert(name, (0, String::new(), 0));
        } else if name != "case.sqlite" && !name.starts_with("objects/") {
            let is_flow = !name.contains("HTTPBODY") && !name.ends_with(".findx");
            let seconds = path.metadata().unwrap().mtime();
            let digest = blake3::hash(&bytes).to_hex().to_string();
            made.files.insert(name, (bytes.len() as u64, digest, if is_flow { seconds } else { 0 }));
        }
    }
    made
}

/// Name, beginning, ends and MD5 of each flow with payload. Packets are left out: tcpflow does not count those after the end.
fn report(text: &str) -> Vec<String> {
    let field = |text: &str, pattern: &str| -> String {
        Regex::new(pattern).unwrap().captures(text).map_or(String::new(), |found| found[1].to_owned())
    };
    let attributes = ["family", "src_ipn", "dst_ipn", "srcport", "dstport"];
    let line = |text: &str| {
        // tcpflow leaves out a fraction of zero, and has six digits
        let second = field(text, r#"startime=['"]([^'".Z]+)"#);
        let fraction = field(text, r#"startime=['"][^'".Z]+\.(\d{6})"#);
        let values = attributes.map(|name| field(text, &format!(r#" {name}=['"]([^'"]+)"#))).join(" ");
        let digest = field(text, r#"(?i)<hashdigest type=['"]md5['"]>([0-9a-f]+)"#);
        format!("{} {second}.{fraction:0<6} {values} {digest}", field(text, "^([^<]+)<"))
    };
    let flows = text.split("<filename>").filter(|text| text.contains("startime") && !text.contains("<filesize>0<"));
    let mut lines: Vec<String> = flows.map(line).collect();
    lines.sort();
    lines
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
    let frames = [talk.frames(), others.to_vec()].concat();
    place.file("all.pcap", &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.stdout(&["tcpflow", "-q", "-o", "out", "-K", "-w", "others.pcap", "-r", "all.pcap"]);
    let names =
        ["010.000.000.001.40000-010.000.000.002.00080.pcap", "010.000.000.002.00080-010.000.000.001.40000.pcap"];
    assert_eq!(crate::support::entries(&place.path().join("out")), [names[0], names[1], "report.xml"]);
    // what was taken apart gives the same, put together
    let list = |case: &str, captures: &[&str]| {
        place.ingest(case, captures);
        let sql = "SELECT src_port, length, sha256, packets, start_ns FROM flows ORDER BY src_port";
        select(&open(&place.path().join(case)), sql)
    };
    let [ask, answer] = names.map(|name| format!("out/{name}"));
    assert_eq!(list("parts", &[&ask, &answer]), list("whole", &["all.pcap"]));
    let reasons = "SELECT reason, frames FROM skipped ORDER BY reason";
    place.ingest("others", &["others.pcap"]);
    let skipped = ["whole", "others"].map(|case| select(&open(&place.path().join(case)), reasons));
    assert_eq!(skipped[0], skipped[1]);
    assert_eq!(skipped[0], ["not_ip|1", "not_tcp|1"]);
}

#[test]
fn what_cannot_be_had_is_said() {
    let place = Place::new();
    let capture = capture(&place);
    let capture = capture.to_str().unwrap();
    for (options, says) in [
        (&["-i", "lo"][..], "-i"),
        (&["-S", "tcp_timeout=3"], "tcp_timeout"),
        (&["-S", "nonsense=3"], "nonsense"),
        (&["-S", "nonsense"], "NAME=VALUE"),
        (&["-e", "nonsense"], "nonsense"),
        (&["-Fz"], "`z`"),
        (&["-T", "%q"], "%q"),
        (&["-L", "lock"], "-L"),
        (&["-o", "right.pcap"], "no directory"),
    ] {
        let words = [&["tcpflow", "-r", capture], options].concat();
        assert_fails(&place.run(&words), 2, says);
    }
    assert_eq!(crate::support::entries(place.path()), ["right.pcap"], "nothing was done");
    let output = place.run(&["tcpflow", "-hh"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("tcp_alert_fd"), "{}", stderr(&output));
}
