//! The virtual table `segments`: which frame brought which bytes of a flow. `SELECT * FROM segments`, `WHERE flow_id =
//! 17` and `segments(17)` all work, and a join on `flow_id` looks up flow by flow.
//!
//! # Soundness
//! The traits of `rusqlite::vtab` are unsafe because SQLite casts pointers to these structs: each is `#[repr(C)]`,
//! begins with SQLite's base struct, and is made and freed by rusqlite alone. Nothing else here is unsafe: rows come
//! through an ordinary connection of its own, owned by the module and locked while a flow is read.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::types::Null;
use rusqlite::vtab::{
    Context, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor, sqlite3_vtab,
    sqlite3_vtab_cursor,
};

use super::provenance::{self, SegmentInfo};
use crate::index::insert::checksum;
use crate::index::{Result, file};

const COLUMNS: &CStr =
    c"CREATE TABLE x(flow_id INTEGER, \"offset\" INTEGER, length INTEGER, capture_id INTEGER, frame INTEGER,
    file_position INTEGER, time_ns INTEGER, time TEXT, ttl INTEGER, checksum TEXT, flow INTEGER HIDDEN)";
const FLOW_ID: c_int = 0;
/// The hidden column: the argument of `segments(17)`.
const FLOW: c_int = 10;

/// Flows read at once when all are wanted.
const FLOWS_AHEAD: i64 = 256;

type Source = Arc<Mutex<Connection>>;

/// Registers the table for a case whose index is at `path`.
pub fn install(db: &Connection, path: &Path) -> Result<()> {
    const MODULE: Module<Segments> = Module::eponymous_only_module();
    let source = Arc::new(Mutex::new(file::open_again(path)?));
    Ok(db.create_module(c"segments", &MODULE, Some(source))?)
}

#[repr(C)]
struct Segments {
    base: sqlite3_vtab,
    source: Source,
}

// SAFETY: see the module's documentation.
unsafe impl<'vtab> VTab<'vtab> for Segments {
    type Aux = Source;
    type Cursor = Cursor<'vtab>;

    fn connect(
        db: &mut VTabConnection,
        aux: Option<&Source>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> rusqlite::Result<(Cow<'static, CStr>, Self)> {
        db.config(VTabConfig::DirectOnly)?;
        let source = aux.ok_or_else(|| rusqlite::Error::ModuleError("segments: no source".into()))?;
        Ok((Cow::Borrowed(COLUMNS), Segments { base: sqlite3_vtab::default(), source: source.clone() }))
    }

    /// Plan 1: the flow is given as the only argument. Plan 0: all flows.
    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<bool> {
        let mut flow = None;
        for (i, constraint) in info.constraints().enumerate() {
            if !matches!(constraint.column(), FLOW_ID | FLOW)
                || constraint.operator() != IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ
            {
                continue;
            }
            if constraint.is_usable() {
                flow = Some(i);
            } else if constraint.column() == FLOW {
                return Ok(false); // an argument from a table that must come first
            }
        }
        let Some(flow) = flow else {
            info.set_estimated_cost(1e9);
            info.set_estimated_rows(100_000_000);
            return Ok(true);
        };
        info.constraint_usage(flow).set_argv_index(1);
        info.set_idx_num(1);
        info.set_estimated_cost(100.0);
        info.set_estimated_rows(100);
        Ok(true)
    }

    fn open(&'vtab mut self) -> rusqlite::Result<Cursor<'vtab>> {
        let flows = VecDeque::new();
        let segments = Vec::new().into_iter();
        let base = sqlite3_vtab_cursor::default();
        let table = PhantomData;
        Ok(Cursor {
            base,
            source: self.source.clone(),
            flows,
            all_after: None,
            flow: 0,
            segments,
            current: None,
            number: 0,
            table,
        })
    }
}

#[repr(C)]
struct Cursor<'vtab> {
    base: sqlite3_vtab_cursor,
    source: Source,
    /// Flows still to read.
    flows: VecDeque<i64>,
    /// More flows come after this one.
    all_after: Option<i64>,
    flow: i64,
    segments: std::vec::IntoIter<SegmentInfo>,
    current: Option<SegmentInfo>,
    number: i64,
    table: PhantomData<&'vtab Segments>,
}

impl Cursor<'_> {
    fn advance(&mut self) -> Result<()> {
        self.number += 1;
        loop {
            self.current = self.segments.next();
            if self.current.is_some() {
                return Ok(());
            }
            if self.flows.is_empty() {
                self.more_flows()?;
            }
            let Some(flow) = self.flows.pop_front() else { return Ok(()) };
            self.flow = flow;
            let source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            self.segments = provenance::of_flow(&source, flow as u64)?.into_iter();
        }
    }

    fn more_flows(&mut self) -> Result<()> {
        let Some(after) = self.all_after else { return Ok(()) };
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = source.prepare_cached("SELECT id FROM flow WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        self.flows = statement.query_map((after, FLOWS_AHEAD), |row| row.get(0))?.collect::<Result<_, _>>()?;
        self.all_after = self.flows.back().copied();
        Ok(())
    }
}

// SAFETY: see the module's documentation.
unsafe impl VTabCursor for Cursor<'_> {
    fn filter(&mut self, plan: c_int, _: Option<&str>, arguments: &Filters<'_>) -> rusqlite::Result<()> {
        self.segments = Vec::new().into_iter();
        self.number = 0;
        (self.flows, self.all_after) = (VecDeque::new(), (plan == 0).then_some(i64::MIN));
        if plan == 1 {
            self.flows.extend(arguments.iter().next().and_then(|value| value.as_i64().ok()));
        }
        self.next()
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.advance().map_err(|error| rusqlite::Error::ModuleError(error.to_string()))
    }

    fn eof(&self) -> bool {
        self.current.is_none()
    }

    fn column(&self, context: &mut Context, i: c_int) -> rusqlite::Result<()> {
        let Some(segment) = &self.current else { return context.set_result(Null) };
        match i {
            FLOW_ID | FLOW => context.set_result(self.flow),
            1 => context.set_result(segment.offset as i64),
            2 => context.set_result(segment.length),
            3 => context.set_result(segment.capture_id),
            4 => context.set_result(segment.frame as i64),
            5 => context.set_result(segment.file_position as i64),
            6 => context.set_result(segment.time.map(|time| time.nanoseconds())),
            7 => context.set_result(segment.time.map(|time| time.to_string())),
            8 => context.set_result(segment.ttl),
            _ => context.set_result(checksum(segment.checksum)),
        }
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.number)
    }
}
