//! What the page shows, asked of the index once.

use std::path::Path;

use super::{calendar, font};
use crate::index::{self, CaptureInfo, Columns, Measure, OverTime, Reader, Service, Top, Totals};

/// Services with a colour of their own; the others share one.
pub const SERVICES: usize = 6;
/// Rows of a list of addresses or ports.
pub const ROWS: usize = 8;

/// Everything on the page.
pub struct Facts {
    pub captures: Vec<CaptureInfo>,
    pub totals: Totals,
    /// Bytes, or packets where there is no payload.
    pub measure: Measure,
    pub top: Top,
    /// Those with a colour, heaviest first.
    pub services: Vec<Service>,
    /// `None` without a time of any connection.
    pub time: Option<(Columns, OverTime)>,
}

impl Facts {
    /// Asks.
    pub fn of(index: &Reader) -> Result<Self, index::Error> {
        let (captures, totals) = (index.captures()?, index.totals()?);
        let measure = if totals.stored_bytes > 0 { Measure::Bytes } else { Measure::Packets };
        let top = index.top(measure, ROWS)?;
        let services: Vec<Service> = top.services.iter().take(SERVICES).map(|(service, _)| *service).collect();
        let columns = totals.span.map(|(first, last)| calendar::columns(first, last));
        let over = columns.map(|columns| index.over_time(&columns, &services, measure));
        let time = columns.zip(over.transpose()?);
        Ok(Facts { captures, totals, measure, top, services, time })
    }

    /// The capture's name, or how many there are.
    pub fn title(&self) -> String {
        match &self.captures[..] {
            [] => "no capture".to_owned(),
            [capture] => name(capture),
            many => format!("{} captures", many.len()),
        }
    }
}

/// The last part of a capture's path, fit to be shown.
pub fn name(capture: &CaptureInfo) -> String {
    let name = Path::new(&capture.path).file_name().map_or(capture.path.as_str().into(), |name| name.to_string_lossy());
    font::legible(&name)
}
