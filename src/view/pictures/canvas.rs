//! A page of SVG in the making: the few shapes charts are made of, in points, from the upper left corner. Text is
//! escaped here, whatever it says.

use std::fmt::Write as _;

use super::font::Weight;

/// Width of a page of A4, in points.
pub const WIDTH: f64 = 595.0;
/// Height of a page of A4, in points.
pub const HEIGHT: f64 = 842.0;

/// Text and lines that matter.
pub const INK: &str = "#1a1f26";
/// Text that explains.
pub const MUTED: &str = "#5c6672";
/// Lines that lead the eye.
pub const RULE: &str = "#c4cad2";
/// Lines behind data.
pub const GRID: &str = "#e7eaee";
/// Bars that stand for no service.
pub const BAR: &str = "#55677a";
/// Bars that stand for several.
pub const GATHERED: &str = "#a9b4bf";
/// What lies behind bars.
pub const TRACK: &str = "#eef1f4";

/// A rectangle to draw in.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// Where text is put relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub size: f64,
    pub weight: Weight,
    pub fill: &'static str,
    pub anchor: Anchor,
}

impl Style {
    /// Regular, black, from its point to the right.
    pub const fn of(size: f64) -> Self {
        Style { size, weight: Weight::Regular, fill: INK, anchor: Anchor::Start }
    }

    pub const fn bold(self) -> Self {
        Style { weight: Weight::SemiBold, ..self }
    }

    pub const fn muted(self) -> Self {
        Style { fill: MUTED, ..self }
    }

    pub const fn at(self, anchor: Anchor) -> Self {
        Style { anchor, ..self }
    }
}

/// What is drawn so far.
#[derive(Default)]
pub struct Canvas {
    body: String,
    title: String,
}

impl Canvas {
    /// An empty page; `title` is for those who hear it.
    pub fn new(title: &str) -> Self {
        Canvas { body: String::new(), title: escaped(title) }
    }

    pub fn rect(&mut self, area: Area, fill: &str) {
        let Area { x, y, width, height } = area;
        if width > 0.0 && height > 0.0 {
            let [x, y, width, height] = [x, y, width, height].map(Number);
            self.put(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"));
        }
    }

    pub fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], stroke: &str, width: f64) {
        let [x1, y1, x2, y2, width] = [x1, y1, x2, y2, width].map(Number);
        self.put(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// Rectangles of one colour as one shape.
    pub fn rects(&mut self, areas: impl Iterator<Item = Area>, fill: &str) {
        let mut path = String::new();
        for Area { x, y, width, height } in areas.filter(|area| area.width > 0.0 && area.height > 0.0) {
            let [x, y, width, height] = [x, y, width, height].map(Number);
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
        }
        if !path.is_empty() {
            self.put(format_args!("<path d=\"{path}\" fill=\"{fill}\"/>"));
        }
    }

    /// A line through points.
    pub fn polyline(&mut self, points: &[[f64; 2]], stroke: &str, width: f64) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{},{}", Number(*x), Number(*y))).collect();
        self.put(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            points.join(" "),
            Number(width)
        ));
    }

    pub fn text(&mut self, x: f64, y: f64, style: Style, text: &str) {
        let Style { size, weight, fill, anchor } = style;
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if weight == Weight::SemiBold { " font-weight=\"600\"" } else { "" };
        let ([x, y, size], text) = ([x, y, size].map(Number), escaped(text));
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\"{weight}{anchor}>{text}</text>"
        ));
    }

    /// The page as a document, with a style sheet or without.
    pub fn finish(self, style: Option<&str>) -> String {
        let style = style.map_or(String::new(), |style| format!("<style>{style}</style>\n"));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}pt\" height=\"{HEIGHT}pt\" \
             viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"Inter, sans-serif\" role=\"img\">\n<title>{}</title>\n{style}\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.title, self.body
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // writing to a String cannot fail
        let _ = writeln!(self.body, "{element}");
    }
}

/// A coordinate with at most two digits behind the point; what is no number is 0.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = if self.0.is_finite() { (self.0 * 100.0).round() as i64 } else { 0 };
        let (sign, whole, rest) =
            (if hundredths < 0 { "-" } else { "" }, hundredths.abs() / 100, hundredths.abs() % 100);
        match rest {
            0 => write!(f, "{sign}{whole}"),
            _ if rest % 10 == 0 => write!(f, "{sign}{whole}.{}", rest / 10),
            _ => write!(f, "{sign}{whole}.{rest:02}"),
        }
    }
}

/// Text as XML has it. What XML cannot say at all was made printable before ([`super::font::legible`]); if not, it goes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let text = |number| Number(number).to_string();
        assert_eq!([0.0, -0.001, 1.5, -1.256, 12.04, f64::NAN].map(text), ["0", "0", "1.5", "-1.26", "12.04", "0"]);
    }

    #[test]
    fn text_cannot_leave_its_element() {
        assert_eq!(escaped("</text>\"&\0\u{1b}\u{ffff}"), "&lt;/text&gt;&quot;&amp;");
    }
}
