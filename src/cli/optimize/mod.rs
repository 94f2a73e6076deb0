//! `unbarrier optimize`: the edits that a proof allows, as a patch.
//!
//! Pipeline: [`repair`] (if asked) orders existing races, [`select`] chooses what goes, [`text`] edits, [`select::verify`]
//! proves the edited text against the original, and only then is anything shown or written.

mod apply;
mod repair;
mod select;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::args::{Format, Settings, SourceArgs};
use super::input::{Loaded, emit, load, load_text, use_color};
use super::prove::{assumptions, options, with_config_defines};
use super::{BAD_INPUT, DONE, config, launch, walk};
use crate::exec::{RunOptions, Runnable};
use crate::ir::{BarrierScope, Kernel};
use crate::launch::{resolve, to_launch};
use crate::prove::Options;
use crate::report::model::ErrorReport;
use crate::report::optimize::{
    EditReport, ExecutionReport, OptimizeReport, OptimizedFile, SCHEMA, human,
};
use select::Action;

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
    pub settings: Settings,
}

/// Runs the command; the exit code.
pub fn run(a: &OptimizeArgs) -> u8 {
    let mut report = OptimizeReport {
        schema: SCHEMA,
        files: Vec::new(),
        errors: Vec::new(),
    };
    let args = a.settings.clone();
    let mut patch = String::new();
    let (paths, problems) = walk::files(&a.files, &a.settings.source);
    for p in problems {
        eprintln!("error: {p}");
        report.errors.push(p.into_report());
    }
    for path in &paths {
        match file(path, a, &args) {
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
            Err(message) => {
                eprintln!("error: {message}");
                report.errors.push(ErrorReport {
                    path: Some(path.display().to_string()),
                    line: None,
                    column: None,
                    message,
                });
            }
        }
    }
    if let Some(to) = &a.patch
        && let Err(message) = apply::write_new(to, patch.as_bytes())
    {
        eprintln!("error: {message}");
        report.errors.push(ErrorReport {
            path: Some(to.display().to_string()),
            line: None,
            column: None,
            message,
        });
    }
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

fn file(path: &Path, a: &OptimizeArgs, args: &Settings) -> Result<OptimizedFile, String> {
    let before = apply::Original::read(path)?;
    let source = with_config_defines(path, &a.settings.source)?;
    let l = load(path, &source, true)?;
    l.print_diagnostics(use_color(a.settings.source.color, true));
    if l.has_errors() {
        return Err(format!(
            "{}: not edited, because it has errors",
            path.display()
        ));
    }
    let names: Vec<&str> = l.kernels.iter().map(|k| k.name.as_str()).collect();
    if let Some(c) = config::project(&a.settings.source, path).map_err(|e| e.to_string())?
        && let Some(p) = c.unknown_kernels(&names).first()
    {
        return Err(p.to_string());
    }
    launch::chosen(&l, &args.kernel)?;
    let options = all_options(&l, args, &source, path)?;
    let mut edits = Vec::new();
    let mut notes = Vec::new();
    let original = l.map.file(l.file).text.to_string();
    let mut text = original.clone();
    let mut repaired = None;
    if a.repair {
        let done = repair::repair(&l, &source, &options, args)?;
        notes.extend(done.notes);
        edits.extend(done.repairs.into_iter().map(|r| EditReport {
            line: r.line,
            action: r.action,
            barrier: r.barrier,
            kernels: vec![r.kernel],
            reason: r.reason,
        }));
        if done.text != text {
            text = done.text;
            repaired = Some(load_text(path, &text, &source));
        }
    }
    let base = repaired.as_ref().unwrap_or(&l);
    let chosen = select::select(base, &source, &options, a.weaken, args)?;
    notes.extend(chosen.notes);
    // What was needed before a repair and is not after it.
    let freed = match &repaired {
        Some(_) => {
            let first = select::select(&l, &source, &options, a.weaken, args)?;
            let had: Vec<usize> = first.chosen.iter().map(|c| rank(&l, c.span)).collect();
            let is_new = |c: &&select::Chosen| !had.contains(&rank_without(base, &l, c.span));
            chosen
                .chosen
                .iter()
                .filter(is_new)
                .map(|c| c.span)
                .collect()
        }
        None => Vec::new(),
    };
    for c in &chosen.chosen {
        let mut reason = match c.action {
            Action::Remove => "no conflicting pair loses its order".to_string(),
            Action::Weaken => "what it orders is within simdgroups".to_string(),
        };
        if freed.contains(&c.span) {
            reason.push_str("; needed before the repair");
        }
        edits.push(EditReport {
            line: base.map.line_col(c.span.file, c.span.start).0,
            action: match c.action {
                Action::Remove => "remove",
                Action::Weaken => "weaken",
            },
            barrier: format!(
                "{}({})",
                crate::report::describe::kind_of(c.barrier.scope),
                c.barrier.flags.names().join(" | ")
            ),
            kernels: c.kernels.clone(),
            reason,
        });
    }
    let each: Vec<text::Edit> = chosen.chosen.iter().map(|c| c.edit.clone()).collect();
    text = text::apply(&text, &each).ok_or("the edits overlap")?;
    let after = load_text(path, &text, &source);
    if !edits.is_empty() {
        // Against the original: a repair only adds order.
        select::verify(&l, &after, &options, args.jobs())
            .map_err(|e| format!("{}: not edited: {e}", path.display()))?;
    }
    let shown = l.map.file(l.file).path.clone();
    let mut out = OptimizedFile {
        barriers: [select::count(&l), select::count(&after)],
        executions: executions(&l, &after, path, args, &source, &mut notes),
        largest: chosen.largest,
        diff: diff(&shown, &original, &text),
        path: shown,
        edits,
        notes,
        applied: false,
    };
    if a.apply && !out.edits.is_empty() {
        before.replace(&text)?;
        out.applied = true;
    }
    Ok(out)
}

/// How many barriers of the file stand before a place.
fn rank(l: &Loaded, s: crate::source::Span) -> usize {
    places(l).iter().filter(|p| **p < s.start).count()
}

/// The same, without the barriers that `old` does not have (they were inserted).
fn rank_without(new: &Loaded, old: &Loaded, s: crate::source::Span) -> usize {
    let text = |l: &Loaded, at: u32| {
        let (line, _) = l.map.line_col(l.file, at);
        l.map.line_text(l.file, line).to_string()
    };
    let (olds, news): (Vec<u32>, Vec<u32>) = (
        places(old).into_iter().collect(),
        places(new).into_iter().collect(),
    );
    let a: Vec<String> = olds.iter().map(|p| text(old, *p)).collect();
    let b: Vec<String> = news.iter().map(|p| text(new, *p)).collect();
    for op in similar::capture_diff_slices(similar::Algorithm::Myers, &a, &b) {
        if let similar::DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            for i in 0..len {
                if news.get(new_index + i) == Some(&s.start) {
                    return old_index + i;
                }
            }
        }
    }
    usize::MAX
}

fn places(l: &Loaded) -> std::collections::BTreeSet<u32> {
    let all = l.kernels.iter().flat_map(crate::prove::kernel::sites);
    all.filter(|s| s.span.file == l.file)
        .map(|s| s.span.start)
        .collect()
}

fn all_options(
    l: &Loaded,
    args: &Settings,
    source: &SourceArgs,
    path: &Path,
) -> Result<Vec<Options>, String> {
    let all: Vec<&Kernel> = l.kernels.iter().collect();
    let assumed = assumptions(l, &all, args, source, path)?;
    let mut out = Vec::new();
    for (k, assumed) in all.iter().zip(assumed) {
        let contract = config::contract(source, path, &k.name).map_err(|e| e.to_string())?;
        let size = args
            .launch
            .threadgroup
            .or(contract.and_then(|c| c.threadgroup));
        out.push(options(k, args, size, assumed));
    }
    Ok(out)
}

fn diff(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let path = path.trim_start_matches("./").trim_start_matches('/');
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// Barriers that a launch of each edited kernel executes, before and after.
fn executions(
    old: &Loaded,
    new: &Loaded,
    path: &Path,
    args: &Settings,
    source: &SourceArgs,
    notes: &mut Vec<String>,
) -> Vec<ExecutionReport> {
    let mut out = Vec::new();
    for (a, b) in old.kernels.iter().zip(&new.kernels) {
        let same = |x: &Kernel, y: &Kernel| {
            let key =
                |k: &Kernel| -> Vec<_> { k.barriers.iter().map(|b| (b.scope, b.flags)).collect() };
            key(x) == key(y)
        };
        if same(a, b) {
            continue;
        }
        let plan = match launch::plan(old, a, path, source, args.launch.threadgroup) {
            Ok(p) => p,
            Err(e) => {
                notes.push(format!(
                    "kernel {}: executions were not counted: {e}",
                    a.name
                ));
                continue;
            }
        };
        let run = |k: &Kernel| -> Result<[u64; 2], String> {
            let l = resolve(&plan.spec, plan.threadgroup).map_err(|e| e.to_string())?;
            let group = l.groups.first().copied().unwrap_or_default();
            let launch = to_launch(&l, k, group)?;
            let outcome = Runnable::new(k)
                .run(&launch, &RunOptions::default())
                .map_err(|e| e.to_string())?;
            let threads = launch.threads().max(1);
            let mut sums = [0u64; 2];
            for (x, n) in k.barriers.iter().zip(&outcome.barrier_passes) {
                let which = usize::from(x.scope == BarrierScope::Simdgroup);
                sums[which] += n / threads;
            }
            Ok(sums)
        };
        match (run(a), run(b)) {
            (Ok(x), Ok(y)) => out.push(ExecutionReport {
                kernel: a.name.clone(),
                threadgroup: plan.threadgroup,
                derived: plan.derived,
                threadgroup_barriers: [x[0], y[0]],
                simdgroup_barriers: [x[1], y[1]],
            }),
            (Err(e), _) | (_, Err(e)) => {
                notes.push(format!(
                    "kernel {}: executions were not counted: {e}",
                    a.name
                ));
            }
        }
    }
    out
}
