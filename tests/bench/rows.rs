//! What is compared with what: groups of rows, each of which can be run alone.

use crate::load::Load;

/// Captures of each profile: profile, usual size, size with `--full`.
pub const SIZES: &[(&str, u64, u64)] = &[
    ("bulk", 256, 1024),
    ("web", 5_000, 50_000),
    ("small", 20_000, 200_000),
    ("open", 20_000, 200_000),
    ("syn", 100_000, 1_000_000),
    ("mess", 600, 6_000),
    ("crowd", 5_000, 20_000),
    ("collide", 100_000, 200_000),
    ("idle", 100_000, 1_000_000),
    ("queries", 200_000, 1_000_000),
];

/// Groups by name, in the order in which they run; the profiles come first.
pub const GROUPS: &[(&str, &str)] = &[
    ("bulk", "the profile, against tcpflow; likewise the next five"),
    ("web", ""),
    ("small", ""),
    ("open", ""),
    ("syn", ""),
    ("mess", ""),
    ("crowd", "small, many at once, against tcpflow"),
    ("md5", "`--hash md5` against `tcpflow -e md5`: bulk, web"),
    ("packed", "`--store packed` against tcpflow: small, web"),
    ("cp", "bulk, against copying the capture"),
    ("workers", "two workers against one, `--hash sha256,md5`: web"),
    ("memory", "`--memory 256M` against no such limit: every profile"),
    ("collide", "endpoints that collide under XOR against endpoints of chance"),
    ("idle", "time a frame while few or many connections are open"),
    ("queries", "questions to a case of many small connections"),
    ("rest", "bytes of the index: a connection of small, a segment of bulk"),
];

/// A program over a capture.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which.
    pub program: Program,
    /// Over what.
    pub load: Load,
    /// Arguments besides.
    pub words: Vec<String>,
}

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `flowcase ingest`
    Flowcase,
    /// `tcpflow -q -Fk`
    Tcpflow,
    /// `cp`
    Cp,
}

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it shows.
    pub name: String,
    /// In front of the colon.
    pub ours: Run,
    /// Behind it; `None`: alone.
    pub theirs: Option<Run>,
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--full`.
    pub full: bool,
    /// Sizes from the command line.
    pub sizes: Vec<(String, u64)>,
    /// Arguments for every run of flowcase.
    pub ours: Vec<String>,
    /// Arguments for every run of tcpflow; `None`: it is not installed.
    pub theirs: Option<Vec<String>>,
}

impl Asked {
    /// The size of a profile or group.
    pub fn size(&self, name: &str) -> u64 {
        let given = self.sizes.iter().rev().find(|(known, _)| known == name).map(|(_, size)| *size);
        let listed = SIZES.iter().find(|(known, ..)| *known == name);
        let usual = listed.map(|(_, usual, full)| if self.full { *full } else { *usual });
        given.or(usual).expect("every profile that is compared has a size")
    }

    /// The load of a profile.
    pub fn load(&self, profile: &str) -> Load {
        Load::new(profile, self.size(profile)).expect("sizes are of profiles")
    }

    /// flowcase over a load.
    pub fn ours(&self, load: Load, words: &str) -> Run {
        let words = split(words).chain(self.ours.iter().cloned()).collect();
        Run { program: Program::Flowcase, load, words }
    }

    /// tcpflow over a load, if it is there.
    pub fn theirs(&self, load: Load, words: &str) -> Option<Run> {
        let given = self.theirs.as_ref()?;
        Some(Run { program: Program::Tcpflow, load, words: split(words).chain(given.iter().cloned()).collect() })
    }

    /// The rows of a group that compares whole programs.
    pub fn rows(&self, group: &str) -> Vec<Row> {
        let against = |words: &'static str, theirs: &'static str| {
            move |profile: &str| {
                let load = self.load(profile);
                let name = [&load.to_string(), words].join(" ").trim().to_owned();
                Row { name, ours: self.ours(load, words), theirs: self.theirs(load, theirs) }
            }
        };
        match group {
            "md5" => ["bulk", "web"].map(against("--hash md5", "-e md5")).into(),
            "packed" => ["small", "web"].map(against("--store packed", "")).into(),
            "cp" => vec![self.copy(self.load("bulk"))],
            "workers" => vec![self.workers(self.load("web"))],
            "memory" => profiles().map(|profile| self.limited(self.load(profile))).collect(),
            "collide" => self.collisions(self.size("collide")),
            profile => vec![against("", "")(profile)],
        }
    }

    fn copy(&self, load: Load) -> Row {
        let cp = Run { program: Program::Cp, load, words: Vec::new() };
        Row { name: format!("{load}, flowcase : cp"), ours: self.ours(load, ""), theirs: Some(cp) }
    }

    fn workers(&self, load: Load) -> Row {
        let run = |workers: &str| self.ours(load, &format!("--hash sha256,md5 --workers {workers}"));
        Row { name: format!("{load} sha256,md5, 2 workers : 1"), ours: run("2"), theirs: Some(run("1")) }
    }

    fn limited(&self, load: Load) -> Row {
        let name = format!("{load}, --memory 256M : without");
        Row { name, ours: self.ours(load, "--memory 256M"), theirs: Some(self.ours(load, "")) }
    }

    fn collisions(&self, size: u64) -> Vec<Row> {
        let [alike, chance] = ["collide", "random"].map(|name| Load::new(name, size).expect("both are profiles"));
        let name = |program: &str| format!("{program}: {alike} : {chance}");
        let ours = Row { name: name("flowcase"), ours: self.ours(alike, ""), theirs: Some(self.ours(chance, "")) };
        let theirs = self.theirs(alike, "");
        let theirs = theirs.map(|run| Row { name: name("tcpflow"), ours: run, theirs: self.theirs(chance, "") });
        [ours].into_iter().chain(theirs).collect()
    }
}

/// The option of `flowcase ingest` without which a group cannot run.
pub fn wants(group: &str) -> Option<&'static str> {
    match group {
        "packed" => Some("--store"),
        "workers" => Some("--workers"),
        "memory" => Some("--memory"),
        _ => None,
    }
}

/// The profiles that are compared with tcpflow.
pub fn profiles() -> impl Iterator<Item = &'static str> {
    GROUPS[..6].iter().map(|(name, _)| *name)
}

fn split(words: &str) -> impl Iterator<Item = String> + '_ {
    words.split_whitespace().map(str::to_owned)
}
