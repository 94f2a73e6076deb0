//! A run of `prove` over files: all are read, then all their kernels are decided, in parallel; what is said comes in order.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::ProgressBar;

use super::prepared::{Prepared, Task, prepare};
use super::refuse;
use super::shared::{Outcome, Shared};
use crate::cli::args::{ProveArgs, ReportFormat};
use crate::cli::cache::Cache;
use crate::cli::config;
use crate::cli::export::Export;
use crate::cli::input::{emit, use_color};
use crate::cli::problem::Problem;
use crate::cli::stats::Totals;
use crate::cli::unseen;
use crate::cli::{interrupt, output};
use crate::ir::Kernel;
use crate::prove::KernelVerdicts;
use crate::prove::work::Workers;
use crate::report::accept::{self, Acceptance};
use crate::report::finding::{Finding, Place};
use crate::report::model::{
    AcceptedReport, FileReport, KernelReport, RemovalReport, Report, SCHEMA, Tool, Totals as Counts,
};
use crate::report::rule::Rule;
use crate::report::{command, describe, graph, human, list, stats};
use crate::source::Span;

/// A run over some files.
pub struct Session<'a> {
    a: &'a ProveArgs,
    /// Text for a terminal is written as things are decided.
    pub human: bool,
    /// What goes on.
    pub bar: ProgressBar,
    export: Option<&'a Export>,
    /// Counts and times.
    pub totals: Totals,
    /// The report so far.
    pub report: Report,
    /// Some input was bad.
    pub bad: bool,
    /// A removal that was asked for is not proved.
    pub unproved: bool,
    /// Entries of `unbarrier.toml` must name something, and acceptances must fit.
    pub strict: bool,
    said: Vec<Problem>,
}

/// Files that are read at a time, per thread.
const FILES_PER_JOB: usize = 2;

/// What is decided so far about a file.
#[derive(Default)]
struct Decided {
    kernels: Vec<KernelReport>,
    verdicts: Vec<(usize, KernelVerdicts)>,
    refused: Option<RemovalReport>,
    failed: Option<String>,
}

impl<'a> Session<'a> {
    /// A run that has seen nothing yet.
    pub fn new(a: &'a ProveArgs, bar: ProgressBar, export: Option<&'a Export>) -> Session<'a> {
        Session {
            a,
            human: a.output.format == ReportFormat::Human,
            bar,
            export,
            totals: Totals::new(),
            report: Report {
                schema: SCHEMA,
                files: Vec::new(),
                errors: Vec::new(),
                tool: Tool::new(output::arguments()),
                totals: Counts::default(),
                stats: None,
            },
            bad: false,
            unproved: false,
            strict: true,
            said: Vec::new(),
        }
    }

    /// Reports bad input, once.
    pub fn problem(&mut self, p: Problem) {
        self.bad = true;
        // A broken unbarrier.toml is met by each of its files.
        if self.said.contains(&p) {
            return;
        }
        self.said.push(p.clone());
        if self.human {
            self.bar.suspend(|| eprintln!("error: {p}"));
        } else {
            self.report.errors.push(p.into_report());
        }
    }

    /// Reads some files at a time and decides their kernels; reports come in the order of the files.
    pub fn files(&mut self, paths: &[PathBuf]) {
        let (a, export, strict) = (self.a, self.export, self.strict);
        let workers = Workers::new(a.settings.jobs());
        let cache = Cache::open(a.settings.solver.no_cache);
        let mut shared = Shared::default();
        let mut stated = vec![false; a.settings.source.instantiate.len()];
        let mut any = false;
        // What was read takes memory until it is decided.
        for paths in paths.chunks(FILES_PER_JOB * a.settings.jobs().max(1)) {
            let mut files: Vec<Prepared> = Vec::new();
            workers.in_order(
                paths.len(),
                |i| prepare(&paths[i], a, export, strict),
                |_, r| match r {
                    Ok(p) => {
                        if self.human {
                            let color = use_color(a.settings.source.color, true);
                            self.bar.suspend(|| p.loaded.print_diagnostics(color));
                        }
                        self.report.errors.extend(p.loaded.errors());
                        self.totals.loaded(&p.loaded);
                        self.bad |= p.loaded.has_errors();
                        for x in &p.problems {
                            self.problem(x.clone());
                        }
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
        for (wanted, _) in (a.settings.source.instantiate.iter().zip(stated))
            .filter(|(_, found)| strict && any && !found)
        {
            let message =
                format!("--instantiate {wanted}: no file has a kernel template of that name");
            self.problem(Problem::of("", message));
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
        let tasks: Vec<(usize, &Task)> = files
            .iter()
            .enumerate()
            .flat_map(|(i, f)| f.tasks.iter().map(move |t| (i, t)))
            .collect();
        let firsts = shared.firsts(tasks.iter().map(|(_, t)| t.key.as_ref()));
        let bar = self.bar.clone();
        let count = AtomicUsize::new(0);
        let work = |n: usize| {
            let (file, task) = tasks[firsts[n]];
            let f = &files[file];
            let k = &f.loaded.kernels[task.kernel];
            let started = count.fetch_add(1, Ordering::Relaxed) + 1;
            bar.set_message(format!(
                "{started} of {}: {}: {}",
                firsts.len(),
                f.shown,
                k.name
            ));
            let proved = cache.prove(task.normal.as_deref().unwrap_or(k), &task.options)?;
            let asked = !f.remove.is_empty();
            let refused = asked.then(|| refuse(&f.loaded, k, &task.options, &f.remove, a));
            Ok((proved, refused.flatten()))
        };
        let mut decided = Decided::default();
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
    fn kernel(&mut self, f: &Prepared, task: &Task, outcome: Outcome, decided: &mut Decided) {
        let (a, l) = (self.a, &f.loaded);
        let k = &l.kernels[task.kernel];
        let ((mut verdicts, cached), refused) = match outcome {
            Ok(p) => p,
            Err(e) => {
                let e = format!("{}: kernel {}: {e}", f.shown, k.name);
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
        let html = a
            .output
            .output
            .iter()
            .any(|(f, _)| *f == ReportFormat::Html);
        if html || a.output.format == ReportFormat::Html {
            r.graph = Some(graph::of(&l.map, k));
        }
        r.stats = task.options.stats.as_deref().map(stats::kernel);
        self.totals.proved(&r);
        interrupt::decided(&f.shown, &r);
        decided.refused = decided.refused.take().or(refused);
        decided.kernels.push(r);
        decided.verdicts.push((task.kernel, verdicts));
    }

    /// Puts the report on a file together, when all its kernels are decided.
    fn finish(&mut self, f: &Prepared, decided: Decided) {
        let a = self.a;
        if let Some(e) = decided.failed {
            self.problem(Problem::of(&f.shown, e));
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
        if let (Some(r), true) = (&removal, self.human && !a.output.quiet) {
            let lines: Vec<String> = r.lines.iter().map(u32::to_string).collect();
            emit(&format!(
                "removing line {}: {}\n",
                lines.join(", "),
                r.reason
            ));
        }
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
        if self.human {
            let text = self.text(f, &report, &decided.verdicts);
            self.bar.suspend(|| emit(&text));
            interrupt::printed(&f.shown);
        }
        self.report.files.push(report);
    }

    /// The report on a file for a person.
    fn text(
        &self,
        f: &Prepared,
        report: &FileReport,
        verdicts: &[(usize, KernelVerdicts)],
    ) -> String {
        let o = &self.a.output;
        if o.quiet {
            return list::file(report, &|x| denied(&o.deny, x), true);
        }
        let asked = !o.show.is_empty() || !o.explain.is_empty();
        let main = f.loaded.file;
        let map = &f.loaded.map;
        let mut out = String::new();
        if asked || o.verbose {
            let color = use_color(self.a.settings.source.color, false);
            let accepted = |rule: Rule, path: &str, line: u32| {
                let same = |x: &AcceptedReport| {
                    let place = x.path.as_deref().unwrap_or(&report.path);
                    x.finding == rule.name() && place == path && x.line == line
                };
                report.accepted.iter().any(same)
            };
            let wanted = |rule: Rule, span: Span| {
                let line = describe::at(map, span).0;
                let explained = span.file == main && o.explain.contains(&line);
                (o.show.is_empty() || covers(&o.show, rule))
                    && (o.explain.is_empty() || explained)
                    && !accepted(rule, &map.file(span.file).path, line)
            };
            for ((k, v), r) in verdicts.iter().zip(&report.kernels) {
                let k = &f.loaded.kernels[*k];
                out.push_str(&human::kernel(map, &f.shown, k, v, r, &wanted, color));
            }
        }
        let chosen = |x: &Finding<'_>| {
            let here = |p: &Place| p.path == report.path && o.explain.contains(&p.line);
            let places = std::iter::once(&x.at).chain(x.related.iter().map(|(p, _)| p));
            let race = matches!(x.rule, Rule::Race | Rule::Flags);
            let explained = here(&x.at) || (race && places.into_iter().any(here));
            (o.show.is_empty() || covers(&o.show, x.rule)) && (o.explain.is_empty() || explained)
        };
        // These have lines of their own below.
        let listed = |x: &Finding<'_>| chosen(x) && (asked || x.rule != Rule::NotAnalysed);
        out.push_str(&list::file(report, &listed, asked));
        if !asked {
            out.push_str(&human::not_analysed(report));
            out.push_str(&human::accepted(report));
        }
        out
    }
}

fn replay_options(a: &ProveArgs) -> String {
    command::replay_options(
        &a.settings.source.define,
        &a.settings.source.include,
        &a.settings.source.instantiate,
        a.settings.model.execution_barriers_order_memory,
        a.settings.source.assume_distinct_pointers,
    )
}

/// Whether kinds of findings that are asked for include this one: races past flags are races, and what was not
/// analysed is unknown.
pub(super) fn covers(kinds: &[Rule], rule: Rule) -> bool {
    let general = match rule {
        Rule::Flags => Rule::Race,
        Rule::NotAnalysed => Rule::Unknown,
        other => other,
    };
    kinds.contains(&rule) || kinds.contains(&general)
}

/// Whether `--deny` forbids a finding.
pub(super) fn denied(kinds: &[Rule], x: &Finding<'_>) -> bool {
    x.accepted.is_none() && covers(kinds, x.rule)
}
