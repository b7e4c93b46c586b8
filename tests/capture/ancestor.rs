//! The command line of tcpflow, on an interface.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Listening;
use crate::support::{Place, files, is_root};

/// `127.000.000.001.PORT-127.000.000.001.PORT`, with what lies there.
fn payload(place: &Place, directory: &str) -> Vec<(String, String)> {
    let root = place.path().join(directory);
    let named = |path: &std::path::PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        name.starts_with("127.").then(|| (name, fs::read_to_string(path).unwrap()))
    };
    files(&root).iter().filter_map(named).collect()
}

#[test]
fn payload_is_printed_while_it_comes() {
    let place = Place::new();
    let words = ["tcpflow", "-i", "lo", "-o", "out", "-c"];
    let Some(mut listening) = Listening::begin_as(&place, &words, &[]) else { return };
    let port = listening.server.local_addr().unwrap().port();
    let mut lines = BufReader::new(listening.program.stdout.take().unwrap()).lines();
    listening.talk(b"high water?", b"at noon");
    let begun = Instant::now();
    let (asked, answered) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(
        asked.starts_with("out/127.000.000.001.") && asked.ends_with(&format!("{port:05}: high water?")),
        "{asked}"
    );
    assert!(
        answered.contains(&format!("out/127.000.000.001.{port:05}-")) && answered.ends_with(": at noon"),
        "{answered}"
    );
    listening.talk(b"low water?", b"at six");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(listening.end(Signal::INT), Some(0));
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(rest.len(), 2, "each is printed once: {rest:?}");
}

#[test]
fn commands_are_run_once_a_flow_has_ended() {
    let place = Place::new();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let told = place.path().join("told");
    fs::write(&told, "").unwrap();
    let is_root = is_root();
    let command = format!("tcp_cmd=sh -c 'echo $1 >> $0' {}", told.display());
    let mut words = vec!["tcpflow", "-i", "lo", "-o", "out", "-S", &command];
    if is_root {
        chown(&told, Some(65534), None).unwrap();
        words.extend(["-U", "nobody"]);
    }
    let Some(listening) = Listening::begin_as(&place, &words, &[]) else { return };
    listening.talk(b"ask", b"answer");
    let begun = Instant::now();
    let lines = || fs::read_to_string(&told).unwrap().lines().map(String::from).collect::<Vec<_>>();
    while lines().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", lines());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(listening.end(Signal::INT), Some(0));
    let payload = payload(&place, "out");
    let mut names: Vec<String> = payload.iter().map(|(name, _)| format!("out/{name}")).collect();
    let (mut told, mut bytes) = (lines(), payload.iter().map(|(_, bytes)| bytes.as_str()).collect::<Vec<_>>());
    names.sort();
    told.sort();
    bytes.sort_unstable();
    assert_eq!(told, names, "once for each");
    assert_eq!(bytes, ["answer", "ask"]);
    let report = place.path().join("out/report.xml");
    assert!(fs::read_to_string(&report).unwrap().contains("fileobject"));
    assert!(!is_root || report.metadata().unwrap().uid() == 65534, "privileges were dropped");
}
