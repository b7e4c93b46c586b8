//! A directory of cases that take turns, each named after the time at which it was begun: `20261128T201500Z`.

use std::fs;
use std::path::{Path, PathBuf};

use super::verify::size_on_disk;
use super::{Error, INDEX, Reader, at};
use crate::model::Timestamp;

/// Cases in a directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The directory.
    pub directory: PathBuf,
    /// The directory of captures that cases lead to, which go and count with them.
    pub captures: Option<PathBuf>,
}

impl Shelf {
    /// Where a case that begins now is to be: behind all that are there, whatever the clock says.
    pub fn place(&self, now: Timestamp) -> Result<PathBuf, Error> {
        let (now, newest) = (now.compact(), self.turns()?.pop());
        let (time, first) = match newest {
            Some(((time, number), _)) if time >= now => (time, number + 1),
            _ => (now, 1),
        };
        let place = |number: u32| {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            self.directory.join(format!("{time}{suffix}"))
        };
        Ok((first..).map(place).find(|path| !path.exists()).unwrap_or_else(|| place(first)))
    }

    /// The cases, oldest first.
    pub fn cases(&self) -> Result<Vec<PathBuf>, Error> {
        Ok(self.turns()?.into_iter().map(|(_, path)| path).collect())
    }

    fn turns(&self) -> Result<Vec<(Turn, PathBuf)>, Error> {
        let mut cases = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(at(&self.directory))? {
            let path = entry.map_err(at(&self.directory))?.path();
            let turn = path.file_name().and_then(|name| turn(name.to_str()?));
            cases.extend(turn.filter(|_| path.join(INDEX).exists()).map(|turn| (turn, path)));
        }
        cases.sort();
        Ok(cases)
    }

    /// Bytes on disk of all cases, and of the captures.
    pub fn size(&self) -> u64 {
        let elsewhere = self.captures.as_deref().filter(|captures| !captures.starts_with(&self.directory));
        size_on_disk(&self.directory) + elsewhere.map_or(0, size_on_disk)
    }

    /// Removes a case, and the captures that it leads to; bytes that this frees.
    pub fn remove(&self, root: &Path) -> Result<u64, Error> {
        let mut freed = size_on_disk(root);
        if let Some(directory) = &self.captures {
            for capture in Reader::open(root)?.index().captures()? {
                let path = PathBuf::from(capture.path);
                if path.parent() == Some(directory) && path.is_file() {
                    freed += size_on_disk(&path);
                    fs::remove_file(&path).map_err(at(&path))?;
                }
            }
        }
        fs::remove_dir_all(root).map_err(at(root))?;
        Ok(freed)
    }
}

/// When a case was begun, and which of those begun then it is.
type Turn = (String, u32);

/// When it was the turn of a case of this name; `None` if [`Shelf::place`] does not give such names.
fn turn(name: &str) -> Option<Turn> {
    let (time, number) = name.split_once('-').unwrap_or((name, "1"));
    let fits = |(at, c): (usize, char)| match at {
        8 => c == 'T',
        15 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    let is_time = time.len() == 16 && time.chars().enumerate().all(fits);
    Some((time.to_owned(), number.parse().ok()?)).filter(|_| is_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_turn_it_was() {
        for (name, number) in [("20261128T201500Z", 1), ("20261128T201500Z-2", 2), ("20261128T201500Z-10", 10)] {
            assert_eq!(turn(name), Some(("20261128T201500Z".to_owned(), number)));
        }
        for name in ["", "case", "20261128T201500", "20261128T201500Z-", "20261128T201500Z-x", "2026-11-28T20:15Z"] {
            assert_eq!(turn(name), None, "{name}");
        }
    }

    #[test]
    fn a_case_has_a_place_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf { directory: directory.path().to_owned(), captures: None };
        let now = Timestamp::new(1_223_315_694, 5).unwrap();
        let next = |now: Timestamp, name: &str| {
            let place = shelf.place(now).unwrap();
            assert_eq!(place, directory.path().join(name));
            fs::create_dir(&place).unwrap();
            fs::write(place.join(INDEX), "").unwrap();
        };
        next(now, "20081006T175454Z");
        next(now, "20081006T175454Z-2");
        fs::create_dir(directory.path().join("other")).unwrap();
        assert_eq!(shelf.cases().unwrap().len(), 2);
        shelf.remove(&shelf.cases().unwrap()[0]).unwrap();
        next(now, "20081006T175454Z-3");
        // a clock that goes back
        next(Timestamp(0), "20081006T175454Z-4");
        next(Timestamp::new(1_223_315_695, 0).unwrap(), "20081006T175455Z");
        let last = shelf.cases().unwrap().pop().unwrap();
        assert!(last.ends_with("20081006T175455Z"));
    }
}
