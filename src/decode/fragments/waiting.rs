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
        let packets = self.waiting.iter().filter_map(|(key, number)| {
            let packet = self.packets.get(key).filter(|packet| packet.number == *number)?;
            Some((key, packet))
        });
        let whole = self.remembered.iter().filter_map(|(key, number)| {
            let whole = self.whole.get(key).filter(|whole| whole.number == *number)?;
            Some((key, whole))
        });
        (packets.collect::<Vec<_>>(), whole.collect::<Vec<_>>(), self.now)
    }

    /// Goes on where an earlier ingest left off.
    pub fn resume(limits: &Limits, waiting: Waiting) -> Self {
        let mut fragments = Fragments { now: waiting.now, ..Fragments::new(limits) };
        waiting.packets.into_iter().for_each(|(key, packet)| fragments.insert_packet(key, packet));
        waiting.whole.into_iter().for_each(|(key, whole)| fragments.insert_whole(key, whole));
        fragments
    }
}
