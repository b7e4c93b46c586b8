//! Where the bytes of a flow came from: encoded at rest, resolved where they are asked for, and as the virtual table
//! `segments`.

pub mod conflicts;
pub mod extents;
pub mod provenance;
pub mod resolve;
pub mod segments;
