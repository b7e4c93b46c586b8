//! Plug-ins on the command line: what each option names, as a scanner.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::errors::Error;
use crate::plugin::command::command;
use crate::plugin::hashset::Hashset;
use crate::plugin::python::python;
use crate::plugin::{Limits, Of, checked_name, name_of};
use crate::scan::{Chosen, registry};

/// The function of a script that does not say.
const FUNCTION: &str = "scan";

/// Scanners of the user's own.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Plug-ins")]
pub struct Plugins {
    /// Run a command for each flow: payload on stdin, findings as lines of JSON on stdout
    #[arg(long, value_name = "NAME=CMD")]
    command: Vec<String>,
    /// Run a command for each extracted object
    #[arg(long, value_name = "NAME=CMD")]
    object_command: Vec<String>,
    /// Call a Python function for each flow [default function: scan; default name: that of the file]
    #[arg(long, value_name = "[NAME=]SCRIPT[:FUNCTION]")]
    python: Vec<String>,
    /// Call a Python function for each extracted object
    #[arg(long, value_name = "[NAME=]SCRIPT[:FUNCTION]")]
    object_python: Vec<String>,
    /// Look up flows and objects in a list of SHA-256, SHA-1 or MD5 digests: text, `sha256sum` output, or CSV
    #[arg(long, value_name = "[NAME=]LIST")]
    hashset: Vec<String>,
    /// Seconds that a command or function may take of one flow or object
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    plugin_time: u32,
}

impl Plugins {
    /// None is named.
    pub fn is_empty(&self) -> bool {
        [&self.command, &self.object_command, &self.python, &self.object_python, &self.hashset]
            .iter()
            .all(|named| named.is_empty())
    }

    /// All that are named, checked and ready to run: lists, then scripts, then commands.
    pub fn load(&self) -> Result<Vec<Chosen>, Error> {
        let limits = Limits { time: Duration::from_secs(self.plugin_time.into()), ..Limits::default() };
        let mut all = Vec::new();
        for list in &self.hashset {
            all.push(hashset(list)?);
        }
        for (scripts, of) in [(&self.python, Of::Flows), (&self.object_python, Of::Objects)] {
            for script in scripts {
                let (name, path, function) = parts_of_script(script)?;
                all.push(python(&name, &path, &function, of, &limits)?);
            }
        }
        for (commands, of) in [(&self.command, Of::Flows), (&self.object_command, Of::Objects)] {
            for named in commands {
                let (name, line) =
                    named.split_once('=').ok_or_else(|| Error::Usage(format!("`{named}` is not NAME=COMMAND")))?;
                all.push(command(name, line, of, &limits)?);
            }
        }
        different(&all)?;
        Ok(all)
    }
}

/// Results of two scanners of one name could not be told apart.
fn different(all: &[Chosen]) -> Result<(), Error> {
    for (at, one) in all.iter().enumerate() {
        if registry::entry(&one.name).is_some() || all[..at].iter().any(|other| other.name == one.name) {
            return Err(Error::Usage(format!("there is a scanner `{}` already: give another name", one.name)));
        }
    }
    Ok(())
}

fn hashset(named: &str) -> Result<Chosen, Error> {
    let (name, path) = named_file(named)?;
    let set = Hashset::read(&path)?;
    if set.passed_over > 0 {
        eprintln!(
            "`{}`: {} without a digest passed over",
            path.display(),
            super::output::counted(set.passed_over, "line")
        );
    }
    Ok(set.scanner(&name)?)
}

/// `NAME=FILE`, or a file that has its name from itself.
fn named_file(named: &str) -> Result<(String, PathBuf), Error> {
    let given = named.split_once('=').and_then(|(name, file)| Some((checked_name(name).ok()?, PathBuf::from(file))));
    match given {
        Some(given) => Ok(given),
        None => Ok((name_of(Path::new(named))?, PathBuf::from(named))),
    }
}

/// `NAME=SCRIPT:FUNCTION`, both ends of which may be missing.
fn parts_of_script(named: &str) -> Result<(String, PathBuf, String), Error> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let called = named.rsplit_once(':').filter(|(_, function)| !function.is_empty() && function.chars().all(word));
    let (file, function) = called.unwrap_or((named, FUNCTION));
    let (name, path) = named_file(file)?;
    Ok((name, path, function.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_may_be_named_and_name_a_function() {
        let parts = |named: &str| {
            let (name, path, function) = parts_of_script(named).unwrap();
            format!("{name} {} {function}", path.display())
        };
        assert_eq!(parts("a/Find-Urls.py"), "find_urls a/Find-Urls.py scan");
        assert_eq!(parts("urls=a/b.py:look"), "urls a/b.py look");
        assert_eq!(parts("./x=y.py"), "x_y ./x=y.py scan");
        assert_eq!(parts("a:b/c.py"), "c a:b/c.py scan");
        assert!(parts_of_script("…").is_err());
    }

    #[test]
    fn names_are_told_apart() {
        let named =
            |name: &str| Plugins { command: vec![format!("{name}=true")], plugin_time: 1, ..Plugins::default() };
        assert!(named("mine").load().is_ok());
        assert!(named("kind").load().is_err(), "a built-in one has it");
        let mut twice = named("mine");
        twice.object_command = twice.command.clone();
        assert!(twice.load().is_err());
        twice.object_command = vec!["no name".into()];
        assert!(twice.load().is_err());
    }
}
