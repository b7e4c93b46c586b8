//! What a run of tcpflow, or of ours in its place, left behind, so that both can be compared.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::report::Row;
use crate::support::{PROGRAM, Place, files};

/// What either made.
#[derive(Debug, PartialEq, Eq)]
pub struct Made {
    pub text: String,
    /// Size, digest and time in seconds of each file, by its name; of a capture its frames.
    pub files: BTreeMap<String, (u64, String, i64)>,
    pub report: Vec<Row>,
    /// Digests of the frames in the capture of -w.
    pub unused: Vec<String>,
    /// It was ended by a signal.
    pub broke_down: bool,
}

impl Made {
    /// By our program.
    pub fn by_ours(options: &[&str], capture: &Path) -> Self {
        Self::by(PROGRAM, &["tcpflow"], options, capture)
    }

    /// By tcpflow.
    pub fn by_theirs(options: &[&str], capture: &Path) -> Self {
        Self::by("tcpflow", &[], options, capture)
    }

    /// What only one of both has, line by line; empty if they are the same.
    pub fn against(&self, theirs: &Made) -> Vec<String> {
        let lines = |made: &Made| -> Vec<String> {
            let files = made.files.iter().map(|file| format!("{file:?}"));
            let report = made.report.iter().map(|row| format!("{row:?}"));
            made.text.lines().map(String::from).chain(files).chain(report).chain(made.unused.clone()).collect()
        };
        let (ours, others) = (lines(self), lines(theirs));
        let only = |of: &[String], other: &[String], who: &str| -> Vec<String> {
            of.iter().filter(|line| !other.contains(line)).map(|line| format!("{who} {line}")).collect()
        };
        let found = [only(&ours, &others, "  ours  "), only(&others, &ours, "  theirs")].concat();
        let order = (found.is_empty() && self != theirs).then(|| "  the order of lines".to_owned());
        found.into_iter().chain(order).collect()
    }

    fn by(program: &str, before: &[&str], options: &[&str], capture: &Path) -> Self {
        let place = Place::new();
        let (text, broke_down) = run(program, before, options, capture, &place);
        let mut made = Made { text, files: BTreeMap::new(), report: Vec::new(), unused: Vec::new(), broke_down };
        if options.iter().any(|option| option.contains("_cmd=") || option.contains("_alert_fd=")) {
            // tcpflow runs several at once, and has its own order of ends
            let mut lines: Vec<&str> = made.text.lines().collect();
            lines.sort_unstable();
            made.text = lines.join("\n");
        }
        for path in files(place.path()) {
            let name = path.strip_prefix(place.path()).unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&path).unwrap();
            let file = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
                _ if name.ends_with("case.sqlite") || name.contains("objects/") || name.starts_with("half ") => {
                    continue;
                }
                "xml" => {
                    made.report = super::report::rows(&String::from_utf8_lossy(&bytes));
                    (0, String::new(), 0)
                }
                // pictures are drawn each in its own way
                "pdf" => (0, String::new(), 0),
                "pcap" if name == "others.pcap" => {
                    made.unused = frames(&bytes);
                    (0, String::new(), 0)
                }
                "pcap" => {
                    let frames = frames(&bytes);
                    (frames.len() as u64, blake3::hash(frames.concat().as_bytes()).to_hex().to_string(), 0)
                }
                _ => {
                    let is_flow = !name.contains("HTTPBODY") && !name.ends_with(".findx");
                    let seconds = if is_flow { path.metadata().unwrap().mtime() } else { 0 };
                    (bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string(), seconds)
                }
            };
            made.files.insert(name, file);
        }
        made
    }
}

/// What it printed, and whether a signal ended it. CAPTURE among the options is the capture, FIRST and SECOND are its halves; without any of them it is read
/// with -r, and a filter comes last.
fn run(program: &str, before: &[&str], options: &[&str], capture: &Path, place: &Place) -> (String, bool) {
    let halves = ["half 1", "half 2"];
    if options.contains(&"FIRST") {
        for (half, bytes) in halves.iter().zip(halved(&std::fs::read(capture).unwrap())) {
            place.file(half, &bytes);
        }
    }
    let capture = capture.to_str().unwrap();
    let mut words: Vec<&str> = options.to_vec();
    if !words.iter().any(|word| ["CAPTURE", "FIRST", "-"].contains(word)) {
        let at = if words.first().is_some_and(|word| !word.starts_with('-')) { 0 } else { words.len() };
        words.splice(at..at, ["-r", capture]);
    }
    for word in &mut words {
        *word = match *word {
            "CAPTURE" => capture,
            "FIRST" => halves[0],
            "SECOND" => halves[1],
            other => other,
        };
    }
    let stdin = if words.contains(&"-") { std::fs::File::open(capture).unwrap().into() } else { Stdio::null() };
    let mut command = Command::new(program);
    let output = command.current_dir(place.path()).args(before).args(&words).stdin(stdin).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().is_none())
}

/// A capture in the format of libpcap, as far as it is one.
struct Pcap<'a> {
    head: &'a [u8],
    frames: Vec<&'a [u8]>,
    big_endian: bool,
}

fn number(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let bytes = bytes[at..at + 4].try_into().unwrap();
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

impl<'a> Pcap<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = *bytes.first()? == 0xa1;
        if bytes.len() < 24 || ![0xa1b2_c3d4, 0xa1b2_3c4d].contains(&number(bytes, 0, big_endian)) {
            return None;
        }
        let (head, mut rest) = bytes.split_at(24);
        let mut frames = Vec::new();
        while rest.len() >= 16 {
            let end = 16 + number(rest, 8, big_endian) as usize;
            let (frame, behind) = rest.split_at_checked(end)?;
            frames.push(frame);
            rest = behind;
        }
        Some(Pcap { head, frames, big_endian })
    }
}

/// Whether a capture can be taken apart into two.
pub fn can_be_halved(capture: &Path) -> bool {
    Pcap::of(&std::fs::read(capture).unwrap()).is_some()
}

fn halved(bytes: &[u8]) -> [Vec<u8>; 2] {
    let Pcap { head, frames, .. } = Pcap::of(bytes).unwrap();
    let (first, second) = frames.split_at(frames.len() / 2);
    [first, second].map(|frames| [head, &frames.concat()].concat())
}

/// Digests of the bytes, lengths and times in microseconds of the frames of a capture; of what is none, one digest.
fn frames(bytes: &[u8]) -> Vec<String> {
    let Some(Pcap { head, frames, big_endian }) = Pcap::of(bytes) else {
        return vec![blake3::hash(bytes).to_hex().to_string()];
    };
    let to_micro = if number(head, 0, big_endian) == 0xa1b2_3c4d { 1000 } else { 1 };
    let digest = |frame: &&[u8]| {
        let [second, fraction, captured, length] = [0, 4, 8, 12].map(|at| number(frame, at, big_endian));
        let head = format!("{second}.{} {captured} {length} ", fraction / to_micro);
        blake3::hash(&[head.as_bytes(), &frame[16..]].concat()).to_hex().to_string()
    };
    frames.iter().map(digest).collect()
}
