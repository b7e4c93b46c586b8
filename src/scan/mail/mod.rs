//! Mails, whole, with what is attached to them: sent with SMTP, fetched with POP3 or IMAP. What is encrypted is not seen.

use super::kind::protocol_of;
use super::lines::{ends, pass_over_jumps};
use super::{Bytes, Connection, Error, Findings, Object, Scanner};
use crate::model::Transport;

mod attachments;
mod imap;
mod letter;
mod pop3;
mod smtp;
#[cfg(test)]
mod tests;

/// Finds mails: each an object and a finding `mail`, its value the subject; and attachments, each an object.
pub struct Mail;

impl Scanner for Mail {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let Some((protocol, side)) = speaks(connection)? else { return Ok(()) };
        pass_over_jumps(connection, found)?;
        match (protocol, ends(connection, side)) {
            (Protocol::Smtp, [Some(client), server]) => smtp::Smtp::new(client, server, found)?.run(),
            (Protocol::Pop3, [Some(client), Some(server)]) => pop3::run(client, server, found),
            (Protocol::Imap, [client, Some(server)]) => imap::run(client, server, found),
            _ => Ok(()),
        }
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let said = object.said_type.unwrap_or_default().trim_start().get(..14);
        let is_mail = said.is_some_and(|said| said.eq_ignore_ascii_case("message/rfc822"));
        if is_mail { attachments::run(object, found) } else { Ok(()) }
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Smtp,
    Pop3,
    Imap,
}

const PORTS: &[(u16, Protocol)] = &[
    (24, Protocol::Smtp),
    (25, Protocol::Smtp),
    (587, Protocol::Smtp),
    (2525, Protocol::Smtp),
    (110, Protocol::Pop3),
    (143, Protocol::Imap),
];

/// The protocol, and the side of the client: by the first bytes of either side, or else, if they say nothing, by port.
fn speaks(connection: &Connection<'_>) -> Result<Option<(Protocol, u8)>, Error> {
    if connection.transport != Transport::Tcp {
        return Ok(None);
    }
    let mut known = false;
    for flow in connection.flows.iter().filter(|flow| flow.part == 0) {
        let mut bytes = Bytes::new(flow.payload);
        let first = bytes.peek(64)?;
        let says = protocol_of(first, connection.transport);
        known |= says.is_some();
        let protocol = match says {
            Some("smtp") => Protocol::Smtp,
            Some("pop3") => Protocol::Pop3,
            Some("imap") => Protocol::Imap,
            _ => continue,
        };
        let serves = first.first().is_some_and(|byte| matches!(byte, b'2' | b'+' | b'*'));
        return Ok(Some((protocol, if serves { 1 - flow.side } else { flow.side })));
    }
    let port = |port| PORTS.iter().find(|(known, _)| *known == port).map(|(_, protocol)| *protocol);
    let serves = connection.flows.iter().find_map(|flow| match (port(flow.dst.port), port(flow.src.port)) {
        (Some(protocol), _) => Some((protocol, flow.side)),
        (None, Some(protocol)) => Some((protocol, 1 - flow.side)),
        _ => None,
    });
    Ok(serves.filter(|_| !known))
}
