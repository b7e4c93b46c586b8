//! Connections at rest: rows of the table `dormant`, each of many connections, and the hashes by which one is found again.

mod dormant;
mod hashes;
mod sleepers;

pub use dormant::Sleepers;
pub use hashes::{Hashes, TAKES};
pub use sleepers::{Chunk, Compressor, Packed, Sleeper, decompressed};
