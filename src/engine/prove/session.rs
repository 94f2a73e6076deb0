//! A run of `prove` over files: all are read, then all their kernels are decided, in parallel; what is said comes in order.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::removal::{refuse, removal_spans};
use super::{Decided, Input, ProveRequest};
use crate::engine::cache::Cache;
use crate::engine::config;
use crate::engine::error::{Code, Error, Result};
use crate::engine::export::Export;
use crate::engine::kernels::{self, is_chosen};
use crate::engine::load::{Depth, Loaded, configured, load, load_text};
use crate::engine::observer::Observer;
use crate::engine::settings::SourceSettings;
use crate::engine::totals::Totals;
use crate::engine::unseen;
use crate::ir::Kernel;
use crate::prove::kernel::Contradiction;
use crate::prove::work::Workers;
use crate::prove::{KernelVerdicts, Options};
use crate::report::accept::{self, Acceptance};
use crate::report::model::{
    FileReport, KernelReport, RemovalReport, Report, SCHEMA, Tool, Totals as Counts,
};
use crate::report::{command, describe, graph, stats};
use crate::source::Span;

/// A run over some files.
pub struct Session<'a> {
    a: &'a ProveRequest,
    observer: &'a dyn Observer,
    export: Option<&'a Export>,
    /// Counts and times.
    pub totals: Totals,
    /// The report so far.
    pub report: Report,
    /// Some input was bad.
    pub bad: bool,
    /// A removal that was asked for is not proved.
    pub unproved: bool,
    /// What is wrong beside the sources.
    pub said: Vec<Error>,
}

/// A file that was read, and what is to be decided in it.
struct Prepared {
    shown: String,
    loaded: Loaded,
    tasks: Vec<KernelTask>,
    remove: BTreeSet<Span>,
    /// Why what `--remove` names must stay, whatever the kernels say.
    forbidden: Option<String>,
    acceptances: Vec<config::Accept>,
    problems: Vec<Error>,
}

/// A kernel of a file (by index) to be decided.
struct KernelTask {
    kernel: usize,
    size: Option<[u64; 3]>,
    options: Options,
}

/// The verdicts on a kernel, whether they were known, and why a removal is not proved in it.
type Outcome = std::result::Result<((KernelVerdicts, bool), Option<RemovalReport>), Contradiction>;

/// What is decided so far about a file.
#[derive(Default)]
struct SoFar {
    kernels: Vec<KernelReport>,
    verdicts: Vec<(usize, KernelVerdicts)>,
    refused: Option<RemovalReport>,
    failed: Option<Error>,
}

impl<'a> Session<'a> {
    /// A run that has seen nothing yet.
    pub fn new(
        a: &'a ProveRequest,
        observer: &'a dyn Observer,
        export: Option<&'a Export>,
    ) -> Session<'a> {
        Session {
            a,
            observer,
            export,
            totals: Totals::new(),
            report: Report {
                schema: SCHEMA,
                files: Vec::new(),
                errors: Vec::new(),
                tool: Tool::new(a.command.clone()),
                totals: Counts::default(),
                stats: None,
            },
            bad: false,
            unproved: false,
            said: Vec::new(),
        }
    }

    /// Reports bad input, once.
    pub fn problem(&mut self, e: Error) {
        self.bad = true;
        // A broken unbarrier.toml is met by each of its files.
        if self.said.contains(&e) {
            return;
        }
        self.observer.error(&e);
        self.report.errors.push(e.report());
        self.said.push(e);
    }

    /// The first thing that is wrong.
    pub fn first_error(&self) -> Option<Error> {
        let in_source = || {
            let e = self.report.errors.first()?;
            Some(Error {
                path: e.path.clone(),
                at: e.line.zip(e.column),
                ..Error::new(Code::Source, e.message.clone())
            })
        };
        self.said.first().cloned().or_else(in_source)
    }

    /// Reads all files, then decides all their kernels; reports come in the order of the files.
    pub fn files(&mut self, inputs: &[Input]) {
        let (a, export) = (self.a, self.export);
        let strict = !a.plain;
        let workers = Workers::new(a.settings.jobs());
        let mut files: Vec<Prepared> = Vec::new();
        workers.in_order(
            inputs.len(),
            |i| prepare(&inputs[i], a, export),
            |_, r| match r {
                Ok(p) => {
                    let all: Vec<_> = p.loaded.diagnostics.iter().collect();
                    self.observer.messages(&p.loaded, &all);
                    self.report.errors.extend(p.loaded.errors());
                    self.totals.loaded(&p.loaded);
                    self.bad |= p.loaded.has_errors();
                    for x in &p.problems {
                        self.problem(x.clone());
                    }
                    files.push(p);
                }
                Err(p) => self.problem(p),
            },
        );
        if strict && !files.is_empty() {
            for (i, wanted) in a.settings.source.instantiate.iter().enumerate() {
                if !files.iter().any(|f| f.loaded.stated.get(i) == Some(&true)) {
                    let message = format!(
                        "--instantiate {wanted}: no file has a kernel template of that name"
                    );
                    self.problem(Error::new(Code::Request, message));
                }
            }
        }
        self.decide(&files);
    }

    /// Decides a file that somebody read, with settings that are configured for it.
    pub fn loaded(&mut self, l: Loaded, path: &Path, source: &SourceSettings) -> Option<Loaded> {
        self.bad |= l.has_errors();
        self.report.errors.extend(l.errors());
        match prepared(l, path, source, self.a, self.export) {
            Ok(p) => {
                for x in &p.problems {
                    self.problem(x.clone());
                }
                let files = [p];
                self.decide(&files);
                let [p] = files;
                Some(p.loaded)
            }
            Err(e) => {
                self.problem(e);
                None
            }
        }
    }

    fn decide(&mut self, files: &[Prepared]) {
        let a = self.a;
        let workers = Workers::new(a.settings.jobs());
        let tasks: Vec<(usize, &KernelTask)> = files
            .iter()
            .enumerate()
            .flat_map(|(i, f)| f.tasks.iter().map(move |t| (i, t)))
            .collect();
        let observer = self.observer;
        let count = AtomicUsize::new(0);
        let cache = Cache::open(a.settings.solver.no_cache);
        let work = |i: usize| -> Outcome {
            let (file, task) = tasks[i];
            let f = &files[file];
            let k = &f.loaded.kernels[task.kernel];
            let started = count.fetch_add(1, Ordering::Relaxed) + 1;
            observer.begin(started, tasks.len(), &f.shown, &k.name);
            let proved = cache.prove(k, &task.options)?;
            let asked = !f.remove.is_empty();
            let refused = asked.then(|| refuse(&f.loaded, k, &task.options, &f.remove, a));
            Ok((proved, refused.flatten()))
        };
        let mut decided = SoFar::default();
        let mut next = 0;
        workers.in_order(tasks.len(), work, |i, outcome| {
            let (file, task) = tasks[i];
            while next < file {
                self.finish(&files[next], std::mem::take(&mut decided));
                next += 1;
            }
            self.kernel(&files[file], task, outcome, &mut decided);
        });
        for f in &files[next..] {
            self.finish(f, std::mem::take(&mut decided));
        }
    }

    /// Takes what was decided about a kernel.
    fn kernel(&mut self, f: &Prepared, task: &KernelTask, outcome: Outcome, decided: &mut SoFar) {
        let (a, l) = (self.a, &f.loaded);
        let k = &l.kernels[task.kernel];
        let ((mut verdicts, cached), refused) = match outcome {
            Ok(p) => p,
            Err(e) => {
                let message = format!("{}: kernel {}: {e}", f.shown, k.name);
                let e = Error::of(Code::Assumption, &f.shown, message);
                decided.failed.get_or_insert(e);
                return;
            }
        };
        if a.settings.model.strict_divergence && !verdicts.divergent.is_empty() {
            verdicts.race_free = false;
        }
        unseen::doubt(l, &mut verdicts);
        let mut r = describe::kernel(&l.map, k, task.size, &verdicts);
        if !a.settings.model.strict_divergence {
            // The assumption names them.
            verdicts.divergent.retain(|d| !d.ended_only);
            r.divergent_barriers = verdicts
                .divergent
                .iter()
                .map(|d| describe::divergence(&l.map, d))
                .collect();
        }
        r.cached = cached;
        let extra = replay_options(a);
        let barriers = r.barriers.iter_mut().filter_map(|b| b.replay.as_mut());
        let races = r.races.iter_mut().filter_map(|b| b.replay.as_mut());
        for command in barriers.chain(races) {
            command.push_str(&extra);
        }
        if a.graphs {
            r.graph = Some(graph::of(&l.map, k));
        }
        r.stats = task.options.stats.as_deref().map(stats::kernel);
        self.totals.proved(&r);
        self.observer.kernel(&f.shown, &r);
        decided.refused = decided.refused.take().or(refused);
        decided.kernels.push(r);
        decided.verdicts.push((task.kernel, verdicts));
    }

    /// Puts the report on a file together, when all its kernels are decided.
    fn finish(&mut self, f: &Prepared, decided: SoFar) {
        let a = self.a;
        if let Some(e) = decided.failed {
            self.problem(e);
            return;
        }
        let verdicts = decided.verdicts.iter();
        let pairs: Vec<(&Kernel, &KernelVerdicts)> =
            verdicts.map(|(k, v)| (&f.loaded.kernels[*k], v)).collect();
        let removal = (!a.remove.is_empty()).then(|| {
            if let Some(why) = &f.forbidden {
                return RemovalReport {
                    lines: a.remove.clone(),
                    proved: false,
                    reason: format!("not proved: {why}"),
                    witness: None,
                };
            }
            decided.refused.unwrap_or_else(|| RemovalReport {
                lines: a.remove.clone(),
                proved: true,
                reason: "proved: deleting these barriers together adds no race".into(),
                witness: None,
            })
        });
        self.unproved |= removal.as_ref().is_some_and(|r| !r.proved);
        let mut barriers = describe::sites(&f.loaded.map, &f.shown, &pairs);
        if a.settings.kernel.is_empty() {
            unseen::add_sites(&f.loaded, &mut barriers);
        }
        let mut report = FileReport {
            path: f.shown.clone(),
            barriers,
            not_analysed: unseen::reports(&f.loaded),
            kernels: decided.kernels,
            removal,
            changes: Vec::new(),
            accepted: Vec::new(),
            sources: f.loaded.sources(),
        };
        let extra = replay_options(a);
        for command in report.barriers.iter_mut().filter_map(|b| b.replay.as_mut()) {
            command.push_str(&extra);
        }
        // What stands in a kernel that was not looked at cannot be missed.
        let looked_at =
            |x: &&config::Accept| a.settings.kernel.is_empty() || x.acceptance.kernel.is_some();
        let stated: Vec<&config::Accept> = f.acceptances.iter().filter(looked_at).collect();
        let known: Vec<Acceptance> = stated.iter().map(|x| x.acceptance.clone()).collect();
        for (i, misfit) in accept::apply(&mut report, &known) {
            if !f.loaded.has_errors() {
                self.problem(stated[i].misfit(&misfit, &f.shown));
            }
        }
        self.observer.file(&Decided {
            loaded: &f.loaded,
            report: &report,
            verdicts: &decided.verdicts,
        });
        self.report.files.push(report);
    }
}

fn replay_options(a: &ProveRequest) -> String {
    command::replay_options(
        &a.settings.source.define,
        &a.settings.source.include,
        &a.settings.source.instantiate,
        a.settings.model.execution_barriers_order_memory,
        a.settings.source.assume_distinct_pointers,
    )
}

/// Reads a file and finds out what is to be decided in it.
fn prepare(input: &Input, a: &ProveRequest, export: Option<&Export>) -> Result<Prepared> {
    let path = &input.path;
    let source = configured(path, &a.settings.source)?;
    let l = match &input.text {
        Some(text) => load_text(path, text, &source),
        None => load(path, &source, Depth::Kernels)?,
    };
    prepared(l, path, &source, a, export)
}

/// Finds out what is to be decided in a file that was read.
fn prepared(
    l: Loaded,
    path: &Path,
    source: &SourceSettings,
    a: &ProveRequest,
    export: Option<&Export>,
) -> Result<Prepared> {
    let shown = l.map.file(l.file).path.clone();
    let names = &a.settings.kernel;
    let mut problems = kernels::unknown(&l, names);
    let (chosen, left_out): (Vec<&Kernel>, Vec<&Kernel>) =
        l.kernels.iter().partition(|k| is_chosen(k, names));
    let at = |e: Error| e.in_file(&shown);
    let remove = removal_spans(&l, &chosen, a).map_err(at)?;
    let unseen_line = a.remove.iter().find_map(|line| {
        let g = unseen::on_line(&l, *line)?;
        Some(format!(
            "the barrier at line {line} is in {}, which was not analysed: {}",
            g.title(),
            g.reason
        ))
    });
    let forbidden = unseen_line.or_else(|| unseen::forbids(&l, &remove, &chosen, &left_out));
    let options = kernels::options(&l, &chosen, &a.settings, source, path).map_err(at)?;
    let mut acceptances = Vec::new();
    if let (false, Some(c)) = (a.plain, config::project(&a.settings.source, path)?) {
        let names: Vec<&str> = l.kernels.iter().map(|k| k.name.as_str()).collect();
        if !l.has_errors() {
            problems.extend(c.unknown_kernels(&names));
        }
        let chosen: Vec<&str> = chosen.iter().map(|k| k.name.as_str()).collect();
        acceptances = c.acceptances(&chosen);
    }
    let indices = (0..l.kernels.len()).filter(|i| is_chosen(&l.kernels[*i], names));
    let task = |(kernel, (size, mut options)): (usize, (Option<[u64; 3]>, Options))| {
        options.stats = a.stats.then(Arc::default);
        options.recorder = export.map(|e| e.recorder(&l.map, &shown));
        KernelTask {
            kernel,
            size,
            options,
        }
    };
    let tasks = indices.zip(options).map(task).collect();
    Ok(Prepared {
        shown,
        loaded: l,
        tasks,
        remove,
        forbidden,
        acceptances,
        problems,
    })
}
