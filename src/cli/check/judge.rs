//! Pairs the kernels of two versions and judges each.
//!
//! Soundness direction: `proved` rests on a proof, relative to the old version where only barriers differ, else that the
//! new version has no race; what was neither proved nor shown is `undecided`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::CheckArgs;
use super::memory::Memory;
use super::order::difference;
use super::tree::{FilePair, Sides};
use crate::cli::args::{Cli, Command, ProveArgs, ReportFormat, SourceArgs};
use crate::cli::config;
use crate::cli::input::{Loaded, load, use_color};
use crate::cli::prove::{assumptions, jobs, options, with_config_defines};
use crate::ir::canonical::{Canonical, canonical};
use crate::ir::union::{Union, unite};
use crate::ir::{BarrierId, BarrierScope, Kernel};
use crate::prove::change::{Answer, Outcome, Standing};
use crate::prove::kernel::{Contradiction, stated};
use crate::prove::work::Workers;
use crate::prove::{BarrierVerdict, Options, Race, Reason, Verdict, Witness};
use crate::report::check::human::Places;
use crate::report::check::{BarrierPlace, ChangeReport, FileCheck, KernelCheck, human};
use crate::report::describe;
use crate::report::model::{ChangeFinding, ErrorReport, FileReport};
use crate::source::{ExpansionId, FileId, SourceMap, Span};

/// What there is to say of a file.
pub struct Judged {
    /// For a person.
    pub text: String,
    /// As data.
    pub report: Option<FileCheck>,
    /// What is not passed, for the formats that know findings.
    pub findings: Option<FileReport>,
    /// Problems.
    pub errors: Vec<ErrorReport>,
}

/// A file whose versions were read.
struct Versions {
    path: String,
    old_path: Option<String>,
    old: Option<Loaded>,
    new: Option<Loaded>,
    /// Places of both versions: those of the old one have `shift` added to their file.
    map: SourceMap,
    shift: u32,
    errors: Vec<ErrorReport>,
    /// The old version could not be read in full.
    old_broken: bool,
}

/// A kernel to be judged.
struct Task {
    file: usize,
    old: Option<usize>,
    new: Option<usize>,
    options: Option<Options>,
}

/// Reads, pairs and judges; one answer per file, in order.
pub fn files(a: &CheckArgs, sides: &Sides, color: bool) -> Vec<Judged> {
    let args = prove_args(a);
    let mut versions: Vec<Versions> = sides.files.iter().map(|f| read(a, sides, f)).collect();
    let mut tasks = Vec::new();
    for (i, v) in versions.iter_mut().enumerate() {
        match pair(v, &args, sides, &sides.files[i]) {
            Ok(list) => tasks.extend(list.into_iter().map(|t| Task { file: i, ..t })),
            Err(e) => v.errors.push(error(Some(v.path.clone()), e)),
        }
    }
    let mut out: Vec<Judged> = versions
        .iter()
        .map(|v| Judged {
            text: String::new(),
            report: (v.old.is_some() || v.new.is_some()).then(|| FileCheck {
                path: v.path.clone(),
                old_path: v.old_path.clone(),
                kernels: Vec::new(),
                unchanged: 0,
            }),
            findings: v.new.as_ref().map(|l| FileReport {
                path: v.path.clone(),
                sources: l.sources(),
                ..FileReport::default()
            }),
            errors: v.errors.clone(),
        })
        .collect();
    let extra = describe::replay_options(
        &args.source.define,
        &args.source.include,
        args.execution_barriers_order_memory,
    );
    let memory = Memory::open(a.no_cache);
    let work = |i: usize| kernel(&versions[tasks[i].file], &tasks[i], &memory, &extra, color);
    Workers::new(jobs(&args)).in_order(tasks.len(), work, |i, said| {
        let file = &mut out[tasks[i].file];
        match (said, &mut file.report) {
            (Ok(Some((k, text))), Some(r)) => {
                if let Some(f) = file.findings.as_mut().filter(|_| k.verdict != "proved") {
                    f.changes.push(finding(&k));
                }
                r.kernels.push(k);
                file.text.push_str(&text);
            }
            (Ok(None), Some(r)) => r.unchanged += 1,
            (Err(e), _) => {
                let v = &versions[tasks[i].file];
                file.errors.push(error(Some(v.path.clone()), e));
            }
            (Ok(_), None) => {}
        }
    });
    for (o, v) in out.iter().zip(&versions) {
        for e in o.errors.iter().skip(v.errors.len()) {
            if a.format == ReportFormat::Human {
                eprintln!("error: {}", e.message);
            }
        }
    }
    out
}

/// A kernel that is not passed, at its first changed barrier.
fn finding(k: &KernelCheck) -> ChangeFinding {
    let place = k.changes.iter().find_map(|c| c.new.as_ref());
    ChangeFinding {
        line: place.map_or(k.line, |p| p.line),
        column: place.map_or(1, |p| p.column),
        message: format!("the change of barriers is {}: {}", k.verdict, k.reason),
        kernel: k.kernel.clone(),
        refuted: k.verdict == "refuted",
        witness: k.witness.clone(),
        replay: k.replay.clone(),
    }
}

fn error(path: Option<String>, message: String) -> ErrorReport {
    ErrorReport {
        path,
        line: None,
        column: None,
        message,
    }
}

/// The options of `prove` that `check` has, too; all others as they are by default.
fn prove_args(a: &CheckArgs) -> ProveArgs {
    // Cannot fail: these words are constant.
    let parsed = <Cli as clap::Parser>::try_parse_from(["unbarrier", "prove", "-"]);
    let Ok(Command::Prove(mut p)) = parsed.map(|c| c.command) else {
        unreachable!("`prove FILE` is a command");
    };
    p.threadgroup = a.threadgroup;
    p.assume.clone_from(&a.assume);
    p.timeout = a.timeout;
    p.jobs = a.jobs;
    p.format = a.format;
    p.execution_barriers_order_memory = a.execution_barriers_order_memory;
    p.lockstep = a.lockstep;
    p.source = a.source.clone();
    p
}

/// Reads both versions of a file.
fn read(a: &CheckArgs, sides: &Sides, f: &FilePair) -> Versions {
    let shown_new = |p: &str| shown(&sides.new_root, &sides.shown_prefix, p);
    let path = f.new.as_deref().map(shown_new);
    let old_name = f.old.as_ref().map(|p| format!("{}:{p}", sides.base));
    let mut v = Versions {
        path: path.or(f.old.clone()).unwrap_or_default(),
        old_path: f.old.clone(),
        old: None,
        new: None,
        map: SourceMap::new(),
        shift: 0,
        errors: Vec::new(),
        old_broken: false,
    };
    // The contract is that of the new version.
    let contract = sides
        .new_root
        .join(f.new.as_deref().or(f.old.as_deref()).unwrap_or(""));
    let source = match with_config_defines(&contract, &a.source) {
        Ok(s) => s,
        Err(e) => {
            let e = e.to_string();
            if a.format == ReportFormat::Human {
                eprintln!("error: {e}");
            }
            v.errors.push(error(Some(v.path.clone()), e));
            return v;
        }
    };
    if let Some(n) = &f.new {
        match load(&sides.new_root.join(n), &inside(&source, sides, true), true) {
            Ok(mut l) => {
                l.map.rename(|p| {
                    let inner = Path::new(p).strip_prefix(&sides.new_root);
                    inner.map_or_else(|_| p.to_string(), |r| shown_new(&r.to_string_lossy()))
                });
                if a.format == ReportFormat::Human {
                    l.print_diagnostics(use_color(a.source.color, true));
                }
                v.errors.extend(l.errors());
                v.map = l.map.clone();
                v.new = Some(l);
            }
            Err(e) => {
                let e = e.replace(&format!("{}/", sides.new_root.display()), "");
                if a.format == ReportFormat::Human {
                    eprintln!("error: {e}");
                }
                v.errors.push(error(Some(v.path.clone()), e));
            }
        }
    }
    if let (Some(o), Some(name)) = (&f.old, old_name) {
        match load(
            &sides.old_root.join(o),
            &inside(&source, sides, false),
            true,
        ) {
            Ok(mut l) => {
                l.map.rename(|p| {
                    let inner = Path::new(p).strip_prefix(&sides.old_root);
                    inner.map_or_else(
                        |_| p.to_string(),
                        |r| format!("{}:{}", sides.base, r.display()),
                    )
                });
                v.old_broken = l.has_errors();
                v.shift = v.map.append(&l.map);
                v.old = Some(l);
            }
            Err(e) => {
                v.old_broken = true;
                if a.format == ReportFormat::Human {
                    let e = e.replace(&format!("{}/", sides.old_root.display()), "");
                    eprintln!("warning: {name}: the old version cannot be read: {e}");
                }
            }
        }
    }
    v
}

/// A path below a root as a person in the current folder would write it.
fn shown(root: &Path, prefix: &Path, path: &str) -> String {
    let full = root.join(path);
    let here = std::env::current_dir()
        .ok()
        .and_then(|c| c.canonicalize().ok());
    let real = full.canonicalize().unwrap_or(full);
    match here.and_then(|h| real.strip_prefix(h).map(Path::to_path_buf).ok()) {
        Some(p) => p.display().to_string(),
        None => prefix.join(path).display().to_string(),
    }
}

/// Include folders in the repository, moved to where the version lies.
fn inside(source: &SourceArgs, sides: &Sides, new: bool) -> SourceArgs {
    let mut out = source.clone();
    let Some(repository) = &sides.repository else {
        return out;
    };
    let root = if new {
        &sides.new_root
    } else {
        &sides.old_root
    };
    let Ok(repository) = repository.canonicalize() else {
        return out;
    };
    for d in &mut out.include {
        if let Ok(real) = d.canonicalize()
            && let Ok(inner) = real.strip_prefix(&repository)
        {
            *d = root.join(inner);
        }
    }
    out
}

/// Which kernels belong together: those of one name, then those that do the same.
fn pair(v: &Versions, args: &ProveArgs, sides: &Sides, f: &FilePair) -> Result<Vec<Task>, String> {
    let none = Vec::new();
    let olds = v.old.as_ref().map_or(&none, |l| &l.kernels);
    let Some(new) = &v.new else {
        // Nothing is left that could race.
        return Ok((0..olds.len())
            .map(|i| Task {
                file: 0,
                old: Some(i),
                new: None,
                options: None,
            })
            .collect());
    };
    let mut left: BTreeMap<usize, Option<Canonical>> = (0..olds.len()).map(|i| (i, None)).collect();
    let mut partner: Vec<Option<usize>> = Vec::new();
    for k in &new.kernels {
        let same = left.keys().copied().find(|i| olds[*i].name == k.name);
        if let Some(i) = same {
            left.remove(&i);
        }
        partner.push(same);
    }
    for (k, p) in new.kernels.iter().zip(&mut partner) {
        if p.is_some() || left.is_empty() {
            continue;
        }
        let mine = canonical(k);
        let mut same = None;
        for (i, c) in &mut left {
            if c.get_or_insert_with(|| canonical(&olds[*i])).same(&mine) {
                same = Some(*i);
                break;
            }
        }
        if let Some(i) = same {
            left.remove(&i);
        }
        *p = same;
    }
    let path = sides.new_root.join(f.new.as_deref().unwrap_or(""));
    let chosen: Vec<&Kernel> = new.kernels.iter().collect();
    let assumed = assumptions(new, &chosen, args, &args.source, &path)?;
    let mut out = Vec::new();
    for (i, (k, assumed)) in chosen.iter().zip(assumed).enumerate() {
        let contract = config::contract(&args.source, &path, &k.name).map_err(|e| e.to_string())?;
        let size = args.threadgroup.or(contract.and_then(|c| c.threadgroup));
        out.push(Task {
            file: 0,
            old: partner[i],
            new: Some(i),
            options: Some(options(k, args, size, assumed)),
        });
    }
    out.extend(left.into_keys().map(|i| Task {
        file: 0,
        old: Some(i),
        new: None,
        options: None,
    }));
    Ok(out)
}

type Said = Option<(KernelCheck, String)>;

/// Judges a kernel; `None` when nothing changed that concerns barriers.
fn kernel(
    v: &Versions,
    t: &Task,
    memory: &Memory,
    extra: &str,
    color: bool,
) -> Result<Said, String> {
    let pick = |l: &Option<Loaded>, i: Option<usize>| -> Option<Kernel> {
        l.as_ref().and_then(|l| l.kernels.get(i?)).cloned()
    };
    let (old, new) = (pick(&v.old, t.old), pick(&v.new, t.new));
    let Some(new) = new else {
        return Ok(old.filter(|k| !k.barriers.is_empty()).map(|k| gone(v, &k)));
    };
    let Some(options) = &t.options else {
        return Ok(None);
    };
    let failed = |e: Contradiction| format!("{}: kernel {}: {e}", v.path, new.name);
    let about = About {
        v,
        new: &new,
        options,
        memory,
        extra,
        color,
    };
    let Some(old) = old else {
        if new.barriers.is_empty() {
            return Ok(None);
        }
        let why = if v.old_broken {
            "the old version could not be read, so this one is judged as it stands"
        } else {
            "the old version has no such kernel, so this one is judged as it stands"
        };
        let now = memory.standing(&new, options).map_err(failed)?;
        return Ok(Some(about.as_it_stands(None, now, why.to_string())));
    };
    let (a, b) = (canonical(&old), canonical(&new));
    if a.same(&b)
        && let Some(u) = unite(&old, &new, v.shift)
    {
        if u.old_only.is_empty() && u.new_only.is_empty() {
            return Ok(None);
        }
        return about.relative(&old, &u).map(Some).map_err(failed);
    }
    if old.barriers.is_empty() && new.barriers.is_empty() {
        return Ok(None);
    }
    let (mine, theirs) = b.first_difference(&a).unwrap_or_default();
    let why = format!(
        "other code changed, too (first at line {}, formerly line {}), so the new version is judged as it stands, not relative to the old one",
        describe::at(&v.map, mine).0,
        describe::at(&v.map, about.elsewhere(theirs)).0
    );
    let now = memory.standing(&new, options).map_err(failed)?;
    Ok(Some(about.as_it_stands(Some(&old), now, why)))
}

/// A kernel that is no longer there.
fn gone(v: &Versions, k: &Kernel) -> (KernelCheck, String) {
    let r = KernelCheck {
        kernel: k.name.clone(),
        line: describe::at(
            &v.map,
            Span {
                file: FileId(k.span.file.0 + v.shift),
                ..k.span
            },
        )
        .0,
        verdict: "proved",
        judged: "none",
        why: None,
        reason: "the kernel is gone, and its barriers with it".into(),
        race_free: true,
        changes: Vec::new(),
        witness: None,
        replay: None,
        existing: Vec::new(),
        fixed: Vec::new(),
        divergent: Vec::new(),
        assumptions: Vec::new(),
    };
    let path = v.old_path.clone().unwrap_or_default();
    let text = human::kernel(&v.map, &path, k, &r, &[], None, false);
    (r, text)
}

/// What the judgements on a kernel share.
struct About<'a> {
    v: &'a Versions,
    new: &'a Kernel,
    options: &'a Options,
    memory: &'a Memory,
    extra: &'a str,
    color: bool,
}

/// A changed barrier, with its instances.
struct Change {
    kind: &'static str,
    old: Option<(Span, String)>,
    new: Option<(Span, String)>,
    ids: BTreeSet<BarrierId>,
}

impl About<'_> {
    /// A place of the old version.
    fn elsewhere(&self, s: Span) -> Span {
        Span {
            file: FileId(s.file.0.saturating_add(self.v.shift)),
            expansion: ExpansionId::NONE,
            ..s
        }
    }

    fn blank(&self, judged: &'static str, why: Option<String>) -> KernelCheck {
        KernelCheck {
            kernel: self.new.name.clone(),
            line: describe::at(&self.v.map, self.new.span).0,
            verdict: "undecided",
            judged,
            why,
            reason: String::new(),
            race_free: false,
            changes: Vec::new(),
            witness: None,
            replay: None,
            existing: Vec::new(),
            fixed: Vec::new(),
            divergent: Vec::new(),
            assumptions: stated(self.new, self.options),
        }
    }

    /// The versions differ in barriers only.
    fn relative(&self, old: &Kernel, u: &Union) -> Result<(KernelCheck, String), Contradiction> {
        let changes = changes(u);
        let with_old: Vec<&Change> = changes.iter().filter(|c| !c.ids.is_empty()).collect();
        let parts: Vec<BTreeSet<BarrierId>> = with_old.iter().map(|c| c.ids.clone()).collect();
        let now = self.memory.standing(self.new, self.options)?;
        let before = self.memory.standing(old, self.options)?;
        let (whole, each) = if u.old_only.is_empty() {
            (proved(), Vec::new())
        } else {
            self.memory.change(u, &parts, self.options)?
        };
        let mut r = self.blank("relative", None);
        r.race_free = now.race_free;
        let mut answers = each.iter();
        for c in &changes {
            let answer = if c.ids.is_empty() {
                None
            } else {
                answers.next()
            };
            r.changes.push(self.change_report(c, answer));
        }
        let diverged = |s: &Standing| -> BTreeSet<BarrierId> {
            let real = s.divergent.iter().filter(|d| !d.ended_only);
            real.map(|d| d.barrier).collect()
        };
        let had = diverged(&before);
        let new_divergent = now.divergent.iter().filter(|d| !d.ended_only).filter(|d| {
            // The same barrier in the old version, if there is one.
            let both = u.origin.iter().find(|o| o.1 == Some(d.barrier));
            both.and_then(|o| o.0).is_none_or(|o| !had.contains(&o))
        });
        r.divergent = new_divergent
            .map(|d| describe::divergence(&self.v.map, d))
            .collect();
        let witness = whole.witness.clone();
        (r.verdict, r.reason) = match whole.outcome {
            // Whatever the old version ordered: the new one has no race at all.
            Outcome::Undecided if now.race_free => (
                "proved",
                "the new version was shown free of races and divergent barriers".to_string(),
            ),
            Outcome::Proved if u.old_only.is_empty() => (
                "proved",
                "barriers were only added, so every pair that was ordered still is".into(),
            ),
            Outcome::Proved => (
                "proved",
                "the new version orders every conflicting pair that the old version ordered".into(),
            ),
            Outcome::Refuted => (
                "refuted",
                "two threads that the old version ordered race in the new one".into(),
            ),
            Outcome::Undecided => ("undecided", self.sentence(&whole)),
        };
        let together = r.verdict == "refuted" && each.len() > 1;
        if together && each.iter().all(|e| e.outcome == Outcome::Proved) {
            r.reason =
                "each of these changes alone is safe, together they are not: two threads race"
                    .into();
        }
        let shown = witness.filter(|_| r.verdict != "proved");
        if !r.divergent.is_empty() && r.verdict != "refuted" {
            r.verdict = "refuted";
            r.reason = "a barrier of the new version is not reached by all threads".into();
        }
        if r.verdict == "proved" {
            r.existing = self.races(self.new, &now, false);
            // Without races on both sides, the results are the same, too.
            if now.race_free && before.race_free {
                r.reason
                    .push_str("; both versions are free of races, so results are the same");
            }
        }
        let keys: BTreeSet<_> = now
            .races
            .iter()
            .map(|x| self.race_key(self.new, x, false))
            .collect();
        let lost = Standing {
            races: before
                .races
                .iter()
                .filter(|x| x.confirmed && !keys.contains(&self.race_key(old, x, true)))
                .cloned()
                .collect(),
            ..before.clone()
        };
        r.fixed = self.races(old, &lost, true);
        let places: Vec<Places> = changes
            .iter()
            .map(|c| (c.old.as_ref().map(|x| x.0), c.new.as_ref().map(|x| x.0)))
            .collect();
        Ok(self.finish(r, &u.kernel, shown, &places))
    }

    /// Other code changed: the races of the new version count.
    fn as_it_stands(
        &self,
        old: Option<&Kernel>,
        now: Standing,
        why: String,
    ) -> (KernelCheck, String) {
        let mut r = self.blank("as-it-stands", Some(why));
        r.race_free = now.race_free;
        let mut places: Vec<Places> = Vec::new();
        let mut lenient = false;
        if let Some(old) = old {
            let d = difference(old, self.new);
            lenient = d.old.is_empty() && !d.accesses;
            for (k, ids, is_old) in [(old, &d.old, true), (self.new, &d.new, false)] {
                let mut seen = BTreeSet::new();
                for b in ids.iter().filter_map(|b| k.barriers.get(b.index())) {
                    let span = if is_old {
                        self.elsewhere(b.span)
                    } else {
                        b.span
                    };
                    if !seen.insert(span) {
                        continue;
                    }
                    let place = Some(self.place(span, barrier_text(b.scope, b)));
                    places.push(if is_old {
                        (Some(span), None)
                    } else {
                        (None, Some(span))
                    });
                    r.changes.push(ChangeReport {
                        kind: if is_old { "removed" } else { "added" },
                        old: place.clone().filter(|_| is_old),
                        new: place.filter(|_| !is_old),
                        verdict: if is_old { "undecided" } else { "safe" },
                        reason: "not judged alone, since other code changed, too".into(),
                    });
                }
            }
        }
        r.divergent = now
            .divergent
            .iter()
            .filter(|d| !d.ended_only)
            .map(|d| describe::divergence(&self.v.map, d))
            .collect();
        let mut races: Vec<&Race> = now.races.iter().filter(|x| x.confirmed).collect();
        let mut known = BTreeSet::new();
        if let (Some(old), false) = (old, races.is_empty())
            && let Ok(before) = self.memory.standing(old, self.options)
        {
            known = before
                .races
                .iter()
                .map(|x| self.race_key(old, x, true))
                .collect();
        }
        let is_known = |x: &Race| known.contains(&self.race_key(self.new, x, false));
        if lenient {
            // Barriers and shared accesses stand in the order in which they stood.
            let existing: Vec<Race> = races
                .iter()
                .filter(|x| is_known(x))
                .map(|x| (*x).clone())
                .collect();
            r.existing = existing
                .iter()
                .map(|x| describe::race(&self.v.map, self.new, x))
                .collect();
            races.retain(|x| !is_known(x));
        }
        let mut shown = None;
        if let Some(x) = races.iter().min_by_key(|x| is_known(x)) {
            r.verdict = "refuted";
            r.reason = format!(
                "the new version has {} race{}{}",
                races.len(),
                if races.len() == 1 { "" } else { "s" },
                if is_known(x) {
                    "; the old version has races between the same lines, but other code changed, so what the change added to them cannot be told"
                } else {
                    ""
                }
            );
            shown.clone_from(&x.witness);
        } else if !r.divergent.is_empty() && old.is_none_or(|o| !same_divergence(o, self)) {
            r.verdict = "refuted";
            r.reason = "a barrier of the new version is not reached by all threads".into();
        } else if now.race_free
            || (lenient
                && r.divergent.is_empty()
                && now.races.iter().all(|x| x.confirmed)
                && now.wild.is_empty())
        {
            r.verdict = "proved";
            r.reason = if now.race_free {
                "the new version was shown free of races and divergent barriers".into()
            } else {
                "barriers and accesses to shared memory stand as they did; all races of the new version are in the old one, too".into()
            };
        } else {
            r.verdict = "undecided";
            r.reason = match (now.wild.first(), now.races.iter().find(|x| !x.confirmed)) {
                (Some((what, s)), _) => format!(
                    "unsupported {what} at line {}",
                    describe::at(&self.v.map, *s).0
                ),
                (_, Some(x)) => format!(
                    "a race between lines {} and {} was neither shown nor excluded",
                    describe::at(&self.v.map, x.accesses[0].0).0,
                    describe::at(&self.v.map, x.accesses[1].0).0
                ),
                _ => "barriers that not all threads may reach".into(),
            };
        }
        self.finish(r, self.new, shown, &places)
    }

    fn finish(
        &self,
        mut r: KernelCheck,
        k: &Kernel,
        w: Option<Witness>,
        places: &[Places],
    ) -> (KernelCheck, String) {
        r.witness = w.as_ref().map(|w| describe::witness(&self.v.map, k, w));
        let replayed = w.as_ref().filter(|w| w.replayed && r.verdict == "refuted");
        r.replay = replayed.map(|w| {
            let command = describe::replay_command(&self.v.map, self.new, None, w);
            format!("{command}{}", self.extra)
        });
        let text = human::kernel(
            &self.v.map,
            &self.v.path,
            k,
            &r,
            places,
            w.as_ref(),
            self.color,
        );
        (r, text)
    }

    fn races(&self, k: &Kernel, s: &Standing, old: bool) -> Vec<crate::report::model::RaceReport> {
        let moved = |x: &Race| {
            let mut x = x.clone();
            if old {
                for a in &mut x.accesses {
                    a.0 = self.elsewhere(a.0);
                }
                x.witness = None;
            }
            x
        };
        s.races
            .iter()
            .map(|x| describe::race(&self.v.map, k, &moved(x)))
            .collect()
    }

    /// What tells a race of one version from others, whatever its lines are called: object, kinds and texts of the lines.
    fn race_key(&self, k: &Kernel, r: &Race, old: bool) -> (String, Vec<String>) {
        let name = k.objects.get(r.object as usize).map(|o| o.name.clone());
        let mut sides: Vec<String> = r
            .accesses
            .iter()
            .map(|(s, kind, _)| {
                let s = if old { self.elsewhere(*s) } else { *s };
                format!("{kind:?} {}", text_of(&self.v.map, s))
            })
            .collect();
        sides.sort();
        (name.unwrap_or_default(), sides)
    }

    fn sentence(&self, a: &Answer) -> String {
        let v = BarrierVerdict {
            barrier: BarrierId(0),
            scope: BarrierScope::Threadgroup,
            flags: crate::ir::MemFlags::default(),
            span: Span::default(),
            verdict: match a.outcome {
                Outcome::Proved => Verdict::Removable,
                Outcome::Refuted => Verdict::Required,
                Outcome::Undecided => Verdict::Unknown,
            },
            reason: a.reason.clone(),
            witness: None,
            counts: None,
            added_pairs: a.pairs,
            time_ms: 0.0,
        };
        match a.outcome {
            Outcome::Proved => "no conflicting pair loses its order".into(),
            _ => describe::reason(&self.v.map, &v),
        }
    }

    fn place(&self, s: Span, barrier: String) -> BarrierPlace {
        let (line, column) = describe::at(&self.v.map, s);
        BarrierPlace {
            path: self.v.map.file(s.file).path.clone(),
            line,
            column,
            barrier,
        }
    }

    fn change_report(&self, c: &Change, answer: Option<&Answer>) -> ChangeReport {
        let place = |p: &Option<(Span, String)>| p.as_ref().map(|(s, t)| self.place(*s, t.clone()));
        ChangeReport {
            kind: c.kind,
            old: place(&c.old),
            new: place(&c.new),
            verdict: match answer.map(|a| a.outcome) {
                None => "safe",
                Some(Outcome::Proved) => "proved",
                Some(Outcome::Undecided) => "undecided",
                Some(Outcome::Refuted) => "refuted",
            },
            reason: match answer {
                None => "takes no order away".into(),
                Some(a) => self.sentence(a),
            },
        }
    }
}

fn proved() -> Answer {
    Answer {
        outcome: Outcome::Proved,
        reason: Reason::NothingOrdered,
        witness: None,
        pairs: 0,
    }
}

/// Whether the old version has as many divergent barriers as the new one.
fn same_divergence(old: &Kernel, about: &About<'_>) -> bool {
    let count = |s: &Standing| s.divergent.iter().filter(|d| !d.ended_only).count();
    let (Ok(before), Ok(now)) = (
        about.memory.standing(old, about.options),
        about.memory.standing(about.new, about.options),
    ) else {
        return false;
    };
    count(&now) <= count(&before)
}

/// The line of a place, without the space around it.
fn text_of(map: &SourceMap, s: Span) -> String {
    let (line, _) = map.line_col(s.file, s.start);
    map.line_text(s.file, line).trim().to_string()
}

fn barrier_text(scope: BarrierScope, b: &crate::ir::Barrier) -> String {
    format!(
        "{}({})",
        describe::kind_of(scope),
        b.flags.names().join(" | ")
    )
}

/// The changed barriers of a union: same run first (another scope, other flags), then moved ones, then the rest. Instances
/// of one place are one change.
fn changes(u: &Union) -> Vec<Change> {
    let info = |b: BarrierId| u.kernel.barriers.get(b.index());
    let mut out: Vec<(&'static str, Option<BarrierId>, Option<BarrierId>)> = Vec::new();
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for run in &u.runs {
        let both = run.old.len().min(run.new.len());
        for (o, n) in run.old.iter().zip(&run.new) {
            let (Some(a), Some(b)) = (info(*o), info(*n)) else {
                continue;
            };
            let kind = if a.scope == b.scope { "flags" } else { "scope" };
            out.push((kind, Some(*o), Some(*n)));
        }
        olds.extend(run.old.iter().skip(both).copied());
        news.extend(run.new.iter().skip(both).copied());
    }
    let alike = |a: BarrierId, b: BarrierId| match (info(a), info(b)) {
        (Some(a), Some(b)) => (a.scope, a.flags) == (b.scope, b.flags),
        _ => false,
    };
    for o in olds {
        match news.iter().position(|n| alike(o, *n)) {
            Some(i) => out.push(("moved", Some(o), Some(news.remove(i)))),
            None => out.push(("removed", Some(o), None)),
        }
    }
    out.extend(news.into_iter().map(|n| ("added", None, Some(n))));
    let mut grouped: BTreeMap<(Option<Span>, Option<Span>, &'static str), Change> = BTreeMap::new();
    for (kind, o, n) in out {
        let side = |b: Option<BarrierId>| {
            let b = info(b?)?;
            Some((b.span, barrier_text(b.scope, b)))
        };
        let (old, new) = (side(o), side(n));
        let key = (new.as_ref().map(|x| x.0), old.as_ref().map(|x| x.0), kind);
        let c = grouped.entry(key).or_insert(Change {
            kind,
            old,
            new,
            ids: BTreeSet::new(),
        });
        c.ids.extend(o);
    }
    grouped.into_values().collect()
}
