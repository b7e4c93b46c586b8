//! HTTP/1.x (RFC 9112), whatever the port: each request with what answered it as a finding `transaction`, bodies as objects
//! with their codings undone, those of several parts split.
//!
//! The way of a connection: [`side`] finds the heads of messages, [`head`] reads them, [`framing`] says where bodies end,
//! [`body`] takes them out of chunks and through [`coding`], [`pairing`] walks both sides in step, [`record`] says what was
//! seen. Nothing is held but one exchange and a window of each side, however long heads, bodies and connections are.

use super::{Bytes, Connection, Error, Findings, Object, Scanner};
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
/// Bytes that a proxy and its client may say before the first message: names of hosts, users and passwords have at most 255.
const PROXIED: u64 = 2 << 10;

/// Finds what is asked and answered over HTTP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http {
    /// Codings of bodies are not undone.
    pub raw: bool,
}

impl Scanner for Http {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        if connection.transport != Transport::Tcp {
            return Ok(());
        }
        let is_proxied = is_proxied(connection)?;
        let Some(client) = client(connection, is_proxied)? else { return Ok(()) };
        let mut sides = [(client, Says::Requests), (1 - client, Says::Responses)]
            .map(|(side, says)| Side::new(connection.side(side).collect::<Vec<_>>().into_iter(), says, self.raw));
        if is_proxied {
            sides.iter_mut().try_for_each(|side| side.pass_over(PROXIED))?;
        }
        let [client, server] = sides;
        Pairing::new(client, server, found).run()
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        multipart::split(object, found)
    }
}

/// The side that asks; `None` if it does not seem to be HTTP. One side that begins with a message is enough: the other may
/// begin in the middle of one.
fn client(connection: &Connection<'_>, is_proxied: bool) -> Result<Option<u8>, Error> {
    let firsts: Vec<_> = [0, 1].into_iter().filter_map(|side| connection.side(side).next()).collect();
    let far = match firsts.len() {
        _ if is_proxied => PROXIED,
        1 => FAR,
        _ => 0,
    };
    for first in firsts {
        match says(first, far)? {
            Some(Says::Requests) => return Ok(Some(first.side)),
            Some(Says::Responses) => return Ok(Some(1 - first.side)),
            None => {}
        }
    }
    Ok(None)
}

/// Whether a side begins with a greeting of SOCKS (RFC 1928 §3, or of version 4) and the other answers it.
fn is_proxied(connection: &Connection<'_>) -> Result<bool, Error> {
    let mut begins = [[0; 2]; 2];
    for (side, begins) in (0..).zip(&mut begins) {
        let Some(flow) = connection.side(side).next() else { return Ok(false) };
        begins.copy_from_slice(Bytes::new(flow.payload).peek(2)?.first_chunk::<2>().unwrap_or(&[0; 2]));
    }
    let is_greeting = |asks: [u8; 2], answers: [u8; 2]| match asks {
        [5, 1..=32] => matches!(answers, [5, 0..=9]),
        [4, 1 | 2] => matches!(answers, [0, 90]),
        _ => false,
    };
    Ok(is_greeting(begins[0], begins[1]) || is_greeting(begins[1], begins[0]))
}
