//! A share of the connections: their payload goes to the store, and the index learns of them.

use super::Error;
use super::dormant::{self, Dormant, Rest, Waking};
use super::live::Live;
use super::order::{Named, Order, SHARDS, Source, Then};
use super::rows::{self, File};
use super::scribe::Desk;
use crate::index::rows::{DormantRow, FlowRow, Row};
use crate::model::{ConnectionId, FlowId, Limits};
use crate::reassemble::part::Kind;
use crate::store::{Bed, Gathered, PayloadStore};
use crate::track::Connection;

/// The flows of a share of the connections.
pub struct Shard {
    pub(super) store: Gathered<Live>,
    /// Settled connections, as they would rest.
    settled: Bed,
    /// Room for the bytes an overlap is compared with.
    pub(super) earlier: Vec<u8>,
    limits: Limits,
}

impl Shard {
    /// Stores payload in `store`, gathering at most `gather` bytes in front of it. Flows that are not used sleep in one
    /// of the beds, beyond so many.
    pub fn new(store: Box<dyn PayloadStore>, gather: usize, limits: &Limits, beds: [Bed; 2]) -> Self {
        let [asleep, settled] = beds;
        let store = Gathered::new(store, gather, limits.awake_flows / SHARDS, asleep);
        Shard { store, settled, earlier: Vec::new(), limits: limits.clone() }
    }

    /// See [`PayloadStore::announce`]; speaks for all shards.
    pub fn announce(&self, paths: &mut dyn Iterator<Item = &str>) -> Result<(), Error> {
        Ok(self.store.inner().announce(paths)?)
    }

    /// Follows one order.
    pub fn follow(&mut self, order: Order, sources: &[Source], desk: &mut Desk) -> Result<(), Error> {
        match order {
            Order::Begin(named) => self.begin(*named)?,
            Order::Rebase(flow, base) => self.store.rebase(flow, base)?,
            Order::Place(place) => match place.kind {
                Kind::New => self.store_new(&place, sources, desk)?,
                Kind::Again { prefer_later } => self.compare(&place, prefer_later, sources, desk)?,
            },
            Order::Quiet(flow) => self.rest(flow)?,
            Order::End(connection, then) => self.end(connection, then, desk)?,
            Order::Unsettle(connection) => self.unsettle(connection, desk)?,
            Order::Drop(connection) => drop(self.settled.take(connection)?),
            Order::Rest(connection) => {
                let row = self.settled(connection)?;
                row.map_or(Ok(()), |row| desk.put(Row::Dormant(row)))?;
            }
            Order::Resume(flows) => flows.into_iter().try_for_each(|flow| self.resume(flow))?,
        }
        Ok(())
    }

    /// All connections have ended: the store is ready for a commit.
    pub fn prepare(&mut self, desk: &mut Desk) -> Result<(), Error> {
        self.store.store().prepare()?.into_iter().try_for_each(|frame| desk.put(Row::Frame(frame)))
    }

    /// The commit happened.
    pub fn settle(&mut self) -> Result<(), Error> {
        Ok(self.store.store().settle()?)
    }

    fn begin(&mut self, named: Named) -> Result<(), Error> {
        Ok(self.store.begin(named.flow, named.path, named.first, Live::default())?)
    }

    fn resume(&mut self, waking: Waking) -> Result<(), Error> {
        Ok(self.store.resume(waking.flow, waking.at_rest, waking.live)?)
    }

    fn rest(&mut self, flow: FlowId) -> Result<(), Error> {
        if self.store.has(flow) { Ok(self.store.rest(flow)?) } else { Ok(()) }
    }

    fn settled(&mut self, connection: ConnectionId) -> Result<Option<DormantRow>, Error> {
        self.settled.take(connection)?.map(|bytes| dormant::unpack(connection, &bytes)).transpose()
    }

    /// A connection that was settled goes on: its rows go, to be written anew.
    fn unsettle(&mut self, connection: ConnectionId, desk: &mut Desk) -> Result<(), Error> {
        desk.forget(connection)?;
        let Some(row) = self.settled(connection)? else { return Ok(()) };
        let (_, flows) = Dormant::decode(&row.state)?.wake();
        flows.into_iter().try_for_each(|flow| self.resume(flow))
    }

    /// A connection is thought to be whole, or more: its files are complete and its rows are written.
    fn end(&mut self, connection: Box<Connection>, then: Then, desk: &mut Desk) -> Result<(), Error> {
        let flows = self.write(&connection, then, desk)?;
        match then {
            Then::Over => {}
            Then::Settled => {
                let row = dormant::encode(connection, flows, &self.limits)?;
                self.settled.put(row.connection, &dormant::pack(&row)?)?;
            }
            Then::Rests => desk.put(Row::Dormant(dormant::encode(connection, flows, &self.limits)?))?,
        }
        Ok(())
    }

    fn write(&mut self, connection: &Connection, then: Then, desk: &mut Desk) -> Result<Vec<Rest>, Error> {
        let mut flows: Vec<Rest> = Vec::new();
        for file in File::all(connection) {
            if self.store.has(file.flow().id) {
                flows.push(self.close(&file, desk)?);
            }
        }
        let has_file = |flow| flows.iter().any(|rest| rest.flow == flow);
        let row = rows::connection(connection, then, &self.limits, has_file);
        desk.put(Row::Connection(Box::new(row)))?;
        let limit = self.limits.max_digested_gaps;
        rows::anomalies(connection, limit).try_for_each(|row| desk.put(Row::Anomaly(Box::new(row))))?;
        Ok(flows)
    }

    fn close(&mut self, file: &File<'_>, desk: &mut Desk) -> Result<Rest, Error> {
        let id = file.flow().id;
        let digested = file.is_digested(self.limits.max_digested_gaps);
        let (mut live, stored) = self.store.close(id, file.extent().length(), digested)?;
        let extents = live.encoder.finish().unwrap_or_default();
        let row =
            FlowRow { digests: stored.digests, pieces: stored.pieces, ..file.row(stored.path, live.replaced, extents) };
        let rest = Rest::new(&row, live.extents);
        desk.put(Row::Flow(Box::new(row)))?;
        Ok(rest)
    }
}
