//! Kernels run from their original source, with and without barriers, beside the verdicts of `prove`.

mod compare;
mod dump;
mod metal;
mod race;
pub mod report;
mod witness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::compare::{KernelRun, Runs};
use self::report::{FileResult, KernelResult, Outcome};
use super::error::{Code, Error, Result};
use super::files::Scratch;
use super::kernels::chosen;
use super::launch::{LaunchPlan, plan};
use super::load::{Depth, Loaded, configured, load};
use super::prove::report_of;
use super::settings::{Settings, SourceSettings};
pub use crate::confirm::Detector;
use crate::confirm::judge::Verdict;
use crate::confirm::scan::Entry;
use crate::confirm::{Request, Toolchain, Unit, build, rewritten, self_test};
use crate::exec::validate;
use crate::ir::Kernel;
use crate::launch::{HostLaunch, constant_number, from_witness, resolve, to_launch};
use crate::report::model::FileReport;

/// Where kernels run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Compiled by Clang, on this machine's processor.
    #[default]
    Cpu,
    /// On an Apple GPU (macOS).
    Metal,
}

/// What is to be run, and how.
#[derive(Clone, Debug)]
pub struct ConfirmRequest {
    /// Run without the barrier on each of these lines.
    pub remove: Vec<u32>,
    /// Run without each barrier in turn, and without those that `prove` says can go together.
    pub all: bool,
    /// Where kernels run.
    pub backend: Backend,
    /// Who looks for races (on the processor).
    pub detector: Detector,
    /// Runs of each variant: schedules (on the processor), repeats (on a device).
    pub runs: u32,
    /// Which random schedules.
    pub seed: u64,
    /// Most seconds for the runs of one variant.
    pub time: f64,
    /// Most memory of a run, MiB.
    pub memory: u32,
    /// Only report what runs show.
    pub no_prove: bool,
    /// Run nothing; write what would be compiled, launches and verdicts to this folder.
    pub dump_source: Option<PathBuf>,
    /// For tests: the verdict of a line is taken to be another one.
    pub pretend: Vec<(u32, String)>,
    /// Sources, launches, solver, model.
    pub settings: Settings,
}

/// Hears of files as they are done.
pub trait ConfirmObserver {
    /// A file is done.
    fn file(&self, _f: &FileResult) {}
    /// Something to know.
    fn note(&self, _text: &str) {}
}

/// Runs the kernels of files.
///
/// # Errors
/// There is no compiler or no device, or it fails its test of itself.
pub fn confirm(
    paths: &[PathBuf],
    a: &ConfirmRequest,
    observer: &dyn ConfirmObserver,
) -> Result<Outcome> {
    if !a.remove.is_empty() && paths.len() > 1 {
        let message = "--remove takes line numbers of one file; give one file at a time";
        return Err(Error::new(Code::Request, message));
    }
    match a.backend {
        Backend::Cpu => on_cpu(a, paths, observer),
        Backend::Metal => on_metal(a, paths, observer),
    }
}

fn on_cpu(
    a: &ConfirmRequest,
    paths: &[PathBuf],
    observer: &dyn ConfirmObserver,
) -> Result<Outcome> {
    let tools = Toolchain::find(a.detector).map_err(tool)?;
    let _gone_on_interrupt = Scratch::new(tools.folder());
    if let Some(folder) = &a.dump_source {
        tools.write_headers(&folder.join("include")).map_err(tool)?;
    } else {
        self_test(&tools).map_err(tool)?;
    }
    let mut outcome = Outcome::new(&tools.version, a);
    for (i, path) in paths.iter().enumerate() {
        let f = file(path, a, &tools, i + 1);
        observer.file(&f);
        outcome.files.push(f);
    }
    Ok(outcome)
}

fn on_metal(
    a: &ConfirmRequest,
    paths: &[PathBuf],
    observer: &dyn ConfirmObserver,
) -> Result<Outcome> {
    let mut gpu = crate::confirm::metal::open().map_err(|e| tool(format!("not run: {e}")))?;
    metal::self_test(&mut *gpu).map_err(tool)?;
    let device = gpu.device().name;
    // What runs in a virtual machine shares its device.
    if device.contains("Paravirtual") {
        observer.note("times on a virtual device say little");
    }
    let mut outcome = Outcome::new(&device, a);
    for path in paths {
        let f = metal::file(path, a, &mut *gpu);
        observer.file(&f);
        outcome.files.push(f);
    }
    Ok(outcome)
}

/// What came of a file.
enum Built {
    /// A program.
    Program(Box<Unit>),
    /// The text that would be compiled, and its entry points.
    Text(String, Vec<Entry>),
}

/// One file: verdicts, program, runs.
fn file(path: &Path, a: &ConfirmRequest, tools: &Toolchain, number: usize) -> FileResult {
    let mut out = FileResult::new(path);
    match prepared(path, a, tools, number, &mut out) {
        Ok((Built::Program(unit), tasks)) => {
            let settings = Runs::new(a);
            out.kernels.extend(compare::all(&unit, &tasks, &settings));
        }
        Ok((Built::Text(text, entries), tasks)) => {
            if let Some(folder) = &a.dump_source
                && let Err(e) = dump::write(folder, path, &text, &entries, &tasks)
            {
                out.fail(&e);
            }
        }
        Err(e) => out.fail(&e),
    }
    out
}

fn prepared(
    path: &Path,
    a: &ConfirmRequest,
    tools: &Toolchain,
    number: usize,
    out: &mut FileResult,
) -> Result<(Built, Vec<KernelRun>)> {
    let source = configured(path, &a.settings.source)?;
    let l = load(path, &source, Depth::Kernels)?;
    let (l, verdicts) = beside(l, path, &source, a, out)?;
    let kernels = compiled(&l, a, out)?;
    let mut plans: Vec<(String, LaunchPlan, HostLaunch)> = Vec::new();
    for k in kernels {
        let made = plan(&l, k, path, &source, a.settings.launch.threadgroup).and_then(|p| {
            let mut launch = resolve(&p.spec, p.threadgroup)
                .map_err(|e| Error::new(Code::Launch, e.to_string()))?;
            fits(k, &launch)?;
            // The program knows function constants by number.
            launch.constants = std::mem::take(&mut launch.constants)
                .into_iter()
                .filter_map(|(n, v)| Some((constant_number(k, &n)?.to_string(), v)))
                .collect();
            Ok((k.name.clone(), p, launch))
        });
        match made {
            Ok(m) => plans.push(m),
            Err(e) => out
                .kernels
                .push(KernelResult::failed(&k.name, e.to_string())),
        }
    }
    let mut witnesses: BTreeMap<String, BTreeMap<u32, HostLaunch>> = plans
        .iter()
        .filter_map(|(name, _, launch)| {
            let k = l.kernels.iter().find(|k| k.name == *name)?;
            Some((name.clone(), witness_launches(verdicts.as_ref(), k, launch)))
        })
        .collect();
    let scalars: BTreeMap<String, Vec<String>> = plans
        .iter()
        .map(|(name, _, l)| {
            let own = witnesses.get(name).into_iter().flat_map(BTreeMap::values);
            let all = own.chain([l]).flat_map(|l| l.scalars.keys().cloned());
            let names: std::collections::BTreeSet<String> = all.collect();
            (name.clone(), names.into_iter().collect())
        })
        .collect();
    let request = Request {
        file: path,
        defines: &source.define,
        includes: &source.include,
        scalars,
    };
    let built = match &a.dump_source {
        Some(_) => {
            let (text, entries) = rewritten(tools, &request).map_err(tool)?;
            Built::Text(text, entries)
        }
        None => {
            let unit = build(tools, &request, number).map_err(tool)?;
            Built::Program(Box::new(unit))
        }
    };
    let (entries, rejected) = match &built {
        Built::Program(u) => (&u.entries, u.rejected.as_slice()),
        Built::Text(_, e) => (e, &[] as &[(String, String)]),
    };
    for (name, message) in rejected {
        if a.settings.kernel.is_empty() || a.settings.kernel.contains(name) {
            out.rejected.push((name.clone(), message.clone()));
        }
    }
    let mut tasks = Vec::new();
    for (name, p, launch) in plans {
        if !entries.iter().any(|e| e.name == name) {
            if !rejected.iter().any(|(n, _)| *n == name) {
                let message = "the scanner of `confirm` finds no such entry point".to_string();
                out.kernels.push(KernelResult::failed(&name, message));
            }
            continue;
        }
        tasks.push(KernelRun {
            verdicts: of_kernel(verdicts.as_ref(), &name, a),
            joint: verdicts
                .as_ref()
                .and_then(|v| v.kernels.iter().find(|k| k.name == name))
                .map(|k| k.jointly_removable.clone())
                .unwrap_or_default(),
            witnesses: witnesses.remove(&name).unwrap_or_default(),
            file: path.display().to_string(),
            derived: p.derived,
            kernel: name,
            launch,
        });
    }
    Ok((built, tasks))
}

/// The launches that showed in the executor that barriers are required, by line.
fn witness_launches(
    report: Option<&FileReport>,
    k: &Kernel,
    base: &HostLaunch,
) -> BTreeMap<u32, HostLaunch> {
    let found = report.and_then(|r| r.kernels.iter().find(|x| x.name == k.name));
    let mut out = BTreeMap::new();
    for b in found.iter().flat_map(|x| &x.barriers) {
        let launch = b.witness.as_ref().and_then(|w| w.launch.as_ref());
        let Some(l) = launch.and_then(|w| from_witness(w, k, base)) else {
            continue;
        };
        if b.verdict == "required" && fits(k, &l).is_ok() {
            out.entry(b.line).or_insert(l);
        }
    }
    out
}

/// Whether the kernel can be launched so: names, ranges of values, numbers of threads.
fn fits(k: &Kernel, launch: &HostLaunch) -> Result<()> {
    let wrong = |e: String| Error::new(Code::Launch, format!("launch: {e}"));
    let group = launch.groups.first().copied().unwrap_or_default();
    let one = to_launch(launch, k, group).map_err(wrong)?;
    validate(k, &one).map_err(|e| wrong(e.to_string()))
}

/// The verdict of each line of a kernel: the worst of the line's instances.
fn of_kernel(
    report: Option<&FileReport>,
    kernel: &str,
    a: &ConfirmRequest,
) -> BTreeMap<u32, Verdict> {
    let mut out: BTreeMap<u32, Verdict> = BTreeMap::new();
    let found = report.and_then(|r| r.kernels.iter().find(|k| k.name == kernel));
    for b in found.iter().flat_map(|k| &k.barriers) {
        let v = Verdict::from_word(b.verdict);
        let slot = out.entry(b.line).or_insert(v);
        // Removable < weakenable < required < unknown: what one instance needs, the line needs.
        *slot = match (*slot, v) {
            (Verdict::Required, _) | (_, Verdict::Required) => Verdict::Required,
            (x, y) => x.max(y),
        };
    }
    for (line, verdict) in &a.pretend {
        if let Some(slot) = out.get_mut(line) {
            *slot = Verdict::from_word(verdict);
        }
    }
    out
}

/// The kernels that are meant. Compilers know nothing of instances that were guessed: those are left out, and said where they were asked for.
///
/// # Errors
/// A name that no kernel has.
fn compiled<'l>(
    l: &'l Loaded,
    a: &ConfirmRequest,
    out: &mut FileResult,
) -> Result<Vec<&'l Kernel>> {
    let names = &a.settings.kernel;
    let (guessed, own): (Vec<&Kernel>, Vec<&Kernel>) = chosen(l, names)?
        .into_iter()
        .partition(|k| k.guess.is_some());
    if !names.is_empty() {
        let why = "nothing in the file instantiates it, so no compiler makes it";
        out.kernels
            .extend(guessed.iter().map(|k| KernelResult::failed(&k.name, why)));
    }
    Ok(own)
}

/// The file with the verdicts of `prove` on it, unless they are not wanted; what is wrong with them goes into the result.
///
/// # Errors
/// The file cannot be read again.
fn beside(
    l: Loaded,
    path: &Path,
    source: &SourceSettings,
    a: &ConfirmRequest,
    out: &mut FileResult,
) -> Result<(Loaded, Option<FileReport>)> {
    if a.no_prove {
        return Ok((l, None));
    }
    match report_of(l, path, source, &a.settings) {
        Ok((r, l)) => Ok((l, Some(r))),
        Err(e) => {
            out.fail(&e.context("prove: "));
            Ok((load(path, source, Depth::Kernels)?, None))
        }
    }
}

fn tool(e: impl std::fmt::Display) -> Error {
    Error::new(Code::Tool, e.to_string())
}
