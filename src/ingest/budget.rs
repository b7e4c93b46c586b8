//! How much memory an ingest may take, and for what. Past it, connections idle longest are put to rest in the index
//! early: they wake with their next segment as if they had not rested, so that nothing but time is lost.

use crate::index::HASHES_TAKE;

/// What does not grow with the traffic: the program, frames and rows on their way, buffers of threads.
const FIXED: u64 = 48 << 20;
/// Enough for large writes of many flows, and for the inner pages of a large index.
const ENOUGH: u64 = 12 << 20;
/// What a connection takes in the tracker's table.
const CONNECTION: u64 = 260;
/// What a flow with payload takes, gathered bytes aside: in its shard, in its store, and its name.
const FLOW: u64 = 800;
/// What a covered range behind a hole takes.
const RANGE: u64 = 48;
/// Enough connections at rest for a recording without end to set memory aside for at its start: seven thousand that close in
/// every second.
const RESTING: u64 = 900_000;
/// A single flow's holes may take this part of all that connections may.
const HOLES: u64 = 16;

/// The least an ingest can do with.
pub const LEAST: u64 = 64 << 20;

/// Bytes of memory by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Payload gathered in front of the stores.
    pub gather: usize,
    /// Pages of the index.
    pub cache: u64,
    /// Parts of unfinished packets.
    pub fragments: usize,
    /// Connections at rest that memory is set aside for.
    pub resting: usize,
    /// Everything about connections.
    connections: u64,
}

/// What connections take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Connections.
    pub connections: u64,
    /// Flows with payload.
    pub flows: u64,
    /// Covered ranges behind holes.
    pub ranges: u64,
}

impl Budget {
    /// Deals out `memory` bytes; less than [`LEAST`] counts as that.
    pub fn of(memory: u64) -> Self {
        let left = memory.max(LEAST) - FIXED;
        let part = (left / 8).min(ENOUGH);
        Budget {
            gather: part as usize,
            cache: part,
            fragments: part as usize,
            resting: 0,
            connections: left - 3 * part,
        }
    }

    /// The same for a recording without end: it should not take more from hour to hour.
    pub fn without_end(self) -> Self {
        let part = (self.connections / 3).min(RESTING * HASHES_TAKE);
        Budget { resting: (part / HASHES_TAKE) as usize, connections: self.connections - part, ..self }
    }

    /// Too much is held.
    pub fn is_past(&self, held: Held) -> bool {
        held.bytes() > self.connections
    }

    /// So little is held that there is room for a while.
    pub fn has_room(&self, held: Held) -> bool {
        held.bytes() <= self.connections / 8 * 7
    }

    /// Separate ranges a flow may have.
    pub fn ranges(&self) -> usize {
        (self.connections / HOLES / RANGE) as usize
    }
}

impl Held {
    fn bytes(&self) -> u64 {
        self.connections * CONNECTION + self.flows * FLOW + self.ranges * RANGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_dealt_twice() {
        for memory in [0, LEAST, 256 << 20, 1 << 40] {
            for budget in [Budget::of(memory), Budget::of(memory).without_end()] {
                let dealt = FIXED + (budget.gather + budget.fragments) as u64 + budget.cache + budget.connections;
                let resting = budget.resting as u64 * HASHES_TAKE;
                assert!((dealt + resting).abs_diff(memory.max(LEAST)) < HASHES_TAKE);
                assert!(budget.ranges() > 1000);
            }
        }
    }

    #[test]
    fn room_is_made_before_it_is_wanted_again() {
        let budget = Budget::of(256 << 20);
        let held = |connections| Held { connections, flows: 2 * connections, ranges: 0 };
        let most = (1..).find(|&connections| budget.is_past(held(connections))).unwrap();
        assert!((80_000..120_000).contains(&most), "{most}");
        assert!(!budget.has_room(held(most - 1)) && budget.has_room(held(most * 3 / 4)));
    }
}
