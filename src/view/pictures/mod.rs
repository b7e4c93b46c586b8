//! The case on one page: what, when, how much, how much of it was used; traffic over time, sizes over time, and the
//! heaviest addresses and ports. tcpflow drew such a page while it read; this one is drawn from the index, at any time.
//!
//! `facts` asks the index, `page` says what stands where, one room a chart draws it on a `canvas`, which is the
//! SVG. PNG and PDF are made from that same drawing (`print`, behind the feature `pictures`). Nothing depends on
//! the clock: the same case gives the same bytes.

use std::io::Write;

use super::{Error, View};
use crate::case;

mod calendar;
mod canvas;
mod facts;
mod fall;
mod font;
mod frames;
mod header;
mod page;
#[cfg(feature = "pictures")]
mod print;
mod services;
#[cfg(test)]
mod tests;
mod top;
mod traffic;
mod units;

/// The page as SVG, its fonts within.
pub struct Svg;

/// The page as PNG, 200 pixels an inch.
pub struct Png;

/// The page as PDF, its fonts within, text as text.
pub struct Pdf;

impl View for Svg {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        let facts = facts::Facts::of(case.index())?;
        let svg = page::draw(&facts).finish(Some(&font::style()));
        out.write_all(svg.as_bytes()).map_err(Error::Write)
    }
}

#[cfg(feature = "pictures")]
impl View for Png {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        let facts = facts::Facts::of(case.index())?;
        let png = print::png(&page::draw(&facts).finish(None)).map_err(Error::Picture)?;
        out.write_all(&png).map_err(Error::Write)
    }
}

#[cfg(feature = "pictures")]
impl View for Pdf {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        let facts = facts::Facts::of(case.index())?;
        let pdf = print::pdf(&page::draw(&facts).finish(None), &page::title(&facts)).map_err(Error::Picture)?;
        out.write_all(&pdf).map_err(Error::Write)
    }
}

#[cfg(not(feature = "pictures"))]
const WITHOUT: &str = "this flowcase was built without pictures (feature `pictures`); `report CASE svg` works";

#[cfg(not(feature = "pictures"))]
impl View for Png {
    fn render(&self, _: &case::Reader, _: &mut dyn Write) -> Result<(), Error> {
        Err(Error::Picture(WITHOUT.to_owned()))
    }
}

#[cfg(not(feature = "pictures"))]
impl View for Pdf {
    fn render(&self, _: &case::Reader, _: &mut dyn Write) -> Result<(), Error> {
        Err(Error::Picture(WITHOUT.to_owned()))
    }
}
