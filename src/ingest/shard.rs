//! A share of the connections: their payload goes to the store, and the index learns of them.

use std::collections::HashMap;

use super::Error;
use super::dormant::{self, Dormant, Rest, Waking};
use super::live::Live;
use super::order::{Named, Order, Source, Then};
use super::rows::{self, File};
use super::scribe::Desk;
use crate::index::rows::{DormantRow, FlowRow, Row};
use crate::model::{ConnectionId, FlowId};
use crate::reassemble::part::Kind;
use crate::store::{Gathered, PayloadStore};
use crate::track::Connection;

/// The flows of a share of the connections.
pub struct Shard {
    pub(super) store: Gathered<Live>,
    /// Connections put to rest since the last commit.
    resting: HashMap<ConnectionId, DormantRow, foldhash::fast::RandomState>,
    /// Room for the bytes an overlap is compared with.
    pub(super) earlier: Vec<u8>,
}

impl Shard {
    /// Stores payload in `store`, gathering at most `gather` bytes in front of it.
    pub fn new(store: Box<dyn PayloadStore>, gather: usize) -> Self {
        Shard { store: Gathered::new(store, gather), resting: HashMap::default(), earlier: Vec::new() }
    }

    /// See [`PayloadStore::announce`]; speaks for all shards.
    pub fn announce(&self, paths: &mut dyn Iterator<Item = &str>) -> Result<(), Error> {
        Ok(self.store.inner().announce(paths)?)
    }

    /// Follows one order.
    pub fn follow(&mut self, order: Order, sources: &[Source], desk: &mut Desk) -> Result<(), Error> {
        match order {
            Order::Begin(named) => self.begin(*named),
            Order::Rebase(flow, base) => self.store.rebase(flow, base),
            Order::Place(place) => match place.kind {
                Kind::New => self.store_new(&place, sources, desk)?,
                Kind::Again { prefer_later } => self.compare(&place, prefer_later, sources, desk)?,
            },
            Order::Quiet(flow) => self.rest(flow)?,
            Order::End(connection, then) => self.end(connection, then, desk)?,
            Order::Expire(connection) => drop(self.resting.remove(&connection)),
            Order::Resume(flows) => flows.into_iter().for_each(|flow| self.resume(flow)),
        }
        Ok(())
    }

    /// Takes back a connection that rests; its flows go on.
    pub fn wake(&mut self, connection: ConnectionId, desk: &mut Desk) -> Result<Option<Box<Connection>>, Error> {
        let Some(row) = self.resting.remove(&connection) else { return Ok(None) };
        desk.forget(connection)?;
        let (connection, flows) = Dormant::decode(&row.state)?.wake();
        flows.into_iter().for_each(|flow| self.resume(flow));
        Ok(Some(connection))
    }

    /// Everything is ready for a commit, in the store and in the index.
    pub fn prepare(&mut self, desk: &mut Desk) -> Result<(), Error> {
        let mut resting: Vec<DormantRow> = self.resting.drain().map(|(_, row)| row).collect();
        resting.sort_unstable_by_key(|row| row.connection);
        resting.into_iter().try_for_each(|row| desk.put(Row::Dormant(row)))?;
        Ok(self.store.store().prepare()?)
    }

    /// The commit happened.
    pub fn settle(&mut self) -> Result<(), Error> {
        Ok(self.store.store().settle()?)
    }

    fn begin(&mut self, named: Named) {
        self.store.begin(named.flow, named.path, named.first, Live::default());
    }

    fn resume(&mut self, waking: Waking) {
        self.store.resume(waking.flow, waking.at_rest, waking.live);
    }

    fn rest(&mut self, flow: FlowId) -> Result<(), Error> {
        if self.store.has(flow) { Ok(self.store.rest(flow)?) } else { Ok(()) }
    }

    /// A connection is over, or rests: its files are complete and its rows are written.
    fn end(&mut self, connection: Box<Connection>, then: Then, desk: &mut Desk) -> Result<(), Error> {
        let mut rests = Vec::new();
        for file in File::all(&connection) {
            if self.store.has(file.flow().id) {
                rests.push(self.close(&file, desk)?);
            }
        }
        desk.put(Row::Connection(Box::new(rows::connection(&connection))))?;
        rows::anomalies(&connection).try_for_each(|row| desk.put(Row::Anomaly(Box::new(row))))?;
        match then {
            Then::Over => {}
            Then::Rests => drop(self.resting.insert(connection.id, dormant::encode(connection, rests)?)),
            Then::Sleeps => desk.put(Row::Dormant(dormant::encode(connection, rests)?))?,
        }
        Ok(())
    }

    fn close(&mut self, file: &File<'_>, desk: &mut Desk) -> Result<Rest, Error> {
        let id = file.flow().id;
        let (mut live, stored) = self.store.close(id, file.extent().length())?;
        if let Some(chunk) = live.encoder.finish() {
            desk.put(Row::Extents(id, chunk))?;
        }
        let row = FlowRow { digests: stored.digests, ..file.row(stored.path.clone(), live.replaced) };
        desk.put(Row::Flow(Box::new(row)))?;
        Ok(Rest { flow: id, path: stored.path, extents: live.extents, replaced: live.replaced })
    }
}
