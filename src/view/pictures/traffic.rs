//! Traffic over time: a column for each stretch of time, stacked by service, and the line of what has passed so far.

use super::calendar::{self, Mark};
use super::canvas::{Anchor, Area, Canvas, GRID, INK, MUTED, RULE, WIDTH};
use super::facts::Facts;
use super::font::width;
use super::frames::swatch;
use super::page::{HEADING, LABEL, MARGIN, REMARK};
use super::services::label;
use super::units::{amount, counted, duration, percent, tick};
use crate::index::{Columns, Measure, Totals};

/// Colours of services, to be told apart by everyone (Okabe and Ito, 2008).
pub const PALETTE: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
/// All other services.
pub const OTHERS: &str = "#9aa3ad";

/// Draws it; `plot` is the chart without its axes.
pub fn draw(canvas: &mut Canvas, plot: Area, facts: &Facts) {
    canvas.text(MARGIN, plot.y - 28.0, HEADING, "Traffic over time");
    let Some((columns, over)) = &facts.time else { return nothing(canvas, plot, &facts.totals) };
    let what = if facts.measure == Measure::Bytes { "payload bytes" } else { "packets" };
    let remark = format!("{what} each {}, stacked by service", duration(columns.width_ns as u64));
    canvas.text(MARGIN + 88.0, plot.y - 28.0, REMARK, &remark);
    legend(canvas, plot, facts);
    let stacks = stacked(&over.services);
    let peak = stacks.last().map_or(0.0, |highest| highest.iter().copied().fold(0.0, f64::max));
    let (top, step) = nice(peak);
    axis(canvas, plot, facts.measure, top, step);
    let width = plot.width / columns.count as f64;
    // the highest stack first, each lower one over it: no seams between neighbours
    for (i, heights) in stacks.iter().enumerate().rev() {
        let area = |(column, height): (usize, &f64)| {
            let height = plot.height * height / top;
            Area { x: plot.x + width * column as f64, y: plot.bottom() - height, width: width * 0.88, height }
        };
        canvas.rects(heights.iter().enumerate().map(area), colour(i, facts));
    }
    cumulative(canvas, plot, facts, stacks.last().map_or(&[], |all| all));
    time_axis(canvas, plot, columns);
}

/// The colour of the i-th series.
fn colour(i: usize, facts: &Facts) -> &'static str {
    if i < facts.services.len() { PALETTE[i % PALETTE.len()] } else { OTHERS }
}

fn legend(canvas: &mut Canvas, plot: Area, facts: &Facts) {
    let (measure, total) = (facts.measure, facts.top.total.by(facts.measure));
    let named = facts.top.services.iter().take(facts.services.len());
    let mut labels: Vec<String> =
        named.map(|(service, weight)| format!("{} {}", label(*service), percent(weight.by(measure), total))).collect();
    let rest = facts.top.services.iter().skip(facts.services.len());
    let others = rest.clone().fold(0u64, |sum, (_, weight)| sum.saturating_add(weight.by(measure)));
    if rest.len() > 0 {
        labels.push(format!("{} {}", counted(rest.len() as u64, "other"), percent(others, total)));
    }
    let mut x = MARGIN;
    for (i, label) in labels.iter().enumerate() {
        swatch(canvas, x, plot.y - 14.0, colour(i, facts), LABEL, label);
        x += width(label, LABEL.size, LABEL.weight) + 17.0;
    }
}

/// Each series on top of those before it.
fn stacked(series: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut stacks: Vec<Vec<f64>> = Vec::with_capacity(series.len());
    for values in series {
        let below = stacks.last();
        let sum = |(i, value): (usize, &f64)| value + below.map_or(0.0, |below| below[i]);
        stacks.push(values.iter().enumerate().map(sum).collect());
    }
    stacks
}

/// The top of an axis that reaches `peak`, and the step between its lines: 1, 2, 2.5 or 5 times a power of ten.
fn nice(peak: f64) -> (f64, f64) {
    let peak = if peak > 0.0 { peak } else { 1.0 };
    let power = 10f64.powf((peak / 4.0).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| step * 4.0 >= peak * 0.999);
    let step = step.unwrap_or(power * 10.0);
    ((peak / step).ceil().max(1.0) * step, step)
}

fn axis(canvas: &mut Canvas, plot: Area, measure: Measure, top: f64, step: f64) {
    for i in 0..=(top / step).round() as usize {
        let y = plot.bottom() - plot.height * step * i as f64 / top;
        canvas.line([plot.x, y], [plot.right(), y], if i == 0 { RULE } else { GRID }, 0.5);
        canvas.text(plot.x - 5.0, y + 2.4, LABEL.muted().at(Anchor::End), &tick(step * i as f64, measure));
    }
}

fn cumulative(canvas: &mut Canvas, plot: Area, facts: &Facts, sums: &[f64]) {
    let total: f64 = sums.iter().sum();
    if total <= 0.0 {
        return;
    }
    let step = plot.width / sums.len() as f64;
    let (mut points, mut passed) = (vec![[plot.x, plot.bottom()]], 0.0);
    for (i, sum) in sums.iter().enumerate() {
        passed += sum;
        points.push([plot.x + step * (i + 1) as f64, plot.bottom() - plot.height * passed / total]);
    }
    canvas.polyline(&points, "#ffffff", 2.0);
    canvas.polyline(&points, INK, 1.0);
    let x = plot.right() + 5.0;
    for (share, text) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        canvas.text(x, plot.bottom() - plot.height * share + 2.4, LABEL.muted(), text);
    }
    let all = amount(total.round() as u64, facts.measure);
    canvas.text(x, plot.y + 10.8, LABEL.bold(), &all);
    canvas.text(WIDTH - MARGIN, plot.y - 28.0, REMARK.at(Anchor::End), "line: passed so far, scale on the right");
}

/// The marks under a chart.
pub fn time_axis(canvas: &mut Canvas, plot: Area, columns: &Columns) {
    let mut free = MARGIN;
    for Mark { at, label, above } in calendar::marks(columns) {
        let x = plot.x + plot.width * at;
        canvas.line([x, plot.bottom()], [x, plot.bottom() + 3.0], RULE, 0.5);
        canvas.text(x, plot.bottom() + 10.0, LABEL.muted().at(Anchor::Middle), &label);
        let Some(above) = above.filter(|above| !above.is_empty()) else { continue };
        let half = width(&above, LABEL.size, LABEL.weight) / 2.0;
        if x - half >= free {
            canvas.text(x, plot.bottom() + 18.0, LABEL.bold().at(Anchor::Middle), &above);
            free = x + half + 6.0;
        }
    }
}

/// Where a chart would be.
pub fn nothing(canvas: &mut Canvas, plot: Area, totals: &Totals) {
    let why = if totals.connections == 0 { "no connection" } else { "no frame of a connection has a time" };
    canvas.line([plot.x, plot.bottom()], [plot.right(), plot.bottom()], GRID, 0.5);
    let style = super::canvas::Style { fill: MUTED, ..LABEL }.at(Anchor::Middle);
    canvas.text(plot.x + plot.width / 2.0, plot.y + plot.height / 2.0, style, why);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_reach_their_peak_in_round_steps() {
        assert_eq!(nice(0.0), nice(1.0));
        for (peak, expected) in [(4.0, (4.0, 1.0)), (9.0, (10.0, 2.5)), (1100.0, (1500.0, 500.0)), (7.2e6, (8e6, 2e6))]
        {
            assert_eq!(nice(peak), expected, "{peak}");
        }
    }

    #[test]
    fn series_are_put_on_each_other() {
        assert_eq!(stacked(&[vec![1.0, 0.0], vec![2.0, 3.0]]), [[1.0, 0.0], [3.0, 3.0]]);
    }
}
