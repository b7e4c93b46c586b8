//! F2: from segments to connections to events. Sans-I/O: time is an argument, bytes stay with the caller.
//!
//! [`Tracker`] finds the connection a segment belongs to ([`identity`] has the rules: generations of one address pair,
//! paths), [`Connection`] keeps what is known of it (in few bytes: what few have is boxed), [`Direction`] what one side
//! said, and [`state`] and [`history`] judge it in Zeek's words. What the store and the index have to do comes out as
//! [`Event`]s.
//!
//! A million connections may be open. They lie side by side (`slab`), are found with one access to memory (`heads`), and
//! one that idles costs nothing (`wheel`); what segments will want of memory is asked for ahead, for many together.
//!
//! Laws held here: nothing depends on the wall clock; a connection put to rest ([`Tracker::finish`]) and taken up again
//! ([`Tracker::resume`]) goes on as if nothing had happened.

mod at_rest;
mod carried;
pub mod connection;
pub mod direction;
mod ends;
pub mod event;
pub mod flow;
mod heads;
pub mod history;
pub mod identity;
pub mod link;
mod observe;
mod rare;
mod slab;
pub mod span;
pub mod state;
mod table;
#[cfg(test)]
mod tests;
pub mod tracker;
mod wheel;

pub use connection::{Connection, Strangeness};
pub use direction::Direction;
pub use event::{Begun, Event, Stamp};
pub use flow::Flow;
pub use table::Key;
pub use tracker::{LOOK_AHEAD, Tracker};
