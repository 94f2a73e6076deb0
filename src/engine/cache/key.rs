//! What a verdict depends on, as a hash.
//!
//! Soundness direction: too many keys are only slow; two inputs with one key would be wrong. So everything goes in as it is printed for debugging, which
//! derived code keeps complete: the whole kernel with its places, every option (taken apart here, so that a new one cannot be forgotten), the program
//! (a hash of its sources, made by build.rs) and the solver.

use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

use crate::ir::Kernel;
use crate::prove::Options;

/// Of entries; changes with their format.
const FORMAT: &str = "unbarrier-cache/1";

/// A key: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(pub String);

struct Sink(Sha256);

impl fmt::Write for Sink {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0.update(s.as_bytes());
        Ok(())
    }
}

impl Sink {
    /// A part. What is printed for debugging has no line feeds and no NUL of its own.
    fn part(&mut self, name: &str, value: &dyn fmt::Debug) {
        // Writing to a hash does not fail.
        let _ = write!(self, "\0{name}\0{value:?}");
    }
}

/// The key of the verdicts on a kernel.
pub fn of(kernel: &Kernel, options: &Options) -> Key {
    of_program(kernel, options, &program("verdicts", ""))
}

/// The key of another question on a kernel: its kind, and what else it is about.
pub fn of_question(kind: &str, about: &str, kernel: &Kernel, options: &Options) -> Key {
    of_program(kernel, options, &program(kind, about))
}

fn program<'s>(kind: &'s str, about: &'s str) -> [&'s str; 6] {
    [
        FORMAT,
        env!("CARGO_PKG_VERSION"),
        env!("UNBARRIER_BUILD"),
        crate::smt::solver_version(),
        kind,
        about,
    ]
}

/// The same for a given program.
pub fn of_program(kernel: &Kernel, options: &Options, program: &[&str]) -> Key {
    let mut s = Sink(Sha256::new());
    s.part("program", &program);
    s.options(options);
    s.part("kernel", kernel);
    s.key()
}

/// A kernel alone.
pub fn of_kernel(kernel: &Kernel) -> Key {
    let mut s = Sink(Sha256::new());
    s.part("kernel", kernel);
    s.key()
}

/// Options alone.
pub fn of_options(options: &Options) -> Key {
    let mut s = Sink(Sha256::new());
    s.options(options);
    s.key()
}

impl Sink {
    fn options(&mut self, options: &Options) {
        let Options {
            contract,
            assumptions,
            timeout,
            // Who works on it changes nothing that is kept.
            jobs: _,
            ignore_flags,
            lockstep,
            only,
            execute_first,
            // With these, the cache is not asked.
            recorder: _,
            stats: _,
        } = options;
        self.part("contract", contract);
        self.part("assumptions", assumptions);
        self.part("timeout", timeout);
        self.part("ignore_flags", ignore_flags);
        self.part("lockstep", lockstep);
        self.part("only", only);
        self.part("execute_first", execute_first);
    }

    fn key(self) -> Key {
        let digest = self.0.finalize();
        Key(digest.iter().map(|b| format!("{b:02x}")).collect())
    }
}
