//! Where ours differs from tcpflow on purpose, so that all else can be compared: each mend makes both the same in its one point.
//! README.md lists the mends under "In place of tcpflow".

use super::made::Made;

/// A mend: with which option, what it evens out, and why.
type Mend = (&'static str, fn(&mut Made, &mut Made), &'static str);

/// On any capture; an option of `""` is every one.
const MENDS: &[Mend] = &[
    ("-J", without_ends_of_ipv6, "tcpflow takes IPv6 addresses apart as if they were of IPv4"),
    ("%E-%e", names_of_links, "where a link has no addresses, tcpflow tells bytes of the packet instead"),
    ("-b", without_empty_files, "where the first bytes are missing, tcpflow makes files of nothing"),
    ("-r -", without_compression, "tcpflow tells compressed captures by their names alone"),
    ("-K", without_more_captures, "tcpflow has none of hosts that sent neither a SYN nor payload"),
    ("-R", without_answers, "tcpflow knows one direction of a connection, and then takes no other"),
    ("http_alert_fd=1", without_opened_for_nothing, "tcpflow tells that it opens files of bodies that are empty"),
    ("", without_later_bodies, "tcpflow finds bodies only where a flow begins with HTTP"),
    ("", without_frames_of_no_ip, "tcpflow leaves frames that are no IP out of the capture of -w"),
];

/// Only on captures of others: those made here have none of it.
const ON_OTHERS: &[Mend] = &[
    ("-g", without_colours, "where no SYN was captured, tcpflow takes both sides for servers"),
    (NUMBERS, by_content, "tcpflow gives no numbers to hosts that sent neither a SYN nor payload"),
    (
        "tcp_cmd=basename",
        commands,
        "tcpflow runs the command before flows end, and begins another file for what follows",
    ),
    ("tcp_alert_fd=1", without_more_lines, "tcpflow tells of flows without name, and of some that do not end never"),
];

/// A template of numbers alone.
pub const NUMBERS: &str = "%N_%K_%M_%G_%#_%%";

/// Evens out what is mended of these options.
pub fn even_out(options: &[&str], ours: &mut Made, theirs: &mut Made) {
    let on_others = if std::env::var_os("FLOWCASE_CAPTURES").is_some() { ON_OTHERS } else { &[] };
    for (option, mend, _) in MENDS.iter().chain(on_others) {
        if option.is_empty() || options.contains(option) || options.join(" ") == *option {
            mend(ours, theirs);
        }
    }
}

/// Of lines with other addresses than those of IPv4 only the payload is left.
fn without_ends_of_ipv6(ours: &mut Made, theirs: &mut Made) {
    let is_ipv4 = |line: &str| {
        let host = line.split('"').nth(3).unwrap_or_default();
        host.parse::<std::net::Ipv4Addr>().is_ok()
    };
    let payload = |line: &str| line.find("\"payload\"").map_or(String::new(), |at| line[at..].to_owned());
    for made in [ours, theirs] {
        let lines = made.text.lines().map(|line| if is_ipv4(line) { line.to_owned() } else { payload(line) });
        made.text = lines.collect::<Vec<_>>().join("\n");
    }
}

fn without_colours(ours: &mut Made, theirs: &mut Made) {
    for made in [ours, theirs] {
        made.text = made.text.replace("\x1b[0;34m", "\x1b[0;31m");
    }
}

fn names_of_links(ours: &mut Made, theirs: &mut Made) {
    if ours.report.iter().any(|row| row.macs.concat().is_empty()) {
        by_content(ours, theirs);
    }
}

/// Files are told apart by what is in them.
fn by_content(ours: &mut Made, theirs: &mut Made) {
    for made in [ours, theirs] {
        let content = |(name, file): (String, (u64, String, i64))| match file.1.as_str() {
            "" => (name, file),
            digest => (format!("{digest} {}", file.2), file),
        };
        made.files = std::mem::take(&mut made.files).into_iter().map(content).collect();
        made.report.iter_mut().filter(|row| !row.name.is_empty()).for_each(|row| row.name = "named".into());
        made.report.sort();
    }
}

/// Files and reports are as without the command; only what it printed is compared.
fn commands(ours: &mut Made, theirs: &mut Made) {
    without_more_lines(ours, theirs);
    theirs.text = theirs.text.lines().filter(|line| ours.files.contains_key(*line)).collect::<Vec<_>>().join("\n");
    ours.files.clone_from(&theirs.files);
    ours.report.clone_from(&theirs.report);
}

fn without_empty_files(_: &mut Made, theirs: &mut Made) {
    let is_report = |name: &str| name.ends_with(".xml");
    let empty = |name: &String, (size, ..): &(u64, String, i64)| *size == 0 && !is_report(name);
    let gone: Vec<String> =
        theirs.files.iter().filter(|(name, file)| empty(name, file)).map(|(name, _)| name.clone()).collect();
    theirs.files.retain(|name, _| !gone.contains(name));
    theirs.report.retain(|row| !gone.contains(&row.name));
}

fn without_compression(ours: &mut Made, theirs: &mut Made) {
    if theirs.report.is_empty() {
        ours.files.clone_from(&theirs.files);
        ours.report.clear();
    }
}

fn without_more_captures(ours: &mut Made, theirs: &mut Made) {
    ours.files.retain(|name, _| theirs.files.contains_key(name));
}

/// Those that are told and not there.
fn without_opened_for_nothing(_: &mut Made, theirs: &mut Made) {
    let is_there = |line: &&str| line.split_once('\t').is_some_and(|(_, name)| theirs.files.contains_key(name));
    theirs.text = theirs.text.lines().filter(is_there).collect::<Vec<_>>().join("\n");
}

/// Flows of ours go whose other direction is in theirs.
fn without_answers(ours: &mut Made, theirs: &mut Made) {
    let is_answer = |name: &str| {
        let other = name.split_once('-').map(|(from, to)| format!("{to}-{from}")).unwrap_or_default();
        !theirs.files.contains_key(name) && theirs.files.contains_key(&other)
    };
    ours.files.retain(|name, _| !is_answer(name));
    ours.report.retain(|row| !is_answer(&row.name));
}

fn without_more_lines(ours: &mut Made, theirs: &mut Made) {
    let kept = |line: &&str| theirs.text.lines().any(|known| known == *line);
    ours.text = ours.text.lines().filter(kept).collect::<Vec<_>>().join("\n");
    theirs.text = theirs.text.lines().filter(|line| !line.ends_with('\t')).collect::<Vec<_>>().join("\n");
}

fn without_later_bodies(ours: &mut Made, theirs: &mut Made) {
    let flow = |name: &str| name.split_once("-HTTPBODY").map(|(flow, _)| flow.to_owned());
    let has_bodies = |of: &str| theirs.files.keys().any(|name| flow(name).is_some_and(|flow| flow == of));
    let is_more = |name: &str| flow(name).is_some_and(|flow| !has_bodies(flow.rsplit('\t').next().unwrap_or_default()));
    ours.files.retain(|name, _| !is_more(name));
    if ours.text.contains("-HTTPBODY-") {
        ours.text = ours.text.lines().filter(|line| !is_more(line)).collect::<Vec<_>>().join("\n");
    }
}

fn without_frames_of_no_ip(ours: &mut Made, theirs: &mut Made) {
    ours.unused.retain(|frame| theirs.unused.contains(frame));
}
