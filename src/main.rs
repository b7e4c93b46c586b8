//! The `flowcase` program; everything is in the library.

fn main() -> std::process::ExitCode {
    flowcase::cli::main()
}
