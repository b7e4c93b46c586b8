//! What is fixed when a case is made, between options, index and limits.

use std::collections::BTreeMap;

use super::{Error, Options};
use crate::model::{HashKind, Limits};
use crate::store;
use crate::store::template::{self, Template};

/// Settings of a case.
pub struct Settings {
    /// Digests kept of each flow.
    pub hashes: Vec<HashKind>,
    /// Names of payload files.
    pub template: Template,
    template_text: String,
    /// How payload is kept.
    pub store: store::Kind,
    /// Datagrams of UDP are stored too.
    pub udp: bool,
    /// 802.11 frames whose check sequence is wrong are skipped.
    pub check_fcs: bool,
    /// Bounds and rules of reassembly.
    pub limits: Limits,
}

impl Settings {
    /// What a new case would be made with.
    pub fn asked(options: &Options) -> Result<Self, Error> {
        let mut limits = Limits { max_bytes: options.max_bytes, ..Limits::default() };
        limits.max_jump = options.max_jump.unwrap_or(limits.max_jump);
        limits.overlap_last = options.overlap_last.unwrap_or(limits.overlap_last);
        limits.idle_ns = options.idle.filter(|seconds| *seconds > 0).map(nanoseconds);
        let mut hashes = options.hashes.clone().unwrap_or_else(|| vec![HashKind::Sha256]);
        hashes.sort_unstable();
        hashes.dedup();
        let template_text = options.template.clone().unwrap_or_default();
        let template = template(&template_text, options.open)?;
        let store = options.store.unwrap_or_default();
        let (udp, check_fcs) = (options.udp.unwrap_or_default(), options.check_fcs.unwrap_or_default());
        Ok(Settings { hashes, template, template_text, store, udp, check_fcs, limits })
    }

    /// Those of a case; `Err` if an option asks for something else.
    pub fn of_case(stored: &BTreeMap<String, String>, options: &Options) -> Result<Self, Error> {
        let asked = Self::asked(options)?.to_map();
        let given = [
            ("overlap", options.overlap_last.is_some()),
            ("max_jump", options.max_jump.is_some()),
            ("max_bytes", options.max_bytes.is_some()),
            ("template", options.template.is_some()),
            (template::SETTING, options.open),
            ("hash", options.hashes.is_some()),
            ("store", options.store.is_some()),
            ("idle", options.idle.is_some()),
            ("udp", options.udp.is_some()),
            ("check_fcs", options.check_fcs.is_some()),
        ];
        for (name, _) in given.into_iter().filter(|(_, given)| *given) {
            let (stored, given) = (value(stored, name), value(&asked, name));
            if stored != given {
                return Err(Error::Fixed { name, stored: stored.to_owned(), given: given.to_owned() });
            }
        }
        let mut settings = Self::from_map(stored)?;
        settings.limits.settle_after = options.settle_after.unwrap_or(settings.limits.settle_after);
        settings.limits.awake_flows = options.awake_flows.unwrap_or(settings.limits.awake_flows);
        Ok(settings)
    }

    /// As the index keeps them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let hashes: Vec<&str> = self.hashes.iter().map(|kind| kind.name()).collect();
        let values = [
            ("overlap", (if self.limits.overlap_last { "last" } else { "first" }).to_owned()),
            ("max_jump", self.limits.max_jump.to_string()),
            ("max_bytes", self.limits.max_bytes.map(|bytes| bytes.to_string()).unwrap_or_default()),
            ("idle", self.limits.idle_ns.map(|idle| (idle / NANOSECONDS).to_string()).unwrap_or_default()),
            ("store", self.store.name().to_owned()),
            ("udp", yes_or_no(self.udp)),
            ("check_fcs", yes_or_no(self.check_fcs)),
            ("template", self.template_text.clone()),
            (
                template::SETTING,
                (if self.template.is_open() { template::OPEN } else { template::DIRECTORY }).to_owned(),
            ),
            ("hash", if hashes.is_empty() { "none".to_owned() } else { hashes.join(",") }),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn from_map(map: &BTreeMap<String, String>) -> Result<Self, Error> {
        let number = |name: &'static str| {
            let text = value(map, name);
            text.parse::<u64>().map_err(|_| Error::Setting(name, text.to_owned()))
        };
        let hash = |name: &str| {
            let found = HashKind::ALL.into_iter().find(|kind| kind.name() == name);
            found.ok_or_else(|| Error::Setting("hash", name.to_owned()))
        };
        let names = value(map, "hash").split(',').filter(|name| *name != "none");
        let max_bytes = if value(map, "max_bytes").is_empty() { None } else { Some(number("max_bytes")?) };
        let overlap_last = value(map, "overlap") == "last";
        let idle_ns = if value(map, "idle").is_empty() { None } else { Some(nanoseconds(number("idle")?)) };
        let limits = Limits { max_jump: number("max_jump")?, max_bytes, overlap_last, idle_ns, ..Limits::default() };
        let kind = value(map, "store");
        let store = store::Kind::from_name(kind).ok_or_else(|| Error::Setting("store", kind.to_owned()))?;
        let template_text = value(map, "template").to_owned();
        let open = template::is_open(map);
        let template = template(&template_text, open)?;
        let hashes = names.map(hash).collect::<Result<_, _>>()?;
        let (udp, check_fcs) = (value(map, "udp") == "yes", value(map, "check_fcs") == "yes");
        Ok(Settings { hashes, template, template_text, store, udp, check_fcs, limits })
    }
}

fn template(text: &str, open: bool) -> Result<Template, Error> {
    let template = if text.is_empty() { Template::binned() } else { Template::parse(text)? };
    Ok(if open { template.open() } else { template })
}

const NANOSECONDS: i64 = 1_000_000_000;

fn nanoseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(NANOSECONDS)
}

fn yes_or_no(is: bool) -> String {
    (if is { "yes" } else { "no" }).to_owned()
}

fn value<'a>(map: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    map.get(name).map_or("", String::as_str)
}
