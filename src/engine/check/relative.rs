//! The versions differ in barriers only: the new one is held against the old one.
//!
//! Soundness direction: `proved` only when no conflicting pair loses its order (or the new version was shown free of races), and no
//! barrier became divergent.

use std::collections::{BTreeMap, BTreeSet};

use super::about::{About, barrier_text};
use crate::ir::union::Union;
use crate::ir::{BarrierId, Kernel};
use crate::prove::Reason;
use crate::prove::change::{Answer, Outcome, Standing};
use crate::prove::kernel::Contradiction;
use crate::report::check::human::Places;
use crate::report::check::{ChangeReport, KernelCheck};
use crate::report::describe;
use crate::source::Span;

/// A changed barrier, with its instances.
struct Change {
    kind: &'static str,
    old: Option<(Span, String)>,
    new: Option<(Span, String)>,
    ids: BTreeSet<BarrierId>,
}

impl About<'_> {
    /// The versions differ in barriers only.
    pub fn relative(
        &self,
        old: &Kernel,
        u: &Union,
    ) -> Result<(KernelCheck, String), Contradiction> {
        let changes = changes(u);
        let with_old: Vec<&Change> = changes.iter().filter(|c| !c.ids.is_empty()).collect();
        let parts: Vec<BTreeSet<BarrierId>> = with_old.iter().map(|c| c.ids.clone()).collect();
        let (whole, each) = if u.old_only.is_empty() {
            (proved(), Vec::new())
        } else {
            self.memory.change(u, &parts, self.options)?
        };
        // What is refuted needs no further questions; they are often the hard ones.
        let (now, before) = if whole.outcome == Outcome::Refuted {
            (Standing::default(), Standing::default())
        } else {
            (
                self.memory.standing(self.new, self.options)?,
                self.standing_of(old)?,
            )
        };
        let mut r = self.blank("relative", None);
        r.race_free = now.race_free;
        self.assume_ended(&mut r, &now);
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
            Outcome::Undecided if now.race_free && !orders_more(&whole.reason) => (
                "proved",
                "the new version was shown free of races within a threadgroup and of divergent barriers".to_string(),
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
            // What was only not excluded may be the prover's fault.
            let shown = Standing {
                races: now.races.iter().filter(|x| x.confirmed).cloned().collect(),
                ..now.clone()
            };
            r.existing = self.races(self.new, &shown, false);
            // Without races on both sides, the results are the same, too.
            if now.race_free && before.race_free {
                r.reason
                    .push_str("; both versions are free of races within a threadgroup, so results are the same");
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

/// Whether a doubt is about more than races within a threadgroup.
fn orders_more(r: &Reason) -> bool {
    matches!(
        r,
        Reason::Published(..) | Reason::Atomics(..) | Reason::Flags(..)
    )
}

fn proved() -> Answer {
    Answer {
        outcome: Outcome::Proved,
        reason: Reason::NothingOrdered,
        witness: None,
        pairs: 0,
    }
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
