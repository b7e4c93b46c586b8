//! After a kill: what the journal tells is undone, or done, depending on whether its commit happened.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::FileExt;

use super::beneath::Beneath;
use super::journal::{self, Record, SCRATCH};
use super::{Error, at};

/// Brings the payload to what the index says after commit number `committed`. `gaps` gives offset and length of the holes
/// of a committed file. Does nothing if no journal is there; may itself be killed and run again.
pub fn recover(
    beneath: &Beneath,
    committed: u64,
    gaps: impl Fn(&str) -> Result<Vec<(u64, u64)>, Error>,
) -> Result<bool, Error> {
    let Some(found) = journal::read(beneath).map_err(at(journal::NAME))? else { return Ok(false) };
    if found.batch == committed {
        found.records.iter().try_for_each(|record| redo(beneath, record))?;
    } else {
        let foreign: HashSet<&str> = found.records.iter().filter_map(foreign).collect();
        for record in found.records.iter().rev() {
            match record {
                Record::New(path) if foreign.contains(path.as_str()) => {}
                Record::New(path) => beneath.remove_since(path, found.since).map_err(at(path))?,
                record => undo(beneath, record, &gaps)?,
            }
        }
    }
    beneath.remove_directory(SCRATCH).map_err(at(SCRATCH))?;
    beneath.remove(journal::NAME).map_err(at(journal::NAME))?;
    Ok(true)
}

fn foreign(record: &Record) -> Option<&str> {
    match record {
        Record::Foreign(path) => Some(path),
        _ => None,
    }
}

fn redo(beneath: &Beneath, record: &Record) -> Result<(), Error> {
    match record {
        Record::Move(from, to) => beneath.rename(from, to).map(drop).map_err(at(to)),
        _ => Ok(()),
    }
}

fn undo(
    beneath: &Beneath,
    record: &Record,
    gaps: &impl Fn(&str) -> Result<Vec<(u64, u64)>, Error>,
) -> Result<(), Error> {
    match record {
        Record::Move(from, _) => beneath.remove(from).map_err(at(from)),
        Record::Bytes(path, offset, bytes) => {
            beneath.edit(path).and_then(|file| file.write_all_at(bytes, *offset)).map_err(at(path))
        }
        Record::Grow(path, length) => shrink(beneath, path, *length, &gaps(path)?).map_err(at(path)),
        Record::New(_) | Record::Foreign(_) | Record::Batch(..) => Ok(()),
    }
}

/// Cuts a file back to its committed length and empties the holes it had.
fn shrink(beneath: &Beneath, path: &str, length: u64, gaps: &[(u64, u64)]) -> io::Result<()> {
    let file = beneath.edit(path)?;
    file.set_len(length)?;
    gaps.iter().try_for_each(|&(offset, length)| make_hole(&file, offset, length))
}

/// Makes a range read as zeros, without blocks where the file system can.
fn make_hole(file: &std::fs::File, offset: u64, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    if fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, length).is_ok() {
        return Ok(());
    }
    let zeros = vec![0; length.min(1 << 20) as usize];
    (0..length).step_by(zeros.len().max(1)).try_for_each(|done| {
        let piece = zeros.len().min((length - done) as usize);
        file.write_all_at(&zeros[..piece], offset + done)
    })
}
