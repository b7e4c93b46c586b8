//! The whole case as one HTML page that needs nothing else: no network, no other file, no font.
//!
//! ```text
//! page/page.html   the frame, with the places of the parts
//! page/style.css   one style sheet, light, dark, narrow and printed
//! page/*.js        one script, in parts; it writes what it shows with textContent
//! data             blocks of JSON (embed.rs): overview.rs, connections.rs, transactions.rs, excerpts.rs
//! ```
//!
//! What came from the wire is in the blocks only, which a browser does not run, and no character that could end a block
//! is in them. The page's policy names its style sheet and its script by their digests, allows pictures that are in the
//! page, and nothing else: not even a mistake in the script could load or run anything.
//!
//! The page has bounds, since a browser has: `Bounds`. What is beyond them is left out, and the page says so.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Error, View};
use crate::case;
use crate::index::Totals;

mod connections;
mod embed;
mod excerpts;
mod images;
mod overview;
mod transactions;

use embed::Page;

/// The whole case as a page.
pub struct Report;

/// How much of a case is on its page.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Connections, those with most bytes: a browser sorts and filters so many while one types.
    connections: usize,
    /// Stretches of the timeline: one to a few pixels.
    bins: usize,
    /// Captures, hosts, services, anomalies, conflicts, gaps: each so many rows, more than a person reads.
    rows: u32,
    /// HTTP transactions.
    transactions: u32,
    /// Bytes of one picture; the next larger ones are rarely worth their weight.
    image: usize,
    /// Bytes of all pictures.
    images: usize,
    /// Bytes of payload shown of a side.
    excerpt: u64,
    /// Bytes of the page beyond which no excerpt is added.
    page: u64,
}

const BOUNDS: Bounds = Bounds {
    connections: 200_000,
    bins: 300,
    rows: 500,
    transactions: 10_000,
    image: 64 << 10,
    images: 4 << 20,
    excerpt: 2 << 10,
    page: 48 << 20,
};

const FRAME: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = concat!(
    include_str!("page/text.js"),
    include_str!("page/data.js"),
    include_str!("page/table.js"),
    include_str!("page/filter.js"),
    include_str!("page/timeline.js"),
    include_str!("page/connection.js"),
    include_str!("page/overview.js"),
    include_str!("page/transactions.js"),
    include_str!("page/main.js"),
);

impl View for Report {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        write(case, &BOUNDS, out)
    }
}

fn write(case: &case::Reader, bounds: &Bounds, out: &mut dyn Write) -> Result<(), Error> {
    let mut page = Page::new(out);
    for part in FRAME.split("{{").flat_map(|piece| piece.split("}}")) {
        match part {
            "policy" => page.text(&policy())?,
            "style" => page.text(STYLE)?,
            "script" => page.text(SCRIPT)?,
            "version" => page.text(env!("CARGO_PKG_VERSION"))?,
            "data" => write_data(case, bounds, &mut page)?,
            text => page.text(text)?,
        }
    }
    Ok(())
}

/// What a browser may do for this page.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
}

fn write_data(case: &case::Reader, bounds: &Bounds, page: &mut Page<'_>) -> Result<(), Error> {
    let totals: Totals = case.index().totals()?;
    let survey = case.index().survey(bounds.connections, totals.span, bounds.bins)?;
    overview::write(case, bounds, &totals, &survey, page)?;
    let with_payload = connections::write(case.index(), &survey, page)?;
    transactions::write(case, bounds, page)?;
    excerpts::write(case, bounds, &with_payload, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_has_a_place_for_each_part() {
        for part in ["policy", "style", "script", "version", "data"] {
            assert_eq!(FRAME.matches(&format!("{{{{{part}}}}}")).count(), 1, "{part}");
        }
        assert_eq!(FRAME.matches("{{").count(), 5);
    }

    #[test]
    fn nothing_leads_out_of_the_page() {
        for text in [FRAME, STYLE, SCRIPT] {
            for way in
                ["://", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                let links = if way == "://" { text.matches("http://www.w3.org/2000/svg").count() } else { 0 };
                assert_eq!(text.matches(way).count(), links, "{way}");
            }
        }
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--") && !STYLE.contains("</style"));
    }
}
