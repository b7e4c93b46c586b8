//! What whoever saw the frames of a flow can tell of them.

use crate::index::FlowInfo;

/// What the index does not keep of the frames of a flow: whoever saw them may know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Link addresses of the first frame: source, destination.
    pub mac: Option<[[u8; 6]; 2]>,
    /// Frames.
    pub packets: u64,
    /// Bytes of the frames on the wire.
    pub length: u64,
    /// Bytes of the frames that were captured.
    pub captured: u64,
    /// Segments with payload that begin before the end of the one captured before.
    pub out_of_order: u64,
    /// Segments with payload that begin before the flow does.
    pub violations: u64,
}

/// Tells what was heard of a flow, if that is known.
pub type Ear<'a> = dyn Fn(&FlowInfo) -> Option<Heard> + 'a;
