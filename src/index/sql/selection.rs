//! Which connections or flows are meant: the options of a selection as one SQL condition.

use std::ops::RangeInclusive;

use rusqlite::types::Value;

use super::guard;
use super::parse::{End, Net};
use crate::index::ends::Wanted;
use crate::index::{Error, Result};
use crate::model::{ConnectionId, Timestamp};

/// Options of one kind are alternatives; all kinds given must hold. Empty: everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Either end is in one of these.
    pub host: Vec<Net>,
    /// Either end has one of these ports.
    pub port: Vec<RangeInclusive<u16>>,
    /// The sender of the flow; the originator of the connection.
    pub src: Vec<End>,
    /// The receiver of the flow; the responder of the connection.
    pub dst: Vec<End>,
    /// Its last frame is not before this.
    pub since: Option<Timestamp>,
    /// Its first frame is not after this.
    pub until: Option<Timestamp>,
    /// Zeek's conn_state of the connection, any case.
    pub state: Vec<String>,
    /// One of its VLAN tags.
    pub vlan: Vec<u16>,
    /// Stored bytes at least (of both sides for a connection).
    pub min_bytes: Option<u64>,
    /// A condition over the columns of the view, from the user.
    pub where_sql: Option<String>,
}

/// What is selected from: the view's columns differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::index) enum Of {
    Connections,
    Flows,
}

impl Of {
    /// The prefixes of the columns of the sending and the receiving end.
    fn ends(self) -> [&'static str; 2] {
        match self {
            Of::Connections => ["orig", "resp"],
            Of::Flows => ["src", "dst"],
        }
    }

    fn state(self) -> &'static str {
        match self {
            Of::Connections => "state",
            Of::Flows => "(SELECT state FROM connection WHERE connection.id = connection_id)",
        }
    }

    fn bytes(self) -> &'static str {
        match self {
            Of::Connections => "orig_bytes + resp_bytes",
            Of::Flows => "stored_bytes",
        }
    }
}

/// A condition in the making.
struct Builder {
    all: Vec<String>,
    parameters: Vec<Value>,
}

impl Selection {
    /// The condition and its parameters, numbered from 1. `near`: only these connections fit [`wanted`](Self::wanted).
    pub(in crate::index) fn to_sql(&self, of: Of, near: Option<&[ConnectionId]>) -> Result<(String, Vec<Value>)> {
        let mut sql = Builder { all: Vec::new(), parameters: Vec::new() };
        self.ends(of, near, &mut sql);
        let [sender, receiver] = of.ends();
        sql.any(&self.src, |sql, end| sql.end(sender, end));
        sql.any(&self.dst, |sql, end| sql.end(receiver, end));
        sql.any(self.since.as_slice(), |sql, since| format!("end_ns >= {}", sql.bind(since.nanoseconds())));
        sql.any(self.until.as_slice(), |sql, until| format!("start_ns <= {}", sql.bind(until.nanoseconds())));
        sql.any(&self.state, |sql, state| format!("{} = {}", of.state(), sql.bind(state.to_ascii_uppercase())));
        sql.any(&self.vlan, |sql, vlan| {
            let tag = sql.bind(format!("%/{vlan}/%"));
            format!("vlan = {} OR '/' || vlans || '/' LIKE {tag}", sql.bind(i64::from(*vlan)))
        });
        sql.any(self.min_bytes.as_slice(), |sql, bytes| {
            format!("{} >= {}", of.bytes(), sql.bind(i64::try_from(*bytes).unwrap_or(i64::MAX)))
        });
        if let Some(condition) = &self.where_sql {
            guard::closed(condition).map_err(|why| Error::Refused(format!("`{condition}`: {why}")))?;
            sql.all.push(format!("({condition}\n)"));
        }
        let condition = if sql.all.is_empty() { "true".into() } else { sql.all.join(" AND ") };
        Ok((condition, sql.parameters))
    }
}

impl Selection {
    /// The ends that connections are to have: one of each kind.
    pub(in crate::index) fn wanted(&self, of: Of) -> Vec<Vec<Wanted>> {
        let sides = match of {
            Of::Connections => [[true, false], [false, true]],
            Of::Flows => [[true; 2]; 2],
        };
        let ends = |sides, ends: &[End]| ends.iter().map(|end| Wanted::on(sides, end)).collect();
        let kinds = [
            self.host.iter().map(Wanted::net).collect(),
            self.port.iter().map(Wanted::port).collect(),
            ends(sides[0], &self.src),
            ends(sides[1], &self.dst),
        ];
        kinds.into_iter().filter(|kind: &Vec<_>| !kind.is_empty()).collect()
    }

    /// The connections whose ends fit, whichever is which: their rows are few, and found by number.
    fn ends(&self, of: Of, near: Option<&[ConnectionId]>, sql: &mut Builder) {
        let before = std::mem::take(&mut sql.all);
        sql.any(near.as_slice(), |sql, near| {
            format!("id IN (SELECT value FROM json_each({}))", sql.bind(format!("{near:?}")))
        });
        sql.any(&self.host, |sql, net| format!("{} OR {}", sql.net("orig", net), sql.net("resp", net)));
        sql.any(&self.port, |sql, range| format!("{} OR {}", sql.port("orig", range), sql.port("resp", range)));
        if of == Of::Flows {
            for ends in [&self.src, &self.dst] {
                sql.any(ends, |sql, end| format!("{} OR {}", sql.end("orig", end), sql.end("resp", end)));
            }
        }
        let fitting = std::mem::replace(&mut sql.all, before);
        if fitting.is_empty() {
            return;
        }
        sql.all.push(match of {
            Of::Connections => fitting.join(" AND "),
            Of::Flows => format!("connection_id IN (SELECT id FROM connection WHERE {})", fitting.join(" AND ")),
        });
    }
}

impl Builder {
    /// Adds that one of these must hold, unless there are none.
    fn any<T>(&mut self, options: &[T], mut each: impl FnMut(&mut Self, &T) -> String) {
        let terms: Vec<String> = options.iter().map(|option| each(self, option)).collect();
        if !terms.is_empty() {
            self.all.push(format!("({})", terms.join(" OR ")));
        }
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }

    fn net(&mut self, end: &str, net: &Net) -> String {
        let text = self.bind(net.to_string());
        if net.is_one() { format!("{end}_ip = {text}") } else { format!("in_subnet({end}_ip, {text})") }
    }

    fn port(&mut self, end: &str, range: &RangeInclusive<u16>) -> String {
        let (low, high) = (self.bind(i64::from(*range.start())), self.bind(i64::from(*range.end())));
        format!("{end}_port BETWEEN {low} AND {high}")
    }

    fn end(&mut self, end: &str, wanted: &End) -> String {
        let net = wanted.net.map(|net| self.net(end, &net));
        let port = wanted.port.map(|port| self.port(end, &(port..=port)));
        let both: Vec<String> = net.into_iter().chain(port).collect();
        format!("({})", if both.is_empty() { "true".into() } else { both.join(" AND ") })
    }
}
