//! Two programs over captures, in turn: what each run took, and the medians.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

/// What one run took, or the medians of several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Seconds on the clock.
    pub wall: f64,
    /// Processor seconds, user and system.
    pub cpu: f64,
    /// Highest resident memory, in MB.
    pub memory: f64,
    /// Blocks on disk of all it made, in MB.
    pub disk: f64,
}

impl Cost {
    /// Clock, processor, memory, disk.
    pub fn all(&self) -> [f64; 4] {
        [self.wall, self.cpu, self.memory, self.disk]
    }
}

/// Costs of both in each pair of runs; the second is missing where there is nothing to compare with.
pub type Pairs = Vec<(Cost, Option<Cost>)>;

/// Runs both in turn: a pair to warm up, then `pairs` that count. Words are a program and its arguments; `out` is what it
/// makes, and is removed after each run.
pub fn contest(pairs: usize, ours: &[String], theirs: Option<&[String]>, out: &Path) -> Pairs {
    let pair = |_| {
        let cost = run(ours, Some(out));
        (cost, theirs.map(|words| run(words, Some(out))))
    };
    (0..=pairs).map(pair).skip(1).collect()
}

/// Runs a program to its end.
///
/// # Panics
/// If it cannot be run or fails: there is nothing to measure then.
pub fn run(words: &[String], out: Option<&Path>) -> Cost {
    let talk = tempfile::NamedTempFile::new().expect("a file for what it says");
    let stderr = File::create(talk.path()).expect("a file for what it says");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let start = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("`{}`: {error}", words[0]));
    let used = child.wait4().expect("a child to wait for");
    let wall = start.elapsed().as_secs_f64();
    if !matches!(used.status.code(), Some(0 | 1)) {
        panic!("`{}`: {}\n{}", words.join(" "), used.status, fs::read_to_string(talk.path()).unwrap_or_default());
    }
    let disk = out.map_or(0.0, |out| blocks(out) as f64 * 512e-6);
    out.into_iter().for_each(remove);
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Cost { wall, cpu, memory: used.rusage.maxrss as f64 / 1e6, disk }
}

/// Removes a file or a directory, if it is there.
pub fn remove(path: &Path) {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    if path.exists() {
        removed.unwrap_or_else(|error| panic!("`{}`: {error}", path.display()));
    }
}

/// Blocks of 512 bytes that a file or a directory takes, as `du` counts them.
fn blocks(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    let entries = fs::read_dir(path).into_iter().flatten();
    let inside: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    metadata.blocks() + inside.iter().map(|path| blocks(path)).sum::<u64>()
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The medians of one side.
pub fn medians(costs: &[Cost]) -> Cost {
    let of = |pick: fn(&Cost) -> f64| median(costs.iter().map(pick));
    Cost {
        wall: of(|cost| cost.wall),
        cpu: of(|cost| cost.cpu),
        memory: of(|cost| cost.memory),
        disk: of(|cost| cost.disk),
    }
}
