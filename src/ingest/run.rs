//! What the wall clock and the machine say of an ingest: the private table `run`, outside the record.
#![expect(clippy::disallowed_methods, reason = "the one place that says when an ingest ran")]

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Error;
use crate::index::Writer;

/// Notes that an ingest begins; its number is for [`end`].
pub fn begin(index: &mut Writer, command_line: &str) -> Result<i64, Error> {
    Ok(index.begin_run(now(), env!("CARGO_PKG_VERSION"), command_line)?)
}

/// Notes that it ended, and what it used.
pub fn end(index: &mut Writer, run: i64) -> Result<(), Error> {
    let (user, system) = processor_seconds().unwrap_or_default();
    Ok(index.end_run(run, now(), user, system, peak_memory().unwrap_or_default())?)
}

/// Notes why it failed, if that can be noted: what failed may be the disk.
pub fn fail(index: &mut Writer, run: i64, why: &Error) {
    let _ = index.fail_run(run, now(), &why.to_string());
}

/// Memory of the machine in bytes, from proc(5).
pub fn machine_memory() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// Nanoseconds since 1970, by the clock of the machine.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// User and system time of this process, from proc(5): the 14th and 15th field of `stat`, in hundredths of a second.
fn processor_seconds() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / 100.0);
    Some((seconds()?, seconds()?))
}

/// Peak resident memory in bytes, from proc(5).
fn peak_memory() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The value of a line `NAME 123 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
