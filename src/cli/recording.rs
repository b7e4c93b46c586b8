//! How what is captured is recorded: the arguments that `ingest` and `capture` share.

use super::errors::Error;
use super::words::command_line;
use super::{size, span};
use crate::ingest::{LEAST_MEMORY, Options};
use crate::model::HashKind;
use crate::store;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Recording {
    /// Digests to keep of each flow [default for a new case: sha256]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    hash: Vec<Hash>,
    /// Names of payload files, in tcpflow's letters [default for a new case: %A.%a-%B.%b%V%v%C%c, binned]
    #[arg(long, value_name = "T")]
    template: Option<String>,
    /// Which copy is kept of bytes captured twice that differ [default for a new case: first]
    #[arg(long, value_name = "COPY", value_enum)]
    overlap: Option<Overlap>,
    /// How far a sequence number may jump before another file is begun [default for a new case: 16M]
    #[arg(long, value_name = "N", value_parser = size::parse)]
    max_jump: Option<u64>,
    /// Store at most this much of each flow [default for a new case: all]
    #[arg(long, value_name = "N", value_parser = size::parse)]
    max_bytes: Option<u64>,
    /// Take an open connection for over once it was silent for so long, by the times of frames; what comes later begins another. One
    /// that nobody answered is over after 2 minutes then [default for a new case: never; of interfaces: 1h]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    idle: Option<u64>,
    /// Store datagrams of UDP too, in order of arrival [default for a new case: TCP only]
    #[arg(long)]
    udp: bool,
    /// Skip 802.11 frames whose check sequence is wrong, where it was captured [default for a new case: they count]
    #[arg(long)]
    check_fcs: bool,
    /// Threads that record connections, at most 8; with 1 all is recorded by the thread that decodes [default: as many as the
    /// machine runs at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: Option<u16>,
    /// How payload is kept: a file a flow, or a few packs of compressed frames [default for a new case: files]
    #[arg(long, value_name = "KIND", value_enum)]
    store: Option<Store>,
    /// Memory to make do with, at least 64M: past it, connections idle longest rest in the index until their next segment
    /// [default: half of what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory: Option<u64>,
    /// Have everything on disk before each commit, so that a power loss costs nothing committed
    #[arg(long)]
    sync: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Hash {
    Sha256,
    Md5,
    Sha1,
    Blake3,
    /// No digests
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Overlap {
    /// The first, unless only the later has a good checksum
    First,
    /// The last, as tcpflow does
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    /// One file a flow, beneath flows/
    Files,
    /// A few files in packs/, smaller and faster where flows are many
    Packed,
}

impl Recording {
    /// As options of an ingest.
    pub fn options(&self) -> Result<Options, Error> {
        Ok(Options {
            hashes: kinds(&self.hash)?,
            template: self.template.clone(),
            overlap_last: self.overlap.map(|copy| copy == Overlap::Last),
            max_jump: self.max_jump,
            max_bytes: self.max_bytes,
            idle: self.idle,
            udp: self.udp.then_some(true),
            check_fcs: self.check_fcs.then_some(true),
            store: self.store.map(kind),
            sync: self.sync,
            workers: self.workers.map(usize::from),
            memory: self.memory,
            command_line: command_line(),
            ..Options::default()
        })
    }
}

fn kind(store: Store) -> store::Kind {
    match store {
        Store::Files => store::Kind::Files,
        Store::Packed => store::Kind::Packed,
    }
}

fn memory(text: &str) -> Result<u64, String> {
    let bytes = size::parse(text)?;
    if bytes < LEAST_MEMORY { Err("less than 64M is too little".into()) } else { Ok(bytes) }
}

/// Which digests, or `None` where the command line does not say.
fn kinds(names: &[Hash]) -> Result<Option<Vec<HashKind>>, Error> {
    if names.contains(&Hash::None) && names.iter().any(|name| *name != Hash::None) {
        return Err(Error::Usage("--hash none stands alone".into()));
    }
    let kind = |name: &Hash| match name {
        Hash::Sha256 => Some(HashKind::Sha256),
        Hash::Md5 => Some(HashKind::Md5),
        Hash::Sha1 => Some(HashKind::Sha1),
        Hash::Blake3 => Some(HashKind::Blake3),
        Hash::None => None,
    };
    Ok((!names.is_empty()).then(|| names.iter().filter_map(kind).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert_eq!(kinds(&[]).unwrap(), None);
        assert_eq!(kinds(&[Hash::None]).unwrap(), Some(vec![]));
        assert_eq!(kinds(&[Hash::Md5, Hash::Sha256]).unwrap(), Some(vec![HashKind::Md5, HashKind::Sha256]));
        assert!(kinds(&[Hash::Md5, Hash::None]).is_err());
    }
}
