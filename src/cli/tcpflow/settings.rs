//! What -S sets, and what of it cannot be set here.

use super::after::After;
use crate::cli::errors::Error;

/// What -S sets.
const SETTINGS: &[(&str, &str)] = &[
    ("check_fcs", "NO: 802.11 frames count even if their check sequence is wrong (YES)"),
    ("console_order", "arrival: segments are printed as they were captured (stream: as they were read)"),
    ("debug-prefix", "what -v and -d begin their lines with"),
    ("enable_report", "NO: no report (YES)"),
    ("http_alert_fd", "descriptor to which `open` and `close` are written with the name of each body"),
    ("http_cmd", "command run for each body, its name behind"),
    ("netviz_histogram_dump", "1: print the bytes of frames that each address sent and received, with netviz (0)"),
    ("netviz_histogram_size", "addresses printed then; those with few are gathered into subnets (1000)"),
    ("packet-buffer-timeout", "milliseconds an interface may hold frames back"),
    ("tcp_alert_fd", "descriptor to which `open` and `close` are written with the name of each flow"),
    ("tcp_cmd", "command run for each flow, its name behind"),
    ("tcp_timeout", "seconds of silence after which a connection is over (never; 3600 from an interface)"),
    ("tdelta", "seconds added to every time (0)"),
];

/// What -S says.
#[derive(Default)]
pub struct Settings {
    pub no_report: bool,
    pub any_fcs: bool,
    pub by_arrival: bool,
    pub histogram: bool,
    pub histogram_size: Option<usize>,
    pub prefix: String,
    /// Nanoseconds.
    pub time_shift: i64,
    /// Seconds.
    pub idle: Option<u64>,
    /// Milliseconds.
    pub hold: Option<u32>,
    pub after_flow: After,
    pub after_body: After,
}

impl Settings {
    pub fn of(words: &[String]) -> Result<Self, Error> {
        let mut settings = Settings::default();
        for word in words {
            let (name, value) =
                word.split_once('=').ok_or_else(|| Error::Usage(format!("-S {word}: not NAME=VALUE")))?;
            settings.set(name, value).map_err(|why| Error::Usage(format!("-S {word}: {why}")))?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let command = || Some(value.to_owned()).filter(|command| !command.is_empty());
        match name {
            "enable_report" => self.no_report = !yes(value)?,
            "check_fcs" => self.any_fcs = !yes(value)?,
            "console_order" => {
                self.by_arrival = match value {
                    "arrival" => true,
                    "stream" => false,
                    _ => return Err("arrival or stream".into()),
                }
            }
            "debug-prefix" => self.prefix = format!("{value}: "),
            "netviz_histogram_dump" => self.histogram = yes(value)?,
            // the second is what tcpflow's own scripts say
            "netviz_histogram_size" | "netviz_max_histogram_size" => {
                self.histogram_size = Some(value.parse().map_err(|_| "no number of addresses")?);
            }
            "tdelta" => {
                let seconds: i64 = value.parse().map_err(|_| "no whole number of seconds")?;
                self.time_shift = seconds.checked_mul(1_000_000_000).ok_or("too many seconds")?;
            }
            "tcp_cmd" => self.after_flow.command = command(),
            "http_cmd" => self.after_body.command = command(),
            "tcp_alert_fd" => self.after_flow.alert = descriptor(value)?,
            "http_alert_fd" => self.after_body.alert = descriptor(value)?,
            "tcp_timeout" => self.idle = Some(value.parse().map_err(|_| "no whole number of seconds")?),
            "packet-buffer-timeout" => self.hold = Some(value.parse().map_err(|_| "no whole number of milliseconds")?),
            _ => return Err("no such setting: -hh lists them".into()),
        }
        Ok(())
    }
}

fn yes(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" => Ok(true),
        "no" | "n" | "false" | "f" | "0" => Ok(false),
        _ => Err("YES or NO".into()),
    }
}

fn descriptor(value: &str) -> Result<Option<u32>, String> {
    if value == "-1" { Ok(None) } else { value.parse().map(Some).map_err(|_| "no number of a descriptor".into()) }
}

/// The settings as a list.
pub fn listed() -> String {
    let line = |(name, about): &(&str, &str)| format!("  {name:<23}{about}\n");
    SETTINGS.iter().map(line).collect()
}
