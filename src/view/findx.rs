//! When the bytes of a flow were captured, as tcpflow says it: lines `offset|seconds.microseconds|length` in order of offsets.

use std::io::{self, Write};

use crate::index::SegmentInfo;

/// Writes a line for each segment; those of frames without time have an empty one.
pub fn write(segments: &[SegmentInfo], out: &mut dyn Write) -> io::Result<()> {
    for SegmentInfo { offset, length, time, .. } in segments {
        let time = time.map(|time| format!("{}.{:06}", time.seconds(), time.subsecond_nanoseconds() / 1000));
        writeln!(out, "{offset}|{}|{length}", time.unwrap_or_default())?;
    }
    Ok(())
}
