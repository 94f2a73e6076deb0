//! The edits that a proof allows, as a patch.
//!
//! Pipeline: [`repair`] (if asked) orders existing races, [`select`] chooses what goes, [`text`] edits, [`select::verify`]
//! proves the edited text against the original, and only then is anything shown or written.

pub mod apply;
mod judge;
mod repair;
mod select;
mod text;

use std::path::Path;

use similar::TextDiff;

use self::select::Action;
use super::config;
use super::error::{Code, Error, Result};
use super::kernels::{self, chosen};
use super::launch::plan;
use super::load::{Depth, Loaded, configured, load, load_text};
use super::observer::Observer;
use super::settings::{Settings, SourceSettings};
use crate::exec::{RunOptions, Runnable};
use crate::ir::matching::stretches;
use crate::ir::{BarrierScope, Kernel};
use crate::launch::{resolve, to_launch};
use crate::prove::Options;
use crate::report::optimize::{EditReport, ExecutionReport, OptimizedFile};

/// What is to be edited, and how.
#[derive(Clone, Debug, Default)]
pub struct OptimizeRequest {
    /// Overwrite files.
    pub apply: bool,
    /// Make threadgroup barriers simdgroup barriers where that suffices.
    pub weaken: bool,
    /// Order existing races.
    pub repair: bool,
    /// Sources, launches, solver, model.
    pub settings: Settings,
}

/// Edits a file.
///
/// # Errors
/// The file cannot be read or has errors, or the edited text is not proved; nothing was written then.
pub fn optimize(
    path: &Path,
    a: &OptimizeRequest,
    observer: &dyn Observer,
) -> Result<OptimizedFile> {
    let args = &a.settings;
    let before = apply::Original::read(path)?;
    let source = configured(path, &args.source)?;
    let l = load(path, &source, Depth::Kernels)?;
    let all: Vec<_> = l.diagnostics.iter().collect();
    observer.messages(&l, &all);
    let name = path.display().to_string();
    if l.has_errors() {
        let message = format!("{name}: not edited, because it has errors");
        return Err(Error::of(Code::Source, &name, message));
    }
    let names: Vec<&str> = l.kernels.iter().map(|k| k.name.as_str()).collect();
    if let Some(c) = config::project(&args.source, path)?
        && let Some(p) = c.unknown_kernels(&names).into_iter().next()
    {
        return Err(p);
    }
    chosen(&l, &args.kernel)?;
    let kernels: Vec<&Kernel> = l.kernels.iter().collect();
    let options: Vec<Options> = kernels::options(&l, &kernels, args, &source, path)?
        .into_iter()
        .map(|(_, o)| o)
        .collect();
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
    text = text::apply(&text, &each)
        .ok_or_else(|| Error::of(Code::Internal, &name, format!("{name}: the edits overlap")))?;
    let after = load_text(path, &text, &source);
    if !edits.is_empty() {
        // Against the original: a repair only adds order.
        select::verify(&l, &after, &options, args.jobs())
            .map_err(|e| e.context(format!("{name}: not edited: ")))?;
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
    for same in stretches(&a, &b).into_iter().filter(|x| x.equal) {
        for (o, n) in same.old.zip(same.new) {
            if news.get(n) == Some(&s.start) {
                return o;
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
    source: &SourceSettings,
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
        let plan = match plan(old, a, path, source, args.launch.threadgroup) {
            Ok(p) => p,
            Err(e) => {
                notes.push(format!(
                    "kernel {}: executions were not counted: {e}",
                    a.name
                ));
                continue;
            }
        };
        let run = |k: &Kernel| -> Result<[u64; 2]> {
            let wrong = |e: String| Error::new(Code::Launch, e);
            let l = resolve(&plan.spec, plan.threadgroup).map_err(|e| wrong(e.to_string()))?;
            let group = l.groups.first().copied().unwrap_or_default();
            let launch = to_launch(&l, k, group).map_err(wrong)?;
            let outcome = Runnable::new(k)
                .run(&launch, &RunOptions::default())
                .map_err(|e| wrong(e.to_string()))?;
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
