//! A store in front of which small writes gather until enough of them lie side by side to be worth one, and in which flows
//! that nobody uses fall asleep ([`Asleep`]).
//!
//! What the caller keeps of a flow (`T`) lies beside what is gathered of it: one look-up for both.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::gather::Gather;
use super::{Asleep, AtRest, Bed, Error, PayloadStore, Stored};
use crate::model::{FlowId, Timestamp};

/// Bytes of one flow gathered before they are written: large enough that system calls do not count.
const GATHER: usize = 256 << 10;
/// A write of fewer bytes costs a system call for little.
const PAGE: usize = 4096;
/// Buffers kept to be filled again, of small and of large flows: memory that is warm, and no work for the allocator.
const SPARE: [usize; 2] = [64, 4];
/// Bytes of a buffer worth keeping, and too many for a small flow.
const SMALL: std::ops::Range<usize> = 4 << 10..64 << 10;

/// A store with writes gathered, and a `T` for each flow.
pub struct Gathered<T> {
    store: Box<dyn PayloadStore>,
    flows: Flows<Box<Held<T>>>,
    /// Those that sleep.
    asleep: Bed,
    /// With more flows awake than the second, those not used since the last look fall asleep. It is never below the first.
    awake: usize,
    most_awake: usize,
    /// Bytes gathered of all flows, and how many there may be: past it, flows that hold a page or more give them up, and
    /// then all.
    gathered: usize,
    limit: usize,
    spare: [Vec<Vec<u8>>; 2],
}

type Flows<V> = HashMap<FlowId, V, foldhash::fast::RandomState>;

struct Held<T> {
    gather: Gather,
    /// It has filled a buffer, and will fill others.
    large: bool,
    /// Since the last look at who falls asleep.
    used: bool,
    with: T,
}

impl<T: Serialize + DeserializeOwned> Gathered<T> {
    /// In front of `store`, at most `limit` bytes are gathered. Up to `awake` flows are all awake; flows sleep in `bed`.
    pub fn new(store: Box<dyn PayloadStore>, limit: usize, awake: usize, bed: Bed) -> Self {
        let (flows, asleep, spare) = (Flows::default(), bed, Default::default());
        Gathered { store, flows, asleep, awake, most_awake: awake, gathered: 0, limit, spare }
    }

    /// The store itself.
    pub fn inner(&self) -> &dyn PayloadStore {
        &*self.store
    }

    /// The store itself. What is gathered is not in it.
    pub fn store(&mut self) -> &mut dyn PayloadStore {
        &mut *self.store
    }

    /// See [`PayloadStore::begin`].
    pub fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>, with: T) -> Result<(), Error> {
        self.store.begin(flow, path, first);
        self.hold(flow, with)
    }

    /// See [`PayloadStore::resume`].
    pub fn resume(&mut self, flow: FlowId, at_rest: AtRest, with: T) -> Result<(), Error> {
        self.store.resume(flow, at_rest);
        self.hold(flow, with)
    }

    /// The flow was begun or resumed.
    pub fn has(&self, flow: FlowId) -> bool {
        self.flows.contains_key(&flow) || self.asleep.has(flow)
    }

    /// What the caller keeps of a flow.
    pub fn with(&mut self, flow: FlowId) -> Result<&mut T, Error> {
        Ok(&mut self.held(flow)?.with)
    }

    /// See [`PayloadStore::rebase`].
    pub fn rebase(&mut self, flow: FlowId, base: i64) -> Result<(), Error> {
        let gather = &mut self.held(flow)?.gather;
        let before = gather.held();
        gather.drop_before(base);
        let dropped = before - gather.held();
        self.gathered -= dropped;
        self.store.rebase(flow, base);
        Ok(())
    }

    /// See [`PayloadStore::write`]; gives what the caller keeps of the flow.
    pub fn write(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<&mut T, Error> {
        self.awaken(flow)?;
        let held = self.flows.get_mut(&flow).expect(BEGUN);
        held.used = true;
        let spare = &mut self.spare[usize::from(held.large)];
        // a full segment is seldom the last
        let buffer = || if bytes.len() >= 1024 { spare.pop().unwrap_or_default() } else { Vec::new() };
        let before = held.gather.held();
        held.gather.add(position, bytes, buffer);
        self.gathered += held.gather.held() - before;
        if held.gather.held() >= GATHER {
            held.large = true;
            self.put(flow)?;
        } else if self.gathered >= self.limit {
            self.put_much()?;
        }
        self.with(flow)
    }

    /// See [`PayloadStore::read`].
    pub fn read(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        if self.overlay(flow, position, into)? == into.len() {
            return Ok(());
        }
        self.store.read(flow, position, into)?;
        self.overlay(flow, position, into).map(drop)
    }

    /// See [`PayloadStore::replace`].
    pub fn replace(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let mut here = 0;
        self.held(flow)?.gather.overlay(position..position + bytes.len() as i64, |piece, held| {
            held.copy_from_slice(&bytes[(piece.start - position) as usize..][..held.len()]);
            here += held.len();
        });
        if here == bytes.len() {
            return Ok(());
        }
        self.put(flow)?;
        self.store.replace(flow, position, bytes)
    }

    /// See [`PayloadStore::rest`].
    pub fn rest(&mut self, flow: FlowId) -> Result<(), Error> {
        if !self.flows.contains_key(&flow) {
            return Ok(());
        }
        self.put(flow)?;
        self.store.rest(flow)
    }

    /// See [`PayloadStore::close`]; gives what the caller kept of the flow too.
    pub fn close(&mut self, flow: FlowId, length: u64, digested: bool) -> Result<(T, Stored), Error> {
        if let Some((asleep, with)) = self.rouse(flow)? {
            return Ok((with, self.close_asleep(flow, asleep, length, digested)?));
        }
        self.put(flow)?;
        let stored = self.store.close(flow, length, digested)?;
        let held = self.flows.remove(&flow).expect(BEGUN);
        Ok((held.with, stored))
    }

    fn held(&mut self, flow: FlowId) -> Result<&mut Held<T>, Error> {
        self.awaken(flow)?;
        let held = self.flows.get_mut(&flow).expect(BEGUN);
        held.used = true;
        Ok(held)
    }

    /// A sleeping flow as its last moment awake was the end.
    fn close_asleep(&mut self, flow: FlowId, asleep: Asleep, length: u64, digested: bool) -> Result<Stored, Error> {
        match asleep {
            Asleep { length: known, digests: Some(digests), path, pieces, .. } if known == length => {
                Ok(Stored { path, digests, pieces })
            }
            asleep => {
                self.store.wake(flow, asleep);
                self.store.close(flow, length, digested)
            }
        }
    }

    /// The flow is awake.
    fn awaken(&mut self, flow: FlowId) -> Result<(), Error> {
        let Some((asleep, with)) = self.rouse(flow)? else { return Ok(()) };
        self.store.wake(flow, asleep);
        self.hold(flow, with)
    }

    /// The flow sleeps no more, if it did.
    fn rouse(&mut self, flow: FlowId) -> Result<Option<(Asleep, T)>, Error> {
        Ok(self.asleep.take(flow)?.map(|bytes| Asleep::decode(&bytes)))
    }

    fn hold(&mut self, flow: FlowId, with: T) -> Result<(), Error> {
        self.flows.insert(flow, Box::new(Held { gather: Gather::default(), large: false, used: true, with }));
        if self.flows.len() > self.most_awake { self.lull() } else { Ok(()) }
    }

    /// Flows that were not used since the last look fall asleep. The next comes when about as many have come as are left.
    pub(super) fn lull(&mut self) -> Result<(), Error> {
        let was_used = |held: &mut Held<T>| std::mem::take(&mut held.used);
        let flows = self.flows.iter_mut();
        let mut unused: Vec<FlowId> = flows.filter_map(|(&flow, held)| (!was_used(held)).then_some(flow)).collect();
        // in an order that is the same in every run
        unused.sort_unstable();
        for flow in unused {
            self.put(flow)?;
            let Some(asleep) = self.store.sleep(flow)? else { continue };
            let held = self.flows.remove(&flow).expect(BEGUN);
            self.asleep.put(flow, &asleep.encode(&held.with))?;
        }
        self.most_awake = self.awake.max(2 * self.flows.len());
        Ok(())
    }

    /// Copies what is gathered of a range over `into`; how many bytes that was.
    fn overlay(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> Result<usize, Error> {
        let mut here = 0;
        self.held(flow)?.gather.overlay(position..position + into.len() as i64, |piece, held| {
            into[(piece.start - position) as usize..][..held.len()].copy_from_slice(held);
            here += held.len();
        });
        Ok(here)
    }

    /// Writes what is gathered of a flow.
    fn put(&mut self, flow: FlowId) -> Result<(), Error> {
        for mut chunk in self.flows.get_mut(&flow).expect(BEGUN).gather.take() {
            self.gathered -= chunk.cost();
            self.store.write(flow, chunk.position, &chunk.bytes)?;
            let large = usize::from(chunk.bytes.capacity() >= GATHER);
            let worth_keeping = large == 1 || SMALL.contains(&chunk.bytes.capacity());
            if worth_keeping && self.spare[large].len() < SPARE[large] {
                chunk.bytes.clear();
                self.spare[large].push(chunk.bytes);
            }
        }
        Ok(())
    }

    /// Too much is gathered: what is worth a write goes, and if that is not half of it, all.
    fn put_much(&mut self) -> Result<(), Error> {
        for least in [PAGE, 1] {
            if self.gathered < self.limit / 2 {
                break;
            }
            let full = self.flows.iter().filter(|(_, held)| held.gather.held() >= least);
            let mut full: Vec<FlowId> = full.map(|(&flow, _)| flow).collect();
            // in an order that is the same in every run
            full.sort_unstable();
            full.into_iter().try_for_each(|flow| self.rest(flow))?;
        }
        Ok(())
    }
}

const BEGUN: &str = "a flow is begun or resumed before it is used, and closed last";
