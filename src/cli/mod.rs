//! The command line: arguments in, reports and exit codes out.
//!
//! Exit codes: 0 done (with `--remove`: proved), 1 a requested removal is not proved, `fuzz` found a race or `confirm` a contradiction, 2 bad input, 130
//! interrupted.

mod args;
mod audit;
mod check;
mod confirm;
mod crosscheck;
mod fuzz;
mod graph;
mod init;
mod interrupt;
mod launch;
mod manual;
mod optimize;
mod output;
mod parse;
mod prove;
mod schema;
mod show;

use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;

/// The analysis ran.
pub const DONE: u8 = 0;
/// A requested removal was not proved.
pub const NOT_PROVED: u8 = 1;
/// Bad input.
pub const BAD_INPUT: u8 = 2;
/// `check`: a change was neither proved nor refuted.
pub const UNDECIDED: u8 = 3;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let code = if e.use_stderr() { BAD_INPUT } else { DONE };
            // A closed pipe is no reason to fail.
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    crate::smt::configure();
    interrupt::watch();
    // Deeply nested sources recurse in lowering and analysis: run on a thread with a large stack.
    let worker = std::thread::Builder::new()
        .name("main".into())
        .stack_size(512 << 20)
        .spawn(move || match cli.command {
            args::Command::Prove(a) => prove::run(&a),
            args::Command::Fuzz(a) => fuzz::run(&a),
            args::Command::Confirm(a) => confirm::run(&a),
            args::Command::Launch(a) => launch::run(&a),
            args::Command::Graph(a) => graph::run(&a),
            args::Command::Parse(a) => parse::run(&a),
            args::Command::Audit(a) => audit::run(&a),
            args::Command::Check(a) => check::run(&a),
            args::Command::Optimize(a) => optimize::run(&a),
            args::Command::Init(a) => init::run(&a),
            args::Command::Schema(a) => schema::run(&a),
            args::Command::Completions(a) => manual::completions(&a),
            args::Command::Man(a) => manual::man(&a),
        });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(_)) => {
            eprintln!("error: internal error (please report it with the file that caused it)");
            ExitCode::from(BAD_INPUT)
        }
        Err(e) => {
            eprintln!("error: cannot start a thread: {e}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
