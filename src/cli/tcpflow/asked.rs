//! What a command line of tcpflow asks for, and what it cannot have here.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use named_sem::NamedSemaphore;

use super::after::After;
use super::settings::{self, Settings};
use super::{Args, lock};
use crate::cli::errors::Error;
use crate::cli::privileges::Privileges;
use crate::cli::words::command_line;
use crate::ingest::Options;
use crate::model::HashKind;
use crate::scan::Chosen;
use crate::scan::http::Http;
use crate::store::template::DEFAULT_NAME;
use crate::view::console::{Bytes, Style};

/// tcpflow's scanners, and what they do here.
const SCANNERS: &[(&str, &str)] = &[
    ("http", "bodies of HTTP responses, in files beside those of their flows: NAME-HTTPBODY-001.html"),
    ("md5", "the MD5 of each flow, in the report"),
    ("netviz", "a page with pictures of the traffic: report.pdf"),
    ("tcpdemux", "payload of each flow in a file; the only one enabled unless another is named"),
    ("wifiviz", "802.11 networks, in the view wifi_networks of the index: always recorded"),
];

/// Rows of a histogram that nobody limits otherwise.
const HISTOGRAM: usize = 1000;

/// Letters of templates.
const LETTERS: &str = "\
Letters of -T:
  %A %a  address and port of the sender      %B %b  of the receiver
  %E %e  Ethernet address of the sender, of the receiver
  %V %v  `--` and the VLAN's id, where there is one
  %T %t  time of the first packet: ISO 8601, seconds since 1970
  %C %c  `c` and the count, where the name was taken before      %#  the count always
  %N %K %M %G  the flow's number: its last three digits, those before, …
  %S     the connection's number      %%  a percent sign
";

/// What becomes of payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It lies in files.
    Files,
    /// It is gone in the end.
    Nothing,
}

/// Everything that is to be done.
pub struct Asked {
    /// To capture from, if no capture is to be read; `None`: the first that can be captured from.
    pub interface: Option<String>,
    pub promiscuous: bool,
    /// Milliseconds that the interface may hold frames back.
    pub hold: Option<u32>,
    pub privileges: Privileges,
    pub captures: Vec<PathBuf>,
    /// Captures that only go on with known connections.
    pub continuing: Vec<PathBuf>,
    pub out: PathBuf,
    pub options: Options,
    /// Of names of files.
    pub template: String,
    pub keep: Keep,
    pub console: Option<Style>,
    pub findx: bool,
    /// Frames of flows as captures.
    pub pcap: bool,
    /// Where frames that are no TCP go.
    pub unused: Option<PathBuf>,
    /// `None`: no report.
    pub report: Option<PathBuf>,
    /// Pictures.
    pub netviz: bool,
    /// How many addresses a printed histogram has; `None`: none is printed.
    pub histogram: Option<usize>,
    /// What is held while something is printed.
    pub semaphore: Option<NamedSemaphore>,
    /// Bodies of HTTP.
    pub http: bool,
    raw_bodies: bool,
    pub after_flow: After,
    pub after_body: After,
    pub quiet: bool,
    pub verbose: bool,
    /// Before what is said if verbose.
    pub prefix: String,
}

impl Asked {
    pub fn of(args: Args, matches: &ArgMatches) -> Result<Self, Error> {
        let scanners = enabled(&args)?;
        let is_on = |name: &str| scanners.contains(&name);
        let settings = Settings::of(&args.settings)?;
        let names = Names::of(&args, matches)?;
        let console = console(&args, &settings);
        let keep = if names.none || args.pcap || console.is_some() || !is_on("tcpdemux") {
            Keep::Nothing
        } else {
            Keep::Files
        };
        let (captures, filter) = match args.words_are_captures {
            true => (args.captures.into_iter().chain(args.words.into_iter().map(PathBuf::from)).collect(), None),
            false => (args.captures, Some(args.words.join(" ")).filter(|words| !words.is_empty())),
        };
        if args.interface.is_some() && !(captures.is_empty() && args.continuing.is_empty()) {
            return Err(Error::Usage("-i: captures are read, or an interface is captured from, not both".into()));
        }
        if args.chroot.is_some() && args.user.is_none() {
            return Err(Error::Usage(
                "-z: whoever stays root can leave the directory again: name a user with -U".into(),
            ));
        }
        let refused = |name: &String, why| Error::Usage(format!("-L {name}: {why}"));
        let open = |name: &String| lock::open(name).map_err(|why| refused(name, why));
        let semaphore = args.semaphore.as_ref().map(open).transpose()?;
        let mut hashes = vec![HashKind::Sha256];
        hashes.extend((is_on("md5") || names.md5).then_some(HashKind::Md5));
        let report = if settings.no_report { None } else { Some(args.report.unwrap_or(args.out.join("report.xml"))) };
        let options = Options {
            filter,
            hashes: Some(hashes),
            template: Some(names.template.clone()),
            open: true,
            overlap_last: Some(true),
            max_jump: args.max_jump,
            max_bytes: args.max_bytes,
            check_fcs: Some(!settings.any_fcs),
            time_shift: settings.time_shift,
            idle: settings.idle,
            open_files: args.max_files,
            command_line: command_line(),
            ..Options::default()
        };
        Ok(Asked {
            interface: args.interface,
            promiscuous: !args.not_promiscuous,
            hold: settings.hold,
            privileges: Privileges { user: args.user, chroot: args.chroot },
            captures,
            continuing: args.continuing,
            out: args.out,
            options,
            template: names.template,
            keep,
            console,
            findx: args.findx && keep == Keep::Files,
            pcap: args.pcap,
            unused: args.unused,
            report,
            netviz: is_on("netviz"),
            histogram: (is_on("netviz") && settings.histogram).then_some(settings.histogram_size.unwrap_or(HISTOGRAM)),
            semaphore,
            http: is_on("http") && keep == Keep::Files,
            raw_bodies: args.raw_bodies,
            after_flow: settings.after_flow,
            after_body: settings.after_body,
            quiet: args.quiet,
            verbose: args.verbose || args.debug >= 10,
            prefix: settings.prefix,
        })
    }

    /// An interface is captured from.
    pub fn is_live(&self) -> bool {
        self.captures.is_empty() && self.continuing.is_empty()
    }

    /// What stands before names of files.
    pub fn directory(&self) -> String {
        shown(&self.out)
    }

    /// The scanner that extracts bodies, if they are wanted.
    pub fn scanner(&self) -> Option<Chosen> {
        let raw = self.raw_bodies;
        let version = if raw { "1, as sent" } else { "1" };
        self.http.then(|| Chosen { name: "http".into(), version: version.into(), scanner: Box::new(Http { raw }) })
    }
}

/// The scanners that run: `-a`, `-E`, `-e` and `-x`, in this order.
fn enabled(args: &Args) -> Result<Vec<&'static str>, Error> {
    let all = || SCANNERS.iter().map(|(name, _)| *name);
    let named = |names: &[String]| -> Result<Vec<&'static str>, Error> {
        let one = |name: &String| all().find(|known| known == name);
        let mut found = Vec::new();
        for name in names {
            match one(name) {
                _ if name == "all" => found.extend(all()),
                Some(known) => found.push(known),
                None => return Err(Error::Usage(format!("no scanner `{name}`: -H lists them"))),
            }
        }
        Ok(found)
    };
    let mut enabled = if args.everything { all().collect() } else { vec!["tcpdemux"] };
    let only = named(&args.only)?;
    if !only.is_empty() {
        enabled = only;
    }
    enabled.extend(named(&args.enable)?);
    let disabled = named(&args.disable)?;
    enabled.retain(|name| !disabled.contains(name));
    Ok(enabled)
}

/// What -T and -F make of the names of files: each changes what those before it made.
struct Names {
    template: String,
    none: bool,
    md5: bool,
}

impl Names {
    fn of(args: &Args, matches: &ArgMatches) -> Result<Self, Error> {
        let places = |id: &str| matches.indices_of(id).into_iter().flatten().collect::<Vec<_>>();
        let templates = places("template").into_iter().zip(args.template.iter().map(|text| (true, text)));
        let letters = places("names").into_iter().zip(args.names.iter().map(|text| (false, text)));
        let mut in_order: Vec<(usize, (bool, &String))> = templates.chain(letters).collect();
        in_order.sort_by_key(|(place, _)| *place);
        let mut names = Names { template: DEFAULT_NAME.into(), none: false, md5: false };
        for (_, (is_template, text)) in in_order {
            if is_template {
                names.template.clone_from(text);
            } else {
                text.chars().try_for_each(|letter| names.letter(letter))?;
            }
        }
        Ok(names)
    }

    fn letter(&mut self, letter: char) -> Result<(), Error> {
        let before = match letter {
            // names that are taken have a count anyway
            'c' => "",
            't' => "%tT",
            'T' => "%T",
            'k' => "%K/",
            'm' => "%M000-%M999/%M%K/",
            'g' => "%G000000-%G999999/%G%M000-%G%M999/%G%M%K/",
            'X' => {
                self.none = true;
                ""
            }
            'M' => {
                self.md5 = true;
                ""
            }
            other => return Err(Error::Usage(format!("-F: no letter `{other}`, only c, t, T, X, M, k, m and g"))),
        };
        self.template.insert_str(0, before);
        Ok(())
    }
}

fn console(args: &Args, settings: &Settings) -> Option<Style> {
    let bytes = match args {
        Args { json: true, .. } => Bytes::Json,
        Args { hex: true, .. } => Bytes::Hex,
        Args { raw: true, .. } => Bytes::Raw,
        _ => Bytes::Printable,
    };
    let names = if args.console_bare { None } else { Some(shown(&args.out)) };
    let (colours, breaks, by_arrival) = (args.colours, !args.no_breaks, settings.by_arrival);
    (args.console || args.console_bare).then_some(Style { bytes, names, colours, breaks, by_arrival })
}

/// A directory before the names of its files: nothing where that is where we are.
fn shown(out: &Path) -> String {
    if out.as_os_str() == "." { String::new() } else { out.to_string_lossy().into_owned() }
}

/// The scanners as a list.
pub fn scanners() -> String {
    let line = |(name, about): &(&str, &str)| format!("{name:<10}{about}\n");
    SCANNERS.iter().map(line).collect()
}

/// What -T and -S take.
pub fn letters_and_settings() -> String {
    format!("{LETTERS}\nSettings of -S NAME=VALUE:\n{}", settings::listed())
}
