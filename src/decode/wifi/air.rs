//! What a radio hears of the air over the length of a capture: copies of frames that were captured before, and networks.

use std::collections::{HashSet, VecDeque};

use super::check::Check;
use super::header::{Header, Kind};
use super::networks::Networks;
use super::{Inside, inside, open};
use crate::decode::found::Found;
use crate::decode::frame::{Frame, Layer};
use crate::decode::rest::Rest;
use crate::decode::{link, walk};
use crate::model::{FrameHead, Limits, Skip, Timestamp, Wlan};

/// Frames with data after which one is no longer known: a copy is sent milliseconds after the first.
const RECENT: usize = 1024;

/// The air as one capture has it. Give it the capture's frames in order.
pub struct Air {
    check_fcs: bool,
    recent: Recent,
    networks: Networks,
    unlisted: Option<Unlisted>,
}

/// What was heard in a capture.
#[derive(Debug, Default)]
pub struct Heard {
    /// Networks, in order of their BSSIDs.
    pub networks: Vec<Wlan>,
    /// Frames of networks that were too many to list.
    pub unlisted: Option<Unlisted>,
}

/// Frames of networks that were too many to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// Number of the first.
    pub frame: u64,
    /// Its time.
    pub time: Option<Timestamp>,
    /// How many.
    pub count: u64,
}

impl Air {
    /// The air before the first frame. With `check_fcs`, frames whose check sequence is wrong are skipped.
    pub fn new(check_fcs: bool, limits: &Limits) -> Self {
        let networks = Networks::new(limits.max_networks);
        Air { check_fcs, recent: Recent::default(), networks, unlisted: None }
    }

    /// As [`decode`](crate::decode::decode), in the light of the frames before: what was sent again is no news.
    ///
    /// # Errors
    /// As there, [`Skip::Retry`] and [`Skip::BadFcs`].
    pub fn decode<'a>(&mut self, head: &FrameHead, data: &'a [u8]) -> Result<Found<'a>, Skip> {
        if data.is_empty() {
            return Err(Skip::Empty);
        }
        let mut frame = Frame::new(Rest::new(data, head.original_len));
        let radio = match link::walk(head.link, &mut frame)? {
            Layer::Wifi(radio) => radio,
            other => return walk(other, frame),
        };
        let (header, check) = open(radio, &mut frame)?;
        if check != Check::Bad {
            let taken = self.networks.take(head.time, &header, &frame.rest, radio.channel);
            taken.unwrap_or_else(|_| self.left_out(head));
        } else if self.check_fcs {
            return Err(Skip::BadFcs);
        }
        if header.kind == Kind::Data && !header.is_protected() && self.recent.was_there(&header, frame.rest.seen()) {
            return Err(Skip::Retry);
        }
        match inside(&header, &mut frame)? {
            Inside::Whole(layer) => walk(layer, frame),
            Inside::Fragment(fragment) => Ok(Found::Fragment(fragment)),
        }
    }

    /// What was heard up to the last frame.
    pub fn end(self) -> Heard {
        Heard { networks: self.networks.into_list(), unlisted: self.unlisted }
    }

    fn left_out(&mut self, head: &FrameHead) {
        let first = Unlisted { frame: head.number, time: head.time, count: 0 };
        self.unlisted.get_or_insert(first).count += 1;
    }
}

/// Frames with data that were captured last, by a digest of what a copy has in common with the first (802.11-2020
/// §10.3.2.14), body included: a copy that says something else is none.
#[derive(Default)]
struct Recent {
    known: HashSet<[u8; 16]>,
    order: VecDeque<[u8; 16]>,
}

impl Recent {
    /// The frame is a copy of one that is known; one that is not is from now on.
    fn was_there(&mut self, header: &Header, body: &[u8]) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header.same_in_copies()).update(body);
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        if !self.known.insert(digest) {
            return header.is_retry();
        }
        self.order.push_back(digest);
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }
}
