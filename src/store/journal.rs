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
    /// The number the index will have after the commit. Always the first.
    Batch(u64),
    /// A file that did not exist is made.
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
        let mut journal = Journal { file: beneath.create(NAME)?, sync };
        journal.write(&Record::Batch(batch))?;
        Ok(journal)
    }

    /// Adds a record; on return a kill cannot lose it.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut bytes = postcard::to_stdvec(record).map_err(io::Error::other)?;
        let length = (bytes.len() as u32).to_le_bytes();
        bytes.splice(0..0, length);
        self.file.write_all(&bytes)?;
        if self.sync && matches!(record, Record::Grow(..) | Record::Bytes(..)) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

/// Reads the journal of a case, if there is one: its batch number and the records after it.
pub fn read(beneath: &mut Beneath) -> io::Result<Option<(u64, Vec<Record>)>> {
    let mut bytes = Vec::new();
    match beneath.read(NAME) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut records = parse(&bytes).into_iter();
    Ok(match records.next() {
        Some(Record::Batch(number)) => Some((number, records.collect())),
        _ => Some((0, Vec::new())),
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
        journal.write(&Record::New("flows/a".into())).unwrap();
        journal.write(&Record::Grow("flows/b".into(), 12)).unwrap();
        let whole = std::fs::read(directory.path().join(NAME)).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(directory.path().join(NAME), &whole[..cut]).unwrap();
            let (batch, records) = read(&mut beneath).unwrap().unwrap();
            assert!(batch == 7 || (batch == 0 && records.is_empty()));
            assert!(records.len() < 2);
        }
        std::fs::write(directory.path().join(NAME), &whole).unwrap();
        assert_eq!(read(&mut beneath).unwrap().unwrap().1.len(), 2);
    }
}
