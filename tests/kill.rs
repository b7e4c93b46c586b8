//! Law 7: SIGKILL at any moment costs nothing but time. An ingest is killed at random moments and run again; the case
//! must open and verify after each kill, and in the end be what an undisturbed run makes.
//!
//! `FLOWCASE_KILLS=20` does it 20 times a test instead of 4; `FLOWCASE_SEED` repeats the moments of a failure.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::laws::random::{Sent, Shape, traffic};
use crate::support::{PROGRAM, Place, STORES};
use crate::traffic::{Capture, Link};

/// About 10 MB: a debug build is busy with it long enough to be killed in the midst.
const SHAPE: Shape = Shape { conversations: 24, bytes: 400_000, segment: 1400, trouble: 60 };

#[test]
fn a_first_ingest_survives_being_killed() {
    for store in STORES {
        let place = Place::of(store);
        let sent = traffic(7, SHAPE);
        write(&place, "all.pcap", &sent);
        survives(&place, None, &["all.pcap"]);
    }
}

#[test]
fn a_second_ingest_that_continues_connections_survives_being_killed() {
    for store in STORES {
        let place = Place::of(store);
        write_halves(&place, 8);
        place.ingest("base", &["first.pcap"]);
        survives(&place, Some("base"), &["second.pcap"]);
    }
}

/// The later copy of an overlap goes over committed bytes, which a kill must bring back.
#[test]
fn a_second_ingest_that_overwrites_bytes_survives_being_killed() {
    for store in STORES {
        let place = Place::of(store);
        write_halves(&place, 9);
        place.ingest("base", &["first.pcap", "--overlap", "last"]);
        survives(&place, Some("base"), &["second.pcap"]);
    }
}

fn write(place: &Place, name: &str, sent: &[Sent]) {
    let frames = sent.iter().map(|sent| sent.frame.clone());
    place.file(name, &Capture::on(Link::Ethernet).frames(frames).pcap());
}

/// Every conversation of the first generation goes on from `first.pcap` to `second.pcap`.
fn write_halves(place: &Place, seed: u64) {
    let sent = traffic(seed, Shape { conversations: 8, bytes: 1_000_000, ..SHAPE });
    let (first, second) = sent.split_at(sent.len() / 2);
    write(place, "first.pcap", first);
    write(place, "second.pcap", second);
}

/// Ingests captures into a copy of `base` (or a new case) until it is killed, again and again.
fn survives(place: &Place, base: Option<&str>, captures: &[&str]) {
    let variable = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = variable("FLOWCASE_KILLS").unwrap_or(4);
    let seed = variable("FLOWCASE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let mut rng = Rng::with_seed(seed);
    begin(place, base, "undisturbed");
    let clock = Instant::now();
    place.ingest("undisturbed", captures);
    let duration = clock.elapsed();
    let expected = place.contents("undisturbed");
    println!("seed {seed}: {rounds} kills within {duration:?}");
    for round in 0..rounds {
        let case = format!("killed{round}");
        begin(place, base, &case);
        // the first kill of each round in a slice of time of its own, so that kills are spread over the whole
        let moment = duration.mul_f64((round as f64 + rng.f64()) / rounds as f64);
        killed(place, &case, captures, moment);
        if rng.bool() {
            killed(place, &case, captures, duration.mul_f64(rng.f64()));
        }
        place.ingest(&case, captures);
        place.assert_whole(&case);
        place.contents(&case).assert_equals(&expected, &format!("round {round}, killed after {moment:?}"));
    }
}

fn begin(place: &Place, base: Option<&str>, case: &str) {
    let Some(base) = base else { return };
    let copied = Command::new("cp").current_dir(place.path()).args(["-a", base, case]).status().unwrap();
    assert!(copied.success());
}

/// Runs an ingest and kills it after a while; what is left opens and verifies, unless the case was not even made.
fn killed(place: &Place, case: &str, captures: &[&str], after: Duration) {
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(place.path())
        .args(["ingest", case, "--store", place.store().name()])
        .args(captures)
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    if Path::new(&place.path().join(case).join("case.sqlite")).exists() {
        place.assert_whole(case);
    }
}
