//! The options that select connections and flows, the same for every command that selects.

use crate::index::Selection;
use crate::index::selection::{End, Net, Ports, parse_time};
use crate::model::Timestamp;

/// Several of one option are alternatives; different options must all hold.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Either end has this address or lies in this network
    #[arg(long, value_name = "ADDR|CIDR")]
    host: Vec<Net>,
    /// Either end has this port or one in this range
    #[arg(long, value_name = "N|N-M")]
    port: Vec<Ports>,
    /// The sender (of a connection: the originator), with or without a port
    #[arg(long, value_name = "ADDR|CIDR[:PORT]")]
    src: Vec<End>,
    /// The receiver (of a connection: the responder), with or without a port
    #[arg(long, value_name = "ADDR|CIDR[:PORT]")]
    dst: Vec<End>,
    /// Not over before this time (ISO 8601, UTC, or @SECONDS)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Begun by this time (ISO 8601, UTC, or @SECONDS)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// State of the connection, in Zeek's words (SF, S0, REJ, …)
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
    /// VLAN id
    #[arg(long, value_name = "N")]
    vlan: Vec<u16>,
    /// At least so many bytes stored
    #[arg(long, value_name = "N", value_parser = super::size::parse)]
    min_bytes: Option<u64>,
    /// A condition in SQL on the columns of the view
    #[arg(long = "where", value_name = "SQL")]
    where_sql: Option<String>,
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        let SelectionArgs { host, port, src, dst, since, until, state, vlan, min_bytes, where_sql } = args;
        Selection { host, port, src, dst, since, until, state, vlan, min_bytes, where_sql }
    }
}
