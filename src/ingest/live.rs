//! A flow while it is recorded: what the index is still to be told of it.

use crate::index::extents::Encoder;

/// A flow that has a file and may get more.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Live {
    /// Extents so far, in earlier commits and in this one.
    pub extents: u64,
    /// Some of them replace others.
    pub replaced: bool,
    /// Extents that are not yet a full chunk.
    pub encoder: Encoder,
}

impl Live {
    /// A flow of an earlier commit.
    pub fn resumed(extents: u64, replaced: bool) -> Self {
        Live { extents, replaced, encoder: Encoder::default() }
    }
}
