//! `unbarrier audit`: a document on what claims about barriers are worth.

use std::path::Path;

use clap::Parser;

use super::args::{AuditArgs, SettingsArgs};
use super::show::emit;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::engine::audit::audit;
use crate::engine::error::{Code, Error, Result};
use crate::engine::files;
use crate::engine::settings::Settings;
use crate::report::claims::Run;

/// The options that a run of a claims file may have.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct RunOptions {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs the command; the exit code.
pub fn run(a: &AuditArgs) -> u8 {
    let text = audit(&a.claims, &a.corpus, &|run| settings(a, run));
    match text.and_then(|t| deliver(a, &t)) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}

/// What the options of a run say.
fn settings(a: &AuditArgs, run: &Run) -> Result<Settings> {
    let options = RunOptions::try_parse_from(&run.options)
        .map_err(|e| Error::new(Code::Request, e.to_string()))?;
    let mut out = options.settings.settings();
    // A document of record is proved afresh.
    out.solver.no_cache = true;
    out.solver.jobs = a.jobs.or(out.solver.jobs);
    Ok(out)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))
}

/// Writes, prints or compares the document.
fn deliver(a: &AuditArgs, text: &str) -> Result<u8> {
    if let Some(path) = &a.check {
        let old = read(path)?;
        if old == text {
            return Ok(DONE);
        }
        let same = old.lines().zip(text.lines()).take_while(|(x, y)| x == y);
        let at = same.count();
        let line = |t: &str| t.lines().nth(at).unwrap_or("(end)").to_string();
        eprintln!(
            "error: {} is not up to date, from line {}:\n  there: {}\n  now:   {}",
            path.display(),
            at + 1,
            line(&old),
            line(text)
        );
        return Ok(NOT_PROVED);
    }
    match &a.output {
        Some(path) => {
            files::write_file(path, text.as_bytes()).map_err(|e| Error::io("write", path, e))?
        }
        None => emit(text),
    }
    Ok(DONE)
}
