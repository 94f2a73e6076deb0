//! Ctrl-C: what was decided so far is printed, no file is left half-written, and the exit code is 130.
//!
//! A thread waits for the signal, then for files that are being written ([`files::clean`]). Commands that print only at their end say what they
//! have so far with [`decided`].

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use crate::engine::files;
use crate::report::model::{KernelReport, SCHEMA};

/// The exit code: 128 + SIGINT.
pub const CODE: u8 = 130;

static SO_FAR: Mutex<SoFar> = Mutex::new(SoFar {
    wanted: false,
    json: false,
    kernels: Vec::new(),
});

struct SoFar {
    /// The command prints at its end.
    wanted: bool,
    /// The command prints JSON.
    json: bool,
    kernels: Vec<(String, KernelReport)>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is still what was decided.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The command prints what it decides at its end only; `json`: as JSON to standard output (else, when interrupted, as lines to standard error).
pub fn begin(json: bool) {
    let mut so_far = lock(&SO_FAR);
    so_far.wanted = true;
    so_far.json = json;
}

/// Remembers what was decided of a kernel, after [`begin`].
pub fn decided(path: &str, kernel: &KernelReport) {
    let mut so_far = lock(&SO_FAR);
    if so_far.wanted {
        so_far.kernels.push((path.to_string(), kernel.clone()));
    }
}

/// What was decided of a file is printed.
pub fn printed(path: &str) {
    lock(&SO_FAR).kernels.retain(|(p, _)| p != path);
}

/// Starts waiting for the signal. Where that is not possible, Ctrl-C ends the program at once.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::SIGINT;
    // A second one ends the program at once.
    let again = Arc::new(AtomicBool::new(false));
    let shutdown =
        signal_hook::flag::register_conditional_shutdown(SIGINT, i32::from(CODE), again.clone());
    if shutdown.is_err() || signal_hook::flag::register(SIGINT, again).is_err() {
        return;
    }
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT]) else {
        return;
    };
    let waiting = std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || {
            if signals.forever().next().is_some() {
                end();
                signal_hook::low_level::exit(i32::from(CODE));
            }
        });
    if let Err(e) = waiting {
        eprintln!("warning: Ctrl-C will not be noticed: {e}");
    }
}

/// There is no such signal here.
#[cfg(not(unix))]
pub fn watch() {}

#[cfg(unix)]
fn end() {
    let _nobody_writes = files::clean();
    let so_far = lock(&SO_FAR);
    // Nobody may be in the middle of a line. A closed pipe is no reason to fail.
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    if so_far.json {
        let _ = writeln!(out, "{}", document(&so_far.kernels));
    } else {
        let _ = write!(err, "{}", lines(&so_far.kernels));
    }
    let _ = out.flush();
    let _ = writeln!(err, "interrupted; what was decided until then is above");
}

/// What was decided, as a report without the part on whole files.
#[cfg(unix)]
fn document(kernels: &[(String, KernelReport)]) -> String {
    let mut files: IndexMap<&str, Vec<&KernelReport>> = IndexMap::new();
    for (path, k) in kernels {
        files.entry(path).or_default().push(k);
    }
    let files: Vec<serde_json::Value> = files
        .iter()
        .map(|(path, kernels)| serde_json::json!({ "path": path, "kernels": kernels }))
        .collect();
    let report = serde_json::json!({
        "schema": SCHEMA,
        "interrupted": true,
        "files": files,
        "errors": [{ "message": "interrupted; kernels that are not listed were not decided" }],
    });
    format!("{report:#}")
}

/// Kernels and the verdicts on their barriers, one a line.
#[cfg(unix)]
fn lines(kernels: &[(String, KernelReport)]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (path, k) in kernels {
        for b in &k.barriers {
            let _ = writeln!(
                out,
                "{path}:{}:{}: {} in kernel {}: {}",
                b.line, b.column, b.verdict, k.name, b.reason
            );
        }
    }
    out
}
