//! F6: the command line. One file a subcommand, each `run(Args) -> Result<Done, Error>`; [`errors`] alone turns a cause
//! into a sentence, a hint and an exit code. Data goes to stdout, talk to stderr.

#![allow(clippy::disallowed_methods, reason = "reports and exports are files")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod capture;
pub mod cat;
pub mod confine;
pub mod errors;
pub mod export;
pub mod info;
pub mod ingest;
pub mod listing;
pub mod output;
pub mod plugins;
pub mod privileges;
pub mod progress;
pub mod prompt;
pub mod query;
pub mod recording;
pub mod report;
pub mod scan;
pub mod selection;
pub mod show;
pub mod size;
pub mod span;
pub mod status;
pub mod tcpflow;
pub mod verify;
pub mod words;

pub use errors::{Done, Error};

use crate::case;
use confine::{Places, Unconfined};

/// Reassemble the TCP connections of captures into a case, and ask it questions
///
/// A case is a directory: one payload file a flow, named as tcpflow names them, and one SQLite index that knows of every
/// byte which frame of which capture brought it.
#[derive(Debug, Parser)]
#[command(name = "flowcase", version, arg_required_else_help = true, max_term_width = 100, after_help = errors::exit_codes())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    unconfined: Unconfined,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ingest(ingest::Args),
    Capture(capture::Args),
    Info(info::Args),
    Connections(listing::ConnectionsArgs),
    Flows(listing::FlowsArgs),
    Query(query::Args),
    Cat(cat::Args),
    Show(show::Args),
    Scan(scan::Args),
    Report(report::Args),
    Export(export::Args),
    Verify(verify::Args),
    Tcpflow(tcpflow::Args),
}

impl Command {
    /// Where it writes, unless it finds that out itself.
    fn places(&self) -> Option<Places> {
        let case = match self {
            Command::Ingest(_) | Command::Capture(_) | Command::Scan(_) | Command::Tcpflow(_) => return None,
            Command::Report(args) => return Some(args.places()),
            Command::Export(args) => return Some(args.places()),
            Command::Info(args) => &args.case,
            Command::Connections(args) => &args.list.case,
            Command::Flows(args) => &args.list.case,
            Command::Query(args) => &args.case,
            Command::Cat(args) => &args.case,
            Command::Show(args) => &args.case,
            Command::Verify(args) => &args.case,
        };
        Some(Places::case(&case.path))
    }
}

/// The case a command reads: always the first positional argument.
#[derive(Debug, clap::Args)]
pub struct CaseArg {
    /// The case directory
    #[arg(value_name = "CASE")]
    pub path: PathBuf,
}

impl CaseArg {
    /// Opens the case for reading.
    pub fn open(&self) -> Result<case::Reader, Error> {
        Ok(case::Reader::open(&self.path)?)
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let done = match std::env::args_os().next() {
        Some(name) if Path::new(&name).file_name() == Some(OsStr::new("tcpflow")) => tcpflow::main(),
        _ => {
            let matches = Cli::command().get_matches();
            let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
            run(cli, &matches)
        }
    };
    match done {
        Ok(done) => done.exit_code(),
        Err(error) => errors::tell(&error),
    }
}

fn run(Cli { command, unconfined }: Cli, matches: &ArgMatches) -> Result<Done, Error> {
    if let Some(places) = command.places() {
        places.confine(unconfined)?;
    }
    match command {
        Command::Ingest(args) => ingest::run(args, unconfined),
        Command::Capture(args) => capture::run(&args, unconfined),
        Command::Info(args) => info::run(&args),
        Command::Connections(args) => listing::connections(args),
        Command::Flows(args) => listing::flows(args),
        Command::Query(args) => query::run(&args),
        Command::Cat(args) => cat::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Scan(args) => scan::run(&args, unconfined),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(args),
        Command::Verify(args) => verify::run(&args),
        Command::Tcpflow(args) => {
            let (_, own) = matches.subcommand().unwrap_or(("", matches));
            tcpflow::run(args, own, unconfined)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_case_comes_first_everywhere() {
        // tcpflow's has its own order
        for command in Cli::command().get_subcommands().filter(|command| command.get_name() != "tcpflow") {
            let first = command.get_positionals().next().unwrap();
            assert_eq!(first.get_value_names().unwrap()[0], "CASE", "{}", command.get_name());
        }
    }

    #[test]
    fn usage_errors_exit_2() {
        for line in ["flowcase nonsense", "flowcase info", "flowcase ingest case", "flowcase flows case --port 70000"] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
