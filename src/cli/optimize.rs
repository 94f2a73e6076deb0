//! `unbarrier optimize`: the edits that a proof allows, as a patch.

use std::path::PathBuf;

use clap::Args;

use super::args::{Color, Format, SettingsArgs};
use super::show::{emit, print_messages};
use super::{BAD_INPUT, DONE};
use crate::engine::error::Error;
use crate::engine::load::Loaded;
use crate::engine::observer::Observer;
use crate::engine::optimize::{OptimizeRequest, apply, optimize};
use crate::engine::walk;
use crate::report::optimize::{OptimizeReport, SCHEMA, human};
use crate::source::Diagnostic;

/// Arguments of `optimize`.
#[derive(Clone, Debug, Args)]
pub struct OptimizeArgs {
    /// Metal source files; of folders, all .metal files that .gitignore and unbarrier.toml do not exclude.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// Overwrite the files (otherwise the patch is printed).
    #[arg(long)]
    pub apply: bool,
    /// Write the patch into this file.
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub patch: Option<PathBuf>,
    /// Make threadgroup barriers simdgroup barriers where that suffices.
    #[arg(long)]
    pub weaken: bool,
    /// Order existing races, each with the cheapest barrier that does.
    #[arg(long)]
    pub repair: bool,
    /// Output format: human (with the patch) or json.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

struct View(Color);

impl Observer for View {
    fn messages(&self, l: &Loaded, messages: &[&Diagnostic]) {
        print_messages(l, messages, self.0);
    }
}

/// Runs the command; the exit code.
pub fn run(a: &OptimizeArgs) -> u8 {
    let mut report = OptimizeReport {
        schema: SCHEMA,
        files: Vec::new(),
        errors: Vec::new(),
    };
    let request = OptimizeRequest {
        apply: a.apply,
        weaken: a.weaken,
        repair: a.repair,
        settings: a.settings.settings(),
    };
    let mut patch = String::new();
    let (paths, mut errors) = walk::files(&a.files, &request.settings.source);
    for e in &errors {
        eprintln!("error: {e}");
    }
    let view = View(a.settings.source.color);
    let mut failed = |e: Error| {
        eprintln!("error: {e}");
        errors.push(e);
    };
    for path in &paths {
        match optimize(path, &request, &view) {
            Ok(f) => {
                if a.format == Format::Human {
                    emit(&human(&f));
                    if !a.apply && a.patch.is_none() {
                        emit(&f.diff);
                    }
                }
                patch.push_str(&f.diff);
                report.files.push(f);
            }
            Err(e) => failed(e.in_file(&path.display().to_string())),
        }
    }
    if let Some(to) = &a.patch
        && let Err(e) = apply::write_new(to, patch.as_bytes())
    {
        failed(e);
    }
    report.errors = errors.iter().map(Error::report).collect();
    if a.format == Format::Json {
        match serde_json::to_string_pretty(&report) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => eprintln!("error: cannot write the report: {e}"),
        }
    }
    if report.errors.is_empty() {
        DONE
    } else {
        BAD_INPUT
    }
}
