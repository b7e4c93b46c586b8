//! Any parts of packets: see targets/fragments.rs.

#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::fragments::run(data));
