//! The hellos (RFC 8446 §4.1, RFC 5246 §7.4.1) and the extensions that matter here.

use tls_parser::TlsCipherSuite;

use super::super::{Fields, text_of};
use super::fingerprint;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a server's random is when it asks for another hello (RFC 8446 §4.1.3).
const ASKS_AGAIN: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client offers, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// As its head says it: at most 1.2.
    pub version: u16,
    /// Of a session to go on with, or made up.
    pub session: Vec<u8>,
    pub ciphers: Vec<u16>,
    pub extensions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signatures: Vec<u16>,
    /// Of the extension that says them all.
    pub versions: Vec<u16>,
    /// As it is on the wire.
    pub protocols: Vec<Vec<u8>>,
    /// The server it wants (RFC 6066 §3).
    pub name: Option<String>,
    /// Ciphers and extensions are all there.
    pub whole: bool,
    /// What an extension holds makes no sense.
    pub odd: bool,
}

/// What a server chose.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// As its head says it.
    pub version: u16,
    pub session: Vec<u8>,
    pub cipher: u16,
    pub extensions: Vec<u16>,
    /// Of the extension, if it is there.
    pub chosen_version: Option<u16>,
    pub protocol: Option<Vec<u8>>,
    /// It only asks for another hello.
    pub asks_again: bool,
    /// Extensions are all there.
    pub whole: bool,
    /// What an extension holds makes no sense.
    pub odd: bool,
}

impl ClientHello {
    /// From the body of the message, as far as it goes; `None` if nothing of use is there.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        let mut hello = ClientHello { version: number(&mut rest)?, ..ClientHello::default() };
        take(&mut rest, 32)?;
        hello.session = counted8(&mut rest)?.to_vec();
        hello.whole = hello.offers(rest).is_some();
        Some(hello)
    }

    fn offers(&mut self, mut rest: &[u8]) -> Option<()> {
        self.ciphers = numbers(counted16(&mut rest)?)?;
        counted8(&mut rest)?;
        each_extension(rest, |kind, data| {
            self.extensions.push(kind);
            self.odd |= self.extension(kind, data).is_none();
        })
    }

    fn extension(&mut self, kind: u16, mut data: &[u8]) -> Option<()> {
        match kind {
            SERVER_NAME if !data.is_empty() => self.name = server_name(&mut data)?,
            SUPPORTED_GROUPS => self.groups = numbers(counted16(&mut data)?)?,
            EC_POINT_FORMATS => self.point_formats = counted8(&mut data)?.to_vec(),
            SIGNATURE_ALGORITHMS => self.signatures = numbers(counted16(&mut data)?)?,
            ALPN => self.protocols = protocols(counted16(&mut data)?)?,
            SUPPORTED_VERSIONS => self.versions = numbers(counted8(&mut data)?)?,
            _ => {}
        }
        Some(())
    }

    /// The highest version it offers.
    pub fn best_version(&self) -> u16 {
        self.versions.iter().copied().filter(|version| !fingerprint::is_grease(*version)).max().unwrap_or(self.version)
    }

    /// What it says of a session.
    pub fn tell(&self, fields: &mut Fields) {
        let protocols: Vec<_> = self.protocols.iter().map(|protocol| text_of(protocol)).collect();
        fields.some_text("sni", self.name.as_deref());
        fields.text("client_version", &version_name(self.best_version()));
        if !protocols.is_empty() {
            fields.list("client_alpn", protocols.iter().map(|protocol| &**protocol));
        }
        if !self.whole {
            return;
        }
        let ja3 = fingerprint::ja3(self);
        fields.text("ja3", &fingerprint::md5(&ja3)).text("ja3_string", &ja3).text("ja4", &fingerprint::ja4(self));
    }
}

impl ServerHello {
    /// From the body of the message, as far as it goes; `None` if not even the cipher is there.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        let mut hello = ServerHello { version: number(&mut rest)?, ..ServerHello::default() };
        hello.asks_again = take(&mut rest, 32)? == ASKS_AGAIN;
        hello.session = counted8(&mut rest)?.to_vec();
        hello.cipher = number(&mut rest)?;
        let framed = take(&mut rest, 1).and_then(|_| {
            each_extension(rest, |kind, data| {
                hello.extensions.push(kind);
                hello.odd |= hello.extension(kind, data).is_none();
            })
        });
        hello.whole = framed.is_some();
        Some(hello)
    }

    fn extension(&mut self, kind: u16, mut data: &[u8]) -> Option<()> {
        match kind {
            SUPPORTED_VERSIONS => self.chosen_version = Some(number(&mut data)?),
            ALPN => self.protocol = protocols(counted16(&mut data)?)?.into_iter().next(),
            _ => {}
        }
        Some(())
    }

    /// Whether it goes on with what was agreed on before (RFC 8446 §2.2, RFC 5246 §7.4.1.2, RFC 5077 §3.4); `None` if that
    /// cannot be told. Before 1.3 a server that does shows no certificate and gives the client's session back.
    pub fn resumes(&self, client: Option<&ClientHello>, certificates: u64) -> Option<bool> {
        if self.asks_again {
            return None;
        }
        if self.chosen_version.is_some() {
            return Some(self.extensions.contains(&PRE_SHARED_KEY));
        }
        let session = &client?.session;
        Some(!session.is_empty() && *session == self.session && certificates == 0)
    }

    /// What it says of a session.
    pub fn tell(&self, fields: &mut Fields) {
        let version = self.chosen_version.unwrap_or(self.version);
        fields.text("version", &version_name(version)).text("cipher", &cipher_name(self.cipher));
        if let Some(protocol) = &self.protocol {
            fields.bytes("alpn", protocol);
        }
        if !self.whole {
            return;
        }
        let ja3s = fingerprint::ja3s(self);
        fields.text("ja3s", &fingerprint::md5(&ja3s)).text("ja3s_string", &ja3s);
    }
}

fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        0x0301..=0x0304 => format!("TLS 1.{}", version - 0x0301),
        other => format!("0x{other:04x}"),
    }
}

/// As IANA registered it.
fn cipher_name(cipher: u16) -> String {
    TlsCipherSuite::from_id(cipher).map_or_else(|| format!("0x{cipher:04x}"), |suite| suite.name.to_owned())
}

/// The first host name of the list.
fn server_name(data: &mut &[u8]) -> Option<Option<String>> {
    let mut list = counted16(data)?;
    while !list.is_empty() {
        let (kind, name) = (take(&mut list, 1)?[0], counted16(&mut list)?);
        if kind == 0 {
            return Some(Some(text_of(name).into_owned()));
        }
    }
    Some(None)
}

fn protocols(mut list: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while !list.is_empty() {
        all.push(counted8(&mut list)?.to_vec());
    }
    Some(all)
}

/// `None` if they end early. They may be missing altogether.
fn each_extension(mut rest: &[u8], mut each: impl FnMut(u16, &[u8])) -> Option<()> {
    if rest.is_empty() {
        return Some(());
    }
    let length = usize::from(number(&mut rest)?);
    let mut list = &rest[..length.min(rest.len())];
    while !list.is_empty() {
        let (kind, data) = (number(&mut list)?, counted16(&mut list)?);
        each(kind, data);
    }
    (length <= rest.len()).then_some(())
}

fn numbers(bytes: &[u8]) -> Option<Vec<u16>> {
    bytes
        .len()
        .is_multiple_of(2)
        .then(|| bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect())
}

fn number(rest: &mut &[u8]) -> Option<u16> {
    let two = take(rest, 2)?;
    Some(u16::from_be_bytes([two[0], two[1]]))
}

fn counted8<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = take(rest, 1)?[0];
    take(rest, count.into())
}

fn counted16<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = number(rest)?;
    take(rest, count.into())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}
