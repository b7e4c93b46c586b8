//! HTTP/1.x (RFC 9112), whatever the port: each request with what answered it as a finding `transaction`, bodies as objects
//! with their codings undone, those of several parts split.
//!
//! The way of a connection: [`side`] finds the heads of messages, [`head`] reads them, [`framing`] says where bodies end,
//! [`body`] takes them out of chunks and through [`coding`], [`pairing`] walks both sides in step, [`record`] says what was
//! seen. Nothing is held but one exchange and a window of each side, however long heads, bodies and connections are.

use super::{Connection, Error, Findings, Object, Scanner};
use crate::model::Transport;
use pairing::Pairing;
use side::{Says, Side, says};

pub mod body;
pub mod coding;
pub mod framing;
pub mod head;
pub mod multipart;
pub mod names;
pub mod pairing;
pub mod record;
pub mod side;
#[cfg(test)]
mod tests;

/// Bytes searched for a first message where only one side was captured, and from its middle.
const FAR: u64 = 16 << 20;

/// Finds what is asked and answered over HTTP.
pub struct Http;

impl Scanner for Http {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let Some(client) = client(connection)? else { return Ok(()) };
        let [client, server] = [(client, Says::Requests), (1 - client, Says::Responses)]
            .map(|(side, says)| Side::new(connection.side(side).collect::<Vec<_>>().into_iter(), says));
        Pairing::new(client, server, found).run()
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        multipart::split(object, found)
    }
}

/// The side that asks; `None` if it does not seem to be HTTP. One side that begins with a message is enough: the other may
/// begin in the middle of one.
fn client(connection: &Connection<'_>) -> Result<Option<u8>, Error> {
    if connection.transport != Transport::Tcp {
        return Ok(None);
    }
    let firsts: Vec<_> = [0, 1].into_iter().filter_map(|side| connection.side(side).next()).collect();
    let far = if firsts.len() == 1 { FAR } else { 0 };
    for first in firsts {
        match says(first, far)? {
            Some(Says::Requests) => return Ok(Some(first.side)),
            Some(Says::Responses) => return Ok(Some(1 - first.side)),
            None => {}
        }
    }
    Ok(None)
}
