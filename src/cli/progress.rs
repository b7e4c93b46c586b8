//! How far a long command is, on stderr.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::Progress;
use crate::view::escape::printable;

const TEMPLATE: &str = "{bar:24} {bytes}/{total_bytes} {bytes_per_sec} {msg}";
const TEMPLATE_CONNECTIONS: &str = "{bar:24} {human_pos}/{human_len} connections";
const TEMPLATE_UNKNOWN: &str = "{spinner} {bytes} {bytes_per_sec} {msg}";
/// Lines written to what is no terminal: one for each of so many parts of the whole.
const PARTS: u64 = 10;
/// Redrawing more often than this shows nothing more.
const REDRAW: Duration = Duration::from_millis(100);

/// When to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// If stderr is a terminal
    Auto,
    /// Also in lines to what is no terminal
    Always,
    /// Not at all
    Never,
}

/// Progress through captures.
pub struct Capture {
    bar: ProgressBar,
    lines: bool,
    total: u64,
    parts: u64,
}

impl Capture {
    /// Nothing is shown before the total is known.
    pub fn new(when: When) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if when != When::Never && terminal { bar() } else { ProgressBar::hidden() };
        Capture { bar, lines: when == When::Always && !terminal, total: 0, parts: 0 }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Capture {
    fn total(&mut self, bytes: u64) {
        self.total = bytes;
        let template = if bytes == 0 { TEMPLATE_UNKNOWN } else { TEMPLATE };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(bytes);
    }

    fn at(&mut self, bytes: u64, flows: u64) {
        self.bar.set_position(bytes);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{flows} flows"));
        }
        let parts = (bytes.saturating_mul(PARTS)).checked_div(self.total).unwrap_or(0);
        if self.lines && parts > self.parts {
            self.parts = parts;
            eprintln!("{} of {}, {flows} flows", HumanBytes(bytes), HumanBytes(self.total));
        }
    }

    fn note(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("{}", printable(message)));
    }
}

/// A line of text on stderr, if that is a terminal.
pub fn line(when: When) -> ProgressBar {
    let bar = if when == When::Never { ProgressBar::hidden() } else { bar() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// A bar over `total` bytes on stderr, if that is a terminal.
pub fn bytes(total: u64) -> ProgressBar {
    let bar = bar();
    bar.set_length(total);
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    bar
}

/// A bar of connections; its length is told later.
pub fn connections() -> ProgressBar {
    let bar = bar();
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE_CONNECTIONS) {
        bar.set_style(style);
    }
    bar
}

/// Indicatif hides it where stderr is no terminal.
fn bar() -> ProgressBar {
    let per_second = (1000 / REDRAW.as_millis()) as u8;
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(per_second))
}
