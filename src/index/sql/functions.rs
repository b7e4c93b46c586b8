//! Functions for SQL: addresses, times, payload. What each gives stands with the columns:
//! [`FUNCTIONS`](super::columns::FUNCTIONS).

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error};

use super::parse::{Malformed, Net};
use super::payload::Payloads;
use crate::index::Result;
use crate::model::Timestamp;

/// Registers every function.
pub fn install(db: &Connection, payloads: Payloads) -> Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("ip", 1, pure, |context| Ok(address(context, 0)?.map(sortable)))?;
    db.create_scalar_function("in_subnet", 2, pure, in_subnet)?;
    db.create_scalar_function("iso", 1, pure, |context| {
        Ok(context.get::<Option<i64>>(0)?.map(|time| Timestamp(time).to_string()))
    })?;
    db.create_scalar_function("ns", 1, pure, |context| {
        let text: Option<String> = context.get(0)?;
        Ok(text.and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::nanoseconds))
    })?;
    let payloads = Mutex::new(payloads);
    db.create_scalar_function(
        "payload",
        1,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY,
        move |context| {
            let Some(flow) = context.get::<Option<i64>>(0)? else { return Ok(None) };
            payloads.lock().unwrap_or_else(PoisonError::into_inner).read(flow).map_err(failed)
        },
    )?;
    Ok(())
}

fn in_subnet(context: &mut Context<'_>) -> rusqlite::Result<Option<bool>> {
    let net = context
        .get_or_create_aux(1, |value| -> Result<Net, Malformed> { value.as_str().unwrap_or_default().parse() })?;
    Ok(address(context, 0)?.map(|ip| net.contains(ip)))
}

fn address(context: &Context<'_>, i: usize) -> rusqlite::Result<Option<IpAddr>> {
    let text = context.get_raw(i).as_str_or_null()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn sortable(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn failed(error: crate::index::Error) -> Error {
    Error::UserFunctionError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::columns::FUNCTIONS;

    #[test]
    fn the_list_is_what_there_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("case.sqlite");
        crate::index::Writer::create(&path, &Default::default()).unwrap().finish().unwrap();
        let db = Connection::open_in_memory().unwrap();
        let names = |db: &Connection| -> Vec<String> {
            let mut all = db.prepare("SELECT DISTINCT name FROM pragma_function_list ORDER BY name").unwrap();
            all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let before = names(&db);
        let unpack = crate::index::sql::payload::no_packs();
        install(&db, Payloads::open(&path, directory.path(), unpack).unwrap()).unwrap();
        let ours: Vec<String> = names(&db).into_iter().filter(|name| !before.contains(name)).collect();
        let mut listed: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| name.split('(').next().unwrap()).collect();
        listed.sort_unstable();
        assert_eq!(ours, listed);
    }
}
