//! `unbarrier fuzz`: runs kernels under many launches and looks for data races.
//!
//! Soundness direction: a race that is reported happened; finding none proves nothing.

pub mod generate;
mod hunt;
mod show;
mod specified;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use self::generate::{Fixed, Maker, range};
use self::hunt::{Hunt, smallest};
use self::show::{FuzzReport, KernelFuzz, SCHEMA};
use self::specified::Specified;
use super::args::{Format, FuzzArgs, SourceArgs};
use super::config;
use super::input::{Loaded, emit, load, preprocess_options, use_color};
use super::prove::with_config_defines;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::encode::launch::{Contract, MAX_THREADS};
use crate::exec::{Finding, Target, is_order, validate};
use crate::front::assume::{parse_assumption, resolve};
use crate::ir::{Assumption, BarrierId, Kernel, Object, Space, VarKind};
use crate::prove::Options;
use crate::prove::kernel::sites;
use crate::prove::replay::admitted;
use crate::report::describe;
use crate::report::model::ErrorReport;

/// Launches in a row that the assumptions reject before it is given up.
const REJECTED: u64 = 20_000;
/// Runs in a row that do not end before it is given up.
const ENDLESS: u64 = 4;

/// Runs the command; the exit code.
pub fn run(a: &FuzzArgs) -> u8 {
    let mut report = FuzzReport {
        schema: SCHEMA,
        path: a.file.display().to_string(),
        disabled: a.disable.clone(),
        kernels: Vec::new(),
        errors: Vec::new(),
    };
    let code = match file(a, &mut report) {
        Ok(code) => code,
        Err(message) => {
            if a.format == Format::Human {
                eprintln!("error: {message}");
            } else {
                report.errors.push(ErrorReport {
                    path: Some(report.path.clone()),
                    line: None,
                    column: None,
                    message,
                });
            }
            BAD_INPUT
        }
    };
    if a.format == Format::Json {
        match serde_json::to_string_pretty(&report) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => {
                eprintln!("error: cannot write the report: {e}");
                return BAD_INPUT;
            }
        }
    }
    code
}

fn file(a: &FuzzArgs, report: &mut FuzzReport) -> Result<u8, String> {
    let path = &a.file;
    let source = with_config_defines(path, &a.source)?;
    let l = load(path, &source, true)?;
    if a.format == Format::Human {
        l.print_diagnostics(use_color(a.source.color, true));
    }
    report.errors.extend(l.errors());
    if l.has_errors() {
        return Ok(BAD_INPUT);
    }
    let shown = l.map.file(l.file).path.clone();
    let chosen = chosen(&l, a, &shown)?;
    let mut code = DONE;
    for k in chosen {
        let disabled = disabled(&l, k, a);
        if disabled.is_empty() && !a.disable.is_empty() {
            continue;
        }
        let found = kernel(&l, k, a, &source, path, disabled)
            .map_err(|e| format!("{shown}: kernel {}: {e}", k.name))?;
        if found.race.is_some() && code == DONE {
            code = NOT_PROVED;
        }
        if a.format == Format::Human {
            emit(&show::human(&shown, &found, a));
        }
        report.kernels.push(found);
    }
    Ok(code)
}

/// The kernels asked for; each line of `--disable` must have a barrier in one of them.
fn chosen<'a>(l: &'a Loaded, a: &FuzzArgs, shown: &str) -> Result<Vec<&'a Kernel>, String> {
    let is = |k: &Kernel, n: &str| k.name == n || k.function == n;
    let list = |known: Vec<String>, none: &str, what: &str| {
        if known.is_empty() {
            none.to_string()
        } else {
            format!("{what} {}", known.join(", "))
        }
    };
    for n in &a.kernel {
        if !l.kernels.iter().any(|k| is(k, n)) {
            let known = l.kernels.iter().map(|k| k.name.clone()).collect();
            return Err(format!(
                "{shown}: no kernel named `{n}`; {}",
                list(known, "it has no kernels", "its kernels are")
            ));
        }
    }
    let out: Vec<&Kernel> = l
        .kernels
        .iter()
        .filter(|k| a.kernel.is_empty() || a.kernel.iter().any(|n| is(k, n)))
        .collect();
    if out.is_empty() {
        return Err(format!("{shown}: it has no kernels"));
    }
    let lines: BTreeSet<u32> = out.iter().flat_map(|k| lines(l, k).into_keys()).collect();
    for line in &a.disable {
        if !lines.contains(line) {
            let known = lines.iter().map(u32::to_string).collect();
            return Err(format!(
                "{shown}:{line}: no barrier on this line; the barriers are on {}",
                list(known, "no line", "line")
            ));
        }
    }
    Ok(out)
}

/// The barriers of a kernel by line.
fn lines(l: &Loaded, k: &Kernel) -> BTreeMap<u32, Vec<BarrierId>> {
    let mut out: BTreeMap<u32, Vec<BarrierId>> = BTreeMap::new();
    for s in sites(k).into_iter().filter(|s| s.span.file == l.file) {
        let line = describe::at(&l.map, s.span).0;
        out.entry(line).or_default().extend(s.instances);
    }
    out
}

fn disabled(l: &Loaded, k: &Kernel, a: &FuzzArgs) -> BTreeSet<BarrierId> {
    let by = lines(l, k);
    a.disable
        .iter()
        .filter_map(|n| by.get(n))
        .flatten()
        .copied()
        .collect()
}

fn assumptions(
    l: &Loaded,
    k: &Kernel,
    texts: &[String],
    source: &SourceArgs,
    path: &Path,
) -> Result<Vec<Assumption>, String> {
    let options = preprocess_options(source);
    let text = &l.map.file(l.file).text;
    texts
        .iter()
        .map(|t| {
            let e = parse_assumption(t, text, path.to_path_buf(), &options)
                .map_err(|e| e.to_string())?;
            resolve(t, &e, &l.unit, k).map_err(|e| e.to_string())
        })
        .collect()
}

/// Names of the buffers that a host binds contents to; scalars have `--param`.
fn buffers(k: &Kernel) -> Vec<&str> {
    let scalar = |i: usize| k.scalars.iter().any(|s| s.object.index() == i);
    let bound = |o: &Object| o.param.is_some() && o.space != Space::Threadgroup;
    let all = k.objects.iter().enumerate();
    all.filter(|(i, o)| bound(o) && !scalar(*i))
        .map(|(_, o)| o.name.as_str())
        .collect()
}

/// What the command line and `unbarrier.toml` fix, checked against the kernel.
fn fixed(k: &Kernel, a: &FuzzArgs, entry: Option<&config::Contract>) -> Result<Fixed, String> {
    let size = entry.and_then(|c| c.threadgroup);
    let narrow = |v: [u64; 3]| v.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    // A range on the command line goes before a size in unbarrier.toml.
    let threadgroup = match (a.threadgroup, a.threads) {
        (Some(t), _) => Some(t),
        (None, Some(_)) => None,
        (None, None) => size,
    };
    let most = k.max_threads.unwrap_or(MAX_THREADS).clamp(1, MAX_THREADS);
    let most = u32::try_from(most).unwrap_or(1024);
    let threads = match a.threads {
        Some((low, high)) if low > most => {
            return Err(format!(
                "--threads {low}..={high}: the kernel can be launched with at most {most} threads"
            ));
        }
        Some((low, high)) => (low, high.min(most)),
        None if a.exhaustive => (2, 3.min(most).max(2)),
        None => (1, most),
    };
    for (name, v) in &a.param {
        let scalar = k.scalars.iter().find(|s| s.name == *name).map(|s| s.ty);
        let constant = k
            .vars
            .iter()
            .find(|v| v.name == *name && matches!(v.kind, VarKind::FunctionConstant(_)));
        let Some(ty) = scalar.or(constant.map(|v| v.ty)) else {
            let mut known: Vec<&str> = k.scalars.iter().map(|s| s.name.as_str()).collect();
            known.extend(
                k.vars
                    .iter()
                    .filter(|v| matches!(v.kind, VarKind::FunctionConstant(_)))
                    .map(|v| v.name.as_str()),
            );
            let known = if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            };
            return Err(format!(
                "it has no scalar parameter `{name}`; it has: {known}"
            ));
        };
        if !ty.is_float() {
            let (low, high) = range(ty);
            if !(low..=high).contains(v) {
                return Err(format!("{v} is out of range for `{name}`, a {}", ty.name()));
            }
        }
    }
    let named = a.fill.iter().filter_map(|f| f.0.as_ref());
    let named = named.chain(a.set.iter().map(|s| &s.0));
    for n in named.chain(a.size.iter().map(|s| &s.0)) {
        let known = buffers(k);
        if !known.contains(&n.as_str()) {
            let known = if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            };
            return Err(format!("it has no buffer `{n}`; it has: {known}"));
        }
    }
    let threadgroup = threadgroup.map(narrow);
    let aside = a.no_launch || a.threads.is_some();
    let (mut specified, mut set_aside) = (None, false);
    if let Some((spec, c)) = entry.and_then(|c| Some((c.launch.as_ref()?, c))) {
        set_aside = aside;
        if !aside {
            let size = threadgroup.unwrap_or([1; 3]);
            specified = Some(Specified::new(c.source.clone(), spec, k, size, &a.param)?);
        }
    }
    Ok(Fixed {
        threadgroup,
        threads,
        params: a.param.clone(),
        fills: a.fill.clone(),
        sets: a.set.clone(),
        sizes: a.size.clone(),
        schedule: a.schedule,
        group: a.group,
        zeroed: a.zero_threadgroup_memory,
        kept: a.keep_device_loads && crate::exec::Runnable::new(k).may_keep(),
        specified,
        set_aside,
    })
}

fn progress(a: &FuzzArgs) -> ProgressBar {
    if a.format != Format::Human || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(a.runs);
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {pos}/{len} runs {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

fn kernel(
    l: &Loaded,
    k: &Kernel,
    a: &FuzzArgs,
    source: &SourceArgs,
    path: &Path,
    disabled: BTreeSet<BarrierId>,
) -> Result<KernelFuzz, String> {
    let entry = config::contract(source, path, &k.name).map_err(|e| e.to_string())?;
    let fixed = fixed(k, a, entry.as_ref())?;
    let mut texts: Vec<String> = entry.map(|c| c.assume).unwrap_or_default();
    texts.extend(a.assume.iter().cloned());
    let assumed = assumptions(l, k, &texts, source, path)?;
    let contract = Contract {
        threadgroup: fixed.threadgroup.map(|t| t.map(u64::from)),
        min_threads: u64::from(fixed.threads.0),
        max_threads: u64::from(fixed.threads.1),
        ..Contract::new(k, None)
    };
    let options = Options {
        contract,
        assumptions: assumed,
        timeout: Duration::from_secs(1),
        jobs: 1,
        ignore_flags: a.execution_barriers_order_memory,
        lockstep: false,
        only: None,
        execute_first: true,
        recorder: None,
        stats: None,
    };
    let mut hunt = Hunt {
        kernel: k,
        args: a,
        target: Target {
            spans: None,
            due: !disabled.is_empty(),
        },
        disabled,
        notes: BTreeMap::new(),
        complete: true,
    };
    let mut maker = Maker::new(k, &fixed, &options.assumptions, a.seed);
    let limit = Duration::from_secs_f64(a.time);
    let started = Instant::now();
    let bar = progress(a);
    let (mut runs, mut rejected, mut endless, mut number) = (0, 0u64, 0u64, 0u64);
    let mut found = None;
    let mut cut = None;
    while runs < a.runs && (runs == 0 || started.elapsed() < limit) {
        let (launch, schedule) = maker.launch(number);
        number += 1;
        if number == 1 {
            validate(k, &launch).map_err(|e| e.to_string())?;
        }
        if !admitted(k, &options, &launch) {
            rejected += 1;
            if rejected >= REJECTED && runs == 0 {
                let from = fixed.specified.as_ref().map_or(String::new(), |s| {
                    format!(" (launches follow {})", s.source.display())
                });
                return Err(format!(
                    "none of {rejected} launches satisfies the assumptions{from}; give values with --param"
                ));
            }
            if rejected >= REJECTED {
                break;
            }
            continue;
        }
        rejected = 0;
        let findings = hunt.attempt(&launch, schedule)?;
        runs += 1;
        bar.set_position(runs);
        for f in &findings {
            if let Some(n) = show::note(&l.map, k, f, a.steps) {
                *hunt.notes.entry(n).or_default() += 1;
            }
        }
        if let Some(c) = hunt.race(&launch, schedule, &findings) {
            found = Some((launch, schedule, c));
            break;
        }
        cut = findings.iter().find_map(|f| match f {
            Finding::StepLimit { span, .. } => Some(*span),
            _ => None,
        });
        endless = if cut.is_some() { endless + 1 } else { 0 };
        if endless >= ENDLESS && endless == runs {
            break;
        }
    }
    bar.finish_and_clear();
    if let (true, Some(span)) = (found.is_none() && endless == runs, cut) {
        let (line, column) = describe::at(&l.map, span);
        return Err(format!(
            "step limit: none of {runs} runs ended within {} steps of a thread, the last of which was at {line}:{column} (an endless loop?); \
             --steps raises it",
            a.steps
        ));
    }
    let race = found.map(|f| {
        let (launch, schedule, c) = smallest(&mut hunt, &fixed, &options, f);
        let order = is_order(&c).then(|| hunt.order(&launch)).flatten();
        show::race(&l.map, k, &launch, schedule, (&c, order), a, &fixed)
    });
    let mut notes = Vec::new();
    if let Some(s) = &fixed.specified {
        notes.push(format!(
            "launches follow [kernel.launch] in {}: sizes and parameters are as it says; contents, threadgroups and schedules vary",
            s.source.display()
        ));
    }
    let mut kinds: BTreeMap<u8, u64> = BTreeMap::new();
    for ((kind, text), n) in &hunt.notes {
        let seen = kinds.entry(*kind).or_default();
        *seen += 1;
        // A few of each kind are enough.
        if *seen <= 3 {
            let often = if *n > 1 {
                format!(" ({n} times)")
            } else {
                String::new()
            };
            notes.push(format!("{text}{often}"));
        }
    }
    if runs < a.runs && race.is_none() {
        notes.push(format!(
            "stopped after {runs} of {} runs (--time {})",
            a.runs, a.time
        ));
    }
    Ok(KernelFuzz {
        name: k.name.clone(),
        runs,
        complete: a.exhaustive.then_some(hunt.complete),
        race,
        notes,
    })
}
