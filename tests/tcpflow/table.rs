//! The options of tcpflow, against tcpflow where it is installed: the same give the same names, bytes, times, text and reports.
//! `FLOWCASE_CAPTURES=DIRECTORY` compares on every capture beneath on which both print the same with `-c -B`; without, on two
//! made here on which tcpflow is right.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use super::made::{Made, can_be_halved};
use super::report::{self, VIOLATIONS};
use super::{capture, capture_of_ethernet, mends};
use crate::support::{Place, captures, is_installed};

/// What is asked of both; what of it is mended: see `mends`. CAPTURE is the capture, FIRST and SECOND are its halves; see `made`.
const OPTIONS: &[&[&str]] = &[
    &[],
    &["-c"],
    &["-C"],
    &["-c", "-0"],
    &["-c", "-s"],
    &["-c", "-g"],
    &["-C", "-B"],
    &["-c", "-D"],
    &["-C", "-D", "-0"],
    &["-c", "-J"],
    &["-c", "-o", "out"],
    &["-c", "-S", "console_order=arrival"],
    &["-I"],
    &["-K"],
    &["-w", "others.pcap"],
    &["-Fc"],
    &["-Ft"],
    &["-FT"],
    &["-FX"],
    &["-Fk"],
    &["-Fm"],
    &["-Fg"],
    &["-FM"],
    &["-Ftk"],
    &["-T", "x%A", "-Ft"],
    &["-Ft", "-T", "x%A"],
    &["-T", mends::NUMBERS],
    &["-T", "%T/%t/%A.%a-%B.%b%V%v"],
    &["-T", "%E-%e"],
    &["-b", "10"],
    &["-m", "1000000"],
    &["-a"],
    &["-a", "-x", "netviz"],
    &["-a", "-Fg", "-I", "-o", "out", "-X", "all.xml"],
    &["-e", "all", "-x", "netviz"],
    &["-e", "md5"],
    &["-e", "http"],
    &["-e", "http", "-Z"],
    &["-e", "http", "-S", "http_cmd=basename"],
    &["-e", "http", "-S", "http_alert_fd=1"],
    &["-e", "wifiviz"],
    &["-E", "md5"],
    &["-E", "netviz"],
    &["-x", "tcpdemux"],
    &["-S", "tcp_cmd=basename"],
    &["-S", "tcp_alert_fd=1"],
    &["-S", "tdelta=-7"],
    &["-S", "check_fcs=NO"],
    &["-S", "packet-buffer-timeout=20"],
    &["-S", "enable_report=NO"],
    &["-X", "other.xml"],
    &["-o", "out"],
    &["-q", "-p", "-f", "3", "-d", "0"],
    &["-v"],
    &["port", "80"],
    &["tcp", "and", "not", "port", "80"],
    &["-r", "-"],
    &["-l", "CAPTURE"],
    &["-l", "FIRST", "SECOND"],
    &["-r", "FIRST", "-r", "SECOND"],
    &["-r", "FIRST", "-R", "SECOND"],
];

/// Options that are not compared, and why.
const APART: &[(&str, &str)] = &[
    ("-h", "help is in our own words"),
    ("-H", "help is in our own words"),
    ("-V", "the version is our own"),
    ("-i", "an interface is needed"),
    ("-L", "tcpflow of Debian has no semaphores"),
    ("-P", "tcpflow 1.6.1 has it in its manual only"),
    ("-U", "it changes no output"),
    ("-z", "it changes no output"),
];

/// Have fractions of more than a second, which tcpflow passes on as they are; ours count them on, and put halves in order by them.
const ODD_TIMES: [&str; 2] = ["tcpflow-bug8.pcap", "timestamps_usec_invalid.pcap"];
/// Have payload in segments with SYN: data, and yet violations for tcpflow.
const FAST_OPEN: [&str; 2] = ["tfo_syn_data.pcap", "tfo_synack_data.pcap"];
/// Bytes of a file past which nothing is compared: tcpflow takes minutes over gigabytes of holes.
const LARGE: u64 = 64 << 20;

#[test]
fn the_same_options_give_the_same() {
    if !is_installed("tcpflow") {
        return;
    }
    let place = Place::new();
    let all = match std::env::var("FLOWCASE_CAPTURES") {
        Ok(directory) => captures(Path::new(&directory)),
        Err(_) => vec![capture(&place), capture_of_ethernet(&place)],
    };
    let (right, agreed, different) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    side_by_side(&all, |capture| {
        if !is_right(capture) {
            return;
        }
        right.fetch_add(1, Ordering::Relaxed);
        let found: Vec<Option<String>> = OPTIONS.iter().filter_map(|options| difference(options, capture)).collect();
        agreed.fetch_add(found.iter().filter(|found| found.is_none()).count(), Ordering::Relaxed);
        found.iter().flatten().for_each(|found| println!("{found}"));
        locked(&different).extend(found.into_iter().flatten());
    });
    let (right, agreed, different) = (right.into_inner(), agreed.into_inner(), locked(&different));
    let compared = agreed + different.len();
    println!("{agreed} of {compared} agree on {right} captures of {}", all.len());
    assert!(different.is_empty() && agreed > 0, "{} do not agree, those above", different.len());
}

/// What is different; `None` if nothing is. Nothing at all where the options mean nothing, or tcpflow breaks down.
fn difference(options: &[&str], capture: &Path) -> Option<Option<String>> {
    if options.contains(&"FIRST") && !can_be_halved(capture) {
        return None;
    }
    let (ours, theirs) = both(options, capture);
    if theirs.broke_down {
        return None;
    }
    let (words, name, found) =
        (options.join(" "), capture.file_name().unwrap().to_str().unwrap(), ours.against(&theirs));
    Some((!found.is_empty()).then(|| format!("{name} {words}\n{}", found.join("\n"))))
}

fn both(options: &[&str], capture: &Path) -> (Made, Made) {
    let (mut ours, mut theirs) = (Made::by_ours(options, capture), Made::by_theirs(options, capture));
    let unstored = ["-c", "-C", "-FX", "-K", "-E", "tcpdemux"];
    let stores = !options.iter().any(|option| unstored.contains(option));
    if is_one_of(&FAST_OPEN, capture) {
        theirs.report.iter_mut().for_each(|row| row.attributes[VIOLATIONS].clear());
    }
    mends::even_out(options, &mut ours, &mut theirs);
    report::settle(&mut ours.report, &theirs.report, stores);
    (ours, theirs)
}

fn is_one_of(names: &[&str], capture: &Path) -> bool {
    names.iter().any(|name| capture.ends_with(name))
}

/// Whether tcpflow sees no byte twice, out of order, or that is none, and stores what we store.
fn is_right(capture: &Path) -> bool {
    let same = |options: &[&str]| {
        let (ours, theirs) = both(options, capture);
        let is_small = ours.files.values().all(|(size, ..)| *size < LARGE);
        is_small && (&ours.text, &ours.files) == (&theirs.text, &theirs.files) && !theirs.report.is_empty()
    };
    !is_one_of(&ODD_TIMES, capture) && same(&["-c", "-B"]) && same(&[])
}

/// Does something for each capture, on as many threads as the machine has.
fn side_by_side(captures: &[PathBuf], each: impl Fn(&Path) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(capture) = captures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(capture);
                }
            });
        }
    });
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

#[test]
fn every_option_is_compared_or_said_not_to_be() {
    let help = Place::new().stdout(&["tcpflow", "-h"]);
    let letters: Vec<String> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('-')?.chars().next())
        .filter(|letter| letter.is_ascii_alphanumeric())
        .map(|letter| format!("-{letter}"))
        .collect();
    assert!(letters.len() > 30, "{help}");
    for letter in letters {
        let compared = OPTIONS.iter().flat_map(|options| options.iter()).any(|word| word.starts_with(&letter));
        let apart = APART.iter().any(|(known, _)| *known == letter);
        assert!(compared != apart || letter == "-r", "{letter} is neither compared nor said not to be, or both");
    }
}
