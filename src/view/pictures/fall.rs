//! The packetfall: when packets passed, by how large their connection is. A flood is a dark stretch along the bottom, a
//! long transfer a line at the top, a scan a column; a cell is as dark as packets are many.

use std::ops::Range;

use super::canvas::{Anchor, Area, Canvas, GRID, RULE, WIDTH};
use super::facts::Facts;
use super::font::width;
use super::frames::swatch;
use super::page::{HEADING, LABEL, MARGIN, REMARK};
use super::traffic::{nothing, time_axis};
use super::units::{bytes, duration, short};
use crate::index::{OverTime, SIZES, size_class};

/// From few to many.
const SHADES: [&str; 6] = ["#d6e6f4", "#abd0e6", "#6aaed6", "#3787c0", "#105ba4", "#08306b"];
/// Classes of size in a decade.
const DECADE: usize = 3;
/// Decades of the chart, at least.
const LEAST_DECADES: usize = 4;
/// Marks of its axis, at most.
const MOST_MARKS: usize = 7;
/// Between connections without payload and all others.
const APART: f64 = 3.0;

/// Draws it; `plot` is the chart without its axes.
pub fn draw(canvas: &mut Canvas, plot: Area, facts: &Facts) {
    canvas.text(MARGIN, plot.y - 14.0, HEADING, "Packetfall");
    let Some((columns, over)) = &facts.time else { return nothing(canvas, plot, &facts.totals) };
    let remark = format!("packets each {}, by the payload of their connection", duration(columns.width_ns as u64));
    canvas.text(MARGIN + 57.0, plot.y - 14.0, REMARK, &remark);
    let floors = floors(over.fall.iter().flatten().copied().fold(0.0, f64::max));
    let classes = classes(over);
    axis(canvas, plot, &classes);
    let mut shades = vec![Vec::new(); floors.len()];
    let width = plot.width / columns.count as f64;
    for (column, cells) in over.fall.iter().enumerate() {
        for (class, packets) in cells.iter().enumerate().filter(|(_, packets)| **packets > 0.0) {
            let (y, height) = place(class, plot, &classes);
            let cell = Area { x: plot.x + width * column as f64, y, width: width * 0.94, height: height * 0.92 };
            shades[shade(*packets, &floors)].push(cell);
        }
    }
    shades.into_iter().zip(colours(floors.len())).for_each(|(cells, fill)| canvas.rects(cells.into_iter(), fill));
    legend(canvas, plot, &floors);
    time_axis(canvas, plot, columns);
}

/// The classes above the one for connections without payload that are shown: whole decades, around all that passed.
fn classes(over: &OverTime) -> Range<usize> {
    let used = |class: &usize| over.fall.iter().any(|cells| cells[*class] > 0.0);
    let lowest = (1..SIZES).find(used).map_or(0, |class| (class - 1) / DECADE);
    let highest = (1..SIZES).rev().find(used).map_or(0, |class| (class - 1) / DECADE);
    let highest = highest.max(lowest + LEAST_DECADES - 1);
    lowest * DECADE + 1..(highest + 1) * DECADE + 1
}

/// Where the row of a class begins from above, and how high it is. The lowest row is for no payload.
fn place(class: usize, plot: Area, classes: &Range<usize>) -> (f64, f64) {
    let height = (plot.height - APART) / (classes.len() + 1) as f64;
    let y = match class {
        0 => plot.bottom() - height,
        class => plot.bottom() - APART - height * (class + 2 - classes.start) as f64,
    };
    (y, height)
}

/// How many packets each shade begins with: from 1 on, by the least factor that lets all have one.
fn floors(peak: f64) -> Vec<f64> {
    let factors = [2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0, 10_000.0];
    let reaches = |factor: &&f64| factor.powi(SHADES.len() as i32) > peak;
    let factor = factors.iter().find(reaches).copied().unwrap_or(100_000.0);
    (0..SHADES.len() as i32).map(|i| factor.powi(i)).take_while(|floor| *floor <= peak.max(1.0)).collect()
}

/// The shade of a cell; less than one packet has the lightest.
fn shade(packets: f64, floors: &[f64]) -> usize {
    // shares that should add up to a whole number may fall short of it by a hair
    floors.iter().rposition(|floor| packets * 1.000_001 >= *floor).unwrap_or(0)
}

/// Few shades lie in the middle.
fn colours(count: usize) -> impl Iterator<Item = &'static str> {
    (1..=count).map(move |i| SHADES[i * SHADES.len() / (count + 1)])
}

fn axis(canvas: &mut Canvas, plot: Area, classes: &Range<usize>) {
    let label = |canvas: &mut Canvas, y: f64, text: &str| {
        canvas.text(plot.x - 5.0, y + 2.4, LABEL.muted().at(Anchor::End), text);
    };
    canvas.line([plot.x, plot.bottom()], [plot.right(), plot.bottom()], RULE, 0.5);
    label(canvas, plot.bottom() - 1.2, "none");
    let decades = (0..20).map(|decade| 10u64.saturating_pow(decade)).map(|size| (size, size_class(size)));
    let each = classes.len() / DECADE / MOST_MARKS + 1;
    let shown = decades.filter(|(_, class)| classes.contains(class) || *class == classes.end);
    for (i, (size, class)) in shown.enumerate() {
        let (y, height) = place(class, plot, classes);
        canvas.line([plot.x, y + height], [plot.right(), y + height], GRID, 0.5);
        if i % each == 0 && size_class(1) != class {
            label(canvas, y + height, &bytes(size).replace(".00", "").replace(".0", ""));
        }
    }
}

/// What each shade begins with, up to the right margin.
fn legend(canvas: &mut Canvas, plot: Area, floors: &[f64]) {
    let label = |(i, floor): (usize, &f64)| match floors.get(i + 1) {
        None if i == 0 => "<2 packets".to_owned(),
        None => format!("{}+ packets", short(*floor as u64)),
        Some(next) if i == 0 => format!("<{}", short(*next as u64)),
        Some(_) => short(*floor as u64),
    };
    let labels: Vec<String> = floors.iter().enumerate().map(label).collect();
    let room = |label: &str| width(label, LABEL.size, LABEL.weight) + 14.0;
    let mut x = WIDTH - MARGIN - labels.iter().map(|label| room(label)).sum::<f64>() + 5.5;
    for (label, fill) in labels.iter().zip(colours(floors.len())) {
        swatch(canvas, x, plot.y - 14.0, fill, LABEL.muted(), label);
        x += room(label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fill_the_chart_from_bottom_to_top() {
        let mut over = OverTime { fall: vec![[0.0; SIZES]], ..OverTime::default() };
        let plot = Area { x: 0.0, y: 10.0, width: 1.0, height: 29.0 };
        assert_eq!(classes(&over), 1..13);
        over.fall[0][size_class(150)] = 1.0;
        over.fall[0][size_class(70_000)] = 1.0;
        let classes = classes(&over);
        assert_eq!(classes, size_class(100)..size_class(1_000_000));
        assert_eq!(place(0, plot, &classes), (37.0, 2.0));
        assert_eq!(place(classes.start, plot, &classes), (32.0, 2.0));
        assert_eq!(place(classes.end - 1, plot, &classes), (10.0, 2.0));
    }

    #[test]
    fn shades_cover_few_and_many() {
        assert_eq!(floors(0.2), [1.0]);
        assert_eq!(floors(5.0), [1.0, 2.0, 4.0]);
        assert_eq!(floors(999_999.0), [1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0]);
        for peak in [1.0, 63.0, 64.0, 1e5, 1e12, 1e19] {
            let floors = floors(peak);
            assert!((1..=SHADES.len()).contains(&floors.len()), "{peak}");
            assert_eq!(shade(peak, &floors), floors.len() - 1);
        }
        assert_eq!([0.01, 1.0, 3.999_999_9].map(|packets| shade(packets, &floors(5.0))), [0, 0, 2]);
    }
}
