//! F0: the values every floor shares. Plain data, no I/O, no clock; each type says its unit.

pub mod anomaly;
pub mod batch;
pub mod digest;
pub mod endpoint;
pub mod extent;
pub mod limits;
pub mod link;
pub mod pack;
pub mod path;
pub mod segment;
pub mod skip;
pub mod time;
pub mod wlan;

pub use anomaly::AnomalyKind;
pub use batch::{Batch, FrameHead, Note};
pub use digest::{Digests, HashKind};
pub use endpoint::Endpoint;
pub use extent::Extent;
pub use limits::Limits;
pub use link::LinkType;
pub use pack::PackFrame;
pub use path::{Hop, Path, Tunnel, TunnelKind};
pub use segment::{Checksum, Flags, Segment, Transport};
pub use skip::{Skip, Unused};
pub use time::Timestamp;
pub use wlan::{Security, Wlan};

/// Number of a capture in the case, from 1, in the order of the captures' first frames.
pub type CaptureId = u32;
/// Number of a connection in the case, from 1, in the order of the connections' first frames.
pub type ConnectionId = u64;
/// Number of a flow (one payload file) in the case, from 1, in the order of the flows' first frames.
pub type FlowId = u64;
