//! Everything that is tested from outside, as one binary.
#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod cli;
mod floors;
mod house;
mod readme;
mod testdata;
mod traffic;
