//! A store on a thread of its own. Small writes gather here until enough of them lie side by side, and travel as one:
//! no order is sent for a packet that can be sent for a batch.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::gather::Gather;
use super::{AtRest, Error, PayloadStore, Stored};
use crate::model::{FlowId, Timestamp};

/// Bytes of one flow gathered before they travel: large enough that system calls do not count.
const GATHER: usize = 256 << 10;
/// Bytes of all flows gathered together: past it, flows that hold a page or more give them up, and then all.
const GATHER_ALL: usize = 48 << 20;
/// A write of fewer bytes costs a system call for little.
const PAGE: usize = 4096;
/// Orders, and bytes in them, that travel as one batch.
const BATCH: (usize, usize) = (1024, 1 << 20);
/// Batches on their way.
const AHEAD: usize = 6;
/// Buffers of small and of large flows that come back to be filled again: memory that is warm, and no work for the allocator.
const SPARE: [usize; 2] = [512, 8];
/// Bytes of a buffer worth giving back, and too many for a small flow.
const SMALL: std::ops::Range<usize> = 4 << 10..64 << 10;
/// Closed flows told at once.
const TELL: usize = 256;

/// A store `S` elsewhere. `T` is what the caller wants back with what became of a closed flow.
pub struct Away<'scope, S, T> {
    orders: SyncSender<Vec<Order<S, T>>>,
    thread: ScopedJoinHandle<'scope, Result<(), Error>>,
    batch: Vec<Order<S, T>>,
    batch_bytes: usize,
    flows: HashMap<FlowId, Held, foldhash::fast::RandomState>,
    gathered: usize,
    /// Buffers that came back, for small and for large flows.
    spare: [Receiver<Vec<u8>>; 2],
}

#[derive(Default)]
struct Held {
    gather: Gather,
    /// It has sent a full buffer, and will fill others.
    large: bool,
}

enum Order<S, T> {
    Begin(FlowId, String, Option<Timestamp>),
    Resume(FlowId, AtRest),
    Rebase(FlowId, i64),
    Write(FlowId, i64, Vec<u8>),
    Replace(FlowId, i64, Vec<u8>),
    Rest(FlowId),
    Close(FlowId, u64, T),
    Read(FlowId, i64, usize, SyncSender<Vec<u8>>),
    With(Act<S>, SyncSender<()>),
}

type Act<S> = Box<dyn FnOnce(&mut S) -> Result<(), Error> + Send>;

impl<'scope, S: PayloadStore + 'scope, T: Send + 'scope> Away<'scope, S, T> {
    /// Starts the thread. It tells `closed` what became of closed flows, many at a time, and before it answers
    /// [`with`](Self::with) all of them.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        store: S,
        closed: impl FnMut(Vec<(T, Stored)>) + Send + 'scope,
    ) -> Result<Self, Error> {
        let (orders, todo) = sync_channel(AHEAD);
        let [(small, spare_small), (large, spare_large)] = SPARE.map(sync_channel);
        let (give_back, spare) = ([small, large], [spare_small, spare_large]);
        let worker = Worker { store, closed, told: Vec::new(), give_back };
        let named = Builder::new().name("store".to_owned());
        let thread = named.spawn_scoped(scope, move || worker.work(&todo)).map_err(Error::Thread)?;
        let flows = HashMap::default();
        Ok(Away { orders, thread, batch: Vec::new(), batch_bytes: 0, flows, gathered: 0, spare })
    }

    /// See [`PayloadStore::begin`].
    pub fn begin(&mut self, flow: FlowId, path: String, first: Option<Timestamp>) -> Result<(), Error> {
        self.flows.insert(flow, Held::default());
        self.order(Order::Begin(flow, path, first))
    }

    /// See [`PayloadStore::resume`].
    pub fn resume(&mut self, flow: FlowId, at_rest: AtRest) -> Result<(), Error> {
        self.flows.insert(flow, Held::default());
        self.order(Order::Resume(flow, at_rest))
    }

    /// See [`PayloadStore::rebase`].
    pub fn rebase(&mut self, flow: FlowId, base: i64) -> Result<(), Error> {
        let gather = &mut self.held(flow).gather;
        let before = gather.held();
        gather.drop_before(base);
        self.gathered -= before - self.held(flow).gather.held();
        self.order(Order::Rebase(flow, base))
    }

    /// See [`PayloadStore::write`].
    pub fn write(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let (flows, spare) = (&mut self.flows, &self.spare);
        let held = flows.get_mut(&flow).expect(BEGUN);
        let buffer = || match held.large {
            true => spare[1].try_recv().unwrap_or_default(),
            // a full segment is seldom the last
            false if bytes.len() >= 1024 => spare[0].try_recv().unwrap_or_else(|_| Vec::with_capacity(8 * bytes.len())),
            false => Vec::new(),
        };
        held.gather.add(position, bytes, buffer);
        self.gathered += bytes.len();
        if held.gather.held() >= GATHER {
            held.large = true;
            self.send_gathered(flow)?;
        } else if self.gathered >= GATHER_ALL {
            self.send_much()?;
        }
        Ok(())
    }

    /// See [`PayloadStore::read`]. Waits for the thread unless all of it is here.
    pub fn read(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        if self.overlay(flow, position, into) == into.len() {
            return Ok(());
        }
        let (reply, answer) = sync_channel(1);
        self.order(Order::Read(flow, position, into.len(), reply))?;
        self.send()?;
        into.copy_from_slice(&answer.recv().map_err(|_| Error::Ended)?);
        self.overlay(flow, position, into);
        Ok(())
    }

    /// See [`PayloadStore::replace`].
    pub fn replace(&mut self, flow: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let mut here = 0;
        self.held(flow).gather.overlay(position..position + bytes.len() as i64, |piece, held| {
            held.copy_from_slice(&bytes[(piece.start - position) as usize..][..held.len()]);
            here += held.len();
        });
        if here == bytes.len() {
            return Ok(());
        }
        self.send_gathered(flow)?;
        self.order(Order::Replace(flow, position, bytes.to_vec()))
    }

    /// See [`PayloadStore::rest`].
    pub fn rest(&mut self, flow: FlowId) -> Result<(), Error> {
        self.send_gathered(flow)?;
        self.order(Order::Rest(flow))
    }

    /// See [`PayloadStore::close`]. What became of it goes to the function given to [`start`](Self::start), with `token`.
    pub fn close(&mut self, flow: FlowId, length: u64, token: T) -> Result<(), Error> {
        self.send_gathered(flow)?;
        self.flows.remove(&flow);
        self.order(Order::Close(flow, length, token))
    }

    /// Does something with the store itself, after all that was ordered before. Returns when it is done.
    pub fn with(&mut self, act: impl FnOnce(&mut S) -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
        let (reply, answer) = sync_channel(1);
        self.order(Order::With(Box::new(act), reply))?;
        self.send()?;
        answer.recv().map_err(|_| Error::Ended)
    }

    /// Ends the thread; its error, if it met one.
    pub fn finish(self) -> Result<(), Error> {
        drop(self.orders);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn held(&mut self, flow: FlowId) -> &mut Held {
        self.flows.get_mut(&flow).expect(BEGUN)
    }

    /// Copies what is gathered of a range over `into`; how many bytes that was.
    fn overlay(&mut self, flow: FlowId, position: i64, into: &mut [u8]) -> usize {
        let mut here = 0;
        self.held(flow).gather.overlay(position..position + into.len() as i64, |piece, held| {
            into[(piece.start - position) as usize..][..held.len()].copy_from_slice(held);
            here += held.len();
        });
        here
    }

    fn send_gathered(&mut self, flow: FlowId) -> Result<(), Error> {
        for chunk in self.held(flow).gather.take() {
            self.gathered -= chunk.bytes.len();
            self.order(Order::Write(flow, chunk.position, chunk.bytes))?;
        }
        Ok(())
    }

    /// Too much is gathered: what is worth a write goes, and if that is not half of it, all.
    fn send_much(&mut self) -> Result<(), Error> {
        for least in [PAGE, 1] {
            if self.gathered < GATHER_ALL / 2 {
                break;
            }
            let full = self.flows.iter().filter(|(_, held)| held.gather.held() >= least);
            let mut full: Vec<FlowId> = full.map(|(&flow, _)| flow).collect();
            full.sort_unstable();
            full.into_iter().try_for_each(|flow| self.send_gathered(flow))?;
        }
        Ok(())
    }

    fn order(&mut self, order: Order<S, T>) -> Result<(), Error> {
        if let Order::Write(_, _, bytes) | Order::Replace(_, _, bytes) = &order {
            self.batch_bytes += bytes.len();
        }
        self.batch.push(order);
        if self.batch.len() >= BATCH.0 || self.batch_bytes >= BATCH.1 { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Error> {
        self.batch_bytes = 0;
        self.orders.send(std::mem::take(&mut self.batch)).map_err(|_| Error::Ended)
    }
}

const BEGUN: &str = "a flow is begun or resumed before it is used, and closed last";

struct Worker<S, T, F> {
    store: S,
    closed: F,
    told: Vec<(T, Stored)>,
    give_back: [SyncSender<Vec<u8>>; 2],
}

impl<S: PayloadStore, T, F: FnMut(Vec<(T, Stored)>)> Worker<S, T, F> {
    fn work(mut self, todo: &Receiver<Vec<Order<S, T>>>) -> Result<(), Error> {
        for batch in todo {
            for order in batch {
                self.follow(order)?;
            }
        }
        self.tell();
        Ok(())
    }

    fn follow(&mut self, order: Order<S, T>) -> Result<(), Error> {
        // an asker that went away needs no answer, and no buffer
        match order {
            Order::Begin(flow, path, first) => self.store.begin(flow, path, first),
            Order::Resume(flow, at_rest) => self.store.resume(flow, at_rest),
            Order::Rebase(flow, base) => self.store.rebase(flow, base),
            Order::Replace(flow, position, bytes) => self.store.replace(flow, position, &bytes)?,
            Order::Rest(flow) => self.store.rest(flow)?,
            Order::Write(flow, position, bytes) => {
                self.store.write(flow, position, &bytes)?;
                if SMALL.contains(&bytes.capacity()) {
                    let _ = self.give_back[0].try_send(bytes);
                } else if bytes.len() >= GATHER {
                    let _ = self.give_back[1].try_send(bytes);
                }
            }
            Order::Close(flow, length, token) => {
                let stored = self.store.close(flow, length)?;
                self.told.push((token, stored));
                if self.told.len() >= TELL {
                    self.tell();
                }
            }
            Order::Read(flow, position, length, reply) => {
                let mut bytes = vec![0; length];
                self.store.read(flow, position, &mut bytes)?;
                let _ = reply.send(bytes);
            }
            Order::With(act, reply) => {
                self.tell();
                act(&mut self.store)?;
                let _ = reply.send(());
            }
        }
        Ok(())
    }

    fn tell(&mut self) {
        (self.closed)(std::mem::take(&mut self.told));
    }
}
