//! Whether a set of barriers can go.
//!
//! Purpose: the one meaning of "can go" that all commands share. Deleting the set must
//! 1. add no race: no two accesses that it alone ordered may conflict;
//! 2. leave atomic operations in order: none that it alone ordered, and that do not commute, may be to a common byte;
//! 3. publish nothing too early ([`Plan::published`]);
//! 4. add no race either where barriers order more memory than their flags name, because real code leans on that; of a
//!    barrier that names no memory, 2. and 3. are asked there, too.
//!
//! Soundness direction: over-approximation: a problem is reported unless every pair was shown safe.

use std::collections::BTreeSet;

use super::decide::{Counts, PairAnswer, first_unsafe};
use super::ended::Related;
use super::interval::{IntervalPairs, Mode, Plan};
use super::open::unknown_factors;
use super::races::{encoder, racing};
use super::record::About;
use super::verdict::{Reason, Witness};
use super::witness::witness;
use crate::analysis::facts::AccessFact;
use crate::encode::pair::{PairFormula, Relation};
use crate::ir::{AccessId, BarrierId, MemFlags, Space};
use crate::source::Span;

/// The outcome of deleting a set.
pub struct Removal {
    /// `None` when every added pair is safe.
    pub problem: Option<(Reason, Option<Witness>)>,
    /// Added pairs.
    pub added: usize,
}

/// Whether a set of barriers can go. `only` restricts to a relation (weakening).
pub fn removal(
    plan: &Plan<'_>,
    deleted: &BTreeSet<BarrierId>,
    only: Option<Relation>,
    counts: &mut Counts,
) -> Removal {
    removal_beyond(plan, deleted, &[], only, counts)
}

/// Like [`removal`], when each of `proved` was shown to be able to go (in all relations).
pub fn removal_beyond(
    plan: &Plan<'_>,
    deleted: &BTreeSet<BarrierId>,
    proved: &[BTreeSet<BarrierId>],
    only: Option<Relation>,
    counts: &mut Counts,
) -> Removal {
    if let Some(w) = plan.facts.wild.iter().find(|w| w.control) {
        return Removal {
            problem: Some((Reason::Unsupported(w.construct.clone(), w.span), None)),
            added: 0,
        };
    }
    let mut question = Question {
        plan,
        deleted,
        proved,
        only,
        added: 0,
    };
    let spaces = plan.spaces();
    let problem = question
        .races(&spaces, counts)
        .or_else(|| question.orders(&spaces, counts))
        .or_else(|| {
            let (a, b) = plan.published(deleted)?;
            Some((Reason::Published(a, b), None))
        });
    let added = question.added;
    let problem =
        problem.or_else(|| Some((beyond_flags(plan, deleted, proved, only, counts)?, None)));
    Removal { problem, added }
}

/// What a set orders only where barriers order more memory than their flags name: the two accesses, and the flags that
/// would name it.
fn beyond_flags(
    plan: &Plan<'_>,
    deleted: &BTreeSet<BarrierId>,
    proved: &[BTreeSet<BarrierId>],
    only: Option<Relation>,
    counts: &mut Counts,
) -> Option<Reason> {
    if plan.ignore_flags {
        return None;
    }
    let names = |b: &BarrierId, s: Space| plan.kernel.barriers[b.index()].flags.orders(s);
    // Where all of them name a space, what they order of it was asked about.
    let unnamed = |s: &Space| !deleted.iter().all(|b| names(b, *s));
    let generous = Plan {
        ignore_flags: true,
        ..*plan
    };
    let mut question = Question {
        plan: &generous,
        deleted,
        proved,
        only,
        added: 0,
    };
    // A barrier that names no memory is there for something else than what it names.
    let silent = deleted
        .iter()
        .any(|b| plan.kernel.barriers[b.index()].flags == MemFlags::default());
    for space in plan.spaces().into_iter().filter(unnamed) {
        let mut problem = question.races(&[space], counts);
        if silent {
            problem = problem.or_else(|| question.orders(&[space], counts));
        }
        let found = match problem {
            Some((reason, w)) => Some(places(&reason, w.as_ref())),
            None if silent && space == Space::Device => generous.published(deleted),
            None => None,
        };
        if let Some((a, b)) = found {
            return Some(Reason::Flags(a, b, named(space)));
        }
    }
    None
}

/// The flags that name a space.
fn named(space: Space) -> MemFlags {
    MemFlags {
        device: space == Space::Device,
        threadgroup: space == Space::Threadgroup,
        texture: space == Space::Texture,
        ..MemFlags::default()
    }
}

/// The two places that a problem is about.
fn places(reason: &Reason, w: Option<&Witness>) -> (Span, Span) {
    match (reason, w) {
        (_, Some(w)) => (w.sides[0].span, w.sides[1].span),
        (Reason::Timeout(a, b) | Reason::GaveUp(a, b, _), None) => (*a, *b),
        (Reason::Unsupported(_, at), None) => (*at, *at),
        _ => (Span::default(), Span::default()),
    }
}

/// What is asked about one set.
struct Question<'q, 'p> {
    plan: &'q Plan<'p>,
    deleted: &'q BTreeSet<BarrierId>,
    proved: &'q [BTreeSet<BarrierId>],
    only: Option<Relation>,
    /// Pairs asked about.
    added: usize,
}

type Problem = Option<(Reason, Option<Witness>)>;

impl Question<'_, '_> {
    /// A race that deleting the set may add.
    fn races(&mut self, spaces: &[Space], counts: &mut Counts) -> Problem {
        self.each(spaces, counts, &racing, |_| Reason::Witness)
    }

    /// Atomic operations that may come in another order without the set.
    fn orders(&mut self, spaces: &[Space], counts: &mut Counts) -> Problem {
        if !self.plan.facts.any_order() {
            return None;
        }
        self.each(spaces, counts, &AccessFact::needs_order, |w| {
            Reason::Atomics(w.sides[0].span, w.sides[1].span)
        })
    }

    /// The first pair that is related in this way and not safe; one that was found before one that was not decided.
    fn each(
        &mut self,
        spaces: &[Space],
        counts: &mut Counts,
        related: &Related,
        reason: impl Fn(&Witness) -> Reason,
    ) -> Problem {
        let plan = self.plan;
        let mut doubt = None;
        for space in spaces {
            for mut mode in plan.modes(*space) {
                if let Some(r) = self.only {
                    if mode.relation == Relation::Distinct {
                        mode.relation = r;
                    } else if mode.relation != r {
                        continue;
                    }
                }
                for ip in plan.pairs_beyond(&mode, self.deleted, self.proved) {
                    if let Some(span) = ip.wild {
                        doubt.get_or_insert_with(|| self.unsupported(span));
                        continue;
                    }
                    match self.interval(&mode, &ip, related, counts) {
                        Some(Found::Conflict(w)) => return Some((reason(&w), Some(*w))),
                        Some(Found::Open(why)) => {
                            doubt.get_or_insert(why);
                        }
                        None => {}
                    }
                }
            }
        }
        doubt.map(|d| (d, None))
    }

    fn unsupported(&self, at: Span) -> Reason {
        let wild = self.plan.facts.wild.iter().find(|w| w.span == at);
        Reason::Unsupported(wild.map_or_else(String::new, |w| w.construct.clone()), at)
    }

    /// The first pair of an interval that is not safe.
    fn interval(
        &mut self,
        mode: &Mode,
        ip: &IntervalPairs,
        related: &Related,
        counts: &mut Counts,
    ) -> Option<Found> {
        let plan = self.plan;
        let about = match self.only {
            Some(Relation::DifferentSimdgroups) => About::Weakening(self.deleted.clone()),
            _ => About::Removal(self.deleted.clone()),
        };
        let fact = |a: AccessId| plan.facts.accesses.get(a.index()).and_then(Option::as_ref);
        let wanted: Vec<_> = ip
            .pairs
            .iter()
            .chain(&ip.orders)
            .filter(|(a, b)| {
                let both = fact(a.at).zip(fact(b.at));
                both.is_some_and(|(a, b)| related(a, b))
            })
            .collect();
        let mut ie = encoder(plan, mode, ip.start);
        let mut pairs: Vec<PairFormula> = wanted
            .iter()
            .filter_map(|(a, b)| ie.pair(a, b, mode.relation))
            .collect();
        let ended = plan.ended_pairs(&mut ie, mode, ip, (true, related));
        self.added += wanted.len() + ended.len();
        pairs.extend(ended);
        let ask = plan.ask(about, mode, ip.start);
        let (at, answer) = first_unsafe(&mut ie, &pairs, &ask, counts)?;
        let pair = pairs.get(at)?;
        match answer {
            PairAnswer::Safe => None,
            PairAnswer::Conflict(v) => {
                let w = witness(plan.kernel, plan.facts, pair, &v);
                Some(Found::Conflict(Box::new(w)))
            }
            PairAnswer::Undecided(why) => {
                let span = |a: AccessId| fact(a).map_or(Span::default(), |f| f.span);
                let (a, b) = (span(pair.first.access), span(pair.second.access));
                // A limit of time that was reached is one thing, a question that the solver cannot answer another.
                Some(Found::Open(if why == "timeout" {
                    Reason::Timeout(a, b)
                } else {
                    Reason::GaveUp(a, b, unknown_factors(&mut ie, plan.kernel, pair))
                }))
            }
        }
    }
}

/// A pair that is not safe.
enum Found {
    /// Conflicts like this.
    Conflict(Box<Witness>),
    /// Was not decided, for this reason.
    Open(Reason),
}
