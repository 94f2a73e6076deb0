//! `unbarrier audit`: a document on what claims about barriers are worth.

use std::path::Path;

use clap::Parser;

use super::args::{AuditArgs, Cli, Command};
use super::input::emit;
use super::prove::file_report;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::report::audit::{Outcome, document};
use crate::report::claims::{Claims, Run};
use crate::report::model::FileReport;

/// Runs the command; the exit code.
pub fn run(a: &AuditArgs) -> u8 {
    match text(a).and_then(|t| deliver(a, &t)) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}

fn text(a: &AuditArgs) -> Result<String, String> {
    let shown = a.claims.display();
    let claims = read(&a.claims)?;
    let claims = Claims::parse(&claims).map_err(|e| format!("{shown}: {e}"))?;
    let mut outcomes = Vec::new();
    for run in &claims.runs {
        let report = prove(a, run).map_err(|e| format!("run `{}`: {e}", run.id))?;
        outcomes.push(Outcome { run, report });
    }
    document(&claims, &outcomes).map_err(|e| format!("{shown}: {e}"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// What `unbarrier prove FILE OPTIONS` reports.
fn prove(a: &AuditArgs, run: &Run) -> Result<FileReport, String> {
    let path = a.corpus.join(&run.file);
    let mut words = vec![
        "unbarrier".into(),
        "prove".into(),
        path.display().to_string(),
    ];
    words.extend(run.options.iter().cloned());
    // A document of record is proved afresh.
    words.extend(["--format".into(), "json".into(), "--no-cache".into()]);
    words.extend(a.jobs.iter().flat_map(|n| ["--jobs".into(), n.to_string()]));
    match Cli::try_parse_from(words)
        .map_err(|e| e.to_string())?
        .command
    {
        Command::Prove(args) => {
            let mut report = file_report(&path, &args)?;
            // Commands are for the folder of the corpus, wherever that is.
            let (here, there) = (path.display().to_string(), &run.file);
            let all = report.kernels.iter_mut().flat_map(|k| &mut k.barriers);
            for command in all.filter_map(|b| b.replay.as_mut()) {
                *command = command.replace(&here, there);
            }
            Ok(report)
        }
        _ => Err("not a run of `prove`".into()),
    }
}

/// Writes, prints or compares the document.
fn deliver(a: &AuditArgs, text: &str) -> Result<u8, String> {
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
        Some(path) => super::interrupt::write_file(path, text.as_bytes())
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?,
        None => emit(text),
    }
    Ok(DONE)
}
