//! A document on what claims about barriers are worth.

use std::path::Path;

use super::error::{Code, Error, Result};
use super::prove::{Input, file_report};
use super::settings::Settings;
use crate::report::audit::{Outcome, document};
use crate::report::claims::{Claims, Run};
use crate::report::model::FileReport;

/// The document on the claims of a file, about sources in the folder `corpus`; `settings` reads the options of a run.
///
/// # Errors
/// The claims cannot be read or are not sound, or a source cannot be proved.
pub fn audit(
    claims: &Path,
    corpus: &Path,
    settings: &dyn Fn(&Run) -> Result<Settings>,
) -> Result<String> {
    let shown = claims.display();
    let wrong = |e: String| Error::of(Code::Request, &shown.to_string(), format!("{shown}: {e}"));
    let text = std::fs::read_to_string(claims).map_err(|e| Error::io("read", claims, e))?;
    let claims = Claims::parse(&text).map_err(wrong)?;
    let mut outcomes = Vec::new();
    for run in &claims.runs {
        let report = settings(run)
            .and_then(|s| prove(corpus, run, &s))
            .map_err(|e| e.context(format!("run `{}`: ", run.id)))?;
        outcomes.push(Outcome { run, report });
    }
    document(&claims, &outcomes).map_err(wrong)
}

/// What `unbarrier prove FILE OPTIONS` reports.
fn prove(corpus: &Path, run: &Run, settings: &Settings) -> Result<FileReport> {
    let path = corpus.join(&run.file);
    let mut report = file_report(Input::from(path.clone()), settings)?;
    // Commands are for the folder of the corpus, wherever that is.
    let (here, there) = (path.display().to_string(), &run.file);
    let all = report.kernels.iter_mut().flat_map(|k| &mut k.barriers);
    for command in all.filter_map(|b| b.replay.as_mut()) {
        *command = command.replace(&here, there);
    }
    Ok(report)
}
