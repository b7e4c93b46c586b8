//! Connections that were going on when a case ended, for the case that comes behind it: each is taken up by its next segment.

use std::collections::HashMap;
use std::path::Path;

use super::Error;
use crate::index::Writer;
use crate::index::rows::DormantRow;
use crate::model::{ConnectionId, Timestamp};

/// Connections of a case before, by the hash of their endpoints.
#[derive(Default)]
pub struct Carried {
    /// The name of its directory.
    case: String,
    waiting: HashMap<u64, Vec<DormantRow>, foldhash::fast::RandomState>,
    /// What those of still earlier cases were, which did not wake in between.
    earlier: HashMap<(u64, ConnectionId), String>,
}

/// One of them.
pub struct One {
    /// The case it was in.
    pub case: String,
    /// Its number there.
    pub id: ConnectionId,
    pub state: Vec<u8>,
}

impl Carried {
    /// Those that rest in a case, and those carried into it that nothing woke. Of both, those that may still wake.
    pub fn on(self, root: &Path, index: &mut Writer) -> Result<Self, Error> {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut carried = Carried { case: name, ..Carried::default() };
        let last = index.last();
        for row in self.waiting.into_values().flatten() {
            if !is_over(&row, last) {
                let case = self.earlier.get(&(row.tuple_hash, row.connection)).unwrap_or(&self.case);
                carried.earlier.insert((row.tuple_hash, row.connection), case.clone());
                carried.waiting.entry(row.tuple_hash).or_default().push(row);
            }
        }
        for row in index.dormant()? {
            carried.waiting.entry(row.tuple_hash).or_default().push(row);
        }
        Ok(carried)
    }

    /// Takes out the connections whose endpoints have this hash that may wake at `now`, oldest first.
    pub fn take(&mut self, tuple_hash: u64, now: Option<Timestamp>) -> Vec<One> {
        let waiting = self.waiting.remove(&tuple_hash).unwrap_or_default();
        let alive = waiting.into_iter().filter(|row| !is_over(row, now));
        let one = |row: DormantRow| {
            let case = self.earlier.remove(&(tuple_hash, row.connection)).unwrap_or_else(|| self.case.clone());
            One { case, id: row.connection, state: row.state }
        };
        alive.map(one).collect()
    }

    /// None is left.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn is_over(row: &DormantRow, now: Option<Timestamp>) -> bool {
    row.until.zip(now).is_some_and(|(until, now)| until < now)
}
