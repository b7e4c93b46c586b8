//! `-S netviz_histogram_dump`: which address sent and which received how many bytes of frames, as tcpflow prints it, in the order of
//! addresses. Where there are more than `netviz_histogram_size`, those with few are gathered into their subnets.

use std::io::{self, Write};

use super::tally::Tally;
use crate::case;
use crate::cli::errors::Error;
use crate::index::{FlowInfo, Gatherer, Measure, Prefix, Selection, Weight};

/// Prints both histograms, of senders and of receivers, with at most so many rows each.
pub fn print(case: &case::Reader, tally: &Tally, rows: usize, out: &mut dyn Write) -> Result<(), Error> {
    let mut trees = [(); 2].map(|()| Gatherer::new(Measure::Bytes));
    let mut add = |flow: FlowInfo| -> Result<(), Error> {
        if let Some(heard) = tally.of(&flow) {
            let weight = Weight { bytes: heard.length, packets: heard.packets, connections: 1 };
            for (tree, end) in trees.iter_mut().zip([flow.src, flow.dst]) {
                tree.add(Prefix::address(end.ip), &weight);
            }
        }
        Ok(())
    };
    case.index().flows(&Selection::default(), &mut add)?;
    case.index().flows_without_file(&mut add)?;
    for (name, tree) in ["src_tree", "dst_tree"].into_iter().zip(trees) {
        write(name, tree, rows, out)?;
    }
    Ok(())
}

fn write(name: &str, tree: Gatherer, rows: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut groups = tree.finish(rows).groups;
    groups.sort_by_key(|group| group.prefix);
    writeln!(out, "{name}:\nhistogram size: {}", groups.len())?;
    groups.iter().try_for_each(|group| writeln!(out, "{}  count={}", group.prefix, group.weight.bytes))?;
    writeln!(out)
}
