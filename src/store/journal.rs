//! What must be undone after a kill, or done after a commit: one file in the case, written before each act it tells of.
//!
//! The journal belongs to one commit, the one that makes the index's batch number equal to its own. Found with that
//! number, what it says is done ([`Record::Move`]); found with a lower one, what it says is undone. Records are
//! length-prefixed; a half-written last one tells of an act that did not happen yet.

use std::fs::File;
use std::io::{self, Read, Write};

use super::beneath::Beneath;

/// The journal's name in the case directory.
pub const NAME: &str = "journal";

/// One act on the payload.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Record {
    /// The number the index will have after the commit, and when the journal was begun, as the file system's clock says it
    /// (seconds, nanoseconds). Always the first.
    Batch(u64, (i64, i64)),
    /// A file that did not exist will be made, or was. One that is older than the journal was there before.
    New(String),
    /// The file named last was there already and is not ours.
    Foreign(String),
    /// A committed file gets more bytes, behind this length or in its holes.
    Grow(String, u64),
    /// Committed bytes of a file at this offset are overwritten; these stood there.
    Bytes(String, u64, Vec<u8>),
    /// After the commit the first file takes the place of the second.
    Move(String, String),
}

/// The journal being written.
pub struct Journal {
    file: File,
    sync: bool,
}

impl Journal {
    /// Begins the journal of the commit that will be number `batch`. With `sync`, records about committed files are on disk
    /// before this program goes on.
    pub fn begin(beneath: &mut Beneath, batch: u64, sync: bool) -> io::Result<Self> {
        beneath.remove(NAME)?;
        Self::begin_in(beneath.create(NAME)?, batch, sync)
    }

    fn begin_in(file: File, batch: u64, sync: bool) -> io::Result<Self> {
        let mut journal = Journal { file, sync };
        let stat = rustix::fs::fstat(&journal.file)?;
        journal.write(&[Record::Batch(batch, (stat.st_ctime, stat.st_ctime_nsec as i64))])?;
        Ok(journal)
    }

    /// Adds records; on return a kill cannot lose them.
    pub fn write(&mut self, records: &[Record]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            let start = bytes.len() + 4;
            bytes.extend_from_slice(&[0; 4]);
            bytes = postcard::to_extend(record, bytes).map_err(io::Error::other)?;
            let length = (bytes.len() - start) as u32;
            bytes[start - 4..start].copy_from_slice(&length.to_le_bytes());
        }
        self.file.write_all(&bytes)?;
        if self.sync && records.iter().any(|record| matches!(record, Record::Grow(..) | Record::Bytes(..))) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

/// Begins a journal without records, unless another store of the case has: it tells that a writer is at work. With `sync`
/// it is on disk before this program goes on.
pub fn mark(beneath: &mut Beneath, batch: u64, sync: bool) -> io::Result<()> {
    let journal = match beneath.create(NAME) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => Journal::begin_in(file?, batch, sync)?,
    };
    if sync { journal.file.sync_all() } else { Ok(()) }
}

/// A journal as it was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The number of its commit; 0 if not even that was written.
    pub batch: u64,
    /// When it was begun, as the file system's clock says it (seconds, nanoseconds).
    pub since: (i64, i64),
    /// What it says.
    pub records: Vec<Record>,
}

/// Reads the journal of a case, if there is one.
pub fn read(beneath: &mut Beneath) -> io::Result<Option<Found>> {
    let mut bytes = Vec::new();
    match beneath.read(NAME) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut records = parse(&bytes).into_iter();
    Ok(match records.next() {
        Some(Record::Batch(batch, since)) => Some(Found { batch, since, records: records.collect() }),
        _ => Some(Found::default()),
    })
}

fn parse(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some(record) = rest.get(..length).and_then(|record| postcard::from_bytes(record).ok()) else { break };
        records.push(record);
        bytes = &rest[length..];
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_record_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let mut beneath = Beneath::open(directory.path()).unwrap();
        let mut journal = Journal::begin(&mut beneath, 7, false).unwrap();
        journal.write(&[Record::New("flows/a".into()), Record::Grow("flows/b".into(), 12)]).unwrap();
        let whole = std::fs::read(directory.path().join(NAME)).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(directory.path().join(NAME), &whole[..cut]).unwrap();
            let found = read(&mut beneath).unwrap().unwrap();
            assert!(found.batch == 7 || (found.batch == 0 && found.records.is_empty()));
            assert!(found.records.len() < 2);
        }
        std::fs::write(directory.path().join(NAME), &whole).unwrap();
        assert_eq!(read(&mut beneath).unwrap().unwrap().records.len(), 2);
    }
}
