//! Markdown tables.

use crate::contest::{Cost, Pairs, median, medians};

/// The head of a table of comparisons.
pub const HEAD: &str = "\
| ours : theirs = ratio | MB | wall s | CPU s | peak MB | disk MB |
|---|---|---|---|---|---|";

/// A line of it: medians of both, and the median of the ratios of pairs.
pub fn line(name: &str, megabytes: f64, pairs: &Pairs) -> String {
    let ours = medians(&pairs.iter().map(|(ours, _)| *ours).collect::<Vec<_>>());
    let theirs: Vec<Cost> = pairs.iter().filter_map(|(_, theirs)| *theirs).collect();
    let theirs = (!theirs.is_empty()).then(|| medians(&theirs));
    let cells: Vec<String> = (0..4).map(|i| cell(i, &ours, theirs.as_ref(), pairs)).collect();
    format!("| {name} | {megabytes:.0} | {} |", cells.join(" | "))
}

fn cell(i: usize, ours: &Cost, theirs: Option<&Cost>, pairs: &Pairs) -> String {
    // seconds with two digits, MB without
    let digits = if i < 2 { 2 } else { 0 };
    let ours = ours.all()[i];
    let Some(theirs) = theirs.map(|theirs| theirs.all()[i]) else { return format!("{ours:.digits$}") };
    let ratio = median(pairs.iter().filter_map(|(ours, theirs)| theirs.map(|theirs| ours.all()[i] / theirs.all()[i])));
    if ratio.is_finite() {
        return format!("{ours:.digits$} : {theirs:.digits$} = **{ratio:.2}**");
    }
    format!("{ours:.digits$} : {theirs:.digits$}")
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}
