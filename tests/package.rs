//! The Debian package: built where cargo-deb is installed, and put into a clean directory.

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use flowcase::cli::Cli;

use crate::support::{Place, is_installed, is_root, testdata};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Some of what is in it.
const FILES: [&str; 8] = [
    "usr/bin/flowcase",
    "usr/share/man/man1/flowcase.1.gz",
    "usr/share/man/man1/flowcase-capture.1.gz",
    "usr/share/bash-completion/completions/flowcase",
    "usr/share/zsh/vendor-completions/_flowcase",
    "usr/share/fish/vendor_completions.d/flowcase.fish",
    "usr/lib/systemd/system/flowcase.service",
    "usr/share/doc/flowcase/copyright",
];

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_package_can_be_installed() {
    if !is_installed("cargo-deb") || !is_installed("dpkg-deb") {
        return;
    }
    let place = Place::new();
    let parts = Path::new(ROOT).join("target/package");
    let (man, completions) = (parts.join("man"), parts.join("completions"));
    fs::create_dir_all(&man).unwrap();
    fs::create_dir_all(&completions).unwrap();
    clap_mangen::generate_to(Cli::command(), &man).unwrap();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut Cli::command(), "flowcase", &completions).unwrap();
    }
    let package = place.path().join("flowcase.deb");
    // the program that the tests are run on: another build would take longer than everything else
    let words = ["deb", "--no-build", "--no-strip", "--profile", "dev", "--fast", "-o"];
    output(Command::new("cargo").current_dir(ROOT).args(words).arg(&package));
    let depends = output(Command::new("dpkg-deb").arg("-f").arg(&package).arg("Depends"));
    assert!(depends.contains("libpcap0.8") && depends.contains("libc6"), "{depends}");
    let clean = place.path().join("clean");
    fs::create_dir(&clean).unwrap();
    let database = clean.join("var/lib/dpkg");
    if is_root() {
        for directory in ["info", "updates"] {
            fs::create_dir_all(database.join(directory)).unwrap();
        }
        fs::write(database.join("status"), "").unwrap();
        let root = format!("--root={}", clean.display());
        output(Command::new("dpkg").args([&root, "--force-depends", "-i"]).arg(&package));
        let status = output(Command::new("dpkg").args([&root, "-s", "flowcase"]));
        assert!(status.contains("Status: install ok installed"), "{status}");
        assert_eq!(output(Command::new("dpkg").args([&root, "-V", "flowcase"])), "", "no file differs");
    } else {
        output(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&clean));
    }
    for file in FILES {
        assert!(clean.join(file).exists(), "{file}");
    }
    let case = place.path().join("case");
    output(Command::new(clean.join("usr/bin/flowcase")).arg("ingest").arg(&case).arg(testdata("web")));
    place.assert_whole("case");
    let unit = fs::read_to_string(clean.join("usr/lib/systemd/system/flowcase.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/flowcase ")).unwrap();
    let words = ["flowcase"].into_iter().chain(line.split(' '));
    assert!(Cli::command().try_get_matches_from(words).is_ok(), "the unit says what the program takes: {line}");
}
