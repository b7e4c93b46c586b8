//! What is fuzzed: each target takes any bytes, and panics where the program is wrong.
#![allow(dead_code, reason = "each program has one target")]

pub mod capture;
pub mod decode;
pub mod fragments;
pub mod scan;
pub mod template;
pub mod track;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("capture", capture::run),
    ("decode", decode::run),
    ("fragments", fragments::run),
    ("scan", scan::run),
    ("template", template::run),
    ("track", track::run),
];
