//! Payload of one flow waiting in memory until enough of it lies side by side to be written at once.

use std::ops::Range;

use smallvec::SmallVec;

/// A run of bytes at a stream position.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Stream position of the first byte.
    pub position: i64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a chunk takes in memory besides its bytes: counted too, so that there are never more of them than are quickly moved.
const CHUNK: usize = 64;

impl Chunk {
    /// What it takes in memory.
    pub fn cost(&self) -> usize {
        CHUNK + self.bytes.len()
    }

    /// Its stream positions.
    pub fn range(&self) -> Range<i64> {
        self.position..self.position + self.bytes.len() as i64
    }
}

/// Chunks in ascending order that do not overlap.
#[derive(Debug, Default)]
pub struct Gather {
    chunks: SmallVec<[Chunk; 1]>,
    held: usize,
}

impl Gather {
    /// Adds bytes where none are held. `buffer` gives an empty one to begin a chunk in.
    pub fn add(&mut self, position: i64, bytes: &[u8], buffer: impl FnOnce() -> Vec<u8>) {
        self.held += bytes.len();
        let after = self.chunks.partition_point(|chunk| chunk.position <= position);
        let before = after.checked_sub(1).map(|i| &mut self.chunks[i]).filter(|chunk| chunk.range().end == position);
        match before {
            Some(chunk) => chunk.bytes.extend_from_slice(bytes),
            None => {
                let mut chunk = Chunk { position, bytes: buffer() };
                chunk.bytes.clear();
                chunk.bytes.extend_from_slice(bytes);
                self.held += CHUNK;
                self.chunks.insert(after, chunk);
            }
        }
    }

    /// Bytes of memory held.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Takes all chunks out, those side by side as they are.
    pub fn take(&mut self) -> SmallVec<[Chunk; 1]> {
        self.held = 0;
        std::mem::take(&mut self.chunks)
    }

    /// Calls `visit` for each held piece of `range`, ascending, with the bytes.
    pub fn overlay(&mut self, range: Range<i64>, mut visit: impl FnMut(Range<i64>, &mut [u8])) {
        let first = self.chunks.partition_point(|chunk| chunk.range().end <= range.start);
        for chunk in self.chunks[first..].iter_mut().take_while(|chunk| chunk.position < range.end) {
            let held = chunk.range();
            let both = held.start.max(range.start)..held.end.min(range.end);
            let at = (both.start - held.start) as usize..(both.end - held.start) as usize;
            visit(both, &mut chunk.bytes[at]);
        }
    }

    /// Drops what lies before `position`.
    pub fn drop_before(&mut self, position: i64) {
        self.chunks.retain(|chunk| chunk.range().end > position);
        if let Some(chunk) = self.chunks.first_mut().filter(|chunk| chunk.position < position) {
            chunk.bytes.drain(..(position - chunk.position) as usize);
            chunk.position = position;
        }
        self.held = self.chunks.iter().map(Chunk::cost).sum();
    }
}
