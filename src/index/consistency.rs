//! What `verify` asks of the index: that it is what was written, and that its rows agree with each other.

use super::list::unsigned;
use super::seal::Seals;
use super::{Error, Reader, Result};

/// Complaints of one kind that are listed; a broken case need not be told row by row.
const MAX_COMPLAINTS: usize = 20;

/// SQL that gives one text for each row that is wrong.
const CHECKS: &[&str] = &[
    "SELECT 'capture ' || id || ': ' || frames || ' frames, but ' || used_frames || ' used and ' || skipped || ' skipped'
     FROM (SELECT *, (SELECT coalesce(sum(skip.frames), 0) FROM skip WHERE capture_id = capture.id) AS skipped
           FROM capture)
     WHERE frames <> used_frames + skipped",
    "SELECT 'flow ' || id || ': ' || length || ' bytes long, but ' || stored_bytes || ' stored and ' || missing ||
            ' in gaps'
     FROM (SELECT *, (SELECT coalesce(sum(gap.length), 0) FROM gap WHERE flow_id = flow.id) AS missing FROM flow)
     WHERE length <> stored_bytes + missing",
    "SELECT 'flow ' || id || ': its connection ' || connection_id || ' is not there'
     FROM flow WHERE connection_id NOT IN (SELECT id FROM connection)",
    "SELECT 'connection ' || id || ': says it stored ' || orig_stored || ' and ' || resp_stored || ' bytes, but its flows '
            || orig || ' and ' || resp
     FROM (SELECT *,
           (SELECT coalesce(sum(stored_bytes), 0) FROM flow WHERE connection_id = connection.id AND side = 0) AS orig,
           (SELECT coalesce(sum(stored_bytes), 0) FROM flow WHERE connection_id = connection.id AND side = 1) AS resp
           FROM connection)
     WHERE orig_stored <> orig OR resp_stored <> resp",
    "SELECT DISTINCT 'gaps of flow ' || flow_id || ': the flow is not there'
     FROM gap WHERE flow_id NOT IN (SELECT id FROM flow)",
    "SELECT DISTINCT 'extents of flow ' || flow_id || ': the flow is not there'
     FROM extent WHERE flow_id NOT IN (SELECT id FROM flow)",
    "SELECT DISTINCT 'conflicts of flow ' || flow_id || ': the flow is not there'
     FROM conflict WHERE flow_id NOT IN (SELECT id FROM flow)",
    "SELECT '`' || path || '`: ' || count(*) || ' flows have this path' FROM flow GROUP BY path HAVING count(*) > 1",
];

impl Reader {
    /// Names of the tables whose rows are not those that were written.
    pub fn check_seals(&self) -> Result<Vec<&'static str>> {
        let _one_moment = self.db.unchecked_transaction()?;
        Ok(Seals::load(&self.db)?.differences(&Seals::of_rows(&self.db)?))
    }

    /// Complaints about the index itself, one sentence each; empty if all is well.
    pub fn consistency(&self) -> Result<Vec<String>> {
        let mut complaints = Vec::new();
        self.integrity(&mut complaints)?;
        for sql in CHECKS {
            let mut statement = self.db.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            for complaint in rows.take(MAX_COMPLAINTS) {
                complaints.push(complaint?);
            }
        }
        self.provenance(&mut complaints)?;
        Ok(complaints)
    }

    fn integrity(&self, complaints: &mut Vec<String>) -> Result<()> {
        let mut statement = self.db.prepare(&format!("PRAGMA integrity_check({MAX_COMPLAINTS})"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            complaints.extend(Some(row.get::<_, String>(0)?).filter(|text| text != "ok"));
        }
        Ok(())
    }

    /// The segments of each flow are ascending, without overlap, and together as long as its stored bytes.
    fn provenance(&self, complaints: &mut Vec<String>) -> Result<()> {
        let mut statement = self.db.prepare("SELECT id, stored_bytes FROM flow")?;
        let mut rows = statement.query([])?;
        let limit = complaints.len() + MAX_COMPLAINTS;
        while let Some(row) = rows.next()?.filter(|_| complaints.len() < limit) {
            let (flow, stored) = (unsigned(row, 0)?, unsigned(row, 1)?);
            match self.known_bytes(flow) {
                Ok(Some(known)) if known == stored => {}
                Ok(Some(known)) => {
                    complaints.push(format!("flow {flow}: {stored} bytes stored, but the origin of {known} is known"))
                }
                Ok(None) => complaints.push(format!("flow {flow}: its segments overlap")),
                Err(error @ Error::Extents(_)) => complaints.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Bytes of all segments of a flow; `None` if two overlap.
    fn known_bytes(&self, flow: u64) -> Result<Option<u64>> {
        let segments = self.segments(flow)?;
        let apart = segments.windows(2).all(|pair| pair[0].offset + u64::from(pair[0].length) <= pair[1].offset);
        Ok(apart.then(|| segments.iter().map(|segment| u64::from(segment.length)).sum()))
    }
}
