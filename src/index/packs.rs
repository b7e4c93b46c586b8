//! Where packed payload lies: rows of `pack_frame`, for the store that goes on with a pack and for those who read it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row};

use super::cells::{PACK_FRAME, cells};
use super::list::{list, unsigned};
use super::{Reader, Result, Writer, file};
use crate::model::PackFrame;

const FRAME: &str = "SELECT pack, number, \"offset\", stored_bytes, length FROM pack_frame";

/// How far a pack is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackEnd {
    /// Which pack.
    pub pack: u8,
    /// Bytes of it that committed frames take.
    pub bytes: u64,
    /// Number of its next frame.
    pub next_frame: u64,
}

impl Writer {
    /// How far each pack is committed that has a frame, ascending.
    pub fn packs(&self) -> Result<Vec<PackEnd>> {
        let sql =
            "SELECT pack, max(\"offset\" + stored_bytes), max(number) + 1 FROM pack_frame GROUP BY pack ORDER BY pack";
        list(&self.db, sql, [], |row| {
            Ok(PackEnd { pack: row.get(0)?, bytes: unsigned(row, 1)?, next_frame: unsigned(row, 2)? })
        })
    }

    pub(super) fn put_frame(&mut self, frame: &PackFrame) -> Result<()> {
        let PackFrame { pack, number, offset, stored_bytes, length } = *frame;
        self.insert_new(&PACK_FRAME, &cells![pack, number, offset, stored_bytes, length])
    }
}

impl Reader {
    /// Where a frame lies; `None` if there is none with this number.
    pub fn frame(&self, pack: u8, number: u64) -> Result<Option<PackFrame>> {
        frame(&self.db, pack, number)
    }

    /// Every frame, as they lie: by pack and offset.
    pub fn frames(&self) -> Result<Vec<PackFrame>> {
        list(&self.db, &format!("{FRAME} ORDER BY pack, \"offset\", number"), [], pack_frame)
    }
}

/// Finds frames through a connection of its own, opened when it is first asked.
pub struct Frames {
    path: PathBuf,
    db: Option<Connection>,
}

impl Frames {
    /// In the index at `path`.
    pub fn of(path: &Path) -> Self {
        Frames { path: path.to_owned(), db: None }
    }

    /// Where a committed frame lies; `None` if there is none with this number.
    pub fn frame(&mut self, pack: u8, number: u64) -> Result<Option<PackFrame>> {
        if self.db.is_none() {
            self.db = Some(file::open_again(&self.path)?);
        }
        self.db.as_ref().map_or(Ok(None), |db| frame(db, pack, number))
    }
}

fn frame(db: &Connection, pack: u8, number: u64) -> Result<Option<PackFrame>> {
    let mut statement = db.prepare_cached(&format!("{FRAME} WHERE pack = ?1 AND number = ?2"))?;
    Ok(statement.query_row((pack, number as i64), pack_frame).optional()?)
}

fn pack_frame(row: &Row<'_>) -> rusqlite::Result<PackFrame> {
    let (pack, number, offset) = (row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?);
    Ok(PackFrame { pack, number, offset, stored_bytes: unsigned(row, 3)?, length: unsigned(row, 4)? })
}
