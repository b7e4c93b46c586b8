//! `flowcase export`: part of a case, to be given away, with a manifest of digests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::confine::Places;
use super::errors::{Done, Error, at};
use super::selection::SelectionArgs;
use super::{CaseArg, output};
use crate::case;
use crate::index::{Listing, Selection};
use crate::model::HashKind;
use crate::store::digest::of_file;
use crate::view::csv::Csv;
use crate::view::escape::{hex, printable};
use crate::view::{Rows, files};

/// Copy selected flows out of a case, with a manifest of SHA-256 digests
///
/// files: payload files under their paths in the case, holes and times kept, and OUT/SHA256SUMS. csv: one row a flow with
/// all columns in OUT, and OUT.sha256 beside it. `sha256sum -c`, run where the manifest lies, checks either.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// What to write
    #[arg(long = "as", value_name = "FORMAT", value_enum)]
    format: Format,
    /// Where to: a directory for files, a file for csv
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    selection: SelectionArgs,
}

const EXAMPLES: &str = "\
Examples:
  flowcase export case --host 10.1.1.1 --as files -o out && (cd out && sha256sum -c SHA256SUMS)
  flowcase export case --min-bytes 1M --as csv -o flows.csv";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Payload files
    Files,
    /// One row a flow
    Csv,
}

impl Args {
    /// Where it writes.
    pub fn places(&self) -> Places {
        let places = Places::case(&self.case.path);
        match self.format {
            Format::Files => places.directory(&self.output),
            Format::Csv => places.file(&self.output),
        }
    }
}

/// Exports; nothing is written if something would be overwritten without leave.
pub fn run(args: Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    output::refuse_within(case.root(), &args.output)?;
    let selection = args.selection.into();
    match args.format {
        Format::Files => export_files(&case, &selection, &args.output, args.overwrite),
        Format::Csv => export_csv(&case, &selection, &args.output, args.overwrite),
    }
}

fn export_files(case: &case::Reader, selection: &Selection, to: &Path, overwrite: bool) -> Result<Done, Error> {
    let flows = files::list(case, selection)?;
    if !overwrite {
        let mut paths = flows.iter().map(|flow| to.join(&flow.path)).chain([to.join(files::MANIFEST)]);
        paths.try_for_each(|path| refuse_existing(&path))?;
    }
    fs::create_dir_all(to).map_err(at(to))?;
    let exported = files::export(case, flows, to)?;
    for fault in &exported.faults {
        eprintln!("{}", printable(fault));
    }
    let (copied, bytes) = (output::counted(exported.files, "file"), output::counted(exported.bytes, "byte"));
    eprintln!("{copied}, {bytes} exported to `{}`", to.display());
    Ok(Done::but(!exported.faults.is_empty()))
}

fn export_csv(case: &case::Reader, selection: &Selection, to: &Path, overwrite: bool) -> Result<Done, Error> {
    let manifest = with_suffix(to);
    let name = to.file_name().ok_or_else(|| Error::Usage(format!("`{}` names no file", to.display())))?;
    if !overwrite {
        refuse_existing(to)?;
        refuse_existing(&manifest)?;
    }
    output::file(to, |out| {
        let mut rows = Csv::new(out);
        case.index().list(Listing::Flows, selection, None, &mut rows)?;
        Ok(rows.finish()?)
    })?;
    let digests = File::open(to).and_then(|file| of_file(&[HashKind::Sha256], &file)).map_err(at(to))?;
    let digest = digests.sha256.map(|digest| hex(&digest)).unwrap_or_default();
    let line = files::manifest_line(&digest, &name.to_string_lossy());
    output::file(&manifest, |out| Ok(out.write_all(line.as_bytes())?))?;
    eprintln!("wrote `{}` and `{}`", to.display(), manifest.display());
    Ok(Done::Whole)
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// A link that leads nowhere is there too.
fn refuse_existing(path: &Path) -> Result<(), Error> {
    match path.symlink_metadata() {
        Ok(_) => Err(Error::Exists(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}
