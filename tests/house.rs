//! The habits of the house that a machine can see.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use flowcase::model::{AnomalyKind, LinkType, Skip};

/// Names are columns of views and part of the interface: snake_case, each once, each explained in one sentence.
#[track_caller]
fn well_named(names: impl Iterator<Item = (&'static str, &'static str)>) {
    let mut known = HashSet::new();
    for (name, explanation) in names {
        assert!(known.insert(name), "`{name}` is there twice");
        assert!(name.split('_').all(is_word), "`{name}` is not snake_case");
        assert!(explanation.ends_with('.') && !explanation.contains('\n'), "`{name}`: {explanation}");
    }
    assert!(!known.is_empty());
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

#[test]
fn reasons_for_skipping_are_well_named() {
    well_named(Skip::ALL.iter().map(|skip| (skip.name(), skip.explanation())));
}

#[test]
fn anomalies_are_well_named_and_found_by_name() {
    well_named(AnomalyKind::ALL.iter().map(|kind| (kind.name(), kind.explanation())));
    assert!(AnomalyKind::ALL.iter().all(|kind| AnomalyKind::from_name(kind.name()) == Some(*kind)));
}

#[test]
fn every_link_type_with_a_name_is_decoded() {
    let frame = [0x11; 64];
    let named = (0..1024).map(LinkType).filter(|link| link.name().is_some());
    for link in named {
        assert_ne!(flowcase::decode::decode(link, &frame, 64).err(), Some(Skip::UnknownLink), "{link}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["src", "tests", "examples"].map(|name| root.join(name)).iter().filter(|path| path.is_dir()) {
        for file in super::floors::rust_files(directory) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//! "), "`{}` does not begin with a module doc", file.display());
        }
    }
}

#[test]
fn migrations_say_why() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.len() > 8 && name.as_bytes()[..4].iter().all(u8::is_ascii_digit), "`{name}` has no number");
        assert!(fs::read_to_string(&path).unwrap().starts_with("--"), "`{name}` does not begin with its why");
    }
}
