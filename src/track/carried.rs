//! Connections that another case goes on with: what is known of them stays, what was counted of them does not.

use super::direction::{Direction, Marks};
use super::flow::Count;
use super::tracker::Tracker;
use super::{Connection, span::Span};
use crate::model::ConnectionId;
use crate::reassemble::Stream;

impl Tracker {
    /// Takes up a connection of another case under a number of this one, which is returned. Nothing of it was seen here: its flows are
    /// numbered and begin with the next frames of their sides, where those of the other case ended.
    pub fn adopt(&mut self, connection: Connection) -> ConnectionId {
        let id = self.take_number();
        self.resume(connection.carried(id));
        id
    }
}

impl Connection {
    fn carried(mut self, id: ConnectionId) -> Self {
        self.id = id;
        self.directions.iter_mut().for_each(Direction::carry);
        if let Some(rare) = self.rare.get_mut() {
            rare.strange.clear();
            rare.uncounted = None;
            rare.retransmitted_bytes = [0; 2];
            rare.out_of_order = [0; 2];
        }
        self
    }
}

impl Direction {
    /// Its stream goes on behind the last byte that is known; no frame of it was counted.
    fn carry(&mut self) {
        self.stream = match self.stream.parts() {
            [] => Stream::default(),
            _ => Stream::from_number(self.stream.end_number()),
        };
        self.marks.clear(Marks::HEARD);
        self.marks.clear(Marks::TIMED);
        (self.packets, self.span) = (Count::default(), Span::default());
    }
}
