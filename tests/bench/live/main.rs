//! `cargo bench --bench live`: captures from a link between two network namespaces, as root, on a machine with ip(8), ethtool(8), curl
//! and python3. `downloads`: a thousand files over HTTP, each compared with what came out of the case; `lossy`: the same where frames
//! are lost, late and doubled on the way; `soak MINUTES`: connections that open and close, with the memory that it takes.
#![allow(clippy::disallowed_methods, reason = "it measures time and makes files")]

use std::env;

mod downloads;
mod link;
mod soak;

/// The program that is measured.
const FLOWCASE: &str = env!("CARGO_BIN_EXE_flowcase");
/// What frames on a lossy link may meet: of a hundred, so many are lost, doubled, and late.
const TROUBLE: u32 = 2;

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        // this program again, as a part of the scene
        ["relay", one, other] => link::relay(one, other, TROUBLE),
        ["serve", address] => soak::serve(address),
        ["call", address, seconds] => soak::call(address, seconds.parse().expect("seconds")),
        ["downloads"] => downloads::compare(false),
        ["lossy"] => downloads::compare(true),
        ["soak", minutes] => soak::soak(minutes.parse().expect("minutes")),
        _ => println!("cargo bench --bench live -- downloads | lossy | soak MINUTES"),
    }
}
