//! Writes completions for bash, zsh and fish into a directory: `cargo run --example completions -- DIRECTORY`. They are made from
//! the same definition as the command line, so nothing is kept twice.
#![allow(clippy::disallowed_methods, reason = "its purpose is to write files")]

use std::{env, fs, io, path::PathBuf};

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use flowcase::cli::Cli;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "target/completions".into()));
    fs::create_dir_all(&directory)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let path = generate_to(shell, &mut Cli::command(), "flowcase", &directory)?;
        eprintln!("wrote `{}`", path.display());
    }
    Ok(())
}
