//! Parts between two ingests, as they rest in the index: the later one may bring what is missing.

use super::packet::Packet;
use super::{Fragments, Remembered};
use crate::decode::Key;
use crate::model::{Limits, Timestamp};

/// Everything of [`Fragments`] that a later ingest needs, in the order it came.
#[derive(Default, serde::Deserialize)]
pub struct Waiting {
    packets: Vec<(Key, Packet)>,
    whole: Vec<(Key, Remembered)>,
    now: Option<Timestamp>,
}

impl Fragments {
    /// What a later ingest needs, to be serialized; read back it is [`Waiting`].
    pub fn at_rest(&self) -> impl serde::Serialize + '_ {
        (self.waiting.iter().collect::<Vec<_>>(), self.whole.iter().collect::<Vec<_>>(), self.now)
    }

    /// Goes on where an earlier ingest left off.
    pub fn resume(limits: &Limits, waiting: Waiting) -> Self {
        let mut fragments = Fragments { now: waiting.now, ..Fragments::new(limits) };
        for (key, packet) in waiting.packets {
            fragments.held += packet.cost();
            fragments.waiting.insert(key, packet);
        }
        waiting.whole.into_iter().for_each(|(key, whole)| fragments.insert_whole(key, whole));
        fragments
    }
}
