//! Other code changed, too: the new version is judged as it stands.
//!
//! Soundness direction: a race that was executed refutes, unless the old version has it under the same launch ([`super::earlier`]); `proved` only when
//! the new version was shown free of races and divergent barriers, or to have none beyond those of the old version.

use std::collections::BTreeSet;

use super::about::{About, barrier_text};
use super::earlier::Earlier;
use super::order::difference;
use crate::ir::{BarrierId, Kernel, Stmt};
use crate::prove::Race;
use crate::prove::change::Standing;
use crate::report::check::human::Places;
use crate::report::check::{ChangeReport, KernelCheck};
use crate::report::describe;
use crate::source::Span;

impl About<'_> {
    /// Other code changed: the races of the new version count, unless the old version has them, too.
    pub fn as_it_stands(
        &self,
        old: Option<&Kernel>,
        now: Standing,
        why: String,
    ) -> (KernelCheck, String) {
        let mut r = self.blank("as-it-stands", Some(why));
        r.race_free = now.race_free;
        self.assume_ended(&mut r, &now);
        let mut places: Vec<Places> = Vec::new();
        let mut taken = Vec::new();
        if let Some(old) = old {
            taken = self.changed_barriers(old, &mut r, &mut places);
        }
        r.divergent = now
            .divergent
            .iter()
            .filter(|d| !d.ended_only)
            .map(|d| describe::divergence(&self.v.map, d))
            .collect();
        let readable = old.filter(|_| !self.v.old_broken && !now.race_free);
        let earlier = readable.map(|old| self.earlier(old, &now));
        if let Some(e) = &earlier {
            let existing = e.existing.iter();
            r.existing = existing
                .map(|x| describe::race(&self.v.map, self.new, x))
                .collect();
        }
        let mut shown = None;
        (r.verdict, r.reason) = if let Some((race, reason)) = against(&now, earlier.as_ref()) {
            shown.clone_from(&race.witness);
            ("refuted", reason)
        } else if !r.divergent.is_empty() && old.is_none_or(|o| !same_divergence(o, self)) {
            let reason = "a barrier of the new version is not reached by all threads";
            ("refuted", reason.into())
        } else if let Some(why) = self.may_talk(old, &taken) {
            ("undecided", why)
        } else if now.race_free {
            ("proved", "the new version was shown free of races within a threadgroup and of divergent barriers".into())
        } else if let Some(e) = earlier.as_ref().filter(|e| settles(e, &now)) {
            let premises = e.premises.iter().map(|p| format!("assumed: {p}"));
            r.assumptions.extend(premises);
            (
                "proved",
                "the new version was shown free of races and divergent barriers where the old version does not go wrong".into(),
            )
        } else {
            ("undecided", self.doubt(&now, earlier.as_ref()))
        };
        self.finish(r, self.new, shown, &places)
    }

    /// Tells which barriers changed; those that were taken away.
    fn changed_barriers(
        &self,
        old: &Kernel,
        r: &mut KernelCheck,
        places: &mut Vec<Places>,
    ) -> Vec<BarrierId> {
        let d = difference(old, self.new);
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
        d.old
    }

    /// Why a version is neither passed nor refuted.
    fn doubt(&self, now: &Standing, earlier: Option<&Earlier>) -> String {
        if let Some(open) = earlier.and_then(|e| e.open.clone()) {
            return open;
        }
        match (now.wild.first(), now.races.iter().find(|x| !x.confirmed)) {
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
        }
    }

    /// Why barriers that were taken away may have ordered more than plain accesses of a threadgroup.
    fn may_talk(&self, old: Option<&Kernel>, taken: &[BarrierId]) -> Option<String> {
        let old = old.filter(|_| !taken.is_empty())?;
        let at = atomic(&old.body)?;
        let line = describe::at(&self.v.map, self.elsewhere(at)).0;
        Some(format!(
            "barriers were taken away, and what they ordered may include the atomic operation at line {line} of the old version"
        ))
    }
}

/// The race that stands against the new version, and how.
fn against(now: &Standing, earlier: Option<&Earlier>) -> Option<(Race, String)> {
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let Some(e) = earlier else {
        let races: Vec<&Race> = now.races.iter().filter(|x| x.confirmed).collect();
        let n = races.len();
        let first = races.first()?;
        return Some((
            (*first).clone(),
            format!("the new version has {n} race{}", s(n)),
        ));
    };
    let (race, premises) = e.introduced.first()?;
    let places: BTreeSet<_> = e
        .introduced
        .iter()
        .map(|(r, _)| r.accesses.map(|a| a.0))
        .collect();
    let n = places.len();
    let with = if premises.is_empty() {
        String::new()
    } else {
        format!(" (seen with {})", premises.join("; "))
    };
    let it = if n == 1 { "that race" } else { "them" };
    let reason = format!(
        "the new version has {n} race{}, and under the same launch the old version does not have {it}{with}",
        s(n)
    );
    Some((race.clone(), reason))
}

/// Whether nothing is open: all that may race is known to have raced before.
fn settles(e: &Earlier, now: &Standing) -> bool {
    e.open.is_none() && now.divergent.iter().all(|d| d.ended_only)
}

/// The place of an atomic operation.
fn atomic(list: &[Stmt]) -> Option<Span> {
    list.iter().find_map(|s| match s {
        Stmt::Atomic { access, .. } => Some(access.span),
        Stmt::If { then, els, .. } => atomic(then).or_else(|| atomic(els)),
        Stmt::Loop {
            header, body, step, ..
        } => atomic(header)
            .or_else(|| atomic(body))
            .or_else(|| atomic(step)),
        Stmt::Region { body, .. } => atomic(body),
        _ => None,
    })
}

/// Whether the old version has as many divergent barriers as the new one.
fn same_divergence(old: &Kernel, about: &About<'_>) -> bool {
    let count = |s: &Standing| s.divergent.iter().filter(|d| !d.ended_only).count();
    let (Ok(before), Ok(now)) = (
        about.standing_of(old),
        about.memory.standing(about.new, about.options),
    ) else {
        return false;
    };
    count(&now) <= count(&before)
}
