//! A second opinion: what tshark, where it is installed, says of the same captures. `FLOWCASE_CAPTURES=DIRECTORY` asks about every
//! capture beneath; without, about one that the test makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Place, captures_or, is_installed, open, select};

/// What is compared.
pub struct Opinion<'a> {
    /// A capture for when none is given.
    pub capture: fn(&Place) -> PathBuf,
    /// Captures where the two differ, and why each is right in its way.
    pub differences: &'a [(&'a str, &'a str)],
    /// Lines on which they have to agree.
    pub least: usize,
    /// Options of `ingest`, and what is asked of the case.
    pub ours: (&'a [&'a str], &'a str),
    /// The same lines from tshark.
    pub theirs: fn(&Path) -> Vec<String>,
}

impl Opinion<'_> {
    /// Fails unless both say the same of every capture without a known difference.
    pub fn compare(&self) {
        if !is_installed("tshark") {
            return;
        }
        let place = Place::new();
        let all = captures_or(|| vec![(self.capture)(&place)]);
        let (mut agreed, mut different) = (0, Vec::new());
        for capture in &all {
            let name = capture.file_name().unwrap().to_str().unwrap();
            if self.differences.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let (mut ours, mut theirs) = (self.ours(capture), (self.theirs)(capture));
            ours.sort();
            theirs.sort();
            if ours == theirs {
                agreed += ours.len();
            } else {
                different.push(format!("{}\n  ours   {ours:#?}\n  theirs {theirs:#?}", capture.display()));
            }
        }
        println!("{agreed} lines agree");
        assert!(different.is_empty() && agreed >= self.least, "{agreed} agree, not these:\n{}", different.join("\n"));
    }

    fn ours(&self, capture: &Path) -> Vec<String> {
        let (place, (options, sql)) = (Place::new(), self.ours);
        let words = [&["ingest", "case", capture.to_str().unwrap()], options].concat();
        if place.run(&words).status.code() == Some(3) {
            return Vec::new();
        }
        select(&open(&place.path().join("case")), sql)
    }
}

/// The values of fields in each frame that passes a filter, several of one field with `|` between them.
pub fn fields<const N: usize>(capture: &Path, filter: &str, fields: [&str; N]) -> Vec<[String; N]> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-o", "tcp.reassemble_out_of_order:TRUE", "-Y", filter]);
    command.args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]);
    let output = command.args(fields.iter().flat_map(|field| ["-e", field])).output().unwrap();
    let cells = |line: &str| -> [String; N] {
        line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"))
    };
    String::from_utf8_lossy(&output.stdout).lines().map(cells).collect()
}
