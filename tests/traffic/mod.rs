//! Traffic for tests and testdata: conversations laid into captures, byte for byte and the same every time. It shares
//! no code with flowcase, so that what it decided to send is a second opinion.
//!
//! ```text
//! Talk (talk.rs) -> Frame (packet.rs) -> wrap.rs, links.rs -> Capture (capture.rs) -> Situation (situation.rs, situations/)
//! ```

pub mod capture;
pub mod fragment;
pub mod links;
pub mod packet;
pub mod situation;
pub mod situations;
pub mod talk;
pub mod wifi;
pub mod wrap;

pub use capture::{Capture, Link};
pub use packet::Frame;
pub use situation::{Flow, Situation};
