//! Lookups of DNS (RFC 1035), over TCP and over UDP, mDNS and LLMNR among them: what was asked, what was answered, how long it
//! took. A parser of our own and not one of the crates, as those give all of a message or nothing, and what is captured is often
//! cut.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::kind::protocol_of;
use super::{Bytes, Connection, Error, Fields, Finding, Findings, Flow, Scanner};
use crate::model::{Timestamp, Transport};
use message::{Head, Message, Record};

mod message;
mod name;
mod record;
#[cfg(test)]
mod tests;

/// DNS, mDNS, LLMNR.
const PORTS: [u16; 3] = [53, 5353, 5355];
/// Questions with the same number that wait for an answer; older ones are taken to have none.
const WAITING: usize = 64;
/// Messages of one flow that are looked at.
const MOST: usize = 200_000;

/// Finds lookups: a finding `lookup` for each question with its answer, its value the name asked for.
pub struct Dns;

impl Scanner for Dns {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        if !speaks_dns(connection)? {
            return Ok(());
        }
        let mut seen = Vec::new();
        for (number, flow) in connection.flows.iter().enumerate() {
            let mut messages = Messages { flow, number, left: MOST, last: None, seen: &mut seen, found: &mut *found };
            match connection.transport {
                Transport::Tcp => messages.of_stream()?,
                Transport::Udp => messages.of_datagrams()?,
            }
        }
        // stable: what was captured at the same time stays in the order of flows
        seen.sort_by_key(|one| one.order);
        lookups(&seen).into_iter().try_for_each(|lookup| tell(connection, lookup, found))
    }
}

/// By port, or by the first bytes.
fn speaks_dns(connection: &Connection<'_>) -> Result<bool, Error> {
    for flow in &connection.flows {
        let first = |bytes: &[u8]| protocol_of(bytes, connection.transport) == Some("dns");
        let port = [flow.src.port, flow.dst.port].iter().any(|port| PORTS.contains(port));
        if port || (flow.part == 0 && first(Bytes::new(flow.payload).peek(64)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where a message lies, and what it takes to find the other half.
#[derive(Clone)]
struct Seen {
    /// Number of its flow in the connection.
    flow: usize,
    side: u8,
    range: Range<u64>,
    time: Option<Timestamp>,
    /// `time`, or that of the message before.
    order: Option<Timestamp>,
    id: u16,
    answers: bool,
    /// Of what is asked; `None` if that is not said.
    asked: Option<u64>,
}

/// Gathers the messages of a flow.
struct Messages<'a, 'p> {
    flow: &'a Flow<'p>,
    number: usize,
    /// How many more messages are looked at.
    left: usize,
    last: Option<Timestamp>,
    seen: &'a mut Vec<Seen>,
    found: &'a mut dyn Findings,
}

impl Messages<'_, '_> {
    /// Each behind its length (RFC 1035 §4.2.2).
    fn of_stream(&mut self) -> Result<(), Error> {
        if self.flow.part > 0 {
            return self.strange(0, "where messages begin behind a jump is not known");
        }
        let mut bytes = Bytes::new(self.flow.payload);
        while !bytes.is_at_end() {
            let Ok(length) = <[u8; 2]>::try_from(bytes.peek(2)?) else {
                return self.strange(bytes.offset(), "where messages begin behind a hole is not known");
            };
            bytes.skip(2);
            let (from, length) = (bytes.offset(), u64::from(u16::from_be_bytes(length)));
            let end = (from + length).min(bytes.end());
            if bytes.solid() < length {
                self.strange(from, "a message is not captured whole")?;
            }
            if !self.message(from..end)? {
                return Ok(());
            }
            bytes.skip(length);
        }
        Ok(())
    }

    fn of_datagrams(&mut self) -> Result<(), Error> {
        for range in self.flow.payload.segments() {
            if !self.message(range)? && self.left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Whether a message lies there.
    fn message(&mut self, range: Range<u64>) -> Result<bool, Error> {
        let Some((head, _)) = Head::read(&read(self.flow, &range)?) else {
            self.strange(range.start, "this is no DNS message")?;
            return Ok(false);
        };
        if self.left == 0 {
            self.strange(range.start, "there are more messages than are looked at")?;
            return Ok(false);
        }
        self.left -= 1;
        let time = self.flow.payload.time_at(range.start);
        self.last = time.or(self.last);
        let (flow, side, order, answers) = (self.number, self.flow.side, self.last, head.is_answer());
        self.seen.push(Seen { flow, side, range, time, order, id: head.id, answers, asked: asked(&head) });
        Ok(true)
    }

    fn strange(&mut self, offset: u64, what: &str) -> Result<(), Error> {
        self.found.strange(self.flow.id, offset, self.flow.payload.time_at(offset), what)
    }
}

/// The bytes up to the first hole.
fn read(flow: &Flow<'_>, range: &Range<u64>) -> Result<Vec<u8>, Error> {
    let gap = flow.payload.gap_from(range.start).map_or(u64::MAX, |gap| gap.start);
    let end = range.end.min(gap).max(range.start);
    let mut bytes = vec![0; (end - range.start) as usize];
    flow.payload.read_at(range.start, &mut bytes)?;
    Ok(bytes)
}

/// A number for the first question, upper and lower case being the same (RFC 4343).
fn asked(head: &Head) -> Option<u64> {
    let question = head.questions.first()?;
    let mut hasher = DefaultHasher::new();
    (question.name.to_ascii_lowercase(), question.kind, question.class).hash(&mut hasher);
    Some(hasher.finish())
}

/// A question, its answer: one of them at least.
type Lookup<'a> = (Option<&'a Seen>, Option<&'a Seen>);

/// Pairs messages, which come in order of time: an answer belongs to the oldest question of the other side without one that has its
/// number and asks what it says to answer.
fn lookups(seen: &[Seen]) -> Vec<Lookup<'_>> {
    let mut lookups = Vec::<Lookup<'_>>::new();
    let mut waiting = HashMap::<(u8, u16), VecDeque<(Option<u64>, usize)>>::new();
    for one in seen {
        if !one.answers {
            let queue = waiting.entry((one.side, one.id)).or_default();
            queue.push_back((one.asked, lookups.len()));
            if queue.len() > WAITING {
                queue.pop_front();
            }
            lookups.push((Some(one), None));
            continue;
        }
        let queue = waiting.get_mut(&(1 - one.side, one.id));
        let answered = queue.and_then(|queue| {
            let at = queue.iter().position(|(asked, _)| one.asked.is_none() || *asked == one.asked)?;
            queue.remove(at)
        });
        match answered {
            Some((_, lookup)) => lookups[lookup].1 = Some(one),
            None => lookups.push((None, Some(one))),
        }
    }
    lookups
}

/// Says what was asked and answered.
fn tell(connection: &Connection<'_>, lookup: Lookup<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let mut parse = |seen: Option<&Seen>| -> Result<Option<Message>, Error> {
        let Some(seen) = seen else { return Ok(None) };
        let flow = &connection.flows[seen.flow];
        let message = Message::read(&read(flow, &seen.range)?);
        if let Some(what) = message.as_ref().and_then(|message| message.strange) {
            found.strange(flow.id, seen.range.start, seen.time, what)?;
        }
        Ok(message)
    };
    let (query, answer) = (parse(lookup.0)?, parse(lookup.1)?);
    let (Some(at), Some(first)) = (lookup.0.or(lookup.1), query.as_ref().or(answer.as_ref())) else { return Ok(()) };
    let mut fields = Fields::new();
    let about = first.about();
    fields.number("id", first.head.id.into()).some_text("query", about.as_ref().map(|about| about.name.as_str()));
    if let Some(about) = &about {
        fields.text("type", &about.type_name()).text("class", &about.class_name());
    }
    question_fields(first, &mut fields);
    if let Some(answer) = &answer {
        answer_fields(answer, &mut fields);
    }
    place_fields(connection, lookup, &mut fields);
    let value = about.as_ref().map_or("", |about| &about.name);
    let (flow, range) = (connection.flows[at.flow].id, (at.range.start, at.range.end));
    found.finding(Finding { kind: "lookup", flow, range, time: at.time, value, fields: &fields })
}

/// What the question alone says.
fn question_fields(first: &Message, fields: &mut Fields) {
    let head = &first.head;
    if head.opcode() != 0 {
        fields.text("opcode", &record::opcode_name(head.opcode()));
    }
    if head.questions.len() > 1 {
        let questions = head.questions.iter().take(1000).map(|one| format!("{} {}", one.type_name(), one.name));
        let questions: Vec<String> = questions.collect();
        fields.list("questions", questions.iter().map(String::as_str));
    }
    fields.flag("recursion_desired", head.has(0x0100));
}

/// What the answer says.
fn answer_fields(answer: &Message, fields: &mut Fields) {
    let [answers, authorities, additional] = &answer.sections;
    fields.text("rcode", &record::rcode_name(answer.rcode));
    fields.list("answers", answers.iter().map(|record| record.text.as_str()));
    fields.number("answer_count", answer.head.counts[1].into());
    let others = [("authorities", authorities), ("additional", additional)];
    for (name, records) in others.into_iter().filter(|(_, records)| !records.is_empty()) {
        let texts: Vec<String> = records.iter().map(|one| format!("{} {}", one.name, one.text)).collect();
        fields.list(name, texts.iter().map(String::as_str));
    }
    let head = &answer.head;
    fields.flag("authoritative", head.has(0x0400)).flag("truncated", head.has(0x0200));
    fields.flag("recursion_available", head.has(0x0080));
    let ttl = |record: &Record| u64::from(record.ttl);
    fields.some_number("ttl", answers.iter().map(ttl).min());
}

/// Where both lie, and the time between them.
fn place_fields(connection: &Connection<'_>, (query, answer): Lookup<'_>, fields: &mut Fields) {
    let time = |seen: Option<&Seen>| seen.and_then(|seen| seen.time);
    if let (Some(asked), Some(answered)) = (time(query), time(answer)) {
        fields.some_number("rtt_ns", answered.0.checked_sub(asked.0).and_then(|passed| u64::try_from(passed).ok()));
    }
    if let Some(query) = query {
        fields.number("query_flow_id", connection.flows[query.flow].id).number("query_offset", query.range.start);
    }
    if let Some(answer) = answer {
        fields.number("answer_flow_id", connection.flows[answer.flow].id).number("answer_offset", answer.range.start);
    }
}
