//! Connections that open and close for minutes while the link is captured: memory, open files, and whether all are in the case.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::FLOWCASE;
use super::link::{ADDRESS, FAR, INTERFACE, Link, NEAR, in_space};

/// Ports that are called. The system calls from ports at random: about a tenth of the calls comes from one that called the same in
/// the two minutes before, and so has a closed connection looked up again.
const PORTS: std::ops::Range<u16> = 8001..8065;
/// Callers at once, and calls of each in a second: two million of all in ten minutes.
const CALLERS: usize = 8;
const CALLS: u32 = 417;
const ASKS: usize = 100;
const ANSWERS: usize = 300;
/// Between two looks at what the program takes.
const LOOK: Duration = Duration::from_secs(10);

/// Answers whoever calls.
pub fn serve(address: &str) {
    thread::scope(|scope| {
        for port in PORTS {
            let listener = TcpListener::bind((address, port)).expect("a port");
            scope.spawn(move || {
                for stream in listener.incoming() {
                    let Ok(mut stream) = stream else { continue };
                    let mut asked = [0; ASKS];
                    if stream.read_exact(&mut asked).is_ok() {
                        let _ = stream.write_all(&[asked[0]; ANSWERS]);
                    }
                }
            });
        }
    });
}

/// Calls for so many seconds; prints how many calls were answered.
pub fn call(address: &str, seconds: u64) {
    let (begun, answered) = (Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let answered = &answered;
            scope.spawn(move || {
                for (number, port) in (0..).zip(PORTS.cycle().skip(caller * 8)) {
                    let due = Duration::from_secs(1) * number / CALLS;
                    if due >= Duration::from_secs(seconds) {
                        break;
                    }
                    thread::sleep(due.saturating_sub(begun.elapsed()));
                    let mut stream = TcpStream::connect((address, port)).expect("a server");
                    stream.write_all(&[caller as u8; ASKS]).expect("asked");
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).expect("answered");
                    assert_eq!(answer.len(), ANSWERS);
                    answered.fetch_add(1, Relaxed);
                }
            });
        }
    });
    println!("{}", answered.load(Relaxed));
}

/// Captures calls for so many minutes.
pub fn soak(minutes: u64) {
    let _link = Link::make(false);
    let this = env::current_exe().expect("this program");
    let place = tempfile::tempdir_in("/dev/shm").expect("a place");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).expect("permissions");
    let case = place.path().join("case");
    let case = case.to_string_lossy();
    let mut server = in_space(FAR).arg(&this).args(["serve", ADDRESS]).spawn().expect("a server");
    let words = [
        "capture", &case, "-i", INTERFACE, "--user", "nobody", "--store", "packed", "--memory", "128M", "--buffer",
        "256M",
    ];
    let mut capture = in_space(NEAR).arg(FLOWCASE).args(words).spawn().expect("flowcase");
    thread::sleep(Duration::from_secs(2));
    let seconds = (minutes * 60).to_string();
    let mut caller = in_space(NEAR);
    let caller = caller.arg(&this).args(["call", ADDRESS, &seconds]).stdout(Stdio::piped());
    let mut caller = caller.spawn().expect("a caller");
    let begun = Instant::now();
    println!("| seconds | own MB | resident MB | open files | connections in the case |\n|---|---|---|---|---|");
    while caller.try_wait().expect("the caller").is_none() {
        thread::sleep(LOOK);
        let ([own, resident], files) = taken(capture.id());
        let known = query(&case, "SELECT count(*) FROM connections");
        println!("| {} | {own:.1} | {resident:.1} | {files} | {known} |", begun.elapsed().as_secs());
    }
    let mut answered = String::new();
    caller.stdout.take().expect("a pipe").read_to_string(&mut answered).expect("text");
    thread::sleep(Duration::from_secs(1));
    let signalled = Command::new("kill").args(["-INT", &capture.id().to_string()]).status();
    assert!(signalled.is_ok_and(|status| status.success()));
    let ended = capture.wait().expect("flowcase");
    let _ = (server.kill(), server.wait());
    println!("{} calls were answered; flowcase ended with {ended}", answered.trim());
    let sums = "SELECT count(*), sum(orig_bytes), sum(resp_bytes), sum(gap_bytes), sum(state = 'SF') FROM connections";
    println!("connections, bytes asked, answered, in gaps, closed: {}", query(&case, sums));
    println!("anomalies: {}", query(&case, "SELECT kind, sum(count) FROM anomalies GROUP BY kind"));
    let verified = Command::new(FLOWCASE).args(["verify", &case]).status().expect("flowcase");
    println!("verify ended with {verified}");
}

/// Rows as lines, without the names of columns.
fn query(case: &str, sql: &str) -> String {
    let output = Command::new(FLOWCASE).args(["query", case, sql, "--format", "csv"]).output().expect("flowcase");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("; ")
}

/// Memory in MB, of its own and all that is resident (with what the kernel keeps frames in), and open files, of the program with this
/// number; `ip netns exec` becomes it.
fn taken(process: u32) -> ([f64; 2], usize) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let megabytes = ["RssAnon:", "VmRSS:"].map(|name| {
        let text = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = text.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<f64>().ok()).unwrap_or_default();
        kibibytes * 1024.0 / 1e6
    });
    (megabytes, fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count))
}
