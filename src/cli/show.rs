//! `flowcase show`: a connection as a transcript.

use std::io::Write;

use super::errors::{Done, Error};
use super::{CaseArg, output};
use crate::model::ConnectionId;
use crate::view::show::{Style, transcript};

/// Show both directions of a connection, interleaved by time
///
/// Each turn begins with a line that says when its first bytes could be read, from where to where they went, and what part
/// of which flow they are. Control characters are escaped; bytes that were never captured are a line of their own.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// Id of the connection
    #[arg(value_name = "CONNECTION")]
    connection: ConnectionId,
    /// Show offsets and hexadecimal digits
    #[arg(long)]
    hex: bool,
}

/// Prints the transcript.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    if case.index().connection(args.connection)?.is_none() {
        return Err(Error::Missing { what: "connection", name: args.connection.to_string() });
    }
    let style = if args.hex { Style::Hex } else { Style::Text };
    let mut out = output::stdout();
    transcript(&case, args.connection, style, &mut out)?;
    out.flush()?;
    Ok(Done::Whole)
}
