//! `flowcase info`: what is in a case.

use std::io::Write;

use super::errors::{Done, Error};
use super::{CaseArg, output};
use crate::view::info::Info;

/// Say what is in a case: captures, totals, coverage, anomalies by kind, size on disk
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// How to say it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

/// Prints the page.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    let info = Info::of(&case)?;
    let mut out = output::stdout();
    match args.format {
        Format::Text => info.write_text(&mut out)?,
        Format::Json => info.write_json(&mut out)?,
    }
    out.flush()?;
    Ok(Done::Whole)
}
