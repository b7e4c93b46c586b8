//! What stands where on the page: portrait A4, one column of text width, the lists below in two.

use super::canvas::{Area, Canvas, HEIGHT, MUTED, RULE, Style, WIDTH};
use super::facts::{Facts, ROWS};
use super::{fall, frames, header, top, traffic, units};
use crate::index::{Gathered, Measure, Top};

/// White to the left and right.
pub const MARGIN: f64 = 40.0;
/// Between lists side by side.
const GUTTER: f64 = 23.0;
/// Room left of a chart, for the figures of its axis.
const AXIS: f64 = 38.0;
/// Room right of a chart.
const SCALE: f64 = 40.0;

/// The size of a heading.
pub const HEADING: Style = Style::of(9.5).bold();
/// The size of what explains a heading.
pub const REMARK: Style = Style::of(7.0).muted();
/// The size of figures and labels.
pub const LABEL: Style = Style::of(6.8);

/// What the page is called where it is not seen.
pub fn title(facts: &Facts) -> String {
    format!("Traffic of {}", facts.title())
}

/// Draws it.
pub fn draw(facts: &Facts) -> Canvas {
    let mut canvas = Canvas::new(&title(facts));
    let text = Area { x: MARGIN, y: 0.0, width: WIDTH - 2.0 * MARGIN, height: 0.0 };
    header::draw(&mut canvas, Area { y: 34.0, height: 110.0, ..text }, facts);
    frames::draw(&mut canvas, Area { y: 158.0, height: 34.0, ..text }, &facts.totals);
    // what lists leave free, charts take
    let [upper, lower] = rows(&facts.top);
    let free = (2 * ROWS - upper - lower) as f64 * top::STEP;
    let chart = Area { x: MARGIN + AXIS, width: text.width - AXIS - SCALE, ..text };
    let over_time = Area { y: 241.0, height: 128.0 + free * 0.6, ..chart };
    traffic::draw(&mut canvas, over_time, facts);
    let falling = Area { y: over_time.bottom() + 55.0, height: 92.0 + free * 0.4, ..chart };
    fall::draw(&mut canvas, falling, facts);
    let lists = Area { y: falling.bottom() + 38.0, ..text };
    addresses(&mut canvas, lists, facts);
    ports(&mut canvas, Area { y: lists.y + 21.4 + top::STEP * upper as f64, ..lists }, facts);
    foot(&mut canvas, text, facts);
    canvas
}

/// Rows of the upper lists, the lower ones: those of the longer one, and at least two.
fn rows(top: &Top) -> [usize; 2] {
    let longer = |one: &Gathered, other: &Gathered| one.groups.len().max(other.groups.len()).clamp(2, ROWS);
    [longer(&top.sources, &top.destinations), longer(&top.resp_ports, &top.orig_ports)]
}

/// Where the left and the right list are.
fn halves(area: Area) -> [Area; 2] {
    let left = Area { width: (area.width - GUTTER) / 2.0, ..area };
    [left, Area { x: left.right() + GUTTER, ..left }]
}

fn addresses(canvas: &mut Canvas, area: Area, facts: &Facts) {
    let ([left, right], top) = (halves(area), &facts.top);
    let what = if facts.measure == Measure::Bytes { "payload" } else { "packets" };
    top::addresses(canvas, left, "Sources", &format!("addresses by {what} sent"), &top.sources, facts);
    top::addresses(canvas, right, "Destinations", &format!("addresses by {what} received"), &top.destinations, facts);
}

fn ports(canvas: &mut Canvas, area: Area, facts: &Facts) {
    let [left, right] = halves(area);
    top::ports(canvas, left, "Ports of responders", "both directions", &facts.top.resp_ports, facts);
    top::ports(canvas, right, "Ports of originators", "both directions", &facts.top.orig_ports, facts);
}

fn foot(canvas: &mut Canvas, text: Area, facts: &Facts) {
    let y = HEIGHT - 34.0;
    canvas.line([text.x, y - 9.0], [text.right(), y - 9.0], RULE, 0.5);
    let style = Style { fill: MUTED, ..Style::of(6.2) };
    let untimed = facts.time.as_ref().map_or(0, |(_, over)| over.untimed);
    let untimed = match untimed {
        0 => String::new(),
        amount => {
            format!(" {} of frames without a time are in no chart over time.", units::amount(amount, facts.measure))
        }
    };
    let what = match facts.measure {
        Measure::Bytes => "Bytes are payload as stored, each once; retransmissions, headers and gaps do not count.",
        Measure::Packets => "There is no payload: packets are counted instead of bytes.",
    };
    canvas.text(
        text.x,
        y,
        style,
        &format!("{what} Services are named by the responder's port, not by what was said.{untimed}"),
    );
    let spread = "From the index, which knows the first and last frame of each side of a connection: what it sent is spread \
                  evenly between them. Times are UTC.";
    canvas.text(text.x, y + 9.0, style, spread);
}
