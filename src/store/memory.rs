//! Payload in memory: the obviously right twin of [`Files`](super::Files), for tests.

use std::collections::HashMap;

use super::digest::Front;
use super::{Asleep, AtRest, Error, PayloadStore, Stored};
use crate::model::{Digests, FlowId, HashKind, PackFrame, Timestamp};

/// Every flow as a map from stream position to byte.
#[derive(Default)]
pub struct Memory {
    flows: HashMap<FlowId, Payload>,
    /// Payload of closed flows, by path.
    pub closed: HashMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Payload {
    path: String,
    base: i64,
    bytes: std::collections::BTreeMap<i64, u8>,
}

impl PayloadStore for Memory {
    fn announce(&self, _: &mut dyn Iterator<Item = &str>) -> Result<(), Error> {
        Ok(())
    }

    fn begin(&mut self, flow: FlowId, path: String, _first: Option<Timestamp>) {
        self.flows.insert(flow, Payload { path, ..Payload::default() });
    }

    fn resume(&mut self, flow: FlowId, at_rest: AtRest) {
        let bytes = self.closed.remove(&at_rest.path).unwrap_or_default();
        let bytes = (at_rest.base..).zip(bytes).collect();
        self.flows.insert(flow, Payload { path: at_rest.path, base: at_rest.base, bytes });
    }

    fn rebase(&mut self, flow: FlowId, base: i64) {
        let payload = self.flows.entry(flow).or_default();
        payload.base = base;
        payload.bytes = payload.bytes.split_off(&base);
    }

    fn write(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        self.flows.entry(flow).or_default().bytes.extend((position..).zip(bytes.iter().copied()));
        Ok(())
    }

    fn read(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        let payload = self.flows.entry(flow).or_default();
        let stored = |at| payload.bytes.get(&at).copied().unwrap_or(0);
        (position..).zip(into).for_each(|(at, byte)| *byte = stored(at));
        Ok(())
    }

    fn replace(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        self.write(flow, position, bytes)
    }

    fn rest(&mut self, _: FlowId) -> Result<(), Error> {
        Ok(())
    }

    /// It is never worth it.
    fn sleep(&mut self, _: FlowId) -> Result<Option<Asleep>, Error> {
        Ok(None)
    }

    fn wake(&mut self, flow: FlowId, asleep: Asleep) {
        let Asleep { path, base, length, first, pieces, .. } = asleep;
        self.resume(flow, AtRest { path, base, length, first, pieces });
    }

    fn close(&mut self, flow: FlowId, length: u64, digested: bool) -> Result<Stored, Error> {
        let mut bytes = vec![0; length as usize];
        let base = self.flows.get(&flow).map_or(0, |payload| payload.base);
        self.read(flow, base, &mut bytes)?;
        let mut front = Front::new(&HashKind::ALL, base);
        front.feed(&bytes);
        let path = self.flows.remove(&flow).unwrap_or_default().path;
        self.closed.insert(path.clone(), bytes);
        let digests = if digested { front.finish() } else { Digests::default() };
        Ok(Stored { path, digests, pieces: None })
    }

    fn prepare(&mut self) -> Result<Vec<PackFrame>, Error> {
        Ok(Vec::new())
    }

    fn settle(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
