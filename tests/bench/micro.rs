//! `cargo bench --bench micro [WORD…]`: what the pieces cost, one thread, everything in memory. Words choose lines by name.
#![allow(clippy::disallowed_methods, reason = "it measures time and makes files")]

mod directory;
#[allow(dead_code, unused_imports, reason = "shared with the comparison")]
mod load;
mod pieces;
mod timing;
#[path = "../traffic/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with the tests")]
mod traffic;

fn main() {
    // cargo says `--bench`
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    println!("{}", timing::HEAD);
    for (name, measure) in pieces::ALL {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            measure(name);
        }
    }
}
