//! Every frame used or skipped for one reason, as one bar.

use super::canvas::{Anchor, Area, Canvas, Style, TRACK};
use super::font::width;
use super::page::{HEADING, LABEL, REMARK};
use super::units::{counted, grouped, percent};
use crate::index::Totals;

const HEIGHT: f64 = 7.0;
const USED: &str = "#009e73";
/// Skipped frames, by how many; the last for all other reasons.
const SKIPPED: [&str; 5] = ["#5c6672", "#87909b", "#a9b1ba", "#c4cad2", "#dde1e6"];

/// Draws it.
pub fn draw(canvas: &mut Canvas, area: Area, totals: &Totals) {
    canvas.text(area.x, area.y + 7.0, HEADING, "Coverage");
    let skipped = totals.frames.saturating_sub(totals.used_frames);
    let remark = match totals.frames {
        0 => "no frame was read".to_owned(),
        _ => format!("{} frames used, {} skipped, each for one reason", grouped(totals.used_frames), grouped(skipped)),
    };
    canvas.text(area.right(), area.y + 7.0, REMARK.at(Anchor::End), &remark);
    let bar = Area { y: area.y + 12.0, height: HEIGHT, ..area };
    canvas.rect(bar, TRACK);
    let parts = parts(totals);
    let (mut x, mut label_x) = (bar.x, bar.x);
    for (name, frames, fill) in &parts {
        let part = bar.width * *frames as f64 / totals.frames.max(1) as f64;
        canvas.rect(Area { x, width: part, ..bar }, fill);
        x += part;
        let label = format!("{name} {}", percent(*frames, totals.frames));
        let room = width(&label, LABEL.size, LABEL.weight) + 20.0;
        if label_x + room - 10.0 <= area.right() {
            swatch(canvas, label_x, bar.bottom() + 10.5, fill, LABEL, &label);
            label_x += room;
        }
    }
}

/// A small square of a colour and what it stands for; `y` is the base line.
pub fn swatch(canvas: &mut Canvas, x: f64, y: f64, fill: &str, style: Style, label: &str) {
    canvas.rect(Area { x, y: y - 5.3, width: 6.0, height: 6.0 }, fill);
    canvas.text(x + 8.5, y, style, label);
}

fn parts(totals: &Totals) -> Vec<(String, u64, &'static str)> {
    if totals.frames == 0 {
        return Vec::new();
    }
    let mut parts = vec![("used".to_owned(), totals.used_frames, USED)];
    let named = SKIPPED.len() - 1;
    let reasons = totals.skipped.iter().zip(SKIPPED).take(named);
    parts.extend(reasons.map(|((reason, frames, _), fill)| (reason.replace('_', " "), *frames, fill)));
    let rest = totals.skipped.iter().skip(named);
    let frames = rest.clone().fold(0u64, |sum, (_, frames, _)| sum.saturating_add(*frames));
    if frames > 0 {
        parts.push((counted(rest.count() as u64, "other reason"), frames, SKIPPED[named]));
    }
    parts
}
