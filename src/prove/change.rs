//! Verdicts on a change of barriers between two versions of a kernel.
//!
//! Versions that differ only in barriers are laid over each other ([`crate::ir::union`]). In the union *U*, deleting what
//! only the old version has gives the new one: when no two threads conflict on an added pair, the new version orders every
//! conflicting pair that the old one ordered. (A pair that may happen in parallel in the new version passed the deleted
//! barriers a different number of times exactly when these had ordered it in the old one, too.)
//!
//! Soundness direction: `Proved` only on proofs; what was neither proved nor shown by an executed race is `Undecided`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::decide::Counts;
use super::divergence::divergent;
use super::interval::Plan;
use super::kernel::{Contradiction, Options};
use super::prepare::prepare;
use super::races::confirm_races;
use super::removal::removal;
use super::verdict::{Divergence, Race, Reason, Witness};
use crate::cfg::ends_made_plain;
use crate::ir::union::Union;
use crate::ir::{BarrierId, Kernel, Unsupported};

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It orders every conflicting pair that was ordered before.
    Proved,
    /// Neither.
    Undecided,
    /// A race that it makes possible was executed.
    Refuted,
}

/// The answer on a set of old barriers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub outcome: Outcome,
    /// Why it is undecided, or `Witness`/`Proved`.
    pub reason: Reason,
    /// The race.
    pub witness: Option<Witness>,
    /// Pairs of accesses that the old barriers ordered and the new ones do not.
    pub pairs: usize,
}

/// A kernel as it stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Its races, replayed where possible.
    pub races: Vec<Race>,
    /// Barriers that not all threads may reach (those after early ends are marked).
    pub divergent: Vec<Divergence>,
    /// Shown free of races within a threadgroup and of divergent barriers.
    pub race_free: bool,
    /// Constructs that were not understood and may touch memory or hide a barrier, by place.
    pub wild: Vec<(String, crate::source::Span)>,
}

/// The races and divergent barriers of a kernel, without verdicts on its barriers.
///
/// # Errors
/// [`Contradiction`] when no launch satisfies the assumptions.
pub fn standing(kernel: &Kernel, options: &Options) -> Result<Standing, Contradiction> {
    let mut counts = Counts::default();
    let kernel = &ends_made_plain(kernel);
    let prepared = prepare(kernel, options, &mut counts)?;
    let divergent = divergent(kernel, &prepared, options);
    let mut races = prepared.races;
    confirm_races(kernel, options, &mut races, &mut counts);
    let wild = prepared.facts.wild.iter();
    let wild: Vec<_> = wild.map(|w| (w.construct.clone(), w.span)).collect();
    Ok(Standing {
        race_free: races.is_empty() && divergent.iter().all(|d| d.ended_only) && wild.is_empty(),
        races,
        divergent,
        wild,
    })
}

/// Answers on the change as a whole, and on parts of it alone (the other old barriers in place).
///
/// # Errors
/// [`Contradiction`] when no launch satisfies the assumptions.
pub fn change(
    union: &Union,
    parts: &[BTreeSet<BarrierId>],
    options: &Options,
) -> Result<(Answer, Vec<Answer>), Contradiction> {
    let mut counts = Counts::default();
    let kernel = ends_made_plain(&union.kernel);
    let prepared = prepare(&kernel, options, &mut counts)?;
    let plan = prepared.plan(&kernel, options);
    let mut ask = |deleted: &BTreeSet<BarrierId>| deletion(&plan, options, deleted, &mut counts);
    let whole = ask(&union.old_only);
    let each = parts
        .iter()
        .map(|p| {
            if whole.outcome == Outcome::Proved || *p == union.old_only {
                // What holds for all of them holds for some of them.
                whole.clone()
            } else {
                ask(p)
            }
        })
        .collect();
    Ok((whole, each))
}

/// What deleting a set adds.
pub fn deletion(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    counts: &mut Counts,
) -> Answer {
    let answer = |outcome, reason, witness, pairs| Answer {
        outcome,
        reason,
        witness,
        pairs,
    };
    let reached = |b: &&BarrierId| {
        let fact = plan.facts.barriers.get(b.index());
        fact.is_some_and(Option::is_some)
    };
    let divergent = deleted
        .iter()
        .filter(reached)
        .find(|b| !plan.convergent(**b));
    if let Some(b) = divergent {
        // What it ordered cannot be said.
        let span = plan.kernel.barriers.get(b.index()).map(|b| b.span);
        let why = Reason::Divergent(span.unwrap_or_default());
        return answer(Outcome::Undecided, why, None, 0);
    }
    if let Some(w) = plan.hunter.removal(deleted) {
        return answer(Outcome::Refuted, Reason::Witness, Some(w), 0);
    }
    if let Some(w) = plan.hunter.order(deleted) {
        let why = Reason::Atomics(w.sides[0].span, w.sides[1].span);
        return answer(Outcome::Refuted, why, Some(w), 0);
    }
    let r = removal(plan, deleted, None, counts);
    match r.problem {
        None => answer(Outcome::Proved, Reason::Proved, None, r.added),
        Some((Reason::Atomics(a, b), Some(mut w))) => {
            let replays = &mut counts.replays;
            let why = Reason::Atomics(a, b);
            if super::reorder::confirm_order(plan.kernel, options, &mut w, deleted, replays) {
                answer(Outcome::Refuted, why, Some(w), r.added)
            } else {
                answer(Outcome::Undecided, why, None, r.added)
            }
        }
        Some((Reason::Witness, Some(mut w))) => {
            let replays = &mut counts.replays;
            match super::replay::confirm(plan.kernel, options, &mut w, deleted, replays) {
                Ok(()) => answer(Outcome::Refuted, Reason::Witness, Some(w), r.added),
                Err(why) => {
                    // What was not understood cannot be executed.
                    let first = plan.kernel.unsupported.first();
                    let unsupported =
                        |u: &Unsupported| Reason::Unsupported(u.construct.clone(), u.span);
                    let why = first.map_or(Reason::Unreplayed(why), unsupported);
                    answer(Outcome::Undecided, why, Some(w), r.added)
                }
            }
        }
        Some((reason, w)) => answer(Outcome::Undecided, reason, w, r.added),
    }
}
