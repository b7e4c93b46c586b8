//! What is done for each file once it is whole: a descriptor is told, a command run. Both are made ready before the process is
//! confined, which the command is not; the descriptor also before privileges are given up.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::cli::errors::{Error, at};

/// What is wanted.
#[derive(Debug, Default)]
pub struct After {
    /// A command of the shell.
    pub command: Option<String>,
    /// A descriptor to be told.
    pub alert: Option<u32>,
}

/// What is ready.
#[derive(Debug, Default)]
pub struct Ready {
    alert: Option<(PathBuf, File)>,
    command: Option<String>,
    runner: Option<Child>,
}

impl After {
    /// Opens the descriptor.
    pub fn ready(&self) -> Result<Ready, Error> {
        let open = |descriptor: u32| {
            let place = Path::new("/dev/fd").join(descriptor.to_string());
            let file = File::options().append(true).open(&place).map_err(at(&place))?;
            Ok::<_, Error>((place, file))
        };
        Ok(Ready { alert: self.alert.map(open).transpose()?, command: self.command.clone(), runner: None })
    }
}

/// A process that runs a command for each name it is told. The shell splits the command, as ever; the name comes in as one word,
/// whatever is in it.
fn start(command: &str) -> io::Result<Child> {
    let line = r#"(eval "$0 \"\$1\"") || printf '`%s %s`: exit code %s\n' "$0" "$1" $? >&2"#;
    Command::new("xargs").args(["-0", "-r", "-n", "1", "sh", "-c", line, command]).stdin(Stdio::piped()).spawn()
}

impl Ready {
    /// Starts who will run the command.
    pub fn start(&mut self) -> io::Result<()> {
        self.runner = self.command.as_deref().map(start).transpose()?;
        Ok(())
    }

    /// Anybody is to be told.
    pub fn is_wanted(&self) -> bool {
        self.alert.is_some() || self.runner.is_some()
    }

    /// Tells of files in the orders in which they were begun and ended.
    pub fn tell(&mut self, opened: &[PathBuf], closed: &[PathBuf]) -> Result<(), Error> {
        if let Some((place, alert)) = &mut self.alert {
            for (what, paths) in [("open", opened), ("close", closed)] {
                let line = |path: &PathBuf| writeln!(alert, "{what}\t{}", path.display());
                paths.iter().try_for_each(line).map_err(at(place))?;
            }
        }
        let Some(names) = self.runner.as_mut().and_then(|runner| runner.stdin.as_mut()) else { return Ok(()) };
        for path in closed {
            names.write_all(path.as_os_str().as_encoded_bytes())?;
            names.write_all(b"\0")?;
        }
        Ok(names.flush()?)
    }

    /// Waits until the command was run for every name.
    pub fn end(self) -> io::Result<()> {
        let Some(mut runner) = self.runner else { return Ok(()) };
        drop(runner.stdin.take());
        runner.wait().map(drop)
    }
}
