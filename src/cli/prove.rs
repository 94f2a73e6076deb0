//! `unbarrier prove`.

use super::args::{OutputArgs, ProveArgs, ReportFormat};
use super::show::{ProveView, denied, emit};
use super::{BAD_INPUT, DONE, NOT_PROVED, interrupt, output};
use crate::engine::prove::{ProveRequest, prove};
use crate::engine::{config, files, walk};
use crate::report::model::Report;
use crate::report::{finding, list, stats};

/// Runs the command; the exit code.
pub fn run(a: &ProveArgs) -> u8 {
    let human = a.output.format == ReportFormat::Human;
    interrupt::begin(a.output.format == ReportFormat::Json);
    let settings = a.settings.settings();
    let (paths, mut problems) = walk::files(&a.files, &settings.source);
    problems.extend(config::missing(&paths, &settings.source));
    let html = |f: ReportFormat| f == ReportFormat::Html;
    let request = ProveRequest {
        settings,
        remove: a.remove.clone(),
        stats: a.stats,
        emit_smt: a.emit_smt.clone(),
        graphs: html(a.output.format) || a.output.output.iter().any(|o| html(o.0)),
        plain: false,
        command: output::arguments(),
    };
    let view = ProveView::new(&a.output, a.settings.source.color);
    let inputs: Vec<_> = paths.into_iter().map(Into::into).collect();
    let done = prove(&inputs, problems, &request, &view);
    view.clear();
    let p = match done {
        Ok(p) => p,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    if let (Some(n), Some(dir), true) = (p.written, &a.emit_smt, human) {
        let s = if n == 1 { "" } else { "s" };
        eprintln!("{n} decided obligation{s} written to {}", dir.display());
    }
    if let (Some(s), true) = (&p.report.stats, human) {
        eprint!("{}", stats::table(s));
    }
    if human && !a.output.quiet && !p.report.files.is_empty() {
        emit(&list::total(&p.report.totals));
    }
    if let Err(e) = deliver(&p.report, &a.output) {
        eprintln!("error: cannot write the report: {e}");
        return BAD_INPUT;
    }
    let forbidden = denied_count(&p.report, &a.output);
    if forbidden > 0 {
        let n = if forbidden == 1 { "" } else { "s" };
        eprintln!("error: {forbidden} finding{n} denied by --deny");
    }
    if p.bad {
        BAD_INPUT
    } else if p.unproved || forbidden > 0 {
        NOT_PROVED
    } else {
        DONE
    }
}

/// Standard output, and the files of `--output`.
pub fn deliver(report: &Report, o: &OutputArgs) -> Result<(), String> {
    output::write(report, o.format)?;
    for (format, path) in &o.output {
        let text = output::text(report, *format)?;
        files::write_file(path, text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Findings that `--deny` forbids.
pub fn denied_count(report: &Report, o: &OutputArgs) -> usize {
    let all = report.files.iter().flat_map(finding::of);
    all.filter(|x| denied(&o.deny, x)).count()
}
