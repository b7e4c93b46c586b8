//! Writes the manual pages into a directory: `cargo run --example man -- DIRECTORY`. They are made from the same
//! definition as the command line, so nothing is kept twice.
#![allow(clippy::disallowed_methods, reason = "its purpose is to write files")]

use std::{env, fs, io, path::PathBuf};

use clap::CommandFactory;
use flowcase::cli::Cli;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "target/man".into()));
    fs::create_dir_all(&directory)?;
    clap_mangen::generate_to(Cli::command(), &directory)?;
    eprintln!("wrote the manual to `{}`", directory.display());
    Ok(())
}
