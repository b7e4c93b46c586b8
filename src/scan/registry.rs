//! The built-in scanners: one list from which the options, the help, the README and the stamps on results come.

use super::{Scanner, dns, ftp, http, kind, mail, tls};

/// A built-in scanner.
pub struct Entry {
    /// Its name on the command line and in the results.
    pub name: &'static str,
    /// Raised whenever it would find something else in the same payload.
    pub version: &'static str,
    /// What it finds, one sentence.
    pub about: &'static str,
    /// Makes it.
    pub make: fn() -> Box<dyn Scanner>,
}

/// Every built-in scanner, in the order in which they run.
pub static SCANNERS: &[Entry] = &[
    Entry {
        name: "kind",
        version: "1",
        about: "the protocol of each flow by its first bytes, whatever the port: view `protocols`",
        make: || Box::new(kind::Kind),
    },
    Entry {
        name: "http",
        version: "1",
        about: "requests and responses of HTTP/1.x on any port, their bodies as objects: view `http`",
        make: || Box::new(http::Http::default()),
    },
    Entry {
        name: "tls",
        version: "1",
        about: "who wanted what of whom over TLS, with fingerprints and certificates: views `tls` and `certificates`",
        make: || Box::new(tls::Tls),
    },
    Entry {
        name: "dns",
        version: "1",
        about: "lookups of DNS, mDNS and LLMNR, over TCP and (ingested with `--udp`) UDP: view `dns`",
        make: || Box::new(dns::Dns),
    },
    Entry {
        name: "mail",
        version: "1",
        about: "mails sent with SMTP or fetched with POP3 or IMAP, and what is attached to them: view `mails`, objects",
        make: || Box::new(mail::Mail),
    },
    Entry {
        name: "ftp",
        version: "1",
        about: "logins and transfers of FTP, and the connections that carried the files: view `transfers`",
        make: || Box::new(ftp::Ftp),
    },
];

/// The scanner with this name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    SCANNERS.iter().find(|entry| entry.name == name)
}

/// A scanner that is to run, and the stamp on its results.
pub struct Chosen {
    /// Its name: one word.
    pub name: String,
    /// Its version.
    pub version: String,
    /// It.
    pub scanner: Box<dyn Scanner>,
}

impl From<&Entry> for Chosen {
    fn from(entry: &Entry) -> Self {
        Chosen { name: entry.name.to_owned(), version: entry.version.to_owned(), scanner: (entry.make)() }
    }
}
