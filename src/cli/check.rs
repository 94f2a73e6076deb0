//! `unbarrier check`: what a change of sources does to barriers.

use std::path::PathBuf;

use clap::Args;

use super::args::{CheckOutputArgs, Color, Denied, ReportFormat, SettingsArgs};
use super::show::{emit, print_messages, use_color};
use super::{BAD_INPUT, DONE, NOT_PROVED, UNDECIDED, output};
use crate::engine::check::{CheckRequest, Checked, check};
use crate::engine::error::Error;
use crate::engine::files;
use crate::engine::load::Loaded;
use crate::engine::observer::Observer;
use crate::report::check::{CheckReport, KernelCheck, human, markdown};
use crate::report::model::{self, Report};
use crate::source::Diagnostic;

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Only these files or folders (default: everything that changed).
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The version to compare with: a revision of the git repository around the current folder.
    #[arg(long, value_name = "REV", default_value = "HEAD", conflicts_with_all = ["from", "to"])]
    pub base: String,
    /// The version to judge (default: the work tree).
    #[arg(long, value_name = "REV", conflicts_with_all = ["from", "to"])]
    pub head: Option<String>,
    /// Compare with this file or folder instead of a revision.
    #[arg(long, value_name = "OLD", requires = "to")]
    pub from: Option<PathBuf>,
    /// Judge this file or folder.
    #[arg(long, value_name = "NEW", requires = "from")]
    pub to: Option<PathBuf>,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// What is told, and where to.
    #[command(flatten)]
    pub output: CheckOutputArgs,
}

/// Shows each kernel as soon as it is judged, where people read along.
struct View {
    human: bool,
    color: Color,
    quiet: bool,
}

impl Observer for View {
    fn messages(&self, l: &Loaded, messages: &[&Diagnostic]) {
        if self.human {
            print_messages(l, messages, self.color);
        }
    }

    fn error(&self, e: &Error) {
        // Whatever the format: the exit code is not all that a log of a build should have.
        eprintln!("error: {e}");
    }

    fn change(&self, _k: &KernelCheck, text: &str) {
        if self.human && !self.quiet {
            emit(text);
        }
    }
}

/// Runs the command; the exit code.
pub fn run(a: &CheckArgs) -> u8 {
    let human = a.output.format == ReportFormat::Human;
    let color = a.settings.source.color;
    let request = CheckRequest {
        paths: a.paths.clone(),
        base: a.base.clone(),
        head: a.head.clone(),
        from: a.from.clone(),
        to: a.to.clone(),
        color: use_color(color, false),
        settings: a.settings.settings(),
    };
    let view = View {
        human,
        color,
        quiet: a.output.quiet,
    };
    let (done, failed) = match check(&request, &view) {
        Ok(done) => (done, false),
        Err(e) => {
            eprintln!("error: {e}");
            let mut report = request.empty();
            report.errors.push(e.report());
            let findings = Vec::new();
            (Checked { report, findings }, true)
        }
    };
    // What only parts of a source are wrong in was said where people read along.
    if !human && !failed {
        for e in done.report.errors.iter().filter(|e| e.line.is_some()) {
            eprintln!("error: {}", e.message);
        }
    }
    if !(failed && human)
        && let Err(e) = deliver(a, &done)
    {
        eprintln!("error: cannot write the report: {e}");
        return BAD_INPUT;
    }
    if !done.report.errors.is_empty() {
        return BAD_INPUT;
    }
    let deny = |kind| a.output.deny.contains(&kind);
    let mut kernels = done.report.files.iter().flat_map(|f| &f.kernels);
    if deny(Denied::Existing) && kernels.any(|k| !k.existing.is_empty()) {
        eprintln!("error: there are races that both versions have (--deny existing)");
        return NOT_PROVED;
    }
    match done.report.verdict {
        "refuted" => NOT_PROVED,
        "undecided" if deny(Denied::Undecided) => NOT_PROVED,
        "undecided" => UNDECIDED,
        _ => DONE,
    }
}

fn deliver(a: &CheckArgs, done: &Checked) -> Result<(), String> {
    emit(&text(&done.report, &done.findings, a.output.format)?);
    for (format, path) in &a.output.output {
        let text = text(&done.report, &done.findings, *format)?;
        files::write_file(path, text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn text(
    report: &CheckReport,
    files: &[model::FileReport],
    format: ReportFormat,
) -> Result<String, String> {
    match format {
        ReportFormat::Human => Ok(human::summary(report)),
        ReportFormat::Json => serde_json::to_string_pretty(report)
            .map(|s| format!("{s}\n"))
            .map_err(|e| e.to_string()),
        ReportFormat::Markdown => Ok(markdown::document(report)),
        ReportFormat::Sarif | ReportFormat::Html | ReportFormat::Github => {
            let findings = Report {
                schema: model::SCHEMA,
                tool: model::Tool::new(output::arguments()),
                totals: model::Totals::of(files),
                files: files.to_vec(),
                errors: report.errors.clone(),
                stats: None,
            };
            output::text(&findings, format)
        }
    }
}
