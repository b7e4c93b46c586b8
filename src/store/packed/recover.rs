//! After a kill: packs are cut back to what the index says.

use std::collections::HashMap;
use std::io;

use super::{DIRECTORY, PACKS, path};
use crate::store::beneath::Beneath;
use crate::store::{Error, at, journal};

/// Brings every pack back to the bytes given for it; one for which none are given goes, unless it was there before the
/// journal. Does nothing if no journal is there, and leaves that for [`recover`](crate::store::recover::recover); may
/// itself be killed and run again.
pub fn recover(beneath: &Beneath, committed: &HashMap<u8, u64>) -> Result<(), Error> {
    let Some(found) = journal::read(beneath).map_err(at(journal::NAME))? else { return Ok(()) };
    for pack in 0..PACKS {
        let name = path(pack);
        match committed.get(&pack) {
            Some(&bytes) => cut(beneath, &name, bytes).map_err(at(&name))?,
            None if found.batch > 0 => beneath.remove_since(&name, found.since).map_err(at(&name))?,
            None => {}
        }
    }
    beneath.remove_directory(DIRECTORY).map_err(at(DIRECTORY))
}

/// A pack that is too short, or no file, is for `verify` to tell.
fn cut(beneath: &Beneath, name: &str, bytes: u64) -> io::Result<()> {
    let file = match beneath.edit(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() > bytes { file.set_len(bytes) } else { Ok(()) }
}
