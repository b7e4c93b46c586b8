//! The options that select connections and flows, the same for every command that selects.

use std::ops::RangeInclusive;

use crate::index::Selection;
use crate::index::parse::{End, Net, ports};
use crate::model::Timestamp;

/// Several of one option are alternatives; different options must all hold.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Either end has this address or lies in this network
    #[arg(long, value_name = "ADDR|CIDR")]
    host: Vec<Net>,
    /// Either end has this port or one in this range
    #[arg(long, value_name = "N|N-M", value_parser = ports)]
    port: Vec<RangeInclusive<u16>>,
    /// The sender (of a connection: the originator): address, network, port (:80) or both
    #[arg(long, value_name = "ADDR|CIDR|[ADDR]:PORT")]
    src: Vec<End>,
    /// The receiver (of a connection: the responder), likewise
    #[arg(long, value_name = "ADDR|CIDR|[ADDR]:PORT")]
    dst: Vec<End>,
    /// Not over before this time (ISO 8601, UTC, or @SECONDS)
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Begun by this time (ISO 8601, UTC, or @SECONDS)
    #[arg(long, value_name = "TIME")]
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        selection: SelectionArgs,
    }

    fn parsed(line: &str) -> Result<Selection, clap::Error> {
        let words = std::iter::once("x").chain(line.split(' '));
        Line::try_parse_from(words).map(|line| line.selection.into())
    }

    #[test]
    fn options_repeat_and_combine() {
        let selection =
            parsed("--host 10.1.1.1 --host 10.2.0.0/16 --port 80-90 --dst :443 --since @5 --min-bytes 1K").unwrap();
        assert_eq!(selection.host.len(), 2);
        assert_eq!(selection.port, [80..=90]);
        assert_eq!(selection.dst[0].port, Some(443));
        assert_eq!(selection.since, Timestamp::new(5, 0));
        assert_eq!(selection.min_bytes, Some(1024));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, named) in [("--host 10.1.1", "--host"), ("--port 90-80", "--port"), ("--until never", "--until")] {
            let error = parsed(line).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
