//! Other code changed, too: the new version is judged as it stands.
//!
//! Soundness direction: any race that was executed refutes; `proved` only when the new version was shown free of races and divergent barriers.

use std::collections::BTreeSet;

use super::about::{About, barrier_text};
use super::order::difference;
use crate::ir::{BarrierId, Kernel, Stmt};
use crate::prove::Race;
use crate::prove::change::Standing;
use crate::report::check::human::Places;
use crate::report::check::{ChangeReport, KernelCheck};
use crate::report::describe;
use crate::source::Span;

impl About<'_> {
    /// Other code changed: the races of the new version count.
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
        let mut lenient = false;
        let mut taken = Vec::new();
        if let Some(old) = old {
            let d = difference(old, self.new);
            lenient = d.old.is_empty() && !d.accesses && !self.v.old_broken;
            taken.clone_from(&d.old);
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
                .filter(|x| x.confirmed)
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
        } else if let Some(why) = self.may_talk(old, &taken) {
            r.verdict = "undecided";
            r.reason = why;
        } else if now.race_free {
            r.verdict = "proved";
            r.reason = "the new version was shown free of races within a threadgroup and of divergent barriers".into();
        } else if lenient && !r.existing.is_empty() {
            r.verdict = "undecided";
            r.reason = "the old version has races between the same lines; other code changed, so whether the new version has more of them cannot be told".into();
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
        about.memory.standing(old, about.options),
        about.memory.standing(about.new, about.options),
    ) else {
        return false;
    };
    count(&now) <= count(&before)
}
