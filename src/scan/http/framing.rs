//! Where the body of a message ends, and how it is coded (RFC 9112 §6.3), said by its head and, of a response, by what was
//! asked.

use super::coding::{Coding, DEEPEST};
use super::head::{Head, Headers};

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// In chunks (RFC 9112 §7.1).
    Chunked,
    /// Up to the end of the flow.
    UntilClose,
}

/// What a head says of its body.
#[derive(Debug)]
pub struct Plan {
    /// How long it is.
    pub framing: Framing,
    /// Its codings, the outermost first.
    pub codings: Vec<Coding>,
    /// What is strange about it.
    pub odd: Vec<&'static str>,
    /// It is coded in a way that is not known.
    pub unknown: bool,
}

/// What the head of a message says of its body; `method` is what was asked where the message answers.
pub fn plan(head: &Head, method: Option<&[u8]>) -> Plan {
    let mut plan = Plan { framing: Framing::None, codings: Vec::new(), odd: Vec::new(), unknown: false };
    if !head.whole || has_no_body(head.status(), method) {
        return plan;
    }
    let transfer = head.headers.list("transfer-encoding");
    plan.framing = plan.length(head, &transfer);
    let content = head.headers.list("content-encoding");
    let codings = transfer.iter().filter(|name| *name != b"chunked").rev().chain(content.iter().rev());
    for name in codings.filter(|name| !IDENTITY.contains(&name.as_slice())) {
        let Some(coding) = Coding::named(name) else {
            plan.unknown = true;
            plan.odd.push("a body is coded in a way that is not known: kept as it came");
            break;
        };
        if plan.codings.len() == DEEPEST {
            plan.unknown = true;
            plan.odd.push("a body is coded more often than the limit: the innermost codings stay");
            break;
        }
        plan.codings.push(coding);
    }
    plan
}

/// Names that say that nothing was done.
const IDENTITY: [&[u8]; 4] = [b"identity", b"none", b"binary", b"utf-8"];

/// Whether an answer has no body whatever its head says: interim and unmodified ones, those to HEAD, tunnels.
fn has_no_body(status: Option<u16>, method: Option<&[u8]>) -> bool {
    let Some(status) = status else { return false };
    let asked = |name: &[u8]| method.is_some_and(|method| method == name);
    matches!(status, 100..=199 | 204 | 304) || asked(b"HEAD") || asked(b"CONNECT") && status / 100 == 2
}

impl Plan {
    fn length(&mut self, head: &Head, transfer: &[Vec<u8>]) -> Framing {
        let lengths = lengths(&head.headers);
        let otherwise = if head.status().is_some() { Framing::UntilClose } else { Framing::None };
        let codings: Vec<_> = transfer.iter().filter(|name| *name != b"identity").collect();
        if let Some(last) = codings.last() {
            if !lengths.is_empty() {
                self.odd.push("Content-Length beside Transfer-Encoding");
            }
            let is_chunked = *last == b"chunked";
            if !is_chunked && head.status().is_none() {
                self.odd.push("a request whose Transfer-Encoding does not say where it ends");
            }
            return if is_chunked { Framing::Chunked } else { Framing::UntilClose };
        }
        if lengths.iter().any(|length| *length != lengths[0]) {
            self.odd.push("conflicting lengths in Content-Length: the first counts");
        }
        match lengths.first() {
            None => otherwise,
            Some(Some(length)) => Framing::Length(*length),
            Some(None) => {
                self.odd.push("Content-Length is no number");
                otherwise
            }
        }
    }
}

/// What Content-Length says, as often as it does; numbers that are too large stay at the largest.
fn lengths(headers: &Headers) -> Vec<Option<u64>> {
    headers.list("content-length").iter().map(|digits| number(digits, 10)).collect()
}

/// A number without a sign; those that are too large stay below [`u64::MAX`], which no flow is long enough for either.
pub fn number(digits: &[u8], base: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &digit| {
        let digit = char::from(digit).to_digit(base)?;
        Some(number.saturating_mul(base.into()).saturating_add(digit.into()).min(u64::MAX - 1))
    })
}
