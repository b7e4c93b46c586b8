//! `flowcase connections` and `flowcase flows`: rows of a view, selected.

use std::io::Write;

use super::errors::{Done, Error};
use super::output::Format;
use super::selection::SelectionArgs;
use super::{CaseArg, output};
use crate::index::Listing;

/// List connections
///
/// A table shows the columns that matter most; the other formats have all of them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = CONNECTIONS_EXAMPLES)]
pub struct ConnectionsArgs {
    #[command(flatten)]
    pub(super) list: ListArgs,
}

/// List flows: the directions of connections, one row a payload file
///
/// A table shows the columns that matter most; the other formats have all of them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FLOWS_EXAMPLES)]
pub struct FlowsArgs {
    #[command(flatten)]
    pub(super) list: ListArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// How to write rows
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    selection: SelectionArgs,
}

const CONNECTIONS_EXAMPLES: &str = "\
Examples:
  flowcase connections case --port 443 --since 2008-10-06T17:00
  flowcase connections case --where 'retransmitted_bytes > 0' --format csv";

const FLOWS_EXAMPLES: &str = "\
Examples:
  flowcase flows case --src 10.0.0.0/8 --min-bytes 1M
  flowcase flows case --where 'gap_bytes = 0' --format ndjson --limit 10";

const CONNECTION_COLUMNS: &[&str] = &[
    "id",
    "orig_ip",
    "orig_port",
    "resp_ip",
    "resp_port",
    "vlan",
    "start_time",
    "state",
    "orig_bytes",
    "resp_bytes",
    "gap_bytes",
];
const FLOW_COLUMNS: &[&str] = &[
    "id",
    "connection_id",
    "side",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "start_time",
    "length",
    "gap_bytes",
    "path",
];

/// Lists connections.
pub fn connections(args: ConnectionsArgs) -> Result<Done, Error> {
    list(args.list, Listing::Connections, CONNECTION_COLUMNS)
}

/// Lists flows.
pub fn flows(args: FlowsArgs) -> Result<Done, Error> {
    list(args.list, Listing::Flows, FLOW_COLUMNS)
}

fn list(args: ListArgs, listing: Listing, columns: &'static [&'static str]) -> Result<Done, Error> {
    let case = args.case.open()?;
    let mut out = output::stdout();
    let mut rows = args.format.rows(&mut out, Some(columns));
    case.index().list(listing, &args.selection.into(), args.limit, &mut *rows)?;
    rows.finish()?;
    drop(rows);
    out.flush()?;
    Ok(Done::Whole)
}
