//! `flowcase cat`: the payload of one flow.

use std::io::{self, Write};
use std::path::Path;

use super::errors::{Done, Error};
use super::{CaseArg, output};
use crate::case;
use crate::index::{FlowInfo, QueryLimits, Sink, Value};
use crate::model::FlowId;

/// Write the payload of one flow to stdout
///
/// Bytes that were never captured are zeros. On a terminal, control characters are escaped; files and pipes get the bytes
/// as they are.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// Id or path of the flow
    #[arg(value_name = "FLOW")]
    flow: String,
}

/// Payload read at once: as much as a frame of a pack holds.
const BLOCK: usize = 256 << 10;

/// Streams the payload.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    let Some(flow) = find(&case, &args.flow)? else { return Ok(Done::Whole) };
    let failed = |source| Error::File { path: case.root().join(&flow.path), source };
    let payload = case.payload(&flow).map_err(failed)?;
    let (length, mut out) = (payload.length(), output::stdout());
    let mut block = vec![0; BLOCK.min(length as usize)];
    for at in (0..length).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min((length - at) as usize)];
        payload.read_at(at, block).map_err(failed)?;
        out.write_all(block)?;
    }
    out.flush()?;
    if length != flow.length {
        eprintln!("the file has {length} bytes instead of the {} recorded: see `flowcase verify`", flow.length);
    }
    Ok(Done::but(length != flow.length))
}

/// The flow with this id or path; `None` for one of the `flows` view that has no payload.
fn find(case: &case::Reader, name: &str) -> Result<Option<FlowInfo>, Error> {
    let Ok(id) = name.parse::<FlowId>() else {
        let path = Path::new(name).strip_prefix(case.root()).ok().and_then(Path::to_str).unwrap_or(name);
        return Ok(Some(case.index().flow_by_path(path)?.ok_or_else(|| missing(name))?));
    };
    match case.index().flow(id)? {
        Some(flow) => Ok(Some(flow)),
        None if has_side(case, id)? => Ok(None),
        None => Err(missing(name)),
    }
}

fn missing(name: &str) -> Error {
    Error::Missing { what: "flow", name: name.to_owned() }
}

fn has_side(case: &case::Reader, id: FlowId) -> Result<bool, Error> {
    let mut rows = Count(0);
    let sql = format!("SELECT 1 FROM flows WHERE id = {id}");
    case.index().query(&sql, &QueryLimits::default(), &mut rows)?;
    Ok(rows.0 > 0)
}

struct Count(u64);

impl Sink for Count {
    fn columns(&mut self, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, _: &[Value<'_>]) -> io::Result<()> {
        self.0 += 1;
        Ok(())
    }
}
