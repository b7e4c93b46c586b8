//! Where a frame of packed payload lies: the row of the `pack_frame` table.

/// A piece of a pack that is decompressed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackFrame {
    /// Which pack: `packs/0`, …
    pub pack: u8,
    /// Which frame of it, from 0, in the order in which they were begun.
    pub number: u64,
    /// Offset of its first byte in the pack.
    pub offset: u64,
    /// Bytes in the pack.
    pub stored_bytes: u64,
    /// Bytes of payload in it.
    pub length: u64,
}

impl PackFrame {
    /// Offset in the pack of the byte after its last.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.stored_bytes)
    }
}
