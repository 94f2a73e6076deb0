//! `unbarrier prove`.

mod prepared;
mod session;
mod shared;

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use self::session::Session;
use super::args::{OutputArgs, ProveArgs, ReportFormat, Settings, SourceArgs};
use super::export::Export;
use super::input::{Loaded, emit, preprocess_options};
use super::{BAD_INPUT, DONE, NOT_PROVED, config, interrupt, output, unseen, walk};
use crate::encode::launch::Contract;
use crate::front::assume::{parse_assumption, resolve};
use crate::ir::{Assumption, BarrierId, Kernel};
use crate::prove::kernel::sites;
use crate::prove::{Options, removal_of};
use crate::report::model::{FileReport, RemovalReport, Report, Totals};
use crate::report::{describe, finding, list, stats};
use crate::source::Span;

/// Runs the command; the exit code.
pub fn run(a: &ProveArgs) -> u8 {
    let export = match a.emit_smt.as_deref().map(Export::new).transpose() {
        Ok(e) => e,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    interrupt::begin(a.output.format == ReportFormat::Json);
    let mut s = Session::new(a, progress(a), export.as_ref());
    let (paths, problems) = walk::files(&a.files, &a.settings.source);
    for p in problems
        .into_iter()
        .chain(config::missing(&paths, &a.settings.source))
    {
        s.problem(p);
    }
    if !a.remove.is_empty() && paths.len() > 1 {
        eprintln!("error: --remove takes line numbers of one file; give one file at a time");
        return BAD_INPUT;
    }
    s.files(&paths);
    s.bar.finish_and_clear();
    if let Some(e) = &export {
        match e.finish() {
            Ok(n) if s.human => {
                let s = if n == 1 { "" } else { "s" };
                eprintln!("{n} decided obligation{s} written to {}", shown_dir(a));
            }
            Ok(_) => {}
            Err(e) => {
                eprintln!("error: {e}");
                s.bad = true;
            }
        }
    }
    if a.stats {
        let stats = s.totals.finish();
        if s.human {
            eprint!("{}", stats::table(&stats));
        }
        s.report.stats = Some(stats);
    }
    s.report.totals = Totals::of(&s.report.files);
    if s.human && !a.output.quiet && !s.report.files.is_empty() {
        emit(&list::total(&s.report.totals));
    }
    if let Err(e) = deliver(&s.report, &a.output) {
        eprintln!("error: cannot write the report: {e}");
        return BAD_INPUT;
    }
    let forbidden = denied_count(&s.report, &a.output);
    if forbidden > 0 {
        let n = if forbidden == 1 { "" } else { "s" };
        eprintln!("error: {forbidden} finding{n} denied by --deny");
    }
    if s.bad {
        BAD_INPUT
    } else if s.unproved || forbidden > 0 {
        NOT_PROVED
    } else {
        DONE
    }
}

/// Standard output, and the files of `--output`.
fn deliver(report: &Report, o: &OutputArgs) -> Result<(), String> {
    output::write(report, o.format)?;
    for (format, path) in &o.output {
        let text = output::text(report, *format)?;
        interrupt::write_file(path, text.as_bytes())
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Findings that `--deny` forbids.
fn denied_count(report: &Report, o: &OutputArgs) -> usize {
    let all = report.files.iter().flat_map(finding::of);
    all.filter(|x| session::denied(&o.deny, x)).count()
}

/// The report on one file, for other commands: what `unbarrier.toml` accepts is not looked at.
pub fn file_report(path: &Path, a: &ProveArgs) -> Result<FileReport, String> {
    let mut s = Session::new(a, ProgressBar::hidden(), None);
    s.strict = false;
    s.files(&[path.to_path_buf()]);
    match (s.bad, s.report.files.pop()) {
        (false, Some(f)) => Ok(f),
        _ => Err(s.report.errors.first().map_or_else(
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
    if a.output.format != ReportFormat::Human || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    // Nothing is drawn for work under a second.
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

/// The source arguments with the definitions and include folders that `unbarrier.toml` gives the file; those of the
/// command line win.
pub(super) fn with_config_defines(
    path: &Path,
    args: &SourceArgs,
) -> Result<SourceArgs, config::ConfigError> {
    let mut out = args.clone();
    out.include.extend(config::include(args, path)?);
    out.instantiate.extend(config::instantiate(args, path)?);
    let name = |d: &str| d.split('=').next().unwrap_or("").to_string();
    let given: Vec<String> = args.define.iter().map(|d| name(d)).collect();
    for d in config::defines(args, path)? {
        if !given.contains(&name(&d)) {
            out.define.push(d);
        }
    }
    Ok(out)
}

pub(super) fn is_named(k: &Kernel, name: &str) -> bool {
    k.name == name || k.function == name
}

pub(super) fn options(
    k: &Kernel,
    a: &Settings,
    size: Option<[u64; 3]>,
    assumptions: Vec<Assumption>,
) -> Options {
    Options {
        contract: Contract {
            in_bounds: a.model.assume_in_bounds,
            ..Contract::new(k, size)
        },
        assumptions,
        timeout: Duration::from_secs_f64(a.solver.timeout),
        jobs: a.jobs(),
        ignore_flags: a.model.execution_barriers_order_memory,
        lockstep: a.model.lockstep,
        only: None,
        execute_first: true,
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
            if known.contains(line) || unseen::on_line(l, *line).is_some() {
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
pub(super) fn assumptions(
    l: &Loaded,
    kernels: &[&Kernel],
    a: &Settings,
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
    for text in &a.launch.assume {
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
