//! Who talked to whom, with which service, when and how much: numbers for pictures. Each is one reading of the table
//! `connection` in the order of its numbers, counted here: SQLite would sort a row a connection.
//!
//! The index knows first and last frame of each side of a connection, and not cheaply those between: what a side sent is
//! spread evenly from its first frame to its last.

use prefixes::{Gathered, Gatherer, Prefix};

use super::list::endpoint;
use super::{Reader, Result};
use crate::model::Endpoint;

pub mod prefixes;

/// Classes of size: nothing, then from 1, 2, 5, 10, 20, 50, … bytes on.
pub const SIZES: usize = 59;

/// How much, in three ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Payload stored.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Connections, or sides of them.
    pub connections: u64,
}

impl Weight {
    /// Adds another; saturates.
    pub fn add(&mut self, other: &Weight) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
        self.connections = self.connections.saturating_add(other.connections);
    }

    /// The one of the ways.
    pub fn by(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Bytes => self.bytes,
            Measure::Packets => self.packets,
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Payload stored.
    Bytes,
    /// Packets: for cases without payload.
    Packets,
}

/// What is spoken, as far as a port can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// As IP numbers it.
    pub transport: u8,
    /// The responder's.
    pub port: u16,
}

/// The heaviest of each sort.
#[derive(Clone, Debug, Default)]
pub struct Top {
    /// Heaviest first.
    pub services: Vec<(Service, Weight)>,
    /// All services.
    pub total: Weight,
    /// Senders of payload.
    pub sources: Gathered,
    /// Receivers of payload.
    pub destinations: Gathered,
    /// Ports of responders, both directions.
    pub resp_ports: Gathered,
    /// Ports of originators, both directions.
    pub orig_ports: Gathered,
}

/// Time cut into columns of equal width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Where the first begins, in nanoseconds since 1970.
    pub start_ns: i64,
    /// Width, in nanoseconds, at least 1.
    pub width_ns: i64,
    /// How many, at least 1.
    pub count: usize,
}

/// What passed in each column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OverTime {
    /// By service, in the order asked for, and last all others: how much in each column.
    pub services: Vec<Vec<f64>>,
    /// Packets in each column, by the size of the connection they belong to: see [`size_class`].
    pub fall: Vec<[f64; SIZES]>,
    /// How much has no time, and is in no column.
    pub untimed: u64,
}

/// A side of a connection.
struct Side {
    weight: Weight,
    span: Option<(i64, i64)>,
}

impl Reader {
    /// The heaviest services, and addresses and ports in at most `rows` rows each.
    pub fn top(&self, measure: Measure, rows: usize) -> Result<Top> {
        let [mut sources, mut destinations, mut resp_ports, mut orig_ports] = [(); 4].map(|()| Gatherer::new(measure));
        let mut services = Services::default();
        let sql = "SELECT protocol, orig_ip, orig_port, resp_ip, resp_port, orig_stored, orig_packets, resp_stored,
            resp_packets FROM connection ORDER BY id";
        let mut statement = self.db.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let [orig, resp]: [Endpoint; 2] = [endpoint(row, 1)?, endpoint(row, 3)?];
            let [sent, received] = [weight(row, 5)?, weight(row, 7)?];
            let both = both(&sent, &received);
            let [orig_ip, resp_ip] = [Prefix::address(orig.ip), Prefix::address(resp.ip)];
            for (from, to, weight) in [(orig_ip, resp_ip, &sent), (resp_ip, orig_ip, &received)] {
                if weight.packets > 0 {
                    sources.add(from, weight);
                    destinations.add(to, weight);
                }
            }
            resp_ports.add(Prefix::port(resp.port), &both);
            orig_ports.add(Prefix::port(orig.port), &both);
            services.add(Service { transport: row.get(0)?, port: resp.port }, &both);
        }
        let [sources, destinations] = [sources, destinations].map(|gatherer| gatherer.finish(rows));
        let [resp_ports, orig_ports] = [resp_ports, orig_ports].map(|gatherer| gatherer.finish(rows));
        let (services, total) = services.heaviest(measure);
        Ok(Top { services, total, sources, destinations, resp_ports, orig_ports })
    }

    /// What passed in each of `columns`. What a scanner finds of a connection's protocol would be joined here and in
    /// [`top`](Self::top), where [`Service`] is made of the responder's port.
    pub fn over_time(&self, columns: &Columns, services: &[Service], measure: Measure) -> Result<OverTime> {
        let mut over = OverTime {
            services: vec![vec![0.0; columns.count]; services.len() + 1],
            fall: vec![[0.0; SIZES]; columns.count],
            untimed: 0,
        };
        let sql = "SELECT protocol, resp_port, orig_stored, orig_packets, resp_stored, resp_packets, orig_start_ns,
            orig_end_ns, resp_start_ns, resp_end_ns FROM connection ORDER BY id";
        let mut statement = self.db.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let service = Service { transport: row.get(0)?, port: row.get(1)? };
            let series = services.iter().position(|known| *known == service).unwrap_or(services.len());
            let sides = [side(row, 2, 6)?, side(row, 4, 8)?];
            let class = size_class(sides[0].weight.bytes.saturating_add(sides[1].weight.bytes));
            sides.iter().for_each(|side| over.add(columns, series, class, side, measure));
        }
        Ok(over)
    }
}

impl OverTime {
    fn add(&mut self, columns: &Columns, series: usize, class: usize, side: &Side, measure: Measure) {
        let (amount, packets) = (side.weight.by(measure), side.weight.packets as f64);
        let Some(span) = side.span else {
            self.untimed = self.untimed.saturating_add(amount);
            return;
        };
        columns.spread(span, |column, share| {
            self.services[series][column] += amount as f64 * share;
            self.fall[column][class] += packets * share;
        });
    }
}

impl Columns {
    /// Gives each column that `span` touches its share of it; shares add up to 1. What lies outside goes to the ends.
    fn spread(&self, (from, to): (i64, i64), mut give: impl FnMut(usize, f64)) {
        let (width, last) = (i128::from(self.width_ns), self.count as i128 - 1);
        let from = i128::from(from) - i128::from(self.start_ns);
        let to = (i128::from(to) - i128::from(self.start_ns)).max(from);
        let column = |at: i128| at.div_euclid(width).clamp(0, last);
        let (first, end) = (column(from), column(to));
        if first == end {
            return give(first as usize, 1.0);
        }
        for i in first..=end {
            let begin = if i == first { from } else { i * width };
            let end = if i == end { to } else { (i + 1) * width };
            give(i as usize, (end - begin) as f64 / (to - from) as f64);
        }
    }
}

/// The class of a size: 0 for nothing, else as many of 1, 2, 5, 10, 20, 50, … as it reaches.
pub fn size_class(bytes: u64) -> usize {
    if bytes == 0 {
        return 0;
    }
    let decade = bytes.ilog10();
    let digit = bytes / 10u64.pow(decade);
    3 * decade as usize + 1 + usize::from(digit >= 2) + usize::from(digit >= 5)
}

fn weight(row: &rusqlite::Row<'_>, i: usize) -> Result<Weight> {
    let number = |i| row.get::<_, i64>(i).map(|number| number.max(0) as u64);
    Ok(Weight { bytes: number(i)?, packets: number(i + 1)?, connections: 1 })
}

fn side(row: &rusqlite::Row<'_>, weight_at: usize, time_at: usize) -> Result<Side> {
    let [start, end] = [row.get::<_, Option<i64>>(time_at)?, row.get(time_at + 1)?];
    Ok(Side { weight: weight(row, weight_at)?, span: start.zip(end) })
}

fn both(sent: &Weight, received: &Weight) -> Weight {
    let mut both = *sent;
    both.add(received);
    Weight { connections: 1, ..both }
}

/// A place for every port, of TCP and of all else.
struct Services {
    places: Vec<(Service, Weight)>,
}

impl Default for Services {
    fn default() -> Self {
        let all = |transport| (0..=u16::MAX).map(move |port| (Service { transport, port }, Weight::default()));
        Services { places: all(TCP).chain(all(UDP)).collect() }
    }
}

const TCP: u8 = crate::model::Transport::Tcp.number();
const UDP: u8 = crate::model::Transport::Udp.number();

impl Services {
    fn add(&mut self, service: Service, weight: &Weight) {
        let half = if service.transport == TCP { 0 } else { 1 << 16 };
        self.places[half + usize::from(service.port)].1.add(weight);
    }

    fn heaviest(self, measure: Measure) -> (Vec<(Service, Weight)>, Weight) {
        let mut seen: Vec<_> = self.places.into_iter().filter(|(_, weight)| weight.connections > 0).collect();
        seen.sort_by_key(|(service, weight)| {
            std::cmp::Reverse((weight.by(measure), weight.connections, std::cmp::Reverse(*service)))
        });
        let mut total = Weight::default();
        seen.iter().for_each(|(_, weight)| total.add(weight));
        (seen, total)
    }
}
