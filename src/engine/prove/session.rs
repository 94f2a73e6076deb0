//! A run of `prove` over files: all are read, then all their kernels are decided, in parallel; what is said comes in order.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::prepared::{KernelTask, Prepared, prepare, prepare_loaded};
use super::removal::refuse;
use super::shared::{Outcome, Shared};
use super::{Decided, Input, ProveRequest};
use crate::engine::cache::Cache;
use crate::engine::config;
use crate::engine::error::{Code, Error};
use crate::engine::export::Export;
use crate::engine::load::Loaded;
use crate::engine::observer::Observer;
use crate::engine::settings::SourceSettings;
use crate::engine::totals::Totals;
use crate::engine::unseen;
use crate::ir::Kernel;
use crate::prove::KernelVerdicts;
use crate::prove::work::Workers;
use crate::report::accept::{self, Acceptance};
use crate::report::model::{
    FileReport, KernelReport, RemovalReport, Report, SCHEMA, Tool, Totals as Counts,
};
use crate::report::{command, describe, graph, stats};

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

/// Files that are read at a time, per thread.
const FILES_PER_JOB: usize = 2;

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

    /// Reads some files at a time and decides their kernels; reports come in the order of the files.
    pub fn files(&mut self, inputs: &[Input]) {
        let (a, export) = (self.a, self.export);
        let workers = Workers::new(a.settings.jobs());
        let cache = Cache::open(a.settings.solver.no_cache);
        let mut shared = Shared::default();
        let mut stated = vec![false; a.settings.source.instantiate.len()];
        let mut any = false;
        // What was read takes memory until it is decided.
        for inputs in inputs.chunks(FILES_PER_JOB * a.settings.jobs().max(1)) {
            let mut files: Vec<Prepared> = Vec::new();
            workers.in_order(
                inputs.len(),
                |i| prepare(&inputs[i], a, export),
                |_, r| match r {
                    Ok(p) => {
                        self.read(&p);
                        for (all, here) in stated.iter_mut().zip(&p.loaded.stated) {
                            *all |= here;
                        }
                        any = true;
                        files.push(p);
                    }
                    Err(p) => self.problem(p),
                },
            );
            self.decide(&files, &workers, &cache, &mut shared);
        }
        let missing = (a.settings.source.instantiate.iter().zip(stated))
            .filter(|(_, found)| !a.plain && any && !found);
        for (wanted, _) in missing {
            let message =
                format!("--instantiate {wanted}: no file has a kernel template of that name");
            self.problem(Error::new(Code::Request, message));
        }
    }

    /// Takes note of what was read.
    fn read(&mut self, p: &Prepared) {
        let all: Vec<_> = p.loaded.diagnostics.iter().collect();
        self.observer.messages(&p.loaded, &all);
        self.report.errors.extend(p.loaded.errors());
        self.totals.loaded(&p.loaded);
        self.bad |= p.loaded.has_errors();
        for x in &p.problems {
            self.problem(x.clone());
        }
    }

    /// Decides a file that somebody read, with settings that are configured for it.
    pub fn loaded(&mut self, l: Loaded, path: &Path, source: &SourceSettings) -> Option<Loaded> {
        let a = self.a;
        match prepare_loaded(l, path, source, a, self.export) {
            Ok(p) => {
                self.read(&p);
                let files = [p];
                let workers = Workers::new(a.settings.jobs());
                let cache = Cache::open(a.settings.solver.no_cache);
                self.decide(&files, &workers, &cache, &mut Shared::default());
                let [p] = files;
                Some(p.loaded)
            }
            Err(e) => {
                self.problem(e);
                None
            }
        }
    }

    /// Decides the kernels of some files. Of kernels that are alike only the first is proved.
    fn decide(
        &mut self,
        files: &[Prepared],
        workers: &Workers,
        cache: &Cache,
        shared: &mut Shared,
    ) {
        let a = self.a;
        let tasks: Vec<(usize, &KernelTask)> = files
            .iter()
            .enumerate()
            .flat_map(|(i, f)| f.tasks.iter().map(move |t| (i, t)))
            .collect();
        let firsts = shared.firsts(tasks.iter().map(|(_, t)| t.key.as_ref()));
        let observer = self.observer;
        let count = AtomicUsize::new(0);
        let work = |n: usize| -> Outcome {
            let (file, task) = tasks[firsts[n]];
            let f = &files[file];
            let k = &f.loaded.kernels[task.kernel];
            let started = count.fetch_add(1, Ordering::Relaxed) + 1;
            observer.begin(started, firsts.len(), &f.shown, &k.name);
            let proved = cache.prove(task.normal.as_deref().unwrap_or(k), &task.options)?;
            let asked = !f.remove.is_empty();
            let refused = asked.then(|| refuse(&f.loaded, k, &task.options, &f.remove, a));
            Ok((proved, refused.flatten()))
        };
        let mut decided = SoFar::default();
        let mut next = 0;
        let mut done = 0;
        // Outcomes come in the order of the tasks that are first of their kind; those like earlier ones come between them.
        let mut take = |s: &mut Self, shared: &mut Shared, mut outcome: Option<Outcome>| {
            while let Some((file, task)) = tasks.get(done) {
                let outcome = match shared.known(task.key.as_ref()) {
                    Some(known) => known,
                    None => match outcome.take() {
                        Some(o) => {
                            shared.keep(task.key.as_ref(), &o);
                            o
                        }
                        None => break,
                    },
                };
                while next < *file {
                    s.finish(&files[next], std::mem::take(&mut decided));
                    next += 1;
                }
                s.kernel(&files[*file], task, outcome, &mut decided);
                done += 1;
            }
        };
        take(self, shared, None);
        workers.in_order(firsts.len(), work, |_, o| take(self, shared, Some(o)));
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
