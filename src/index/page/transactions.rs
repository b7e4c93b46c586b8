//! What scanners found, for a page: HTTP transactions and other findings.

use crate::index::list::{self, list, time, unsigned};
use crate::index::scans::{FINDINGS, FindingInfo, finding};
use crate::index::{Error, Reader, Result};
use crate::model::{ConnectionId, Timestamp};

/// A request and its response: a row of the `http` view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The connection.
    pub connection: ConnectionId,
    /// Time of the request.
    pub time: Option<Timestamp>,
    /// `GET`, …
    pub method: Option<String>,
    /// Whom it was for.
    pub host: Option<String>,
    /// What it asked for.
    pub uri: Option<String>,
    /// `200`, …
    pub status: Option<i64>,
    /// The words behind the status.
    pub reason: Option<String>,
    /// The program that asked.
    pub user_agent: Option<String>,
    /// Content type of the response, as said.
    pub response_type: Option<String>,
    /// Body bytes of the request, the response.
    pub bytes: [Option<i64>; 2],
    /// Body of the request, the response: paths relative to the case.
    pub objects: [Option<String>; 2],
    /// Nothing of it is missing.
    pub complete: bool,
}

/// Cast, since what a finding's data says may be of any type.
const HTTP: &str = "SELECT connection_id, time_ns, CAST(method AS TEXT), CAST(host AS TEXT), CAST(uri AS TEXT),
    CAST(status AS INTEGER), CAST(reason AS TEXT), CAST(user_agent AS TEXT),
    CAST(coalesce(response_type, found_type) AS TEXT), CAST(request_bytes AS INTEGER), CAST(response_bytes AS INTEGER),
    request_object, response_object, coalesce(CAST(complete AS INTEGER), 0) FROM http
    ORDER BY connection_id, number LIMIT ?1";

const FIRST: &str = "WHERE scanner <> 'kind' AND (scanner <> 'http' OR kind <> 'transaction') ORDER BY connection_id, scanner, number LIMIT ?1";

const KINDS: &str = "SELECT scanner, kind, count(*) FROM findings
    WHERE scanner <> 'kind' AND (scanner <> 'http' OR kind <> 'transaction') GROUP BY scanner, kind ORDER BY scanner, kind";

impl Reader {
    /// The first transactions in the order of connections; an error of `each` ends it. The number of transactions.
    pub fn http<E: From<Error>>(
        &self,
        most: u32,
        each: &mut dyn FnMut(Transaction) -> Result<(), E>,
    ) -> Result<u64, E> {
        list::each(&self.db, HTTP, [most], transaction, each)?;
        Ok(self.count("http")?)
    }

    /// The first findings in the order of connections. Those that have a place of their own are left out: protocols of
    /// flows and HTTP transactions.
    pub fn first_findings(&self, most: u32) -> Result<Vec<FindingInfo>> {
        list(&self.db, &format!("{FINDINGS} {FIRST}"), [most], finding)
    }

    /// Scanner, kind and number of all these findings.
    pub fn finding_kinds(&self) -> Result<Vec<(String, String, u64)>> {
        list(&self.db, KINDS, [], |row| Ok((row.get(0)?, row.get(1)?, unsigned(row, 2)?)))
    }
}

fn transaction(row: &rusqlite::Row<'_>) -> rusqlite::Result<Transaction> {
    Ok(Transaction {
        connection: unsigned(row, 0)?,
        time: time(row, 1)?,
        method: row.get(2)?,
        host: row.get(3)?,
        uri: row.get(4)?,
        status: row.get(5)?,
        reason: row.get(6)?,
        user_agent: row.get(7)?,
        response_type: row.get(8)?,
        bytes: [row.get(9)?, row.get(10)?],
        objects: [row.get(11)?, row.get(12)?],
        complete: row.get(13)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::{Case, at};

    const FOUND: &str = r#"
        DELETE FROM scanner; DELETE FROM finding; DELETE FROM object;
        INSERT INTO scanner VALUES (1, 'http', '1', 9), (2, 'kind', '1', 9), (3, 'tls', '1', 9);
        INSERT INTO object VALUES (1, 1, 4, 1, 0, 9, NULL, NULL, 'objects/a.png', NULL, NULL, NULL, 9, x'00', 1);
        INSERT INTO finding VALUES (1, 1, 1, 'transaction', 1, 0, 9, 2000000000, 'GET /',
            '{"method":"GET","host":7,"status":"200","response_type":"image/png","response_bytes":9,"response_object":4,"complete":true}');
        INSERT INTO finding VALUES (1, 1, 2, 'transaction', 1, 0, 9, NULL, 'odd', NULL);
        INSERT INTO finding VALUES (2, 1, 1, 'protocol', 1, 0, 9, NULL, 'http', NULL);
        INSERT INTO finding VALUES (3, 1, 1, 'sni', 1, 0, 9, NULL, 'b.example', '{}');"#;

    #[test]
    fn rows_of_the_views_are_read() {
        let case = Case::full();
        case.plain().execute_batch(FOUND).unwrap();
        let (reader, mut seen) = (case.reader(), Vec::new());
        let all = reader.http(9, &mut |transaction| {
            seen.push(transaction);
            Ok::<_, Error>(())
        });
        assert_eq!((all.unwrap(), seen.len(), seen[0].time), (2, 2, at(2)));
        assert_eq!((seen[0].host.as_deref(), seen[0].status, seen[0].complete), (Some("7"), Some(200), true));
        assert_eq!(seen[0].objects, [None, Some("objects/a.png".to_owned())]);
        assert_eq!((&seen[1].method, seen[1].complete), (&None, false));
        let findings = reader.first_findings(9).unwrap();
        assert_eq!((findings.len(), findings[0].value.as_str()), (1, "b.example"));
        assert_eq!(reader.finding_kinds().unwrap(), [("tls".to_owned(), "sni".to_owned(), 1)]);
    }
}
