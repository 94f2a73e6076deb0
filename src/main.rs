//! The `unbarrier` command-line program; all work is done by the library.

fn main() -> std::process::ExitCode {
    unbarrier::cli::main()
}
