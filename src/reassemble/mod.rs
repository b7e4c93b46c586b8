//! F1: where payload belongs. Arithmetic on ranges only: no bytes, clock, file or log ever passes through here.
//!
//! [`sequence`] turns wire numbers into 64-bit stream positions, [`coverage`] knows which positions are filled, [`part`]
//! decides which bytes of a segment are new, seen before, or no data at all (`lean` while all is in order; the rule for
//! overlapping segments is in `full`), and [`stream`] picks the part of the flow a segment belongs to.

pub mod coverage;
mod full;
mod lean;
pub mod part;
pub mod sequence;
pub mod stream;

pub use coverage::Coverage;
pub use part::{Part, Placement};
pub use stream::{Placed, Stream};
