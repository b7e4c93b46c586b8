//! Any template: what it accepts names files beneath the case, whatever the flow.
//!
//! Eight bytes for the flow, then the template.

use flowcase::model::{Endpoint, Timestamp, Transport};
use flowcase::store::template::{Facts, Template};

pub fn run(data: &[u8]) {
    let Some((&[a, b, c, d, e, f, g, h], text)) = data.split_first_chunk() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(template) = Template::parse(text) else { return };
    let v6 = [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 1];
    let ip = if a & 1 == 0 { [b, c, d, e].into() } else { v6.into() };
    let end = |low| Endpoint { ip, port: u16::from_be_bytes([f, low]) };
    let mac = [[a, b, c, d, e, f], [f, e, d, c, b, a]];
    let facts = Facts {
        flow: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        connection: u64::from(b),
        ends: [end(g), end(h)],
        mac: (c & 1 == 1).then_some(&mac),
        vlan: (d & 1 == 1).then_some(u16::from(e)),
        first: Timestamp::new(i64::from(f) << 24, 0).filter(|_| g & 1 == 1),
        transport: if h & 1 == 1 { Transport::Udp } else { Transport::Tcp },
    };
    let names = [0, 1, u32::from(h), u32::MAX].map(|count| template.path(&facts, count));
    for name in &names {
        assert!(name.starts_with("flows/"), "{name}");
        let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.len() > 255;
        assert!(!name.split('/').any(bad) && !name.chars().any(char::is_control), "{name}");
    }
    assert_ne!(names[0], names[1], "a count makes another name");
    assert_ne!(names[1], names[3]);
}
