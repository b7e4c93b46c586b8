//! Running the built program, and what a case holds, for comparison.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use rusqlite::{Connection, OpenFlags};

/// The built program.
pub fn flowcase() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flowcase"))
}

/// Runs the program; its exit code, standard output and standard error.
pub fn run<S: AsRef<OsStr>>(args: &[S]) -> (i32, String, String) {
    told(flowcase().args(args).output().unwrap())
}

/// Exit code, standard output and standard error of a finished program.
pub fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Ingests captures with further options; fails the test unless the exit code is 0 or 1.
pub fn ingest(case: &Path, captures: &[&Path], options: &[&str]) -> i32 {
    let mut command = flowcase();
    command.arg("ingest").arg(case).args(captures).args(["--progress", "never"]).args(options);
    let (code, _, talk) = told(command.output().unwrap());
    assert!(code == 0 || code == 1, "exit code {code}: {talk}");
    code
}

/// Fails the test unless `verify` finds the case whole.
pub fn assert_whole(case: &Path) {
    let (code, faults, talk) = run(&[OsStr::new("verify"), case.as_os_str()]);
    assert_eq!((code, faults.as_str()), (0, ""), "{talk}");
}

/// All that a case says and holds: rows of every view and of `segments`, and every payload file. What the place says
/// (paths of captures) is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    /// View by view, row by row.
    pub rows: BTreeMap<String, Vec<String>>,
    /// SHA-256 or content of each file beneath `flows/`, by path, with its modification time.
    pub files: BTreeMap<String, (String, std::time::SystemTime)>,
}

/// Reads all that a case holds.
pub fn contents(case: &Path) -> Contents {
    let mut rows = BTreeMap::new();
    let index = open(case);
    for view in views(&index) {
        rows.insert(view.clone(), select(&index, &format!("SELECT * FROM {view}")));
    }
    let (code, segments, talk) =
        run(&[OsStr::new("query"), case.as_os_str(), OsStr::new("SELECT * FROM segments"), "--format".as_ref(), "csv".as_ref()]);
    assert_eq!(code, 0, "{talk}");
    rows.insert("segments".to_owned(), segments.lines().map(str::to_owned).collect());
    let mut files = BTreeMap::new();
    walk(&case.join("flows"), case, &mut files);
    Contents { rows, files }
}

/// The index as any SQLite client sees it.
pub fn open(case: &Path) -> Connection {
    Connection::open_with_flags(case.join("case.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Names of all views.
pub fn views(index: &Connection) -> Vec<String> {
    select(index, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
}

/// Rows as text, columns separated by `|`; the path of a capture is left out.
pub fn select(index: &Connection, sql: &str) -> Vec<String> {
    let mut statement = index.prepare(sql).unwrap();
    let shown: Vec<usize> = (0..statement.column_count())
        .filter(|&i| !(sql.contains("FROM captures") && statement.column_name(i).unwrap() == "path"))
        .collect();
    let text = |row: &rusqlite::Row<'_>, i: usize| match row.get_ref(i).unwrap() {
        rusqlite::types::ValueRef::Null => "NULL".to_owned(),
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        rusqlite::types::ValueRef::Real(number) => number.to_string(),
        rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        rusqlite::types::ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
    };
    let line = |row: &rusqlite::Row<'_>| shown.iter().map(|&i| text(row, i)).collect::<Vec<_>>().join("|");
    statement.query_map([], |row| Ok(line(row))).unwrap().map(Result::unwrap).collect()
}

fn walk(directory: &Path, case: &Path, files: &mut BTreeMap<String, (String, std::time::SystemTime)>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            walk(&path, case, files);
        } else {
            let name = path.strip_prefix(case).unwrap().to_str().unwrap().to_owned();
            let digest = blake3::hash(&std::fs::read(&path).unwrap()).to_hex().to_string();
            files.insert(name, (digest, entry.metadata().unwrap().modified().unwrap()));
        }
    }
}
