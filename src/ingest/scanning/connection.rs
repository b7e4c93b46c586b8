//! One worker: every scanner that is due over one connection after the other, then over the objects found in it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::crew::Batch;
use super::sheet::{Found, Sheet};
use super::subject::{Deadline, Of, Subject};
use super::{Error, Options};
use crate::case;
use crate::index::scans::ToScan;
use crate::index::{ObjectRow, ScannerState};
use crate::model::{ConnectionId, FlowId};
use crate::scan::{self, Connection, Flow, Object, Payload, Scanner, Stored};
use crate::store::beneath::Beneath;

/// What a worker has at hand.
pub struct Worker<'a> {
    case: &'a case::Reader,
    beneath: &'a Beneath,
    options: &'a Options,
    states: &'a [ScannerState],
    /// Names of all scanners the case knows.
    names: Vec<(u32, String)>,
    /// There are objects of earlier scans.
    has_objects: bool,
}

/// An object that waits to be looked at, how deep it lies, and whether every scanner that is due may.
struct Waiting {
    row: ObjectRow,
    depth: u32,
}

impl<'a> Worker<'a> {
    /// Ready to scan.
    pub fn new(
        case: &'a case::Reader,
        beneath: &'a Beneath,
        options: &'a Options,
        states: &'a [ScannerState],
    ) -> Result<Self, Error> {
        let (names, has_objects) = (case.index().scanner_names()?, case.index().has_objects()?);
        Ok(Worker { case, beneath, options, states, names, has_objects })
    }

    /// Looks at the connections of a batch.
    pub fn scan(&self, batch: &Batch) -> Result<Found, Error> {
        let mut found = Found::default();
        let ranges = match batch {
            Batch::Range(first, last) => vec![(*first, *last)],
            Batch::Some(connections) => connections.iter().map(|one| (*one, *one)).collect(),
        };
        for (first, last) in ranges {
            for connection in self.case.index().to_scan(first, last)? {
                self.scan_one(&connection, &mut found)?;
            }
        }
        Ok(found)
    }

    fn scan_one(&self, seen: &ToScan, found: &mut Found) -> Result<(), Error> {
        let deadline = Deadline::new(self.options.limits.time);
        let subjects: Vec<Subject<'_>> =
            seen.flows.iter().map(|flow| Subject::new(self.case, Of::Flow(flow), &deadline)).collect();
        let connection = connection(seen, &subjects);
        let first = seen.flows.first().map_or(0, |flow| flow.id);
        let payload = seen.flows.iter().map(|flow| flow.stored_bytes).sum();
        let mut due: Vec<(&dyn Scanner, Sheet<'_>)> = Vec::new();
        for (chosen, state) in self.options.scanners.iter().zip(self.states) {
            if is_due(state, seen.id) {
                let scanner = (state.id, chosen.name.as_str());
                let sheet = Sheet::new(self.beneath, &self.options.limits, &deadline, scanner, seen.id, payload);
                due.push((&*chosen.scanner, sheet));
            }
        }
        for (scanner, sheet) in &mut due {
            deadline.restart();
            let ended = contained(|| scanner.scan(&connection, sheet));
            sheet.ended(ended, first);
        }
        self.scan_objects(seen.id, &mut due, &deadline)?;
        let frame = |flow: FlowId, offset| {
            let at = seen.flows.iter().position(|one| one.id == flow)?;
            subjects[at].frame_at(offset).map(|segment| (segment.capture_id, segment.frame))
        };
        due.into_iter().for_each(|(_, sheet)| sheet.add_to(found, frame));
        found.connections.push(seen.id);
        Ok(())
    }

    /// Objects of this scan, those found in them, and those that scanners not run now found before.
    fn scan_objects(
        &self,
        connection: ConnectionId,
        due: &mut [(&dyn Scanner, Sheet<'_>)],
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let mut waiting = self.earlier(connection)?;
        let mut seen = vec![0; due.len()];
        collect(due, &mut seen, 1, &mut waiting);
        let mut next = 0;
        while next < waiting.len() {
            let Waiting { row, depth } = &waiting[next];
            let (row, depth) = (row.clone(), *depth);
            for (scanner, sheet) in due.iter_mut() {
                deadline.restart();
                sheet.parent = Some(format!("{}-{}-{}", self.name(row.scanner), row.connection, row.number));
                let ended = match depth <= self.options.limits.depth {
                    true => self.scan_object(*scanner, &row, sheet, deadline),
                    false => Err(scan::Error::Limit {
                        what: "objects within objects",
                        most: self.options.limits.depth.into(),
                    }),
                };
                sheet.ended(ended, row.flow);
                sheet.parent = None;
            }
            collect(due, &mut seen, depth + 1, &mut waiting);
            next += 1;
        }
        Ok(())
    }

    fn scan_object(
        &self,
        scanner: &dyn Scanner,
        row: &ObjectRow,
        sheet: &mut Sheet<'_>,
        deadline: &Deadline,
    ) -> Result<(), scan::Error> {
        let payload = Subject::new(self.case, Of::Object(row), deadline);
        let stored = Stored {
            number: row.number,
            size: row.size,
            sha256: row.sha256,
            found_type: row.found_type.clone(),
            complete: row.complete,
        };
        let object = Object {
            connection: row.connection,
            flow: row.flow,
            range: row.range.0..row.range.1,
            scanner: self.name(row.scanner),
            time: row.time,
            name: row.name.as_deref(),
            said_type: row.said_type.as_deref(),
            stored: &stored,
            payload: &payload,
        };
        contained(|| scanner.scan_object(&object, sheet))
    }

    /// Objects that scanners not due found in the connection.
    fn earlier(&self, connection: ConnectionId) -> Result<Vec<Waiting>, Error> {
        if !self.has_objects {
            return Ok(Vec::new());
        }
        let runs = |scanner| self.states.iter().any(|state| state.id == scanner && is_due(state, connection));
        let rows = self.case.index().objects_of(connection)?;
        Ok(rows.into_iter().filter(|row| !runs(row.scanner)).map(|row| Waiting { row, depth: 1 }).collect())
    }

    fn name(&self, scanner: u32) -> &str {
        self.names.iter().find(|(id, _)| *id == scanner).map_or("", |(_, name)| name)
    }
}

fn is_due(state: &ScannerState, connection: ConnectionId) -> bool {
    connection > state.upto || state.again.binary_search(&connection).is_ok()
}

/// Objects that came since the last look.
fn collect(due: &[(&dyn Scanner, Sheet<'_>)], seen: &mut [usize], depth: u32, waiting: &mut Vec<Waiting>) {
    for ((_, sheet), seen) in due.iter().zip(seen) {
        waiting.extend(sheet.objects[*seen..].iter().map(|row| Waiting { row: row.clone(), depth }));
        *seen = sheet.objects.len();
    }
}

fn connection<'a>(seen: &'a ToScan, subjects: &'a [Subject<'a>]) -> Connection<'a> {
    let flow = |(flow, payload): (&'a crate::index::FlowInfo, &'a Subject<'a>)| Flow {
        id: flow.id,
        side: flow.side,
        part: flow.part,
        src: flow.src,
        dst: flow.dst,
        path: &flow.path,
        digests: &flow.digests,
        payload: payload as &dyn Payload,
    };
    let flows = seen.flows.iter().zip(subjects).map(flow).collect();
    Connection { id: seen.id, transport: seen.transport, start: seen.start, flows }
}

/// A scanner that panics has failed, and nothing else has.
fn contained(act: impl FnOnce() -> Result<(), scan::Error>) -> Result<(), scan::Error> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(scan::Error::Failed(format!("the scanner panicked: {text}")))
    })
}
