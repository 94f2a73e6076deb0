//! `unbarrier prove`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Format, ProveArgs, SourceArgs};
use super::config;
use super::export::Export;
use super::input::{Loaded, emit, load, preprocess_options, use_color};
use super::stats::Totals;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::encode::launch::Contract;
use crate::front::assume::{parse_assumption, resolve};
use crate::ir::{Assumption, BarrierId, Kernel};
use crate::prove::kernel::{Contradiction, sites};
use crate::prove::work::Workers;
use crate::prove::{KernelVerdicts, Options, prove_kernel, removal_of};
use crate::report::describe;
use crate::report::human;
use crate::report::model::{ErrorReport, FileReport, RemovalReport, Report, SCHEMA};
use crate::report::stats;
use crate::source::Span;

/// Runs the command; the exit code.
pub fn run(a: &ProveArgs) -> u8 {
    let mut report = Report {
        schema: SCHEMA,
        files: Vec::new(),
        errors: Vec::new(),
        stats: None,
    };
    let mut totals = Totals::new();
    let mut bad = false;
    let mut unproved = false;
    if !a.remove.is_empty() && a.files.len() > 1 {
        eprintln!("error: --remove takes line numbers of one file; give one file at a time");
        return BAD_INPUT;
    }
    let export = match a.emit_smt.as_deref().map(Export::new).transpose() {
        Ok(e) => e,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    let bar = progress(a);
    for path in &a.files {
        match file(path, a, &bar, (export.as_ref(), &mut totals), &mut report) {
            Ok(outcome) => {
                bad |= outcome.bad;
                unproved |= outcome.unproved;
            }
            Err(e) => {
                bad = true;
                error(a, &mut report, path, e);
            }
        }
    }
    bar.finish_and_clear();
    if let Some(e) = &export {
        match e.finish() {
            Ok(n) if a.format == Format::Human => {
                let s = if n == 1 { "" } else { "s" };
                eprintln!("{n} decided obligation{s} written to {}", shown_dir(a));
            }
            Ok(_) => {}
            Err(e) => {
                eprintln!("error: {e}");
                bad = true;
            }
        }
    }
    if a.stats {
        let s = totals.finish();
        if a.format == Format::Human {
            eprint!("{}", stats::table(&s));
        }
        report.stats = Some(s);
    }
    if a.format == Format::Json {
        match serde_json::to_string_pretty(&report) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => {
                eprintln!("error: cannot write the report: {e}");
                return BAD_INPUT;
            }
        }
    }
    if bad {
        BAD_INPUT
    } else if unproved {
        NOT_PROVED
    } else {
        DONE
    }
}

/// The report on one file.
pub fn file_report(path: &Path, a: &ProveArgs) -> Result<FileReport, String> {
    let mut report = Report {
        schema: SCHEMA,
        files: Vec::new(),
        errors: Vec::new(),
        stats: None,
    };
    let bar = ProgressBar::hidden();
    let outcome = file(path, a, &bar, (None, &mut Totals::new()), &mut report)?;
    match (outcome.bad, report.files.pop()) {
        (false, Some(f)) => Ok(f),
        _ => Err(report.errors.first().map_or_else(
            || format!("{}: nothing to report", path.display()),
            |e| e.message.clone(),
        )),
    }
}

fn shown_dir(a: &ProveArgs) -> String {
    a.emit_smt
        .as_ref()
        .map_or_else(String::new, |d| d.display().to_string())
}

fn progress(a: &ProveArgs) -> ProgressBar {
    if a.format != Format::Human || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    // Nothing is drawn for work under a second.
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

fn error(a: &ProveArgs, report: &mut Report, path: &Path, message: String) {
    if a.format == Format::Human {
        eprintln!("error: {message}");
    } else {
        report.errors.push(ErrorReport {
            path: Some(path.display().to_string()),
            line: None,
            column: None,
            message,
        });
    }
}

struct Outcome {
    bad: bool,
    unproved: bool,
}

fn file(
    path: &Path,
    a: &ProveArgs,
    bar: &ProgressBar,
    (export, totals): (Option<&Export>, &mut Totals),
    report: &mut Report,
) -> Result<Outcome, String> {
    let source = with_config_defines(path, &a.source)?;
    let l = load(path, &source, true)?;
    if a.format == Format::Human {
        l.print_diagnostics(use_color(a.source.color, true));
    }
    report.errors.extend(l.errors());
    totals.loaded(&l);
    let mut bad = l.has_errors();
    let shown = l.map.file(l.file).path.clone();
    for name in &a.kernel {
        if !l.kernels.iter().any(|k| is_named(k, name)) {
            bad = true;
            let known: Vec<&str> = l.kernels.iter().map(|k| k.name.as_str()).collect();
            let hint = if known.is_empty() {
                "it has no kernels".to_string()
            } else {
                format!("its kernels are {}", known.join(", "))
            };
            error(
                a,
                report,
                path,
                format!("{shown}: no kernel named `{name}`; {hint}"),
            );
        }
    }
    let chosen: Vec<&Kernel> = l
        .kernels
        .iter()
        .filter(|k| a.kernel.is_empty() || a.kernel.iter().any(|n| is_named(k, n)))
        .collect();
    let remove = removal_spans(&l, &chosen, a)?;
    let assumptions = assumptions(&l, &chosen, a, &source, path)?;
    let mut kernels = Vec::new();
    let mut verdicts: Vec<(&Kernel, KernelVerdicts)> = Vec::new();
    let mut refused: Option<RemovalReport> = None;
    let mut failed: Option<String> = None;
    let mut tasks = Vec::new();
    for (k, assumed) in chosen.iter().zip(assumptions) {
        let contract = config::contract(&a.source, path, &k.name).map_err(|e| e.to_string())?;
        let size = a
            .threadgroup
            .or_else(|| contract.as_ref().and_then(|c| c.threadgroup));
        let mut options = options(k, a, size, assumed);
        options.stats = a.stats.then(Arc::default);
        options.recorder = export.map(|e| e.recorder(&l.map, &shown));
        tasks.push((*k, size, options));
    }
    let work = |i: usize| {
        let (k, _, options) = &tasks[i];
        bar.set_message(format!("{shown}: {}", k.name));
        let refused = || refuse(&l, k, options, &remove, a);
        let proved = prove_kernel(k, options)?;
        Ok((proved, if remove.is_empty() { None } else { refused() }))
    };
    Workers::new(jobs(a)).in_order(tasks.len(), work, |i, outcome| {
        let (k, size, options) = &tasks[i];
        let (mut proved, problem) = match outcome {
            Ok(p) => p,
            Err(e) => {
                let e: Contradiction = e;
                failed.get_or_insert_with(|| format!("{shown}: kernel {}: {e}", k.name));
                return;
            }
        };
        if !a.strict_divergence {
            proved.verdicts.divergent.retain(|d| !d.ended_only);
        }
        let mut r = describe::kernel(&l.map, k, *size, &proved.verdicts);
        let extra = describe::replay_options(
            &a.source.define,
            &a.source.include,
            a.execution_barriers_order_memory,
        );
        for command in r.barriers.iter_mut().filter_map(|b| b.replay.as_mut()) {
            command.push_str(&extra);
        }
        r.stats = options.stats.as_deref().map(stats::kernel);
        totals.proved(&r);
        if a.format == Format::Human {
            let text = human::kernel(
                &l.map,
                &shown,
                k,
                &proved.verdicts,
                &r,
                use_color(a.source.color, false),
            );
            bar.suspend(|| emit(&text));
        }
        refused = refused.take().or(problem);
        kernels.push(r);
        verdicts.push((*k, proved.verdicts));
    });
    if let Some(e) = failed {
        return Err(e);
    }
    let pairs: Vec<(&Kernel, &KernelVerdicts)> = verdicts.iter().map(|(k, v)| (*k, v)).collect();
    let removal = (!remove.is_empty()).then(|| {
        refused.clone().unwrap_or_else(|| RemovalReport {
            lines: a.remove.clone(),
            proved: true,
            reason: "proved: deleting these barriers together adds no race".into(),
            witness: None,
        })
    });
    if let (Some(r), Format::Human) = (&removal, a.format) {
        let lines: Vec<String> = r.lines.iter().map(u32::to_string).collect();
        emit(&format!(
            "removing line {}: {}\n",
            lines.join(", "),
            r.reason
        ));
    }
    let unproved = removal.as_ref().is_some_and(|r| !r.proved);
    report.files.push(FileReport {
        path: shown.clone(),
        barriers: describe::sites(&l.map, &shown, &pairs),
        kernels,
        removal,
    });
    Ok(Outcome { bad, unproved })
}

/// The source arguments with the definitions that `unbarrier.toml` gives the file; those of the
/// command line win.
pub(super) fn with_config_defines(path: &Path, args: &SourceArgs) -> Result<SourceArgs, String> {
    let mut out = args.clone();
    let name = |d: &str| d.split('=').next().unwrap_or("").to_string();
    let given: Vec<String> = args.define.iter().map(|d| name(d)).collect();
    for d in config::defines(args, path).map_err(|e| e.to_string())? {
        if !given.contains(&name(&d)) {
            out.define.push(d);
        }
    }
    Ok(out)
}

pub(super) fn is_named(k: &Kernel, name: &str) -> bool {
    k.name == name || k.function == name
}

fn jobs(a: &ProveArgs) -> usize {
    a.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    )
}

fn options(
    k: &Kernel,
    a: &ProveArgs,
    size: Option<[u64; 3]>,
    assumptions: Vec<Assumption>,
) -> Options {
    Options {
        contract: Contract {
            in_bounds: a.assume_in_bounds,
            ..Contract::new(k, size)
        },
        assumptions,
        timeout: Duration::from_secs_f64(a.timeout),
        jobs: jobs(a),
        ignore_flags: a.execution_barriers_order_memory,
        lockstep: a.lockstep,
        only: None,
        recorder: None,
        stats: None,
    }
}

/// The places of the barriers on the lines of `--remove`.
fn removal_spans(l: &Loaded, kernels: &[&Kernel], a: &ProveArgs) -> Result<BTreeSet<Span>, String> {
    let mut out = BTreeSet::new();
    for line in &a.remove {
        let before = out.len();
        for k in kernels {
            for s in sites(k) {
                if s.span.file == l.file && describe::at(&l.map, s.span).0 == *line {
                    out.insert(s.span);
                }
            }
        }
        if out.len() == before {
            let mut known: Vec<u32> = kernels
                .iter()
                .flat_map(|k| sites(k))
                .filter(|s| s.span.file == l.file)
                .map(|s| describe::at(&l.map, s.span).0)
                .collect();
            known.sort_unstable();
            known.dedup();
            if known.contains(line) {
                continue;
            }
            let known: Vec<String> = known.iter().map(u32::to_string).collect();
            return Err(format!(
                "{}:{line}: no barrier on this line; the barriers are on {}",
                l.map.file(l.file).path,
                if known.is_empty() {
                    "no line".to_string()
                } else {
                    format!("line {}", known.join(", "))
                }
            ));
        }
    }
    Ok(out)
}

/// The assumptions of each kernel. A name must mean something in at least one of them.
fn assumptions(
    l: &Loaded,
    kernels: &[&Kernel],
    a: &ProveArgs,
    source: &SourceArgs,
    path: &Path,
) -> Result<Vec<Vec<Assumption>>, String> {
    let mut out: Vec<Vec<Assumption>> = vec![Vec::new(); kernels.len()];
    let options = preprocess_options(source);
    // What unbarrier.toml assumes of a kernel must make sense in that kernel.
    for (i, k) in kernels.iter().enumerate() {
        let contract = config::contract(&a.source, path, &k.name).map_err(|e| e.to_string())?;
        for text in contract.iter().flat_map(|c| &c.assume) {
            let file = l.map.file(l.file);
            let expr = parse_assumption(text, &file.text, path.to_path_buf(), &options)
                .map_err(|e| e.to_string())?;
            out[i].push(resolve(text, &expr, &l.unit, k).map_err(|e| e.to_string())?);
        }
    }
    for text in &a.assume {
        let file = l.map.file(l.file);
        let expr = parse_assumption(text, &file.text, path.to_path_buf(), &options)
            .map_err(|e| e.to_string())?;
        let mut first_error = None;
        let mut used = false;
        for (i, k) in kernels.iter().enumerate() {
            match resolve(text, &expr, &l.unit, k) {
                Ok(x) => {
                    used = true;
                    out[i].push(x);
                }
                Err(e) if e.is_unknown_name() => {
                    first_error.get_or_insert(e);
                }
                Err(e) => return Err(e.to_string()),
            }
        }
        if let (false, Some(e)) = (used, first_error) {
            return Err(e.to_string());
        }
    }
    Ok(out)
}

/// Why a removal is not proved in a kernel; `None` when it is.
fn refuse(
    l: &Loaded,
    k: &Kernel,
    options: &Options,
    remove: &BTreeSet<Span>,
    a: &ProveArgs,
) -> Option<RemovalReport> {
    let ids: BTreeSet<BarrierId> = sites(k)
        .into_iter()
        .filter(|s| remove.contains(&s.span))
        .flat_map(|s| s.instances)
        .collect();
    if ids.is_empty() {
        return None;
    }
    let v = removal_of(k, options, &ids)?;
    Some(RemovalReport {
        lines: a.remove.clone(),
        proved: false,
        reason: format!(
            "not proved in kernel {}: {}",
            k.name,
            describe::reason(&l.map, &v)
        ),
        witness: v.witness.as_ref().map(|w| describe::witness(&l.map, k, w)),
    })
}
