//! A thousand files over HTTP while the link is captured: what comes out of the case is what the server had.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::FLOWCASE;
use super::link::{ADDRESS, FAR, INTERFACE, Link, NEAR, in_space};

const FILES: u32 = 1000;
const BYTES: usize = 250_000;
/// `python3 -m http.server`, but more than five clients may wait to be accepted.
const SERVER: &str = "
import http.server, sys
http.server.ThreadingHTTPServer.request_queue_size = 512
http.server.ThreadingHTTPServer((sys.argv[1], 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
";

/// Downloads, and says how many files came out of the case as they were.
pub fn compare(lossy: bool) {
    let _link = Link::make(lossy);
    let place = tempfile::tempdir_in("/dev/shm").expect("a place");
    let (files, case) = (place.path().join("files"), place.path().join("cases/case"));
    fs::create_dir_all(&files).expect("a directory");
    fs::create_dir(place.path().join("cases")).expect("a directory");
    open_to_all(place.path());
    let mut random = fastrand::Rng::with_seed(1);
    let mut served = BTreeSet::new();
    for number in 0..FILES {
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(BYTES).collect();
        served.insert(hex(&Sha256::digest(&bytes)));
        fs::write(files.join(number.to_string()), bytes).expect("a file");
    }
    let words = ["python3", "-c", SERVER, ADDRESS];
    let mut server = in_space(FAR);
    let server = server.args(words).current_dir(&files).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = server.spawn().expect("python3");
    let words = ["capture", &case.to_string_lossy(), "-i", INTERFACE, "--user", "nobody", "--filter", "tcp port 8000"];
    let mut capture = in_space(NEAR).arg(FLOWCASE).args(words).spawn().expect("flowcase");
    thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    let url = format!("http://{ADDRESS}:8000/[0-{}]", FILES - 1);
    let words = [
        "curl",
        "--no-progress-meter",
        "-f",
        "-Z",
        "--parallel-immediate",
        "--parallel-max",
        "64",
        &url,
        "-o",
        "/dev/null",
    ];
    let done = in_space(NEAR).args(words).status().expect("curl");
    let took = begun.elapsed().as_secs_f64();
    assert!(done.success(), "curl: {done}");
    thread::sleep(Duration::from_secs(1));
    let signalled = Command::new("kill").args(["-INT", &capture.id().to_string()]).status();
    assert!(signalled.is_ok_and(|status| status.success()));
    let ended = capture.wait().expect("flowcase");
    let _ = (server.kill(), server.wait());
    let flowcase = |words: &[&str]| {
        let output = Command::new(FLOWCASE).args(words).output().expect("flowcase");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let case = case.to_string_lossy();
    flowcase(&["scan", &case, "-e", "http"]);
    flowcase(&["verify", &case]);
    let query = |sql: &str| flowcase(&["query", &case, sql, "--format", "csv"]);
    let found: BTreeSet<String> =
        query("SELECT sha256 FROM objects WHERE complete").lines().skip(1).map(|line| line.trim().to_owned()).collect();
    let mbits = f64::from(FILES) * BYTES as f64 * 8.0 / took / 1e6;
    println!("{FILES} downloads in {took:.1} s, {mbits:.0} Mbit/s of payload; flowcase ended with {ended}");
    println!("{} of {FILES} files came out as they were", served.intersection(&found).count());
    println!("anomalies:\n{}", query("SELECT kind, sum(count) AS count FROM anomalies GROUP BY kind"));
    println!(
        "{}",
        query(
            "SELECT sum(retransmitted_bytes) AS retransmitted, sum(out_of_order) AS out_of_order, sum(gap_bytes) AS gaps FROM connections"
        )
    );
}

fn open_to_all(path: &Path) {
    for path in [path.to_owned(), path.join("cases")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("permissions");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
