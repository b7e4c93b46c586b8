//! Everything that is tested from outside, as one binary.
#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod bad_input;
mod browser;
mod canary;
mod capture;
mod cli;
mod confinement;
mod dns;
mod export;
mod floors;
mod fuzz;
mod holes;
mod house;
mod html;
mod kill;
mod laws;
#[path = "bench/load/mod.rs"]
mod load;
mod loads;
mod mutants;
mod objects;
mod opinion;
mod package;
mod packed;
mod plugins;
mod readme;
mod scan;
mod situations;
mod support;
mod tamper;
mod tcpflow;
mod testdata;
mod tls;
mod traffic;
mod tshark;
mod udp;
mod wifi;
