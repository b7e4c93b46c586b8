//! The head of the page: program, what, when, from which captures, and the figures.

use super::calendar;
use super::canvas::{Anchor, Area, Canvas, RULE, Style};
use super::facts::{Facts, name};
use super::font::{cut, legible, width};
use super::page::REMARK;
use super::units::{bytes, counted, duration, grouped, percent, short};
use crate::index::Totals;

const TITLE: Style = Style::of(20.0).bold();
const WHEN: Style = Style::of(9.0);
const FIGURE: Style = Style::of(14.0).bold();
const NAME: Style = Style::of(6.8).muted();

/// Draws it.
pub fn draw(canvas: &mut Canvas, area: Area, facts: &Facts) {
    let program = format!("flowcase {}", env!("CARGO_PKG_VERSION"));
    canvas.text(area.x, area.y + 6.0, REMARK.bold(), &program);
    canvas.text(area.right(), area.y + 6.0, REMARK.at(Anchor::End), "Network traffic, from the case’s index");
    canvas.text(area.x, area.y + 31.0, TITLE, &cut(&facts.title(), area.width, TITLE.size, TITLE.weight));
    canvas.text(area.x, area.y + 46.0, WHEN, &when(&facts.totals));
    canvas.text(area.x, area.y + 57.0, REMARK, &captures(facts, area.width));
    canvas.line([area.x, area.y + 66.0], [area.right(), area.y + 66.0], RULE, 0.5);
    figures(canvas, Area { y: area.y + 66.0, ..area }, facts);
}

fn when(totals: &Totals) -> String {
    match totals.span {
        Some((first, last)) => {
            if first == last {
                return format!("{}  ·  one moment", calendar::range(first, last));
            }
            let length = (i128::from(last.nanoseconds()) - i128::from(first.nanoseconds())).unsigned_abs() as u64;
            format!("{}  ·  {}", calendar::range(first, last), duration(length))
        }
        None if totals.connections > 0 => "frames without a time".to_owned(),
        None => "no connection".to_owned(),
    }
}

/// Names of captures, as many as have room, and what is wrong with them.
fn captures(facts: &Facts, room: f64) -> String {
    let fits = |text: &str| width(text, REMARK.size, REMARK.weight) <= room;
    let faults = faults(facts);
    if let [capture] = &facts.captures[..] {
        let format = legible(capture.format.as_deref().unwrap_or("unknown format"));
        let size = capture.size_bytes.map_or(String::new(), |size| format!(", {}", bytes(size)));
        return cut(&format!("{format}{size}{faults}"), room, REMARK.size, REMARK.weight);
    }
    let mut shown = faults.trim_start_matches([',', ' ']).to_owned();
    let mut names = String::new();
    for (i, capture) in facts.captures.iter().enumerate() {
        let name = cut(&name(capture), 160.0, REMARK.size, REMARK.weight);
        names = if i == 0 { name } else { format!("{names}, {name}") };
        let left = facts.captures.len() - i - 1;
        let more = if left > 0 { format!(" and {} more", grouped(left as u64)) } else { String::new() };
        let next = format!("{names}{more}{faults}");
        if !fits(&next) {
            break;
        }
        shown = next;
    }
    shown
}

/// `, 2 truncated, 1 unreadable`.
fn faults(facts: &Facts) -> String {
    let fault = |status: &&str| match facts.captures.iter().filter(|capture| capture.status == *status).count() {
        0 => None,
        1 if facts.captures.len() == 1 => Some(format!(", {status}")),
        count => Some(format!(", {} {status}", grouped(count as u64))),
    };
    ["truncated", "damaged", "unreadable"].iter().filter_map(fault).collect()
}

fn figures(canvas: &mut Canvas, area: Area, facts: &Facts) {
    let totals = &facts.totals;
    let anomalies = totals.anomalies.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
    let complete = facts.captures.iter().filter(|capture| capture.status == "complete").count() as u64;
    let missing = totals.gap_bytes.saturating_add(totals.missing_tail_bytes);
    let figures = [
        ("captures", short(totals.captures), format!("{} complete", short(complete))),
        ("frames", short(totals.frames), format!("{} used", percent(totals.used_frames, totals.frames))),
        ("connections", short(totals.connections), format!("{} may go on", short(totals.open))),
        ("flows with payload", short(totals.flows), counted(totals.conflicts, "conflict")),
        ("payload", bytes(totals.stored_bytes), format!("{} bytes", grouped(totals.stored_bytes))),
        ("in gaps", bytes(totals.gap_bytes), format!("{} missing", share(missing, totals))),
        ("anomalies", short(anomalies), totals.anomalies.first().map_or(String::new(), |(kind, _)| spaced(kind))),
    ];
    let step = area.width / figures.len() as f64;
    for (i, (name, figure, remark)) in figures.into_iter().enumerate() {
        let x = area.x + step * i as f64;
        canvas.text(x, area.y + 13.0, NAME, name);
        canvas.text(x, area.y + 29.0, FIGURE, &figure);
        canvas.text(x, area.y + 40.0, NAME, &cut(&legible(&remark), step - 4.0, NAME.size, NAME.weight));
    }
}

/// What is missing, of all there should be, ends included.
fn share(missing: u64, totals: &Totals) -> String {
    percent(missing, totals.stored_bytes.saturating_add(missing).max(1))
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
