//! From a `.metal` file to a program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::child;
use super::error::ConfirmError;
use super::glue::glue;
use super::lines::Lines;
use super::scan::{Entry, scan};
use super::toolchain::{COMPILE_SECONDS, Detector, Toolchain};

/// What to build.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The `.metal` file.
    pub file: &'a Path,
    /// Macro definitions, `NAME` or `NAME=VALUE`.
    pub defines: &'a [String],
    /// Folders of included files.
    pub includes: &'a [PathBuf],
    /// For each kernel, the parameters that its launch sets.
    pub scalars: BTreeMap<String, Vec<String>>,
}

/// A program that can run every kernel of a file that compiles.
#[derive(Debug)]
pub struct Unit {
    /// Kernels that can be run.
    pub entries: Vec<Entry>,
    /// Kernels that the compiler rejects, with its messages.
    pub rejected: Vec<(String, String)>,
    pub(super) program: PathBuf,
    pub(super) lines: Lines,
    pub(super) detector: Detector,
}

/// Rounds of leaving out kernels that do not compile.
const ROUNDS: usize = 8;

/// Preprocesses, scans, compiles and links. Kernels in which the compiler finds errors are left out and reported.
pub fn build(
    tools: &Toolchain,
    request: &Request<'_>,
    number: usize,
) -> Result<Unit, ConfirmError> {
    let text = preprocess(tools, request)?;
    let shown = request.file.display().to_string();
    let base = tools.folder().join(format!("unit{number}"));
    let source = base.with_extension("cpp");
    let object = base.with_extension("o");
    let program = base.with_extension("exe");
    let mut rejected: BTreeMap<String, String> = BTreeMap::new();
    let mut skip: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let skipped: Vec<String> = skip.iter().cloned().collect();
        let found = scan(&text, &skipped);
        let scalars = |e: &Entry| request.scalars.get(&e.name).cloned().unwrap_or_default();
        let whole = format!("{}{}", found.text, glue(&found.entries, &scalars));
        std::fs::write(&source, whole).map_err(ConfirmError::io("the temporary folder"))?;
        let mut c = tools.kernel_command();
        c.arg("-c").arg(&source).arg("-o").arg(&object);
        let (ok, messages) = compile(c)?;
        if ok {
            tools.link(&object, &program)?;
            return Ok(Unit {
                entries: found.entries,
                rejected: rejected.into_iter().collect(),
                lines: Lines::open(&program),
                program,
                detector: tools.detector(),
            });
        }
        let mut progress = false;
        for e in &found.entries {
            let own = errors_within(&messages, &shown, e.lines);
            if !own.is_empty() {
                rejected.insert(e.name.clone(), own);
                progress |= skip.insert(e.function.clone());
            }
        }
        if !progress {
            return Err(ConfirmError::Compile(only_errors(&messages)));
        }
    }
    Err(ConfirmError::Compile(
        "errors remain after leaving out the kernels that have them".into(),
    ))
}

/// The text as the compiler gets it (without the glue), and its entry points: for other compilers.
pub fn rewritten(
    tools: &Toolchain,
    request: &Request<'_>,
) -> Result<(String, Vec<Entry>), ConfirmError> {
    let found = scan(&preprocess(tools, request)?, &[]);
    Ok((found.text, found.entries))
}

fn preprocess(tools: &Toolchain, request: &Request<'_>) -> Result<String, ConfirmError> {
    let mut c = tools.preprocess_command();
    for d in request.defines {
        c.arg(format!("-D{d}"));
    }
    for i in request.includes {
        c.arg("-I").arg(i);
    }
    c.arg(request.file);
    let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS))
        .map_err(ConfirmError::io("clang"))?;
    match done.status {
        None => Err(ConfirmError::CompileTime {
            seconds: COMPILE_SECONDS,
        }),
        Some(s) if s.success() => Ok(done.stdout),
        Some(_) => Err(ConfirmError::Preprocess(only_errors(&done.stderr))),
    }
}

fn compile(c: Command) -> Result<(bool, String), ConfirmError> {
    let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS))
        .map_err(ConfirmError::io("clang"))?;
    match done.status {
        None => Err(ConfirmError::CompileTime {
            seconds: COMPILE_SECONDS,
        }),
        Some(s) => Ok((s.success(), done.stderr)),
    }
}

/// The lines of the compiler's output that are errors.
fn only_errors(messages: &str) -> String {
    let errors: Vec<&str> = messages.lines().filter(|l| l.contains("error:")).collect();
    // What our own text says after an unclosed brace helps nobody.
    let theirs = errors.iter().filter(|l| !l.starts_with("ub_glue:"));
    let mut all: Vec<&str> = theirs.copied().take(8).collect();
    if all.is_empty() {
        all = errors.into_iter().take(8).collect();
    }
    if all.is_empty() {
        messages.lines().take(8).collect::<Vec<_>>().join("\n")
    } else {
        all.join("\n")
    }
}

/// Errors (or what they were instantiated from) at lines of the file.
fn errors_within(messages: &str, file: &str, lines: (u32, u32)) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut error = None;
    for l in messages.lines() {
        let head = |l: &str| {
            let rest = l.strip_prefix(file)?.strip_prefix(':')?;
            rest.split(':').next()?.parse::<u32>().ok()
        };
        if l.contains("error:") {
            error = Some(l);
        }
        let inside = head(l).is_some_and(|n| (lines.0..=lines.1).contains(&n));
        if let (true, Some(e)) = (inside, error)
            && !out.contains(&e)
            && out.len() < 4
        {
            out.push(e);
        }
    }
    out.join("\n")
}
