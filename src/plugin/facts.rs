//! What a plug-in looks at, and what it is told of it: the same facts as variables of the environment and as attributes.

use serde_json::{Map, Value, json};

use crate::model::{FlowId, HashKind, Timestamp, Transport};
use crate::scan::{Connection, Flow, Object, Payload, text_of};

/// The holes that are told; of more than these the first ones.
const GAPS: usize = 1000;

/// Every fact there is; those that do not apply are null, or not in the environment.
pub const NAMES: [&str; 25] = [
    "connection",
    "flow",
    "protocol",
    "side",
    "part",
    "path",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "start",
    "length",
    "gaps",
    "sha256",
    "md5",
    "sha1",
    "blake3",
    "object",
    "scanner",
    "offset",
    "taken",
    "name",
    "said_type",
    "found_type",
    "complete",
];

/// A flow or an object.
pub struct Subject<'a> {
    /// The flow, or that of the object.
    pub flow: FlowId,
    /// Its bytes.
    pub payload: &'a dyn Payload,
    /// Where findings are that say nothing of it: from, to, when.
    pub whole: (u64, u64),
    /// The time of the whole.
    pub time: Option<Timestamp>,
    /// How the view `objects` names it.
    pub object: Option<String>,
    facts: Map<String, Value>,
}

impl<'a> Subject<'a> {
    /// A flow.
    pub fn of_flow(connection: &Connection<'_>, flow: &Flow<'a>) -> Self {
        let length = flow.payload.length();
        let mut facts = Map::new();
        let mut tell = |name: &str, value: Value| drop(facts.insert(name.to_owned(), value));
        tell("connection", connection.id.into());
        tell("flow", flow.id.into());
        tell("protocol", if connection.transport == Transport::Udp { "udp" } else { "tcp" }.into());
        tell("side", ["orig", "resp"][usize::from(flow.side.min(1))].into());
        tell("part", flow.part.into());
        tell("path", flow.path.into());
        tell("src_ip", flow.src.ip.to_string().into());
        tell("src_port", flow.src.port.into());
        tell("dst_ip", flow.dst.ip.to_string().into());
        tell("dst_port", flow.dst.port.into());
        tell("start", connection.start.map(|time| time.to_string()).into());
        tell("length", length.into());
        tell("gaps", gaps(flow.payload));
        for kind in HashKind::ALL {
            tell(kind.name(), flow.digests.get(kind).map(super::hex).into());
        }
        Subject {
            flow: flow.id,
            payload: flow.payload,
            whole: (0, length),
            time: flow.payload.time_at(0).or(connection.start),
            object: None,
            facts,
        }
    }

    /// An object.
    pub fn of_object(object: &Object<'a>) -> Self {
        let id = format!("{}-{}-{}", object.scanner, object.connection, object.stored.number);
        let mut facts = Map::new();
        let mut tell = |name: &str, value: Value| drop(facts.insert(name.to_owned(), value));
        let text = |text: Option<&str>| text.map(|text| text_of(text.as_bytes()).into_owned());
        tell("connection", object.connection.into());
        tell("flow", object.flow.into());
        tell("object", id.as_str().into());
        tell("scanner", object.scanner.into());
        tell("offset", object.range.start.into());
        tell("taken", object.range.end.saturating_sub(object.range.start).into());
        tell("start", object.time.map(|time| time.to_string()).into());
        tell("name", text(object.name).into());
        tell("said_type", text(object.said_type).into());
        tell("found_type", object.stored.found_type.as_deref().into());
        tell("length", object.payload.length().into());
        tell("complete", object.stored.complete.into());
        tell("sha256", super::hex(&object.stored.sha256).into());
        Subject {
            flow: object.flow,
            payload: object.payload,
            whole: (object.range.start, object.range.end),
            time: object.time,
            object: Some(id),
            facts,
        }
    }

    /// A fact that is text.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).and_then(Value::as_str)
    }

    /// The facts as a JSON object with every name.
    pub fn to_json(&self) -> String {
        let all: Map<String, Value> =
            NAMES.iter().map(|name| (name.to_string(), self.facts.get(*name).cloned().unwrap_or_default())).collect();
        Value::Object(all).to_string()
    }

    /// The facts as variables: `FLOWCASE_SRC_IP`. Those that are `None` must not be there.
    pub fn variables(&self) -> impl Iterator<Item = (String, Option<String>)> + '_ {
        NAMES.iter().map(|name| {
            let value = self.facts.get(*name).and_then(plain);
            (format!("FLOWCASE_{}", name.to_ascii_uppercase()), value)
        })
    }
}

/// Holes as pairs of offset and length.
fn gaps(payload: &dyn Payload) -> Value {
    let mut at = 0;
    let next = || {
        let gap = payload.gap_from(at)?;
        at = gap.end;
        Some(json!([gap.start, gap.end - gap.start]))
    };
    std::iter::from_fn(next).take(GAPS).collect()
}

/// A value as text; yes and no as 1 and 0, holes as `12+4 100+7`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(is) => Some(u8::from(*is).to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(pairs) => {
            Some(pairs.iter().map(|pair| format!("{}+{}", pair[0], pair[1])).collect::<Vec<_>>().join(" "))
        }
        other => Some(other.to_string()),
    }
}
