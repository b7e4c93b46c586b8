//! The lists of README.md, made from those of the code. Each stands between `<!-- begin:NAME -->` and `<!-- end:NAME -->`.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use flowcase::cli::{Cli, errors::EXIT_CODES};
use flowcase::decode::{ETHER_TYPES, IP_PROTOCOLS, UDP_PORTS, decode};
use flowcase::index::columns::{COLUMNS, FUNCTIONS};
use flowcase::model::{AnomalyKind, Limits, LinkType, Skip};

/// The text with every block made again.
pub fn refreshed(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out += &format!("{line}\n");
        let Some(name) = line.strip_prefix("<!-- begin:").and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let end = format!("<!-- end:{name} -->");
        assert!(lines.any(|line| line == end), "`{end}` is missing");
        out += &format!("{}\n{end}\n", block(name).trim_end());
    }
    out
}

fn block(name: &str) -> String {
    match name {
        "commands" => commands(),
        "selection" => options(&command("flows"), true),
        "views" => COLUMNS.iter().map(|(view, columns)| view_table(view, columns)).collect(),
        "functions" => {
            table(["function", "gives"], FUNCTIONS.iter().map(|(name, gives)| [code(name), gives.to_string()]))
        }
        "skips" => {
            table(["reason", "meaning"], Skip::ALL.iter().map(|skip| [code(skip.name()), skip.explanation().into()]))
        }
        "anomalies" => table(
            ["kind", "meaning"],
            AnomalyKind::ALL.iter().map(|kind| [code(kind.name()), kind.explanation().into()]),
        ),
        "exits" => {
            table(["exit code", "meaning"], EXIT_CODES.map(|(code, meaning)| [code.to_string(), meaning.into()]))
        }
        "links" => links(),
        "encapsulations" => encapsulations(),
        "limits" => limits(),
        _ => panic!("no list makes `{name}`"),
    }
}

fn table(head: [&str; 2], rows: impl IntoIterator<Item = [String; 2]>) -> String {
    let rows = rows.into_iter().map(|[name, meaning]| format!("| {} | {} |\n", cell(&name), cell(&meaning)));
    format!("| {} | {} |\n|---|---|\n{}", head[0], head[1], rows.collect::<String>())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn view_table(view: &str, columns: &[(&str, &str)]) -> String {
    let rows = columns.iter().map(|(name, meaning)| [code(name), meaning.to_string()]);
    format!("\n**`{view}`**\n\n{}", table(["column", "meaning"], rows))
}

fn command(name: &str) -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli.find_subcommand(name).unwrap_or_else(|| panic!("no command `{name}`")).clone()
}

fn commands() -> String {
    let cli = Cli::command();
    let names = cli.get_subcommands().map(|command| command.get_name().to_owned());
    names.map(|name| command_section(&command(&name))).collect()
}

/// Title, purpose, arguments; the selection has a section of its own.
fn command_section(command: &Command) -> String {
    let arguments: Vec<String> = command.get_positionals().map(Arg::to_string).collect();
    let title = format!(
        "### flowcase {} {}\n\n",
        command.get_name(),
        arguments.join(" ").replace("...", "…").replace(['<', '>'], "")
    );
    let about = told(command.get_long_about().or(command.get_about()));
    let selects = if command.get_arguments().any(is_selection) { "Takes a [SELECTION](#selection).\n" } else { "" };
    format!("{title}{about}\n{}{selects}", options(command, false))
}

fn told(text: Option<&StyledStr>) -> String {
    let text = text.expect("everything is explained").to_string();
    // the first line is a title
    text.lines().enumerate().map(|(i, line)| format!("{line}{}\n", if i == 0 { "." } else { "" })).collect()
}

fn options(command: &Command, selection: bool) -> String {
    let wanted = |arg: &&Arg| is_selection(arg) == selection && !["help", "case"].contains(&arg.get_id().as_str());
    let rows: Vec<_> = command.get_arguments().filter(wanted).map(|arg| [name(arg), meaning(arg)]).collect();
    let rows: Vec<_> = rows.into_iter().filter(|[name, _]| name != "`CASE`").collect();
    if rows.is_empty() { String::new() } else { format!("{}\n", table(["argument", "meaning"], rows)) }
}

fn is_selection(arg: &Arg) -> bool {
    arg.get_help_heading() == Some("Selection")
}

fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    match (arg.get_short(), arg.get_long()) {
        (_, Some(long)) if arg.get_action().takes_values() => code(&format!("{short}--{long} {value}")),
        (_, Some(long)) => code(&format!("{short}--{long}")),
        (Some(short), None) if arg.get_action().takes_values() => code(&format!("-{short} {value}")),
        (Some(short), None) => code(&format!("-{short}")),
        (None, None) => code(&value),
    }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().expect("every argument is explained").to_string();
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| code(value.get_name()))
        .filter(|name| name != "`true`" && name != "`false`")
        .collect();
    let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = if default.is_empty() || !arg.get_action().takes_values() {
        String::new()
    } else {
        format!(" (default `{}`)", default.join(","))
    };
    format!("{help}{values}{default}")
}

fn links() -> String {
    let named = (0..1024).map(LinkType).filter(|link| link.name().is_some());
    let (refused, decoded): (Vec<_>, Vec<_>) =
        named.partition(|link| decode(*link, &[0x11; 64], 64).err() == Some(Skip::Encapsulated));
    let list = |links: Vec<LinkType>| links.iter().map(LinkType::to_string).collect::<Vec<_>>().join(", ");
    let rows = [("decoded", decoded), ("known, but skipped as `encapsulated`", refused)];
    table(["outcome", "link types"], rows.map(|(outcome, links)| [outcome.to_owned(), list(links)]))
}

fn encapsulations() -> String {
    let protocols = IP_PROTOCOLS.iter().map(|(numbers, name)| known(numbers, name, u8::to_string));
    let ports = UDP_PORTS.iter().map(|(numbers, name)| known(numbers, name, u16::to_string));
    let types = ETHER_TYPES.iter().map(|(numbers, name)| known(numbers, name, |number| format!("{number:#06x}")));
    let rows = [
        ("EtherType", types.collect::<Vec<_>>()),
        ("protocol in IP", protocols.collect()),
        ("UDP port, if the header looks like it", ports.collect()),
    ];
    table(["known by its", "encapsulations"], rows.map(|(by, names)| [by.to_owned(), names.join(", ")]))
}

/// `VXLAN (4789, 8472)`.
fn known<T>(numbers: &[T], name: &str, text: impl Fn(&T) -> String) -> String {
    format!("{name} ({})", numbers.iter().map(text).collect::<Vec<_>>().join(", "))
}

/// Taken apart by name, so that a new limit cannot be left out.
fn limits() -> String {
    // when connections rest and flows sleep changes nothing that is recorded
    let Limits {
        max_jump,
        max_bytes,
        overlap_last,
        max_parts,
        max_ranges,
        max_generations,
        max_digested_gaps,
        fragment_bytes,
        fragment_ns,
        max_networks,
        straggler_ns,
        idle_ns,
        settle_after: _,
        awake_flows: _,
    } = Limits::default();
    assert!(max_bytes.is_none() && idle_ns.is_none() && !overlap_last);
    let rows = [
        ("jump of sequence numbers that begins another part (`--max-jump`)", format!("{} MiB", max_jump >> 20)),
        ("payload bytes stored of a flow (`--max-bytes`)", "no limit".to_owned()),
        ("parts of a flow", max_parts.to_string()),
        ("separate ranges (holes) of a part", max_ranges.to_string()),
        ("connections of one pair of addresses and ports kept at once", max_generations.to_string()),
        ("bytes of holes in a flow beyond which it has no digests", format!("{} GiB", max_digested_gaps >> 30)),
        (
            "memory for fragments of unfinished packets, less with a small `--memory`",
            format!("{} MiB", fragment_bytes >> 20),
        ),
        (
            "time from a packet's first fragment to its last",
            format!("{} s of capture time", fragment_ns / 1_000_000_000),
        ),
        ("802.11 networks listed of a capture", max_networks.to_string()),
        ("time a closed connection accepts stragglers", format!("{} s of capture time", straggler_ns / 1_000_000_000)),
        ("time an open connection may be silent (`--idle`)", "no limit; 1 h in a case made by `capture`".to_owned()),
    ];
    table(["limit", "value"], rows.map(|(name, value)| [name.to_owned(), value]))
}
