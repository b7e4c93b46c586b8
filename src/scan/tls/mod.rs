//! TLS as far as it is not encrypted (RFC 8446, RFC 5246 and their forebears): the hellos of both sides, what was agreed on, the
//! fingerprints JA3, JA3S and JA4, and certificates. On any port, also behind STARTTLS.
//!
//! JA4 is that of <https://github.com/FoxIO-LLC/ja4> for clients of TLS over TCP, which is free; its siblings for servers and
//! others are not, and are left out.

use super::{Bytes, Connection, Error, Fields, Finding, Findings, Flow, NewObject, Payload, Scanner};
use crate::model::Transport;

mod certificate;
mod fingerprint;
mod handshake;
mod hello;
#[cfg(test)]
mod tests;

use handshake::{Handshake, Message};
use hello::{ClientHello, ServerHello};

/// Types of handshake messages (RFC 5246 §7.4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
/// Certificates of a chain that are looked at.
const CHAIN: usize = 32;

/// Finds a `session` of each connection that speaks TLS, and a `certificate` for each that is shown.
pub struct Tls;

impl Scanner for Tls {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        if connection.transport != Transport::Tcp {
            return Ok(());
        }
        let mut session = Session::default();
        for flow in connection.flows.iter().filter(|flow| flow.part == 0) {
            let Some(start) = handshake::start(flow.payload)? else { continue };
            let handshake = Handshake::read(flow.payload, start)?;
            if let Some((offset, what)) = handshake.strange {
                found.strange(flow.id, offset, flow.payload.time_at(offset), what)?;
            }
            session.take(flow, &handshake, found)?;
        }
        session.tell(connection, found)
    }
}

/// What both sides said.
#[derive(Default)]
struct Session {
    client: Option<(u64, Seen, ClientHello)>,
    server: Option<(u64, Seen, ServerHello)>,
    /// Of the first certificate of the server: its number among the objects, and what it says.
    leaf: Option<(Option<u32>, Fields)>,
    certificates: u64,
}

/// Where a message lies in its flow.
#[derive(Clone, Copy)]
struct Seen {
    from: u64,
    to: u64,
    time: Option<crate::model::Timestamp>,
}

impl Session {
    fn take(&mut self, flow: &Flow<'_>, handshake: &Handshake, found: &mut dyn Findings) -> Result<(), Error> {
        for message in handshake.messages() {
            let seen = Seen { from: message.from, to: message.to, time: flow.payload.time_at(message.from) };
            let understood = match message.kind {
                CLIENT_HELLO if self.client.is_none() => ClientHello::parse(message.body).is_some_and(|mut hello| {
                    hello.whole &= message.whole;
                    let understood = hello.whole && !hello.odd;
                    self.client = Some((flow.id, seen, hello));
                    understood
                }),
                SERVER_HELLO => ServerHello::parse(message.body).is_some_and(|mut hello| {
                    hello.whole &= message.whole;
                    let understood = hello.whole && !hello.odd;
                    self.answer(flow.id, seen, hello);
                    understood
                }),
                CERTIFICATE => self.chain(flow, handshake, &message, found)?,
                _ => true,
            };
            if !message.whole {
                found.strange(flow.id, seen.to, seen.time, "a handshake message is not captured whole")?;
            } else if !understood {
                found.strange(flow.id, seen.from, seen.time, "a handshake message contradicts itself")?;
            }
        }
        Ok(())
    }

    /// The first answer counts, unless it only asks for another hello (RFC 8446 §4.1.4).
    fn answer(&mut self, flow: u64, seen: Seen, hello: ServerHello) {
        if self.server.as_ref().is_none_or(|(.., known)| known.asks_again) {
            self.server = Some((flow, seen, hello));
        }
    }

    /// A chain of certificates (RFC 5246 §7.4.2): each becomes an object and a finding. Whether they end where the message says.
    fn chain(
        &mut self,
        flow: &Flow<'_>,
        handshake: &Handshake,
        message: &Message<'_>,
        found: &mut dyn Findings,
    ) -> Result<bool, Error> {
        let (chain, understood) = certificate::chain(message.body);
        for (position, der) in chain.into_iter().take(CHAIN).enumerate() {
            let at = message.body_at + (der.as_ptr() as usize - message.body.as_ptr() as usize);
            let (from, to) = (handshake.begin(at), handshake.end(at + der.len()));
            let time = flow.payload.time_at(from);
            let name = format!("certificate-{}.der", position + 1);
            let said_type = Some("application/pkix-cert");
            found.begin_object(NewObject { flow: flow.id, offset: from, time, name: Some(&name), said_type })?;
            found.write(der)?;
            let number = found.end_object(to, true)?.map(|stored| stored.number);
            let Some(known) = certificate::fields(der) else {
                found.strange(flow.id, from, time, "a certificate cannot be parsed")?;
                continue;
            };
            let mut fields = known.fields.clone();
            fields.number("position", position as u64).number("side", flow.side.into());
            fields.some_number("object", number.map(u64::from));
            let range = (from, to);
            let value = &known.subject;
            found.finding(Finding { kind: "certificate", flow: flow.id, range, time, value, fields: &fields })?;
            self.certificates += 1;
            if position == 0 && flow.side == 1 && self.leaf.is_none() {
                self.leaf = Some((number, known.leaf));
            }
        }
        Ok(understood)
    }

    fn tell(self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let Some((flow, seen)) = self.place() else { return Ok(()) };
        let mut fields = Fields::new();
        if let Some((flow, seen, hello)) = &self.client {
            hello.tell(&mut fields);
            fields.number("client_flow_id", *flow).number("client_offset", seen.from);
        }
        if let Some((flow, seen, hello)) = &self.server {
            hello.tell(&mut fields);
            let client = self.client.as_ref().map(|(.., client)| client);
            if let Some(resumes) = hello.resumes(client, self.certificates) {
                fields.flag("resumed", resumes);
            }
            fields.number("server_flow_id", *flow).number("server_offset", seen.from);
        }
        fields.number("certificates", self.certificates);
        if let Some((number, leaf)) = &self.leaf {
            fields.append(leaf);
            fields.some_number("certificate_object", number.map(u64::from));
        }
        let server = connection.side(1).next().map_or_else(String::new, |flow| flow.src.ip.to_string());
        let name = self.client.as_ref().and_then(|(.., hello)| hello.name.clone()).unwrap_or(server);
        let range = (seen.from, seen.to);
        found.finding(Finding { kind: "session", flow, range, time: seen.time, value: &name, fields: &fields })
    }

    /// Where the session begins.
    fn place(&self) -> Option<(u64, Seen)> {
        let client = self.client.as_ref().map(|(flow, seen, _)| (*flow, *seen));
        client.or_else(|| self.server.as_ref().map(|(flow, seen, _)| (*flow, *seen)))
    }
}
