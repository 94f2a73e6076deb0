//! `unbarrier confirm`: kernels run from their original source, with and without barriers, beside the verdicts of `prove`.

mod compare;
mod dump;
mod metal;
mod race;
mod report;
mod witness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::args::{Color, Format, ProveArgs, Settings, seconds};
use super::input::{emit, load};
use super::interrupt::Scratch;
use super::launch::{Plan, chosen, plan};
use super::prove::{file_report, with_config_defines};
use super::{BAD_INPUT, DONE, NOT_PROVED, walk};
use crate::confirm::judge::Verdict;
use crate::confirm::scan::Entry;
use crate::confirm::{Detector, Request, Toolchain, Unit, build, rewritten, self_test};
use crate::exec::validate;
use crate::ir::Kernel;
use crate::launch::{Launch, constant_number, from_witness, resolve, to_launch};
use crate::report::model::FileReport;
use compare::{Runs, Task};
use report::{FileResult, KernelResult, Outcome};

/// Where kernels run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Compiled by Clang, on this machine's processor.
    Cpu,
    /// On an Apple GPU (macOS).
    Metal,
}

/// Who looks for races.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DetectorArg {
    /// Fibers and conflicts per barrier interval.
    Fibers,
    /// Real threads and ThreadSanitizer.
    Tsan,
}

/// Arguments of `confirm`.
#[derive(Clone, Debug, Args)]
pub struct ConfirmArgs {
    /// Metal source files; of folders, all .metal files that .gitignore and unbarrier.toml do not exclude.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// Run without the barriers on this line (may be repeated).
    #[arg(long, value_name = "LINE", conflicts_with = "all")]
    pub remove: Vec<u32>,
    /// Run without each barrier in turn, and without those that `prove` says can go together.
    #[arg(long)]
    pub all: bool,
    /// Where kernels run.
    #[arg(long, value_enum, default_value = "cpu", value_name = "BACKEND")]
    pub backend: Backend,
    /// Who looks for races (cpu).
    #[arg(long, value_enum, default_value = "fibers", value_name = "DETECTOR")]
    pub detector: DetectorArg,
    /// Runs of each variant: different schedules (cpu), repeats (metal).
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// Which random schedules.
    #[arg(long, value_name = "S", default_value = "1")]
    pub seed: u64,
    /// Most seconds for the runs of one variant.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub time: f64,
    /// Most memory of a run, MiB.
    #[arg(long, value_name = "MIB", default_value = "4096", value_parser = clap::value_parser!(u32).range(64..=65536))]
    pub memory: u32,
    /// Do not ask `prove`; only report what runs show.
    #[arg(long)]
    pub no_prove: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// Run nothing; write what would be compiled, launches and verdicts to this folder (cpu; see tests/gpu).
    #[arg(long, value_name = "DIR", conflicts_with = "backend")]
    pub dump_source: Option<PathBuf>,
    /// For tests of this command: take the verdict of a line to be another one.
    #[arg(long, value_name = "LINE=VERDICT", hide = true, value_parser = pretend)]
    pub pretend: Vec<(u32, String)>,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: Settings,
}

fn pretend(s: &str) -> Result<(u32, String), String> {
    let (line, verdict) = s.split_once('=').ok_or("expected LINE=VERDICT")?;
    let line = line.parse().map_err(|_| "expected a line number")?;
    Ok((line, verdict.to_string()))
}

/// Runs the command; the exit code.
pub fn run(a: &ConfirmArgs) -> u8 {
    let (paths, problems) = walk::files(&a.files, &a.settings.source);
    for p in &problems {
        eprintln!("error: {p}");
    }
    if !a.remove.is_empty() && paths.len() > 1 {
        eprintln!("error: --remove takes line numbers of one file; give one file at a time");
        return BAD_INPUT;
    }
    let ran = match a.backend {
        Backend::Cpu => on_cpu(a, &paths),
        Backend::Metal => on_metal(a, &paths),
    };
    let outcome = match ran {
        Ok(o) => o,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    match a.format {
        // Nothing was run.
        _ if a.dump_source.is_some() => {}
        Format::Human => emit(&outcome.summary()),
        Format::Json => match serde_json::to_string_pretty(&outcome) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => {
                eprintln!("error: cannot write the report: {e}");
                return BAD_INPUT;
            }
        },
    }
    if outcome.contradictions() > 0 {
        eprintln!(
            "error: {} verdict(s) of `prove` are CONTRADICTED by running the kernel; see above",
            outcome.contradictions()
        );
        NOT_PROVED
    } else if outcome.has_errors() || !problems.is_empty() {
        BAD_INPUT
    } else {
        DONE
    }
}

fn on_cpu(a: &ConfirmArgs, paths: &[PathBuf]) -> Result<Outcome, String> {
    let detector = match a.detector {
        DetectorArg::Fibers => Detector::Fibers,
        DetectorArg::Tsan => Detector::Tsan,
    };
    let tools = Toolchain::find(detector).map_err(|e| e.to_string())?;
    let _gone_on_interrupt = Scratch::new(tools.folder());
    if let Some(folder) = &a.dump_source {
        tools
            .write_headers(&folder.join("include"))
            .map_err(|e| e.to_string())?;
    } else {
        self_test(&tools).map_err(|e| e.to_string())?;
    }
    let mut outcome = Outcome::new(&tools.version, a);
    for (i, path) in paths.iter().enumerate() {
        outcome.add(file(path, a, &tools, i + 1), a);
    }
    Ok(outcome)
}

fn on_metal(a: &ConfirmArgs, paths: &[PathBuf]) -> Result<Outcome, String> {
    let mut gpu = crate::confirm::metal::open().map_err(|e| format!("not run: {e}"))?;
    metal::self_test(&mut *gpu)?;
    let device = gpu.device().name;
    // What runs in a virtual machine shares its device.
    if device.contains("Paravirtual") && a.format == Format::Human {
        emit("note: times on a virtual device say little\n");
    }
    let mut outcome = Outcome::new(&device, a);
    for path in paths {
        outcome.add(metal::file(path, a, &mut *gpu), a);
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
fn file(path: &Path, a: &ConfirmArgs, tools: &Toolchain, number: usize) -> FileResult {
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
                out.errors.push(e);
            }
        }
        Err(e) => out.errors.push(e),
    }
    out
}

fn prepared(
    path: &Path,
    a: &ConfirmArgs,
    tools: &Toolchain,
    number: usize,
    out: &mut FileResult,
) -> Result<(Built, Vec<Task>), String> {
    let source = with_config_defines(path, &a.settings.source)?;
    let mut l = load(path, &source, true)?;
    // Compilers know nothing of instances that were guessed.
    l.kernels.retain(|k| k.guess.is_none());
    let kernels = chosen(&l, &a.settings.kernel)?;
    let mut plans: Vec<(String, Plan, Launch)> = Vec::new();
    for k in kernels {
        let made = plan(&l, k, path, &source, a.settings.launch.threadgroup).and_then(|p| {
            let mut launch = resolve(&p.spec, p.threadgroup).map_err(|e| e.to_string())?;
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
            Err(e) => out.kernels.push(KernelResult::failed(&k.name, e)),
        }
    }
    let verdicts = if a.no_prove {
        None
    } else {
        match file_report(path, &prove_args(path, a)) {
            Ok(r) => Some(r),
            Err(e) => {
                out.errors.push(format!("prove: {e}"));
                None
            }
        }
    };
    let mut witnesses: BTreeMap<String, BTreeMap<u32, Launch>> = plans
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
            let (text, entries) = rewritten(tools, &request).map_err(|e| e.to_string())?;
            Built::Text(text, entries)
        }
        None => {
            let unit = build(tools, &request, number).map_err(|e| e.to_string())?;
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
        tasks.push(Task {
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
    base: &Launch,
) -> BTreeMap<u32, Launch> {
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
fn fits(k: &Kernel, launch: &Launch) -> Result<(), String> {
    let group = launch.groups.first().copied().unwrap_or_default();
    let one = to_launch(launch, k, group).map_err(|e| format!("launch: {e}"))?;
    validate(k, &one).map_err(|e| format!("launch: {e}"))
}

/// The verdict of each line of a kernel: the worst of the line's instances.
fn of_kernel(report: Option<&FileReport>, kernel: &str, a: &ConfirmArgs) -> BTreeMap<u32, Verdict> {
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

fn prove_args(path: &Path, a: &ConfirmArgs) -> ProveArgs {
    let mut settings = a.settings.clone();
    settings.source.color = Color::Never;
    ProveArgs::of(vec![path.to_path_buf()], settings)
}
