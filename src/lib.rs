//! flowcase files every byte of every TCP conversation of many captures in a *case directory*, indexes it in one
//! SQLite file, and can prove where each byte came from.
//!
//! # The way of the data
//! ```text
//! capture files ─▶ capture ─▶ batches of frames ─▶ decode ─▶ segments ─▶ track ─▶ events
//!                                                                                   │
//!                                        reassemble: which bytes belong where ◀─────┤
//!                                                                                   ▼
//!                                             payload files ◀─ store ◀─ ingest ─▶ index ─▶ case.sqlite
//!                                                                                   │
//!                                                           views: dfxml, csv, json ┴ selections, SQL, verify
//! ```
//!
//! # The floors
//! Imports point down only; floors side by side do not know each other (`tests/floors.rs` fails otherwise).
//!
//! | floor | what for | touches |
//! |---|---|---|
//! | [`cli`] | arguments in, sentences and exit codes out | terminal |
//! | [`ingest`], [`view`] | the only loop that joins pure and I/O; readers of a case | clock (runs only) |
//! | [`case`](mod@case) | the directory: lock, recovery, verification | files |
//! | [`capture`], [`store`], [`index`] | frames in; payload at rest; the only SQL | files |
//! | [`plugin`] | scanners of the user's own | processes |
//! | [`track`] | segments to connections to events | nothing |
//! | [`decode`], [`reassemble`], [`scan`] | bytes to layers; ranges to places; payload to findings | nothing |
//! | [`model`] | values every floor shares | nothing |
//!
//! # What never happens
//! * The core ([`reassemble`], [`track`]) holds no payload bytes, reads no clock and opens no file.
//! * A committed payload byte is never changed in place before the commit that says so ([`store::journal`]).
//! * Nothing on the wire chooses a path ([`store::template`], [`store::beneath`]).
//! * A frame is never dropped silently: it is used, or skipped for one reason ([`model::Skip`]).
//! * A limit ([`model::Limits`]) is never reached silently: it is an anomaly ([`model::AnomalyKind`]).

pub mod capture;
pub mod case;
pub mod cli;
pub mod decode;
pub mod index;
pub mod ingest;
pub mod model;
pub mod plugin;
pub mod reassemble;
pub mod scan;
pub mod store;
pub mod track;
pub mod view;
