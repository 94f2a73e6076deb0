//! Which barriers of a file go, and which become simdgroup barriers.
//!
//! An edit of a place concerns all kernels that reach it, so a set of places is safe when it is safe in each of them.
//! Soundness direction: sets are proved as a whole, and the edited text is proved again before anybody sees it.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::{Judge, Verdicts};
use super::text::{Edit, Text, apply};
use crate::engine::cache::Cache;
use crate::engine::error::{Code, Error, Result};
use crate::engine::kernels::is_named;
use crate::engine::load::{Loaded, load_text};
use crate::engine::settings::{Settings, SourceSettings};
use crate::engine::unseen;
use crate::ir::canonical::canonical;
use crate::ir::union::unite;
use crate::ir::{Barrier, BarrierId, BarrierScope, Kernel};
use crate::prove::change::{Outcome, change};
use crate::prove::joint::{heaviest, weight};
use crate::prove::kernel::{Contradiction, sites};
use crate::prove::work::Workers;
use crate::prove::{BarrierVerdict, Options, Reason, Verdict};
use crate::report::describe;
use crate::source::{FileId, Span};

/// What to do with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Delete it.
    Remove,
    /// Make it a simdgroup barrier.
    Weaken,
}

/// A place to edit.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Where.
    pub span: Span,
    /// What to do.
    pub action: Action,
    /// The barrier there.
    pub barrier: Barrier,
    /// Kernels that reach it.
    pub kernels: Vec<String>,
    /// The edit of the text.
    pub edit: Edit,
}

/// The edits of a file, with what is left alone.
#[derive(Debug, Default)]
pub struct Selection {
    /// In order of the text.
    pub chosen: Vec<Chosen>,
    /// Why some removable barriers stay.
    pub notes: Vec<String>,
    /// No other choice of removals saves more.
    pub largest: bool,
}

/// A candidate: its place and verdict in each kernel that reaches it.
struct Place {
    span: Span,
    barrier: Barrier,
    /// All instances have one scope and the same flags.
    alike: bool,
    kernels: BTreeMap<usize, BTreeSet<BarrierId>>,
    worst: Verdict,
    weight: u64,
}

/// Who judges the edits of each kernel, and the verdicts on its barriers.
fn judged<'k>(
    l: &'k Loaded,
    options: &'k [Options],
    cache: &'k Cache,
    jobs: usize,
) -> Result<(Vec<Judge<'k>>, Vec<Verdicts>)> {
    let mut out = (Vec::new(), Vec::new());
    let mut failed = None;
    let work = |i: usize| {
        let k = &l.kernels[i];
        Judge::new(k, &options[i], cache).map_err(|e| no_launch(k, &e))
    };
    Workers::new(jobs).in_order(l.kernels.len(), work, |_, done: Result<_>| match done {
        Ok((judge, verdicts)) => {
            out.0.push(judge);
            out.1.push(verdicts);
        }
        Err(e) => {
            failed.get_or_insert(e);
        }
    });
    failed.map_or(Ok(out), Err)
}

/// Chooses edits. `options` are those of the kernels of `l`, in order; of `args`, the kernels that are asked for (an edit is of a
/// barrier that one of them reaches, and safe in all that reach it) and the number of workers.
///
/// # Errors
/// One line, when no launch satisfies the assumptions of a kernel.
pub fn select(
    l: &Loaded,
    source: &SourceSettings,
    options: &[Options],
    weaken: bool,
    args: &Settings,
) -> Result<Selection> {
    let text = &l.map.file(l.file).text;
    let t = Text::new(text).qualified(!super::repair::in_scope(l));
    let cache = Cache::open(args.solver.no_cache);
    let (judges, verdicts) = judged(l, options, &cache, args.jobs())?;
    let mut places = places(l, &verdicts);
    let asked = |k: &usize| args.kernel.iter().any(|n| is_named(&l.kernels[*k], n));
    places.retain(|_, p| args.kernel.is_empty() || p.kernels.keys().any(asked));
    let ids = |set: &BTreeSet<usize>, from: &[&Place], k: usize| -> BTreeSet<BarrierId> {
        let all = set.iter().filter_map(|i| from[*i].kernels.get(&k));
        all.flatten().copied().collect()
    };
    let safe = |deleted: &dyn Fn(usize) -> BTreeSet<BarrierId>,
                weakened: &dyn Fn(usize) -> BTreeSet<BarrierId>| {
        let mut all = judges.iter().enumerate();
        all.all(|(k, j)| j.safe(&deleted(k), &weakened(k)))
    };
    let nothing = |_: usize| BTreeSet::new();
    let mut out = Selection::default();
    // What its flags leave out, a barrier may be there for all the same.
    for (span, v) in verdicts.iter().flatten() {
        if matches!(v.reason, Reason::Flags(..)) {
            let line = describe::at(&l.map, *span).0;
            let note = format!(
                "line {line}: left alone: {}; where that is a race, --repair adds the flags",
                describe::reason(&l.map, v)
            );
            if !out.notes.contains(&note) {
                out.notes.push(note);
            }
        }
    }
    let mut candidates: Vec<&Place> = Vec::new();
    for p in places.values() {
        if p.worst != Verdict::Removable {
            continue;
        }
        if let Some(why) = forbidden(l, p.span) {
            out.notes.push(why);
            continue;
        }
        let here = |k: usize| p.kernels.get(&k).cloned().unwrap_or_default();
        let edit = t.remove(p.span);
        match editable(l, source, &t, p, edit.as_ref()) {
            // The verdict is about races; edits should not change results either.
            Ok(()) if !safe(&here, &nothing) => out.notes.push(format!(
                "line {}: removable, but the atomic operations that it orders may then come in another order: not edited",
                l.map.line_col(p.span.file, p.span.start).0
            )),
            Ok(()) => candidates.push(p),
            Err(why) => out.notes.push(why),
        }
    }
    let weights: Vec<u64> = candidates.iter().map(|p| p.weight).collect();
    // Each alone is safe: that is its verdict.
    let best = heaviest(&weights, |sets| {
        let safe = |set| safe(&|k| ids(set, &candidates, k), &nothing);
        sets.iter().map(|set| set.len() <= 1 || safe(set)).collect()
    });
    out.largest = best.largest;
    let mut done: Vec<(&Place, Action)> = best
        .chosen
        .iter()
        .map(|i| (candidates[*i], Action::Remove))
        .collect();
    if weaken {
        let removed: BTreeSet<Span> = done.iter().map(|d| d.0.span).collect();
        let deleted = |k: usize| ids(&best.chosen, &candidates, k);
        let wide = |p: &&Place| {
            p.alike
                && p.barrier.scope == BarrierScope::Threadgroup
                && p.worst != Verdict::Required
                && !removed.contains(&p.span)
                && p.span.file == l.file
                && forbidden(l, p.span).is_none()
        };
        let wide: Vec<&Place> = places.values().filter(wide).collect();
        let single: Vec<&Place> = (0..wide.len())
            .filter(|i| safe(&deleted, &|k| ids(&BTreeSet::from([*i]), &wide, k)))
            .map(|i| wide[i])
            .filter(
                |p| match editable(l, source, &t, p, t.weaken(p.span, &p.barrier).as_ref()) {
                    Ok(()) => true,
                    Err(why) => {
                        out.notes.push(why.replacen("removable", "weakenable", 1));
                        false
                    }
                },
            )
            .collect();
        let weights: Vec<u64> = single.iter().map(|p| p.weight).collect();
        let best = heaviest(&weights, |sets| {
            let safe = |set| safe(&deleted, &|k| ids(set, &single, k));
            sets.iter().map(|set| set.len() <= 1 || safe(set)).collect()
        });
        out.largest &= best.largest;
        done.extend(best.chosen.iter().map(|i| (single[*i], Action::Weaken)));
    }
    for (p, action) in done {
        let edit = match action {
            Action::Remove => t.remove(p.span),
            Action::Weaken => t.weaken(p.span, &p.barrier),
        };
        if let Some(edit) = edit {
            out.chosen.push(Chosen {
                span: p.span,
                action,
                barrier: p.barrier.clone(),
                kernels: p
                    .kernels
                    .keys()
                    .map(|k| l.kernels[*k].name.clone())
                    .collect(),
                edit,
            });
        }
    }
    out.chosen.sort_by_key(|c| c.span);
    Ok(out)
}

/// Why a place must not be edited, whatever the kernels that were analysed say.
fn forbidden(l: &Loaded, place: Span) -> Option<String> {
    let all: Vec<&Kernel> = l.kernels.iter().collect();
    let why = unseen::forbids(l, &BTreeSet::from([place]), &all, &[])?;
    let (line, _) = l.map.line_col(place.file, place.start);
    Some(format!("line {line}: not edited: {why}"))
}

fn places(l: &Loaded, verdicts: &[Vec<(Span, BarrierVerdict)>]) -> BTreeMap<Span, Place> {
    let mut out: BTreeMap<Span, Place> = BTreeMap::new();
    for (k, list) in verdicts.iter().enumerate() {
        let kernel = &l.kernels[k];
        for s in sites(kernel) {
            let Some((_, v)) = list.iter().find(|(span, _)| *span == s.span) else {
                continue;
            };
            let Some(b) = s
                .instances
                .first()
                .and_then(|b| kernel.barriers.get(b.index()))
            else {
                continue;
            };
            let key = |b: &Barrier| (b.scope, b.flags);
            let same = s
                .instances
                .iter()
                .filter_map(|i| kernel.barriers.get(i.index()))
                .all(|x| key(x) == key(b));
            let p = out.entry(s.span).or_insert_with(|| Place {
                span: s.span,
                barrier: b.clone(),
                alike: true,
                kernels: BTreeMap::new(),
                worst: v.verdict,
                weight: 0,
            });
            p.alike &= same && key(&p.barrier) == key(b);
            p.worst = p.worst.worst(v.verdict);
            p.weight = p.weight.saturating_add(weight(kernel, &s.instances));
            p.kernels.insert(k, s.instances.into_iter().collect());
        }
    }
    out
}

/// Whether deleting a place in the text deletes the barrier and nothing else.
fn editable(
    l: &Loaded,
    source: &SourceSettings,
    t: &Text<'_>,
    p: &Place,
    edit: Option<&Edit>,
) -> std::result::Result<(), String> {
    let (line, _) = l.map.line_col(p.span.file, p.span.start);
    let file = l.map.file(p.span.file);
    if p.span.file != l.file {
        return Err(format!(
            "{}:{line}: removable here, but other files may include it: not edited",
            file.path
        ));
    }
    let Some(edit) = edit else {
        return Err(format!(
            "line {line}: removable, but the call is part of an expression: not edited"
        ));
    };
    if t.is_written(p.span) {
        return Ok(());
    }
    let same = apply(&file.text, std::slice::from_ref(edit)).is_some_and(|text| {
        let after = load_text(&file.real_path, &text, source);
        !after.has_errors() && only_barriers(&l.kernels, &after.kernels)
    });
    if same {
        Ok(())
    } else {
        Err(format!(
            "line {line}: removable, but the macro used there does more than the barrier: not edited"
        ))
    }
}

/// Whether two versions of a file's kernels differ in barriers only.
fn only_barriers(old: &[Kernel], new: &[Kernel]) -> bool {
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(a, b)| a.name == b.name && canonical(a).same(&canonical(b)))
}

/// Proves an edited text against the original: every kernel orders all conflicting pairs that it ordered before.
///
/// # Errors
/// One line that says what was not proved.
pub fn verify(old: &Loaded, new: &Loaded, options: &[Options], jobs: usize) -> Result<()> {
    if new.has_errors() && !old.has_errors() {
        return Err(unproved("the edited text does not parse".into()));
    }
    if !only_barriers(&old.kernels, &new.kernels) {
        return Err(unproved("the edits would change more than barriers".into()));
    }
    let files = u32::try_from(new.map.files().count()).unwrap_or(u32::MAX);
    let mut failed = None;
    let work = |i: usize| {
        let k = &new.kernels[i];
        let u = unite(&old.kernels[i], k, files).ok_or_else(|| {
            unproved(format!(
                "kernel {}: the statements do not correspond",
                k.name
            ))
        })?;
        if u.old_only.is_empty() {
            return Ok(());
        }
        let (whole, _) = change(&u, &[], &options[i]).map_err(|e| no_launch(k, &e))?;
        match whole.outcome {
            Outcome::Proved => Ok(()),
            other => Err(unproved(format!(
                "kernel {}: the edits were not proved ({other:?})",
                k.name
            ))),
        }
    };
    Workers::new(jobs).in_order(new.kernels.len(), work, |_, done: Result<()>| {
        if let Err(e) = done {
            failed.get_or_insert(e);
        }
    });
    failed.map_or(Ok(()), Err)
}

/// Places in the file itself that hold a barrier.
pub fn count(l: &Loaded) -> usize {
    let all = l.kernels.iter().flat_map(sites);
    let here: BTreeSet<(FileId, u32)> = all
        .filter(|s| s.span.file == l.file)
        .map(|s| (s.span.file, s.span.start))
        .collect();
    here.len()
}

/// Two parts of the program do not agree on an edit.
fn unproved(message: String) -> Error {
    Error::new(Code::Internal, message)
}

/// No launch satisfies the assumptions of a kernel.
pub(super) fn no_launch(k: &Kernel, e: &Contradiction) -> Error {
    Error::new(Code::Assumption, format!("kernel {}: {e}", k.name))
}
