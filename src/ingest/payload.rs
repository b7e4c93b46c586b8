//! The payload's side of a case: a store for each shard, and one journal and one moment of commit for all of them.

use std::io;

use super::order::SHARDS;
use super::settings::Settings;
use super::{Error, Options};
use crate::index::{self, Frames, PackEnd};
use crate::store::beneath::Beneath;
use crate::store::files::MAX_OPEN;
use crate::store::{self, Bed, Files, Packed, PayloadStore, at, journal};

/// What the stores of a case share.
pub struct Payload {
    beneath: Beneath,
    /// Files of others may lie where payload files are made.
    shared: bool,
    journal: journal::Shared,
    sync: bool,
    /// Files that a store keeps open.
    open_files: usize,
}

impl Payload {
    /// Payload beneath `beneath`.
    pub fn new(beneath: Beneath, settings: &Settings, options: &Options) -> Self {
        let (shared, sync) = (settings.template.is_open(), options.sync);
        let open_files = options.open_files.map_or(MAX_OPEN, |files| files / SHARDS);
        Payload { beneath, shared, journal: journal::Shared::default(), sync, open_files }
    }

    /// A store for each shard.
    pub fn stores(&self, index: &index::Writer, settings: &Settings) -> Result<Vec<Box<dyn PayloadStore>>, Error> {
        let ends = index.packs()?;
        (0..SHARDS as u8).map(|number| self.store(number, &ends, index, settings)).collect()
    }

    /// Whether a file of somebody else has this name.
    pub fn is_in_the_way(&self, path: &str) -> Result<bool, Error> {
        Ok(self.shared && self.beneath.exists(path).map_err(at(path))?)
    }

    /// Where flows of a shard sleep, or what it settled lies.
    pub fn bed(&self) -> Bed {
        Bed::beneath(&self.beneath)
    }

    fn store(
        &self,
        number: u8,
        ends: &[PackEnd],
        index: &index::Writer,
        settings: &Settings,
    ) -> Result<Box<dyn PayloadStore>, Error> {
        let (beneath, hashes) = (self.beneath.clone(), settings.hashes.clone());
        if settings.store == store::Kind::Files {
            return Ok(Box::new(Files::new(beneath, hashes, self.journal.clone(), number).keep_open(self.open_files)));
        }
        let end = ends.iter().find(|end| end.pack == number).copied().unwrap_or_default();
        let mut frames = Frames::of(index.path());
        let earlier = Box::new(move |frame| frames.frame(number, frame).map_err(io::Error::other));
        Ok(Box::new(Packed::new(beneath, hashes, number, end.next_frame, end.bytes, earlier)?))
    }

    /// What is stored from now on belongs to the commit with this number.
    pub fn begin(&self, batch: u64) -> Result<(), Error> {
        Ok(self.journal.begin(&self.beneath, batch, self.sync).map_err(at(journal::NAME))?)
    }

    /// The commit happened, and all that waited for it.
    pub fn end(&self) -> Result<(), Error> {
        self.sync()?;
        Ok(self.journal.end(&self.beneath).map_err(at(journal::NAME))?)
    }

    pub fn sync(&self) -> Result<(), store::Error> {
        if self.sync { self.beneath.sync().map_err(at(".")) } else { Ok(()) }
    }
}
