//! `-L`: what is printed, under a named semaphore (sem_open(3)), so that programs that share it print one after the other.

use std::io::{self, ErrorKind, Write};

use named_sem::{Error, NamedSemaphore};

/// Takes the semaphore for each print.
pub struct Locked<W> {
    semaphore: NamedSemaphore,
    out: W,
}

/// The semaphore of this name, which one program can have at a time; made if it is missing, for all that come later.
pub fn open(name: &str) -> Result<NamedSemaphore, Error> {
    NamedSemaphore::create(name, 1)
}

impl<W: Write> Locked<W> {
    /// Prints to `out`.
    pub fn new(semaphore: NamedSemaphore, out: W) -> Self {
        Locked { semaphore, out }
    }

    fn wait(&mut self) -> io::Result<()> {
        loop {
            match self.semaphore.wait() {
                Err(Error::WaitFailed(error)) if error.kind() == ErrorKind::Interrupted => {}
                done => return done.map_err(io::Error::other),
            }
        }
    }
}

impl<W: Write> Write for Locked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wait()?;
        let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
        self.semaphore.post().map_err(io::Error::other)?;
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
