//! What the program is told, made once: by the command line from its options, by a library from a [`crate::Contract`].
//!
//! Nothing here knows where it came from. What `unbarrier.toml` adds is looked up per file ([`super::config`]), because each file has its own.

use std::path::PathBuf;
use std::time::Duration;

use crate::encode::launch::Contract;
use crate::ir::{Assumption, Kernel};
use crate::prove::Options;

/// How sources are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceSettings {
    /// Macros, `NAME` or `NAME=VALUE`.
    pub define: Vec<String>,
    /// Folders of included files.
    pub include: Vec<PathBuf>,
    /// Instances of kernel templates that nothing instantiates.
    pub instantiate: Vec<String>,
    /// The file of contracts, in the place of the nearest `unbarrier.toml`.
    pub contracts: Option<PathBuf>,
    /// Look at no `unbarrier.toml`.
    pub no_contracts: bool,
    /// Pointers in kernel arguments point to memory of their own each.
    pub assume_distinct_pointers: bool,
}

/// How kernels are launched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaunchSettings {
    /// Threads per threadgroup, by dimension.
    pub threadgroup: Option<[u64; 3]>,
    /// Conditions over parameters and constants (MSL expressions).
    pub assume: Vec<String>,
}

/// How proofs are made.
#[derive(Clone, Debug, PartialEq)]
pub struct SolverSettings {
    /// Time limit of one solver query, seconds.
    pub timeout: f64,
    /// Worker threads; without it, one per processor.
    pub jobs: Option<u16>,
    /// Prove again what was proved before, and keep nothing.
    pub no_cache: bool,
}

/// Seconds of one solver query where nothing is said.
pub const DEFAULT_TIMEOUT: f64 = 5.0;

impl Default for SolverSettings {
    fn default() -> SolverSettings {
        SolverSettings {
            timeout: DEFAULT_TIMEOUT,
            jobs: None,
            no_cache: false,
        }
    }
}

/// Choices of the execution model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelSettings {
    /// Barriers after an early return are divergent.
    pub strict_divergence: bool,
    /// Barriers order all memory, whatever their flags.
    pub execution_barriers_order_memory: bool,
    /// No access leaves its object (where its size is known).
    pub assume_in_bounds: bool,
    /// The threads of a simdgroup run in lockstep.
    pub lockstep: bool,
}

/// What everything that proves something is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Only these kernels; all where it is empty.
    pub kernel: Vec<String>,
    /// How kernels are launched.
    pub launch: LaunchSettings,
    /// How proofs are made.
    pub solver: SolverSettings,
    /// Choices of the execution model.
    pub model: ModelSettings,
    /// How sources are read.
    pub source: SourceSettings,
}

impl Settings {
    /// Worker threads.
    pub fn jobs(&self) -> usize {
        self.solver.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        )
    }

    /// What the prover is told of a kernel; `size` is that of its threadgroup.
    pub fn options(
        &self,
        k: &Kernel,
        size: Option<[u64; 3]>,
        assumptions: Vec<Assumption>,
    ) -> Options {
        Options {
            contract: Contract {
                in_bounds: self.model.assume_in_bounds,
                ..Contract::new(k, size)
            },
            assumptions,
            timeout: Duration::from_secs_f64(self.solver.timeout),
            jobs: self.jobs(),
            ignore_flags: self.model.execution_barriers_order_memory,
            lockstep: self.model.lockstep,
            only: None,
            execute_first: true,
            recorder: None,
            stats: None,
        }
    }
}

/// An instance of a kernel template, as `--instantiate` and `unbarrier.toml` name it.
///
/// # Errors
/// What is wrong with the text.
pub fn instance(s: &str) -> Result<String, String> {
    let text = s.trim();
    let name = text.split('<').next().unwrap_or("").trim();
    let is_path = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == ':')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_path && text.ends_with('>') && !text.contains([';', '{', '}', '\n', '#', '"', '\\']) {
        Ok(text.to_string())
    } else {
        Err(format!(
            "`{text}` names no instance of a template; expected a name with template arguments, as in f<float, 4>"
        ))
    }
}
