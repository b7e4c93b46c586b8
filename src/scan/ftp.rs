//! Control connections of FTP (RFC 959, RFC 2428): who logged in, and what was transferred over which data connection. A file's
//! bytes are the payload of that connection: the view `transfers` finds it.

use std::net::{IpAddr, Ipv4Addr};

use super::kind::protocol_of;
use super::lines::{Line, Replies, Reply, command, ends, next_line, pass_over_jumps};
use super::{Bytes, Connection, Error, Fields, Finding, Findings, Flow, Scanner, text_of};
use crate::model::{Timestamp, Transport};

/// Bytes of the longest command that is read.
const LONGEST: usize = 4096;
/// Where a server listens.
const PORT: u16 = 21;

/// Finds logins (`login`, the value the user name) and transfers (`transfer`, the value the name of what was transferred).
pub struct Ftp;

impl Scanner for Ftp {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let Some(side) = client_side(connection)? else { return Ok(()) };
        pass_over_jumps(connection, found)?;
        let [Some(client), server] = ends(connection, side) else { return Ok(()) };
        let replies = Replies::new(server.map(|flow| flow.payload))?;
        let bytes = Bytes::new(client.payload);
        Control { client, bytes, replies, user: None, username: None, data: None, found }.run()
    }
}

/// The side of the client, if this is FTP: by the greeting of the server, or else, if first bytes say nothing, by port.
fn client_side(connection: &Connection<'_>) -> Result<Option<u8>, Error> {
    if connection.transport != Transport::Tcp {
        return Ok(None);
    }
    let mut by_port = None;
    for flow in connection.flows.iter().filter(|flow| flow.part == 0) {
        match protocol_of(Bytes::new(flow.payload).peek(64)?, connection.transport) {
            Some("ftp") => return Ok(Some(1 - flow.side)),
            Some(_) => return Ok(None),
            None if flow.dst.port == PORT => by_port = Some(flow.side),
            None if flow.src.port == PORT => by_port = Some(1 - flow.side),
            None => {}
        }
    }
    Ok(by_port)
}

/// A command: what follows its word, and where it lies.
struct Said {
    word: String,
    rest: String,
    range: (u64, u64),
    time: Option<Timestamp>,
}

/// A control connection, from the client's side.
struct Control<'a, 'p> {
    client: &'a Flow<'p>,
    bytes: Bytes<'p>,
    replies: Replies<'p>,
    /// Who is about to log in.
    user: Option<Said>,
    /// Who is logged in, or tried to last.
    username: Option<String>,
    /// Where the next transfer goes.
    data: Option<(IpAddr, u16)>,
    found: &'a mut dyn Findings,
}

impl Control<'_, '_> {
    fn run(mut self) -> Result<(), Error> {
        loop {
            let (from, time) = (self.bytes.offset(), self.bytes.time());
            let line = match next_line(&mut self.bytes, LONGEST)? {
                Line::Text(line) => line,
                Line::Lost => {
                    self.replies.lose();
                    continue;
                }
                Line::End => break,
            };
            let (word, rest) = command(&line);
            let range = (from, from + line.len() as u64);
            let said = Said { word, rest: text_of(rest).into_owned(), range, time };
            let reply = self.replies.take()?;
            let encrypted = said.word == "AUTH" && reply.as_ref().is_some_and(|reply| reply.code == 234);
            if encrypted || self.bytes.starts_with(&[22, 3])? {
                break;
            }
            self.command(said, reply)?;
        }
        self.login(None, None)
    }

    fn command(&mut self, said: Said, reply: Option<Reply>) -> Result<(), Error> {
        let code = reply.as_ref().map(|reply| reply.code);
        if said.word != "PASS" {
            self.login(None, None)?;
        }
        match said.word.as_str() {
            "USER" => {
                self.username = Some(said.rest.clone());
                self.user = Some(said);
                // 331 wants a password
                if code.is_some_and(|code| code != 331) {
                    self.login(None, code)?;
                }
            }
            "PASS" => self.login(Some(said), code)?,
            "PASV" => self.data = reply.and_then(|reply| six_numbers(&reply.text)),
            "EPSV" => self.data = reply.and_then(|reply| Some((self.client.dst.ip, bars(&reply.text)?.1))),
            "PORT" => self.data = six_numbers(said.rest.as_bytes()),
            "EPRT" => self.data = bars(said.rest.as_bytes()).and_then(|(ip, port)| Some((ip.parse().ok()?, port))),
            "RETR" | "STOR" | "STOU" | "APPE" | "LIST" | "NLST" | "MLSD" => self.transfer(&said, code)?,
            _ => {}
        }
        Ok(())
    }

    /// A login: that of the user who said the name, with the password if there is one.
    fn login(&mut self, password: Option<Said>, code: Option<u16>) -> Result<(), Error> {
        let user = self.user.take();
        let (Some(first), Some(last)) = (user.as_ref().or(password.as_ref()), password.as_ref().or(user.as_ref()))
        else {
            return Ok(());
        };
        let value = user.as_ref().map_or("", |user| &user.rest);
        let mut fields = Fields::new();
        fields.some_text("password", password.as_ref().map(|said| said.rest.as_str()));
        fields.some_number("reply", code.map(u64::from));
        let (flow, range) = (self.client.id, (first.range.0, last.range.1));
        self.found.finding(Finding { kind: "login", flow, range, time: first.time, value, fields: &fields })
    }

    /// A transfer; where it began, the reply at its end is that which counts.
    fn transfer(&mut self, said: &Said, mut code: Option<u16>) -> Result<(), Error> {
        if code.is_some_and(|code| code < 200) {
            code = self.replies.take()?.map(|reply| reply.code).or(code);
        }
        let (data, mut fields) = (self.data.take(), Fields::new());
        fields.text("command", &said.word).some_text("username", self.username.as_deref());
        fields.some_text("data_ip", data.map(|(ip, _)| ip.to_string()).as_deref());
        fields.some_number("data_port", data.map(|(_, port)| port.into()));
        fields.some_number("reply", code.map(u64::from));
        let (flow, range, time) = (self.client.id, said.range, said.time);
        self.found.finding(Finding { kind: "transfer", flow, range, time, value: &said.rest, fields: &fields })
    }
}

/// The address and port in `Entering passive mode (192,0,2,1,4,1)`.
fn six_numbers(text: &[u8]) -> Option<(IpAddr, u16)> {
    let text = std::str::from_utf8(text).ok()?;
    // the numbers are the longest run of digits and commas; servers do not agree on what is around it
    let run = text.split(|c: char| c != ',' && !c.is_ascii_digit()).max_by_key(|run| run.matches(',').count())?;
    let numbers: Vec<u8> = run.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [a, b, c, d, high, low] = numbers[..] else { return None };
    Some((Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
}

/// The address, if there is one, and the port in `(|||6446|)` and `|2|2001:db8::1|5282|`; the character between them is free.
fn bars(text: &[u8]) -> Option<(&str, u16)> {
    let text = std::str::from_utf8(text).ok()?;
    let inner = text.find('(').map_or(text, |at| &text[at + 1..]).trim_start();
    let mut parts = inner.split(inner.chars().next()?).skip(2);
    Some((parts.next()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Memory, scan, scan_tcp};
    use super::*;

    const CLIENT: &[u8] =
        b"USER joe\r\nPASS s3\"cret\r\nPASV\r\nLIST\r\nPORT 10,0,0,1,4,1\r\nSTOR a b.txt\r\nEPSV\r\nRETR x\r\nQUIT\r\n";
    const SERVER: &[u8] = b"220 FTP\r\n331 pw\r\n230-hi\r\n all\r\n230 in\r\n227 Entering (10,0,0,2,195,80).\r\n150 here\r\n226 sent\r\n200 ok\r\n150 ok\r\n426 broken\r\n229 Entering (|||6446|)\r\n550 none\r\n221 bye\r\n";

    #[test]
    fn logins_and_transfers_are_told() {
        let expected = [
            r#"login 1 0..22 joe {"password":"s3\"cret","reply":230}"#,
            r#"transfer 1 30..34  {"command":"LIST","username":"joe","data_ip":"10.0.0.2","data_port":50000,"reply":226}"#,
            r#"transfer 1 55..67 a b.txt {"command":"STOR","username":"joe","data_ip":"10.0.0.1","data_port":1025,"reply":426}"#,
            r#"transfer 1 75..81 x {"command":"RETR","username":"joe","data_ip":"10.0.0.2","data_port":6446,"reply":550}"#,
        ];
        assert_eq!(scan_tcp(&Ftp, 2121, CLIENT, SERVER), expected);
    }

    #[test]
    fn what_the_server_said_may_be_missing() {
        let client = b"USER joe\r\nUSER ann\r\nPASS x\r\nPASV\r\nRETR a\r\nEPRT |2|2001:db8::1|5282|\r\nRETR b\r\n";
        let expected = [
            "login 1 0..8 joe {}",
            r#"login 1 10..26 ann {"password":"x"}"#,
            r#"transfer 1 34..40 a {"command":"RETR","username":"ann"}"#,
            r#"transfer 1 69..75 b {"command":"RETR","username":"ann","data_ip":"2001:db8::1","data_port":5282}"#,
        ];
        assert_eq!(scan_tcp(&Ftp, 21, client, b""), expected);
        let hole = scan(&Ftp, 21, Transport::Tcp, Memory::with_gap(CLIENT, 24..30), Memory::new(SERVER));
        assert_eq!(hole[0], expected_login());
        assert_eq!(
            hole[2],
            r#"transfer 1 55..67 a b.txt {"command":"STOR","username":"joe","data_ip":"10.0.0.1","data_port":1025}"#
        );
    }

    fn expected_login() -> &'static str {
        r#"login 1 0..22 joe {"password":"s3\"cret","reply":230}"#
    }

    #[test]
    fn others_and_what_is_encrypted_are_left_alone() {
        let encrypted = scan_tcp(&Ftp, 21, b"AUTH TLS\r\nUSER x\r\n", b"220 FTP\r\n234 go\r\n");
        assert_eq!(encrypted, [""; 0]);
        assert_eq!(scan_tcp(&Ftp, 21, b"EHLO x\r\nUSER x\r\n", b"220 x\r\n"), [""; 0]);
        assert_eq!(scan_tcp(&Ftp, 80, b"USER x\r\n", b"220 x\r\n"), [""; 0]);
    }

    #[test]
    fn addresses_are_read() {
        let six = |text: &str| six_numbers(text.as_bytes()).map(|(ip, port)| format!("{ip} {port}"));
        assert_eq!(six(" Mode 4, go 1,2,3,4,255,255"), Some("1.2.3.4 65535".into()));
        assert_eq!((six("(1,2,3,4,256,1)"), six("1,2,3,4,5"), six("1,2,3,4,5,6,7"), six("")), (None, None, None, None));
        assert_eq!((bars(b"(|||1|)"), bars(b"!1!10.0.0.1!2!")), (Some(("", 1)), Some(("10.0.0.1", 2))));
        assert_eq!(
            (bars(b""), bars(b"(|||x|)"), bars(b"(|||70000|)"), bars(b"("), bars("(éé".as_bytes())),
            (None, None, None, None, None)
        );
    }

    #[test]
    fn any_bytes_are_looked_at_without_harm() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..3000 {
            let mut sides = [CLIENT.to_vec(), SERVER.to_vec()];
            for side in &mut sides {
                for _ in 0..random.usize(..10) {
                    let at = random.usize(..side.len());
                    let byte = random.u8(..);
                    side[at] = *random.choice([b'\n', b'(', b'|', b',', b'1', byte].iter()).unwrap();
                }
            }
            scan_tcp(&Ftp, 21, &sides[0], &sides[1]);
        }
    }
}
