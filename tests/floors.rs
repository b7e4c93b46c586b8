//! Imports point down only, and siblings do not know each other: every path in `src/` that leads to another floor is
//! checked against this list.

use std::fs;
use std::path::{Path, PathBuf};

/// Floors and their heights; a floor may name itself and lower ones.
const FLOORS: &[(&str, u8)] = &[
    ("model", 0),
    ("decode", 1),
    ("reassemble", 1),
    ("scan", 1),
    ("track", 2),
    ("capture", 3),
    ("store", 3),
    ("index", 3),
    ("plugin", 3),
    ("case", 4),
    ("ingest", 5),
    ("view", 5),
    ("cli", 6),
];

#[test]
fn imports_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&root) {
        let module = module_path(file.strip_prefix(&root).unwrap());
        wrong.extend(upward(&module, &fs::read_to_string(&file).unwrap()));
    }
    assert!(wrong.is_empty(), "imports that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn the_checker_sees_what_it_should() {
    let check = |module: &str, text: &str| {
        let module: Vec<String> = module.split("::").map(String::from).collect();
        upward(&module, text)
    };
    let wrong: [(&str, &str, &[&str]); 9] = [
        ("track", "use crate::store::Names;", &["track -> store"]),
        ("store::files", "use crate::index;", &["store::files -> index"]),
        (
            "store::files",
            "use crate::{model::Skip, index::rows, case};",
            &["store::files -> index", "store::files -> case"],
        ),
        ("store::files", "let x = super::super::capture::open();", &["store::files -> capture"]),
        ("store", "use super::{cli, model};", &["store -> cli"]),
        ("decode::ip", "use crate::reassemble;", &["decode::ip -> reassemble"]),
        ("view::csv", "pub use crate::ingest::Totals;", &["view::csv -> ingest"]),
        ("model", "use crate::VERSION;", &["model -> VERSION"]),
        ("attic", "", &["attic is on no floor"]),
    ];
    for (module, text, expected) in wrong {
        assert_eq!(check(module, text), expected, "{text}");
    }
    let right =
        "use crate::{model, track::{Event, cli}};\nuse super::tracker;\n// crate::cli\n/// [`crate::cli`]\n$crate::cli";
    assert_eq!(check("ingest::run", right), [""; 0]);
    assert_eq!(check("lib", "use crate::cli;"), [""; 0]);
}

/// What a file of `module` names that is not below it.
fn upward(module: &[String], text: &str) -> Vec<String> {
    let own = module[0].as_str();
    if matches!(own, "lib" | "main") {
        return Vec::new();
    }
    let Some(height) = height(own) else {
        return vec![format!("{own} is on no floor")];
    };
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut named = heads(&code, "crate::");
    // `super` as often as the file is deep leads to the root
    named.extend(heads(&code, &"super::".repeat(module.len())).into_iter().filter(|head| self::height(head).is_some()));
    let allowed = |head: &String| head == own || self::height(head).is_some_and(|other| other < height);
    named.retain(|head| !allowed(head));
    named.into_iter().map(|head| format!("{} -> {head}", module.join("::"))).collect()
}

fn height(floor: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == floor).map(|(_, height)| *height)
}

/// The first names behind each `prefix` in `code`: `a` and `c` for `crate::{a::b, c}`.
fn heads(code: &str, prefix: &str) -> Vec<String> {
    let starts = code.match_indices(prefix).filter(|(at, _)| !code[..*at].ends_with(['$', ':']));
    starts
        .flat_map(|(at, _)| group(&code[at + prefix.len()..]))
        .map(|path| head(&path))
        .filter(|name| name != "super")
        .collect()
}

/// The members of a `{…}` at the front of `text`, or `text` itself.
fn group(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{') else {
        return vec![text.to_owned()];
    };
    let (mut depth, mut members) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ => {}
        }
        members.last_mut().unwrap().push(c);
    }
    members
        .iter()
        .map(|member| member.trim_start_matches([',', ' ', '\n']).to_owned())
        .filter(|m| !m.is_empty())
        .collect()
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `store/files/open.rs` is `store::files::open`, `store/mod.rs` is `store`.
fn module_path(file: &Path) -> Vec<String> {
    let whole = file.with_extension("");
    let names = whole.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// Every `.rs` file beneath a directory, in order.
pub fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files.sort();
    files
}
