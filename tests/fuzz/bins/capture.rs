//! Any bytes as a capture file: see targets/capture.rs.

#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::capture::run(data));
