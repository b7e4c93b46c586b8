//! The air of each capture that is read: kept from its first frame to its last, so that what a capture comes to does not
//! depend on those beside it.

use std::collections::HashMap;

use crate::decode::{Air, Found, Heard, decode};
use crate::model::{FrameHead, Limits, LinkType, Skip};

/// The air of all captures that are open.
pub struct Airs {
    check_fcs: bool,
    limits: Limits,
    open: HashMap<usize, Air>,
}

impl Airs {
    /// No capture yet.
    pub fn new(check_fcs: bool, limits: &Limits) -> Self {
        Airs { check_fcs, limits: limits.clone(), open: HashMap::new() }
    }

    /// Decodes the next frame of a capture.
    #[inline]
    pub fn decode<'a>(&mut self, capture: usize, head: &FrameHead, data: &'a [u8]) -> Result<Found<'a>, Skip> {
        if !may_be_wireless(head.link) {
            return decode(head.link, data, head.original_len);
        }
        let air = self.open.entry(capture).or_insert_with(|| Air::new(self.check_fcs, &self.limits));
        air.decode(head, data)
    }

    /// What was heard in a capture, all of it.
    pub fn end(&mut self, capture: usize) -> Heard {
        self.open.remove(&capture).map(Air::end).unwrap_or_default()
    }
}

/// Frames of this link type may be those of 802.11.
fn may_be_wireless(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::IEEE802_11
            | LinkType::PRISM
            | LinkType::RADIOTAP
            | LinkType::AVS
            | LinkType::PPI
            | LinkType::LINUX_SLL
            | LinkType::LINUX_SLL2
    )
}
