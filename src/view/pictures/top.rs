//! The heaviest addresses and ports, a bar each.

use super::canvas::{Anchor, Area, BAR, Canvas, GATHERED, RULE, Style, TRACK};
use super::facts::Facts;
use super::font::{cut, width};
use super::page::{HEADING, LABEL, REMARK};
use super::services;
use super::traffic::PALETTE;
use super::units::{amount, grouped, percent};
use crate::index::{Gathered, Group};

/// From row to row.
pub const STEP: f64 = 13.2;
/// Thickness of a bar.
const THICK: f64 = 2.0;
/// Room for the figures.
const FIGURES: f64 = 80.0;
/// Room for the share.
const SHARE: f64 = 34.0;

/// A list of addresses and subnets.
pub fn addresses(canvas: &mut Canvas, area: Area, heading: &str, remark: &str, gathered: &Gathered, facts: &Facts) {
    let heads = [heading, remark, &all(gathered, ADDRESSES)];
    list(canvas, area, heads, gathered, facts, |group| {
        let fill = if group.prefix.is_single() { BAR } else { GATHERED };
        (label(group, gathered), members(group, gathered, ADDRESSES), fill)
    });
}

/// A list of ports and blocks of them; a service that has a colour above has it here too.
pub fn ports(canvas: &mut Canvas, area: Area, heading: &str, remark: &str, gathered: &Gathered, facts: &Facts) {
    let heads = [heading, remark, &all(gathered, PORTS)];
    let responders = std::ptr::eq(gathered, &facts.top.resp_ports);
    list(canvas, area, heads, gathered, facts, |group| {
        let Some(port) = group.prefix.single_port() else {
            return (label(group, gathered), members(group, gathered, PORTS), GATHERED);
        };
        let service = facts.top.services.iter().map(|(service, _)| service).find(|service| service.port == port);
        let place = facts.services.iter().position(|service| service.port == port).filter(|_| responders);
        let name = service.and_then(|service| services::name(*service)).filter(|_| responders).unwrap_or_default();
        (port.to_string(), name.to_owned(), place.map_or(BAR, |i| PALETTE[i % PALETTE.len()]))
    });
}

/// What a row is called: of a subnet or block that others in the list were taken out of, it is the rest.
fn label(group: &Group, gathered: &Gathered) -> String {
    let within = |other: &Group| other.prefix != group.prefix && group.prefix.contains(&other.prefix);
    let name = group.prefix.to_string();
    match gathered.groups.iter().any(within) {
        true if group.prefix.is_everything() => name.replace("all ", "other "),
        true => format!("rest of {name}"),
        false => name,
    }
}

/// One and many.
type Noun = [&'static str; 2];
const ADDRESSES: Noun = ["address", "addresses"];
const PORTS: Noun = ["port", "ports"];

/// How many there are in all, if that is known.
fn all(gathered: &Gathered, noun: Noun) -> String {
    if gathered.exact { counted(gathered.members, noun) } else { format!("very many {}", noun[1]) }
}

/// How many lie in a subnet or block, if that is known.
fn members(group: &Group, gathered: &Gathered, noun: Noun) -> String {
    if group.prefix.is_single() || !gathered.exact { String::new() } else { counted(group.members, noun) }
}

fn counted(count: u64, [one, many]: Noun) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

fn list(
    canvas: &mut Canvas,
    area: Area,
    [heading, remark, count]: [&str; 3],
    gathered: &Gathered,
    facts: &Facts,
    look: impl Fn(&Group) -> (String, String, &'static str),
) {
    canvas.text(area.x, area.y, HEADING, heading);
    let after = area.x + width(heading, HEADING.size, HEADING.weight) + 6.0;
    canvas.text(after, area.y, REMARK, remark);
    canvas.text(area.right(), area.y, REMARK.at(Anchor::End), count);
    canvas.line([area.x, area.y + 4.5], [area.right(), area.y + 4.5], RULE, 0.5);
    let weights = gathered.groups.iter().map(|group| group.weight.by(facts.measure));
    let (total, most) = weights.fold((0u64, 0), |(sum, most), weight| (sum.saturating_add(weight), most.max(weight)));
    for (i, group) in gathered.groups.iter().enumerate() {
        let row = Area { y: area.y + 6.0 + STEP * i as f64, height: STEP, ..area };
        let weight = group.weight.by(facts.measure);
        bar(canvas, row, look(group), weight as f64 / most.max(1) as f64);
        let figure = |canvas: &mut Canvas, x, style: Style, text: &str| {
            canvas.text(x, row.y + 7.2, style.at(Anchor::End), text);
        };
        figure(canvas, row.right() - SHARE, LABEL, &amount(weight, facts.measure));
        figure(canvas, row.right(), LABEL.muted(), &percent(weight, total));
    }
}

fn bar(canvas: &mut Canvas, row: Area, (label, remark, fill): (String, String, &'static str), share: f64) {
    let room = row.width - FIGURES;
    let label = cut(&label, room, LABEL.size, LABEL.weight);
    canvas.text(row.x, row.y + 7.2, LABEL, &label);
    let used = width(&label, LABEL.size, LABEL.weight) + 6.0;
    if used + width(&remark, LABEL.size, LABEL.weight) <= room {
        canvas.text(row.x + used, row.y + 7.2, LABEL.muted(), &remark);
    }
    let track = Area { y: row.y + 9.3, height: THICK, ..row };
    canvas.rect(track, TRACK);
    canvas.rect(Area { width: track.width * share, ..track }, fill);
}
