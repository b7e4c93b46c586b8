//! What scanners found, for a page: HTTP transactions and other findings. A case whose schema has no such views has none.

use super::reader::{time, unsigned};
use super::{Error, Reader, Result};
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

/// What a scanner saw: a row of the `findings` view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// The connection, if it is about one.
    pub connection: Option<ConnectionId>,
    /// When.
    pub time: Option<Timestamp>,
    /// Who.
    pub scanner: String,
    /// What it is.
    pub kind: String,
    /// Its value.
    pub value: Option<String>,
    /// More of it: a JSON object.
    pub data: Option<String>,
}

const HTTP: &str = "SELECT connection_id, time_ns, method, host, uri, status, reason, user_agent, response_type,
    request_bytes, response_bytes, request_object, response_object, complete FROM http
    ORDER BY connection_id, number LIMIT ?1";

const FINDINGS: &str = "SELECT connection_id, time_ns, scanner, kind, value, data FROM findings
    ORDER BY connection_id, scanner, number LIMIT ?1";

const KINDS: &str = "SELECT scanner, kind, count(*) FROM findings GROUP BY scanner, kind ORDER BY scanner, kind";

impl Reader {
    /// The first transactions in the order of connections; an error of `each` ends it. The number of transactions.
    pub fn http<E: From<Error>>(
        &self,
        most: u32,
        each: &mut dyn FnMut(Transaction) -> Result<(), E>,
    ) -> Result<u64, E> {
        if !self.has_view("http")? {
            return Ok(0);
        }
        self.each(HTTP, [most], transaction, each)?;
        Ok(self.count("http")?)
    }

    /// The first findings in the order of connections, and the number of findings.
    pub fn findings(&self, most: u32) -> Result<(Vec<Finding>, u64)> {
        if !self.has_view("findings")? {
            return Ok((Vec::new(), 0));
        }
        Ok((self.list_of(FINDINGS, [most], finding)?, self.count("findings")?))
    }

    /// Scanner, kind and number of all findings.
    pub fn finding_kinds(&self) -> Result<Vec<(String, String, u64)>> {
        if !self.has_view("findings")? {
            return Ok(Vec::new());
        }
        self.list_of(KINDS, [], |row| Ok((row.get(0)?, row.get(1)?, unsigned(row, 2)?)))
    }

    fn has_view(&self, name: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1)";
        Ok(self.db.query_row(sql, [name], |row| row.get(0))?)
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
        complete: row.get::<_, Option<bool>>(13)?.unwrap_or_default(),
    })
}

fn finding(row: &rusqlite::Row<'_>) -> rusqlite::Result<Finding> {
    Ok(Finding {
        connection: row.get::<_, Option<i64>>(0)?.map(|id| id as u64),
        time: time(row, 1)?,
        scanner: row.get(2)?,
        kind: row.get(3)?,
        value: row.get(4)?,
        data: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::{Case, at};

    const VIEWS: &str = "
        CREATE VIEW http AS SELECT 1 AS connection_id, 1 AS number, 2000000000 AS time_ns, 'GET' AS method, 'a.example' AS host,
            '/' AS uri, 200 AS status, 'OK' AS reason, NULL AS user_agent, 'image/png' AS response_type, 0 AS request_bytes,
            9 AS response_bytes, NULL AS request_object, 'objects/a.png' AS response_object, 1 AS complete;
        CREATE VIEW findings AS SELECT 'tls' AS scanner, 1 AS connection_id, 1 AS number, NULL AS time_ns, 'sni' AS kind,
            'b.example' AS value, '{}' AS data;";

    #[test]
    fn a_case_without_the_views_has_none() {
        let case = Case::full();
        let reader = case.reader();
        assert_eq!(reader.http::<Error>(9, &mut |_| unreachable!("a transaction")).unwrap(), 0);
        assert_eq!(reader.findings(9).unwrap(), (vec![], 0));
        assert!(reader.finding_kinds().unwrap().is_empty());
    }

    #[test]
    fn rows_of_the_views_are_read() {
        let case = Case::full();
        case.plain().execute_batch(VIEWS).unwrap();
        let (reader, mut seen) = (case.reader(), Vec::new());
        let all = reader.http(9, &mut |transaction| {
            seen.push(transaction);
            Ok::<_, Error>(())
        });
        assert_eq!((all.unwrap(), seen.len(), seen[0].time), (1, 1, at(2)));
        assert_eq!(seen[0].objects, [None, Some("objects/a.png".to_owned())]);
        assert!(seen[0].complete);
        assert_eq!(reader.findings(9).unwrap().0[0].value.as_deref(), Some("b.example"));
        assert_eq!(reader.finding_kinds().unwrap(), [("tls".to_owned(), "sni".to_owned(), 1)]);
    }
}
