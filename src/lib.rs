//! flowcase files every byte of every TCP conversation of many captures in a *case directory*, indexes it in one
//! SQLite file, and can prove where each byte came from.

pub mod capture;
pub mod case;
pub mod cli;
pub mod decode;
pub mod index;
pub mod ingest;
pub mod model;
pub mod reassemble;
pub mod store;
pub mod track;
pub mod view;
