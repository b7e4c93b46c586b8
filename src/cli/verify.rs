//! `flowcase verify`: is the case as it was recorded?

use std::io::Write;

use super::errors::{Done, Error};
use super::output::counted;
use super::{CaseArg, output, progress};
use crate::view::escape::printable;

/// Check every payload byte and every row against what was recorded
///
/// Reads every payload file or pack, compares length, holes and digests with the index, looks for files that no row names, and
/// checks the index against its own seals. Each fault is a line on stdout, beginning with the path it is about; exit code
/// 1 if there are any.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
}

/// Prints the faults, and a summary on stderr.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    let totals = case.index().totals()?;
    let bar = progress::bytes(totals.stored_bytes.saturating_add(totals.gap_bytes));
    let report = case.verify(&mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let report = report?;
    let mut out = output::stdout();
    for fault in &report.faults {
        writeln!(out, "{}", printable(&fault.to_string()))?;
    }
    out.flush()?;
    let (flows, bytes) = (counted(report.flows, "flow"), counted(report.bytes, "byte"));
    let objects = if report.objects > 0 { format!(", {}", counted(report.objects, "object")) } else { String::new() };
    eprintln!("{flows}{objects}, {bytes} verified: {}", counted(report.faults.len() as u64, "fault"));
    Ok(Done::but(!report.faults.is_empty()))
}
