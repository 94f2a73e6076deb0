//! The library: a kernel held in a string, a contract, and what is proved about it.
//!
//! Soundness direction: that of the engine. A verdict is about launches that the contract admits; what was not understood is
//! [`Verdict::Unknown`] or an [`Report::errors`] entry, never a proof.

mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::check::{CheckRequest, check_texts};
use crate::engine::prove::{Input, ProveRequest};
use crate::engine::settings::Settings;
use crate::engine::{error, observer, prove as engine};
use crate::report::model;

pub use self::report::{Barrier, Change, Outcome, Problem, Race, Report, Verdict};
pub use error::{Code, Error};

/// Metal source text with the name that reports give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    on_disk: bool,
}

impl Source {
    /// A source that is held in a string. Headers that it includes by quotes are looked for beside `name`, then in
    /// [`Contract::include`]; no `unbarrier.toml` is looked at.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source {
            name: name.into(),
            text: text.into(),
            on_disk: false,
        }
    }

    /// Reads a file. The nearest `unbarrier.toml` in its folder or above adds launch contracts, as on the command line.
    ///
    /// # Errors
    /// [`Code::Io`]: the file cannot be read as UTF-8.
    pub fn read(path: impl AsRef<Path>) -> Result<Source, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Ok(Source {
            name: path.display().to_string(),
            text,
            on_disk: true,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// How kernels are launched, and what may be assumed. Without anything said, every launch of up to 1024 threads per threadgroup counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    settings: Settings,
}

impl Contract {
    /// Any launch.
    pub fn new() -> Contract {
        Contract::default()
    }

    /// Threads per threadgroup, by dimension.
    pub fn threadgroup(mut self, size: [u64; 3]) -> Contract {
        self.settings.launch.threadgroup = Some(size);
        self
    }

    /// A condition that every launch satisfies: an MSL expression over parameters and constants, such as `n <= 4096`.
    pub fn assume(mut self, condition: impl Into<String>) -> Contract {
        self.settings.launch.assume.push(condition.into());
        self
    }

    /// Only this kernel; may be said several times.
    pub fn kernel(mut self, name: impl Into<String>) -> Contract {
        self.settings.kernel.push(name.into());
        self
    }

    /// A macro, `NAME` or `NAME=VALUE`.
    pub fn define(mut self, definition: impl Into<String>) -> Contract {
        self.settings.source.define.push(definition.into());
        self
    }

    /// A folder of included files.
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Contract {
        self.settings.source.include.push(folder.into());
        self
    }

    /// An instance of a kernel template that nothing in the source instantiates, such as `f<float>`.
    ///
    /// # Errors
    /// [`Code::Request`]: it names no instance of a template.
    pub fn instantiate(mut self, instance: &str) -> Result<Contract, Error> {
        let one = crate::engine::settings::instance(instance);
        let one = one.map_err(|e| Error::new(Code::Request, e))?;
        self.settings.source.instantiate.push(one);
        Ok(self)
    }

    /// Contracts from this file, in the place of the nearest `unbarrier.toml`.
    pub fn contracts(mut self, file: impl Into<PathBuf>) -> Contract {
        self.settings.source.contracts = Some(file.into());
        self
    }

    /// No access leaves its object, where the size of that is known.
    pub fn in_bounds(mut self, yes: bool) -> Contract {
        self.settings.model.assume_in_bounds = yes;
        self
    }

    /// The threads of a simdgroup run in lockstep.
    pub fn lockstep(mut self, yes: bool) -> Contract {
        self.settings.model.lockstep = yes;
        self
    }

    /// Barriers after an early return are divergent.
    pub fn strict_divergence(mut self, yes: bool) -> Contract {
        self.settings.model.strict_divergence = yes;
        self
    }

    /// Time limit of one question to the solver; 5 seconds unless said. What is not answered in time is [`Verdict::Unknown`].
    pub fn timeout(mut self, limit: Duration) -> Contract {
        self.settings.solver.timeout = limit.as_secs_f64();
        self
    }

    /// Worker threads; one per processor unless said.
    pub fn jobs(mut self, n: u16) -> Contract {
        self.settings.solver.jobs = Some(n.max(1));
        self
    }

    /// For a source: without `unbarrier.toml` where the source is no file. The library keeps nothing on disk.
    fn settings(&self, source: &Source) -> Settings {
        let mut out = self.settings.clone();
        out.source.no_contracts = !source.on_disk && out.source.contracts.is_none();
        out.solver.no_cache = true;
        out
    }
}

/// Decides every barrier and race of a source.
///
/// # Errors
/// The contract does not fit: a kernel that the source lacks, a condition over a name that it does not have, an `unbarrier.toml` that is not
/// sound. What is wrong with the source is in [`Report::errors`].
///
/// # Examples
/// ```
/// use unbarrier::{Contract, Source, Verdict, prove};
///
/// let source = Source::new("twice.metal", "
///     #include <metal_stdlib>
///     using namespace metal;
///     kernel void twice(device float* a [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
///         threadgroup float s[64];
///         s[t] = a[t];
///         threadgroup_barrier(mem_flags::mem_threadgroup);
///         a[t] = 2 * s[t];
///     }");
/// let report = prove(&source, &Contract::new().threadgroup([64, 1, 1]))?;
/// assert!(report.is_race_free());
/// assert_eq!(report.barriers()[0].verdict, Verdict::Removable);
/// # Ok::<(), unbarrier::Error>(())
/// ```
pub fn prove(source: &Source, contract: &Contract) -> Result<Report, Error> {
    run(source, contract, &[]).map(|inner| Report { inner })
}

/// Whether the barriers on some lines can be deleted together; `Err` of the answer says why that is not proved.
///
/// # Errors
/// As [`prove`]; also a line without a barrier, and what is wrong with the source.
///
/// # Examples
/// ```
/// use unbarrier::{Contract, Source, prove_removal};
///
/// let source = Source::new("swap.metal", "#include <metal_stdlib>
/// using namespace metal;
/// kernel void swap(device float* a [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
///     threadgroup float s[64];
///     s[t] = a[t];
///     threadgroup_barrier(mem_flags::mem_threadgroup);
///     a[t] = s[63 - t];
/// }");
/// let answer = prove_removal(&source, &[6], &Contract::new().threadgroup([64, 1, 1]))?;
/// assert!(answer.is_err_and(|why| why.contains("not proved")));
/// # Ok::<(), unbarrier::Error>(())
/// ```
pub fn prove_removal(
    source: &Source,
    lines: &[u32],
    contract: &Contract,
) -> Result<Result<(), String>, Error> {
    let report = run(source, contract, lines)?;
    if let Some(e) = report.errors.first() {
        return Err(Error {
            path: e.path.clone(),
            at: e.line.zip(e.column),
            ..Error::new(Code::Source, e.message.clone())
        });
    }
    let removal = report.files.into_iter().find_map(|f| f.removal);
    Ok(match removal {
        Some(r) if r.proved => Ok(()),
        Some(r) => Err(r.reason),
        None => Err("not proved: no barrier was named".into()),
    })
}

/// Judges a new version of a source against the old one.
///
/// # Errors
/// The contract does not fit, or there is no place for temporary files. What is wrong with a version is in the answer.
///
/// # Examples
/// ```
/// use unbarrier::{Contract, Outcome, Source, check};
///
/// let old = "#include <metal_stdlib>
/// using namespace metal;
/// kernel void swap(device float* a [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
///     threadgroup float s[64];
///     s[t] = a[t];
///     threadgroup_barrier(mem_flags::mem_threadgroup);
///     a[t] = s[63 - t];
/// }";
/// let new = old.replace("threadgroup_barrier(mem_flags::mem_threadgroup);", "");
/// let change = check(
///     &Source::new("swap.metal", old),
///     &Source::new("swap.metal", new),
///     &Contract::new().threadgroup([64, 1, 1]),
/// )?;
/// assert_eq!(change.outcome(), Outcome::Refuted);
/// # Ok::<(), unbarrier::Error>(())
/// ```
pub fn check(old: &Source, new: &Source, contract: &Contract) -> Result<Change, Error> {
    let mut settings = contract.settings.clone();
    settings.solver.no_cache = true;
    settings.source.no_contracts = settings.source.contracts.is_none();
    let request = CheckRequest {
        settings,
        ..CheckRequest::default()
    };
    let texts = (old.text(), new.text());
    let done = deep(|| check_texts(&request, new.name(), texts, &observer::Silent))??;
    Ok(Change {
        report: done.report,
    })
}

fn run(source: &Source, contract: &Contract, remove: &[u32]) -> Result<model::Report, Error> {
    let request = ProveRequest {
        settings: contract.settings(source),
        remove: remove.to_vec(),
        ..ProveRequest::default()
    };
    let input = Input {
        path: source.name.clone().into(),
        text: Some(source.text.clone()),
    };
    let done = deep(|| engine::prove(&[input], Vec::new(), &request, &observer::Silent))??;
    // What is wrong with the source has a line or is about the preprocessor; the rest is about the request.
    match done.first_error {
        Some(e) => Err(e),
        None => Ok(done.report),
    }
}

/// Bytes of stack; deeply nested sources recurse in lowering and analysis.
const STACK: usize = 512 << 20;

/// Runs something where deep nesting does not matter.
fn deep<T: Send>(f: impl FnOnce() -> T + Send) -> Result<T, Error> {
    crate::smt::configure();
    std::thread::scope(|s| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(s, f);
        let failed = |what: &str| Error::new(Code::Internal, what.to_string());
        let thread =
            thread.map_err(|e| Error::new(Code::Io, format!("cannot start a thread: {e}")))?;
        thread
            .join()
            .map_err(|_| failed("internal error (please report it with the source)"))
    })
}
