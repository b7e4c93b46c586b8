//! What a plug-in looks at, and what it is told of it: the same facts as variables of the environment and as attributes.

use serde_json::{Map, Value, json};

use crate::model::digest::hex;
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

/// A flow or an object. What is to be told of it is gathered when it is asked for: a list of digests wants none of it.
pub struct Subject<'a> {
    /// The flow, or that of the object.
    pub flow: FlowId,
    /// Its bytes.
    pub payload: &'a dyn Payload,
    /// Where findings are that say nothing of it: from, to.
    pub whole: (u64, u64),
    /// How the view `objects` names it.
    pub object: Option<String>,
    about: About<'a>,
}

#[derive(Clone, Copy)]
enum About<'a> {
    Flow(&'a Connection<'a>, &'a Flow<'a>),
    Object(&'a Object<'a>),
}

impl<'a> Subject<'a> {
    /// A flow.
    pub fn of_flow(connection: &'a Connection<'a>, flow: &'a Flow<'a>) -> Self {
        let (payload, about) = (flow.payload, About::Flow(connection, flow));
        Subject { flow: flow.id, payload, whole: (0, payload.length()), object: None, about }
    }

    /// An object.
    pub fn of_object(object: &'a Object<'a>) -> Self {
        Subject {
            flow: object.flow,
            payload: object.payload,
            whole: (object.range.start, object.range.end),
            object: Some(format!("{}-{}-{}", object.scanner, object.connection, object.stored.number)),
            about: About::Object(object),
        }
    }

    /// The time of the whole.
    pub fn time(&self) -> Option<Timestamp> {
        match self.about {
            About::Flow(connection, flow) => flow.payload.time_at(0).or(connection.start),
            About::Object(object) => object.time,
        }
    }

    /// A digest that the case keeps of it.
    pub fn digest(&self, kind: HashKind) -> Option<&[u8]> {
        match self.about {
            About::Flow(_, flow) => flow.digests.get(kind),
            About::Object(object) => (kind == HashKind::Sha256).then_some(&object.stored.sha256),
        }
    }

    /// What there is to tell, by its name.
    fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::new();
        let mut tell = |name: &str, value: Value| drop(facts.insert(name.to_owned(), value));
        tell("flow", self.flow.into());
        tell("length", self.payload.length().into());
        tell("object", self.object.as_deref().into());
        for kind in HashKind::ALL {
            tell(kind.name(), self.digest(kind).map(hex).into());
        }
        match self.about {
            About::Flow(connection, flow) => flow_facts(connection, flow, &mut tell),
            About::Object(object) => object_facts(object, &mut tell),
        }
        facts
    }

    /// The facts as a JSON object with every name.
    pub fn to_json(&self) -> String {
        let mut facts = self.facts();
        let named = |name: &&str| (name.to_string(), facts.remove(*name).unwrap_or_default());
        Value::Object(NAMES.iter().map(named).collect()).to_string()
    }

    /// The facts as variables: `FLOWCASE_SRC_IP`. Those that are `None` must not be there.
    pub fn variables(&self) -> impl Iterator<Item = (String, Option<String>)> {
        let facts = self.facts();
        NAMES.iter().map(move |name| {
            let value = facts.get(*name).and_then(plain);
            (format!("FLOWCASE_{}", name.to_ascii_uppercase()), value)
        })
    }
}

fn flow_facts(connection: &Connection<'_>, flow: &Flow<'_>, tell: &mut dyn FnMut(&str, Value)) {
    tell("connection", connection.id.into());
    tell("protocol", if connection.transport == Transport::Udp { "udp" } else { "tcp" }.into());
    tell("side", ["orig", "resp"][usize::from(flow.side.min(1))].into());
    tell("part", flow.part.into());
    tell("path", flow.path.into());
    tell("src_ip", flow.src.ip.to_string().into());
    tell("src_port", flow.src.port.into());
    tell("dst_ip", flow.dst.ip.to_string().into());
    tell("dst_port", flow.dst.port.into());
    tell("start", connection.start.map(|time| time.to_string()).into());
    tell("gaps", gaps(flow.payload));
}

fn object_facts(object: &Object<'_>, tell: &mut dyn FnMut(&str, Value)) {
    let text = |text: Option<&str>| text.map(|text| text_of(text.as_bytes()).into_owned());
    tell("connection", object.connection.into());
    tell("scanner", object.scanner.into());
    tell("offset", object.range.start.into());
    tell("taken", object.range.end.saturating_sub(object.range.start).into());
    tell("start", object.time.map(|time| time.to_string()).into());
    tell("name", text(object.name).into());
    tell("said_type", text(object.said_type).into());
    tell("found_type", object.stored.found_type.as_deref().into());
    tell("complete", object.stored.complete.into());
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
