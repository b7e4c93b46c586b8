//! `flowcase report`: the whole case in one format.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::confine::Places;
use super::errors::{Done, Error};
use super::{CaseArg, output};
use crate::view::{View, csv, dfxml, html, pictures, report};

/// Write a report of the whole case
///
/// dfxml: Digital Forensics XML as tcpflow writes it, each payload file with the frames its bytes came from. csv: one row
/// a flow. json: captures, connections and their flows in one document. html: a page for a browser, in one file that loads
/// nothing; of large cases it shows the 200,000 connections with most bytes, and says what it leaves out. svg, png, pdf: one
/// page with pictures of the traffic, its services, sizes, addresses and ports. The same case gives the same bytes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// The format
    #[arg(value_name = "FORMAT", value_enum)]
    format: Format,
    /// Where to: - is stdout [default: report.xml, report.csv, … in the case]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Digital Forensics XML 2.0
    Dfxml,
    /// One row a flow
    Csv,
    /// One document
    Json,
    /// One page
    Html,
    /// One page of pictures, its fonts within
    Svg,
    /// The same page, 1653 × 2339 pixels
    Png,
    /// The same page, its text searchable
    Pdf,
}

impl Format {
    fn view(self) -> &'static dyn View {
        match self {
            Format::Dfxml => &dfxml::Report,
            Format::Csv => &csv::Report,
            Format::Json => &report::Report,
            Format::Html => &html::Report,
            Format::Svg => &pictures::Svg,
            Format::Png => &pictures::Png,
            Format::Pdf => &pictures::Pdf,
        }
    }

    fn usual_name(self) -> &'static str {
        match self {
            Format::Dfxml => "report.xml",
            Format::Csv => "report.csv",
            Format::Json => "report.json",
            Format::Html => "report.html",
            Format::Svg => "report.svg",
            Format::Png => "report.png",
            Format::Pdf => "report.pdf",
        }
    }
}

impl Args {
    /// Where it writes.
    pub fn places(&self) -> Places {
        let places = Places::case(&self.case.path);
        self.output
            .as_ref()
            .filter(|path| *path != Path::new("-"))
            .into_iter()
            .fold(places, |places, path| places.file(path))
    }
}

/// Renders the view.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    let view = args.format.view();
    if args.output.as_deref() == Some(Path::new("-")) {
        let mut out = output::stdout();
        view.render(&case, &mut out)?;
        out.flush()?;
        return Ok(Done::Whole);
    }
    let usual = case.root().join(args.format.usual_name());
    let path = args.output.as_ref().unwrap_or(&usual);
    if *path != usual {
        output::refuse_within(case.root(), path)?;
    }
    output::file(path, |out| Ok(view.render(&case, out)?))?;
    eprintln!("wrote `{}`", path.display());
    Ok(Done::Whole)
}
