//! Running the built program, and what a case holds, for comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use flowcase::store::Kind;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_flowcase");

/// Both ways of keeping payload.
pub const STORES: [Kind; 2] = [Kind::Files, Kind::Packed];

/// A directory for one test; its cases have names relative to it.
pub struct Place {
    directory: tempfile::TempDir,
    /// How its cases keep payload.
    store: Kind,
}

impl Place {
    /// An empty one, whose cases keep payload in files.
    pub fn new() -> Self {
        Self::of(Kind::Files)
    }

    /// An empty one, whose cases keep payload so.
    pub fn of(store: Kind) -> Self {
        Place { directory: tempfile::tempdir().unwrap(), store }
    }

    /// How its cases keep payload.
    pub fn store(&self) -> Kind {
        self.store
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file; its name, for a command line.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path().join(name), bytes).unwrap();
        name.to_owned()
    }

    /// Runs the program in the directory.
    pub fn run(&self, words: &[&str]) -> Output {
        self.run_with(words, "")
    }

    /// Runs the program in the directory with something on standard input.
    pub fn run_with(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = assert_cmd::Command::new(PROGRAM);
        command.current_dir(self.path()).args(words).write_stdin(stdin).output().unwrap()
    }

    /// Stdout of a command that must succeed.
    #[track_caller]
    pub fn stdout(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ingests captures, perhaps with options; what was left out is no failure.
    #[track_caller]
    pub fn ingest<S: AsRef<str>>(&self, case: &str, words: &[S]) -> Output {
        let mut words: Vec<&str> = ["ingest", case].into_iter().chain(words.iter().map(AsRef::as_ref)).collect();
        if self.store == Kind::Packed {
            words.extend(["--store", "packed"]);
        }
        let output = self.run(&words);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}: {}", output.status, stderr(&output));
        output
    }

    /// Fails unless `verify` finds nothing wrong.
    #[track_caller]
    pub fn assert_whole(&self, case: &str) {
        let output = self.run(&["verify", case]);
        let faults = String::from_utf8_lossy(&output.stdout);
        assert_eq!((output.status.code(), &*faults), (Some(0), ""), "{}", stderr(&output));
    }

    /// All that a case says and holds.
    #[track_caller]
    pub fn contents(&self, case: &str) -> Contents {
        let root = self.path().join(case);
        let index = open(&root);
        let mut rows: BTreeMap<String, Vec<String>> = views(&index)
            .into_iter()
            .map(|view| (view.clone(), select(&index, &format!("SELECT * FROM {view}"))))
            .collect();
        let segments = self.stdout(&["query", case, "SELECT * FROM segments", "--format", "csv"]);
        rows.insert("segments".to_owned(), segments.lines().map(str::to_owned).collect());
        let mut files = BTreeMap::new();
        let payload = self.payload(case);
        walk(&payload.join("flows"), &payload, &mut files);
        Contents { rows, files, entries: entries(&root) }
    }

    /// A directory with the payload files of a case under their paths: the case itself, or what is exported from it.
    #[track_caller]
    pub fn payload(&self, case: &str) -> PathBuf {
        if self.store == Kind::Files {
            return self.path().join(case);
        }
        let out = format!("{case} exported");
        let _ = fs::remove_dir_all(self.path().join(&out));
        self.stdout(&["export", case, "--as", "files", "-o", &out]);
        self.path().join(out)
    }
}

/// What a command said on stderr.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks exit code and stderr.
#[track_caller]
pub fn assert_fails(output: &Output, code: i32, says: &str) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(says), "{stderr}");
}

/// A file of `testdata/`.
pub fn testdata(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    path.to_str().unwrap().to_owned()
}

/// Rows of every view and of `segments`, and every payload file. What the place says (paths of captures) is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// View by view, row by row.
    pub rows: BTreeMap<String, Vec<String>>,
    /// BLAKE3 and modification time of each file beneath `flows/`, by its path in the case.
    pub files: BTreeMap<String, (String, SystemTime)>,
    /// What lies in the case directory itself.
    pub entries: Vec<String>,
}

impl Contents {
    /// Fails with the rows and files that differ.
    #[track_caller]
    pub fn assert_equals(&self, expected: &Contents, what: &str) {
        assert_eq!(self.rows.keys().collect::<Vec<_>>(), expected.rows.keys().collect::<Vec<_>>(), "{what}");
        for (view, rows) in &expected.rows {
            assert_same(&self.rows[view], rows, &format!("{what}: {view}"));
        }
        let lines = |contents: &Contents| contents.files.iter().map(|file| format!("{file:?}")).collect::<Vec<_>>();
        assert_same(&lines(self), &lines(expected), &format!("{what}: files"));
        assert_eq!(self.entries, expected.entries, "{what}");
    }
}

/// Fails with the lines that only one of the two has.
#[track_caller]
pub fn assert_same(found: &[String], expected: &[String], what: &str) {
    let only = |of: &[String], other: &[String]| {
        of.iter().filter(|line| !other.contains(line)).take(5).cloned().collect::<Vec<_>>().join("\n  ")
    };
    let (extra, missing) = (only(found, expected), only(expected, found));
    assert!(found == expected, "{what}\nfound only:\n  {extra}\nexpected only:\n  {missing}");
}

/// Names in a directory, sorted.
pub fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
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
    let place = sql.ends_with("FROM captures");
    let shown: Vec<usize> =
        (0..statement.column_count()).filter(|&i| !(place && statement.column_name(i).unwrap() == "path")).collect();
    let line =
        |row: &rusqlite::Row<'_>| shown.iter().map(|&i| text(row.get_ref(i).unwrap())).collect::<Vec<_>>().join("|");
    statement.query_map([], |row| Ok(line(row))).unwrap().map(Result::unwrap).collect()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// The files beneath a directory, in order of their paths.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The captures beneath a directory: every file that is no list and no page.
pub fn captures(directory: &Path) -> Vec<PathBuf> {
    let is_list = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ["csv", "md", "json"].iter().any(|list| ending == *list))
    };
    files(directory).into_iter().filter(|path| !is_list(path)).collect()
}

/// The captures beneath the directory FLOWCASE_CAPTURES, if there is one, or else others.
pub fn captures_or(others: impl FnOnce() -> Vec<PathBuf>) -> Vec<PathBuf> {
    std::env::var("FLOWCASE_CAPTURES").map_or_else(|_| others(), |directory| captures(Path::new(&directory)))
}

/// The captures in folders of `testdata/`.
pub fn captures_in(folders: &[&str]) -> Vec<PathBuf> {
    folders.iter().flat_map(|folder| captures(Path::new(&testdata(folder)))).collect()
}

/// Whether the tests are run by root, who may do more.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether there is such a program; says so if not.
pub fn is_installed(program: &str) -> bool {
    let is = Command::new(program).arg("--version").output().is_ok();
    if !is {
        println!("skipped: {program} is not installed");
    }
    is
}

fn walk(directory: &Path, case: &Path, files: &mut BTreeMap<String, (String, SystemTime)>) {
    for entry in fs::read_dir(directory).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            walk(&path, case, files);
        } else {
            let name = path.strip_prefix(case).unwrap().to_str().unwrap().to_owned();
            let digest = blake3::hash(&fs::read(&path).unwrap()).to_hex().to_string();
            files.insert(name, (digest, entry.metadata().unwrap().modified().unwrap()));
        }
    }
}
