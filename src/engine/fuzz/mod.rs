//! Running kernels under many launches, looking for data races.
//!
//! Soundness direction: a race that is reported happened; finding none proves nothing.

pub mod generate;
mod hunt;
pub mod report;
mod specified;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::generate::{Fixed, Maker, range};
use self::hunt::{Hunt, smallest};
use self::report::{FuzzReport, KernelFuzz};
use self::specified::Specified;
use super::config;
use super::error::{Code, Error, Result};
use super::kernels::{chosen, conditions};
use super::load::{Depth, Loaded, configured, load};
use super::settings::SourceSettings;
use crate::encode::launch::{Contract, MAX_THREADS};
use crate::exec::{Fill, Finding, Schedule, Target, is_order, validate};
use crate::ir::{BarrierId, Kernel, Object, Space, VarKind};
use crate::prove::Options;
use crate::prove::kernel::sites;
use crate::prove::replay::admitted;
use crate::report::describe;

/// Launches in a row that the assumptions reject before it is given up.
const REJECTED: u64 = 20_000;
/// Runs in a row that do not end before it is given up.
const ENDLESS: u64 = 4;

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct FuzzRequest {
    /// The file, as commands name it.
    pub file: PathBuf,
    /// Only this kernel (may be repeated).
    pub kernel: Vec<String>,
    /// Numbers of threads to try (default: the size in unbarrier.toml, else 1..=1024); sizes and parameters
    /// of [kernel.launch] are then set aside.
    pub threads: Option<(u32, u32)>,
    /// Set [kernel.launch] of unbarrier.toml aside: parameters, sizes and contents vary freely.
    pub no_launch: bool,
    /// Exactly this threadgroup size.
    pub threadgroup: Option<[u64; 3]>,
    /// Delete the barriers on this line; then only races that they would have prevented count
    /// (may be repeated).
    pub disable: Vec<u32>,
    /// Most runs of each kernel.
    pub runs: u64,
    /// Which sequence of launches.
    pub seed: u64,
    /// Most seconds for each kernel.
    pub time: f64,
    /// Only launches that satisfy this condition (an MSL expression; may be repeated).
    pub assume: Vec<String>,
    /// Fix a scalar parameter or function constant (may be repeated).
    pub param: Vec<(String, i128)>,
    /// Fix the contents of all buffers, or of one: zeros, index or random:SEED:LOW:HIGH (may be repeated).
    pub fill: Vec<(Option<String>, Fill)>,
    /// Fix bytes of a buffer, in hexadecimal, in memory order: in@8=ff000000 (may be repeated).
    pub set: Vec<(String, u64, Vec<u8>)>,
    /// Size of a buffer in bytes; without it, a buffer is as large as the kernel asks (may be repeated).
    pub size: Vec<(String, u64)>,
    /// Fix who runs when: in-order, reverse, random:SEED or preemptive:SEED.
    pub schedule: Option<Schedule>,
    /// Threadgroup memory holds zeros at first; without it, what nothing wrote is unspecified, and races that
    /// rest on it are not reported.
    pub zero_threadgroup_memory: bool,
    /// Threads keep what they loaded from device memory until a barrier that names mem_device: old values, where that
    /// memory is raced for. Without effect on kernels with volatile or coherent memory, fences, or matrices written to
    /// device memory.
    pub keep_device_loads: bool,
    /// Fix the position of the threadgroup in the grid.
    pub group: Option<[u32; 3]>,
    /// Most steps of one thread in one run.
    pub steps: u64,
    /// Explore all interleavings of each launch (for a few threads; default 2 or 3).
    pub exhaustive: bool,
    /// Most states of one exploration.
    pub states: u64,
    /// Take barriers to order all memory, whatever their flags.
    pub execution_barriers_order_memory: bool,
    /// How sources are read.
    pub source: SourceSettings,
}

/// What came of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fuzzed {
    /// No race was found.
    Nothing,
    /// A race was found.
    Race,
    /// The source is not sound.
    BadInput,
}

/// Hears of runs while they go on.
pub trait FuzzObserver {
    /// The file was read.
    fn read(&self, _l: &Loaded) {}
    /// A run ended, the `number`th of at most `of`.
    fn ran(&self, _number: u64, _of: u64) {}
    /// The runs of a kernel ended.
    fn ended(&self) {}
    /// A kernel is done.
    fn kernel(&self, _file: &str, _k: &KernelFuzz) {}
}

fn request(message: String) -> Error {
    Error::new(Code::Request, message)
}

/// Runs the kernels of a file; what was found goes into the report as far as it was found.
///
/// # Errors
/// The file cannot be read, or the request does not fit it.
pub fn fuzz(
    path: &Path,
    a: &FuzzRequest,
    report: &mut FuzzReport,
    observer: &dyn FuzzObserver,
) -> Result<Fuzzed> {
    let source = configured(path, &a.source)?;
    let l = load(path, &source, Depth::Kernels)?;
    observer.read(&l);
    report.errors.extend(l.errors());
    if l.has_errors() {
        return Ok(Fuzzed::BadInput);
    }
    let shown = l.map.file(l.file).path.clone();
    let chosen = chosen_for(&l, a, &shown)?;
    let mut out = Fuzzed::Nothing;
    for k in chosen {
        let disabled = disabled(&l, k, a);
        if disabled.is_empty() && !a.disable.is_empty() {
            continue;
        }
        let found = kernel(&l, k, a, (&source, path), disabled, observer).map_err(|e| {
            e.context(format!("{shown}: kernel {}: ", k.name))
                .in_file(&shown)
        })?;
        if found.race.is_some() {
            out = Fuzzed::Race;
        }
        observer.kernel(&shown, &found);
        report.kernels.push(found);
    }
    Ok(out)
}

/// The kernels asked for; each line of `--disable` must have a barrier in one of them.
fn chosen_for<'a>(l: &'a Loaded, a: &FuzzRequest, shown: &str) -> Result<Vec<&'a Kernel>> {
    let out = chosen(l, &a.kernel)?;
    if out.is_empty() {
        let message = format!("{shown}: it has no kernels");
        return Err(Error::of(Code::Request, shown, message));
    }
    let lines: BTreeSet<u32> = out.iter().flat_map(|k| lines(l, k).into_keys()).collect();
    for line in &a.disable {
        if !lines.contains(line) {
            let known: Vec<String> = lines.iter().map(u32::to_string).collect();
            let known = if known.is_empty() {
                "no line".to_string()
            } else {
                format!("line {}", known.join(", "))
            };
            let message =
                format!("{shown}:{line}: no barrier on this line; the barriers are on {known}");
            return Err(Error::of(Code::Request, shown, message));
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

fn disabled(l: &Loaded, k: &Kernel, a: &FuzzRequest) -> BTreeSet<BarrierId> {
    let by = lines(l, k);
    a.disable
        .iter()
        .filter_map(|n| by.get(n))
        .flatten()
        .copied()
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
fn fixed(k: &Kernel, a: &FuzzRequest, entry: Option<&config::KernelContract>) -> Result<Fixed> {
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
            return Err(request(format!(
                "--threads {low}..={high}: the kernel can be launched with at most {most} threads"
            )));
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
            return Err(request(format!(
                "it has no scalar parameter `{name}`; it has: {known}"
            )));
        };
        if !ty.is_float() {
            let (low, high) = range(ty);
            if !(low..=high).contains(v) {
                return Err(request(format!(
                    "{v} is out of range for `{name}`, a {}",
                    ty.name()
                )));
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
            return Err(request(format!("it has no buffer `{n}`; it has: {known}")));
        }
    }
    let threadgroup = threadgroup.map(narrow);
    let aside = a.no_launch || a.threads.is_some();
    let (mut specified, mut set_aside) = (None, false);
    if let Some((spec, c)) = entry.and_then(|c| Some((c.launch.as_ref()?, c))) {
        set_aside = aside;
        if !aside {
            let size = threadgroup.unwrap_or([1; 3]);
            specified = Some(
                Specified::new(c.source.clone(), spec, k, size, &a.param)
                    .map_err(|e| Error::new(Code::Launch, e))?,
            );
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

fn kernel(
    l: &Loaded,
    k: &Kernel,
    a: &FuzzRequest,
    (source, path): (&SourceSettings, &Path),
    disabled: BTreeSet<BarrierId>,
    observer: &dyn FuzzObserver,
) -> Result<KernelFuzz> {
    let entry = config::contract(source, path, &k.name)?;
    let fixed = fixed(k, a, entry.as_ref())?;
    let mut texts: Vec<String> = entry.map(|c| c.assume).unwrap_or_default();
    texts.extend(a.assume.iter().cloned());
    let assumed = conditions(l, k, &texts, source, path)?;
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
    let (mut runs, mut rejected, mut endless, mut number) = (0, 0u64, 0u64, 0u64);
    let mut found = None;
    let mut cut = None;
    while runs < a.runs && (runs == 0 || started.elapsed() < limit) {
        let (launch, schedule) = maker.launch(number);
        number += 1;
        if number == 1 {
            validate(k, &launch).map_err(|e| Error::new(Code::Launch, e.to_string()))?;
        }
        if !admitted(k, &options, &launch) {
            rejected += 1;
            if rejected >= REJECTED && runs == 0 {
                let from = fixed.specified.as_ref().map_or(String::new(), |s| {
                    format!(" (launches follow {})", s.source.display())
                });
                return Err(request(format!(
                    "none of {rejected} launches satisfies the assumptions{from}; give values with --param"
                )));
            }
            if rejected >= REJECTED {
                break;
            }
            continue;
        }
        rejected = 0;
        let findings = hunt
            .attempt(&launch, schedule)
            .map_err(|e| Error::new(Code::Launch, e))?;
        runs += 1;
        observer.ran(runs, a.runs);
        for f in &findings {
            if let Some(n) = report::note(&l.map, k, f, a.steps) {
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
    observer.ended();
    if let (true, Some(span)) = (found.is_none() && endless == runs, cut) {
        let (line, column) = describe::at(&l.map, span);
        return Err(request(format!(
            "step limit: none of {runs} runs ended within {} steps of a thread, the last of which was at {line}:{column} (an endless loop?); \
             --steps raises it",
            a.steps
        )));
    }
    let race = found.map(|f| {
        let (launch, schedule, c) = smallest(&mut hunt, &fixed, &options, f);
        let order = is_order(&c).then(|| hunt.order(&launch)).flatten();
        report::race(&l.map, k, &launch, schedule, (&c, order), a, &fixed)
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
