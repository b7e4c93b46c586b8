//! HTTP transactions with their pictures, and what else scanners found.

use serde::Serialize;
use serde_json::{Value, json};

use super::Bounds;
use super::embed::{Page, clipped};
use super::images::Images;
use crate::case;
use crate::index::{FindingInfo, Transaction};
use crate::view::Error;

/// A row of the table, in the order of page/transactions.js; `picture` is a number into the block of pictures.
#[derive(Serialize)]
struct Row {
    connection: u64,
    time: Option<String>,
    method: Option<String>,
    host: Option<String>,
    uri: Option<String>,
    status: Option<i64>,
    reason: Option<String>,
    user_agent: Option<String>,
    kind: Option<String>,
    bytes: [Option<i64>; 2],
    objects: [Option<String>; 2],
    complete: bool,
    picture: Option<usize>,
}

/// Writes three blocks: transactions, pictures, findings.
pub fn write(case: &case::Reader, bounds: &Bounds, page: &mut Page<'_>) -> Result<(), Error> {
    let mut images = Images::of(case, bounds.image, bounds.images);
    let mut pictures: Vec<String> = Vec::new();
    let mut first = true;
    page.begin("id=\"data-transactions\"")?;
    page.text("{\"rows\":[")?;
    let all = case.index().http(bounds.transactions, &mut |transaction| {
        page.text(if first { "\n" } else { ",\n" })?;
        first = false;
        let picture = transaction.objects[1].as_deref().and_then(|path| images.take(path));
        page.value(&row(transaction, picture.as_ref().map(|_| pictures.len())))?;
        pictures.extend(picture);
        Ok::<_, Error>(())
    })?;
    page.text(&format!("],\"all\":{all}}}"))?;
    page.end()?;
    page.block("pictures", &pictures)?;
    page.block("findings", &findings(case, bounds)?)
}

fn row(transaction: Transaction, picture: Option<usize>) -> Row {
    let text = |text: Option<String>| text.as_deref().map(clipped);
    Row {
        connection: transaction.connection,
        time: transaction.time.map(|time| time.to_string()),
        method: text(transaction.method),
        host: text(transaction.host),
        uri: text(transaction.uri),
        status: transaction.status,
        reason: text(transaction.reason),
        user_agent: text(transaction.user_agent),
        kind: text(transaction.response_type),
        bytes: transaction.bytes,
        objects: transaction.objects.map(text),
        complete: transaction.complete,
        picture,
    }
}

fn findings(case: &case::Reader, bounds: &Bounds) -> Result<Value, Error> {
    let rows = case.index().first_findings(bounds.rows)?;
    let kinds = case.index().finding_kinds()?;
    Ok(json!({
        "all": kinds.iter().map(|(_, _, count)| count).sum::<u64>(),
        "kinds": kinds.iter().map(|(scanner, kind, count)| json!([clipped(scanner), clipped(kind), count])).collect::<Vec<_>>(),
        "rows": rows.iter().map(finding).collect::<Vec<_>>(),
    }))
}

fn finding(finding: &FindingInfo) -> Value {
    json!({
        "connection": finding.connection,
        "time": finding.time.map(|time| time.to_string()),
        "scanner": clipped(&finding.scanner),
        "kind": clipped(&finding.kind),
        "value": clipped(&finding.value),
        "data": finding.data.as_deref().map(clipped),
    })
}
