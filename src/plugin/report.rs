//! What plug-ins say, as findings: a JSON object each. `kind`, `value`, `offset` and `length` have a meaning, the rest are fields.

use serde_json::{Map, Value};

use super::Subject;
use crate::scan::{Error, Fields, Finding, Findings, text_of};

/// The kind of a finding that does not say.
const KIND: &str = "finding";
/// Findings of this kind are the program's own: from a plug-in it is something strange.
const STRANGE: &str = "anomaly";

/// Passes on what a plug-in says of a subject.
pub fn report(said: &Map<String, Value>, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let kind = said.get("kind").and_then(Value::as_str).filter(|kind| !kind.is_empty()).unwrap_or(KIND);
    let (kind, value) = (text_of(kind.as_bytes()), said.get("value").map(text).unwrap_or_default());
    let place = Place::of(said, subject);
    if kind == STRANGE {
        return found.strange(subject.flow, place.range.0, place.time, &value);
    }
    let mut fields = Fields::new();
    fields.some_text("object_id", subject.object.as_deref());
    let meant = |name: &str| match name {
        "kind" => said["kind"].is_string(),
        "value" => true,
        "offset" | "length" => place.taken,
        _ => false,
    };
    for (name, value) in said.iter().filter(|(name, _)| !meant(name)) {
        fields.value(name, value);
    }
    let (flow, range, time) = (subject.flow, place.range, place.time);
    found.finding(Finding { kind: &kind, flow, range, time, value: &value, fields: &fields })
}

/// Where a finding is.
struct Place {
    range: (u64, u64),
    time: Option<crate::model::Timestamp>,
    /// It says so itself.
    taken: bool,
}

impl Place {
    /// As said; the whole where nothing is said that can be. Offsets into an object are none into its flow: they stay fields.
    fn of(said: &Map<String, Value>, subject: &Subject<'_>) -> Place {
        let number = |name: &str| said.get(name).and_then(Value::as_u64);
        let end = subject.payload.length();
        let given = number("offset").filter(|at| *at <= end && subject.object.is_none());
        match given {
            Some(at) => {
                let to = at.saturating_add(number("length").unwrap_or(0)).min(end);
                Place { range: (at, to), time: subject.payload.time_at(at).or_else(|| subject.time()), taken: true }
            }
            None => Place { range: subject.whole, time: subject.time(), taken: false },
        }
    }
}

/// A value as a line of text.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text_of(text.as_bytes()).into_owned(),
        other => text_of(other.to_string().as_bytes()).into_owned(),
    }
}
