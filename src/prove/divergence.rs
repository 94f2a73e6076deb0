//! Barriers that not all threads may reach, because they go another way or because they ended before.
//!
//! Soundness direction: more barriers. A return counts unless it was proved that no thread gets there: its guard, a necessary condition, is
//! unsatisfiable in every admitted launch; or that no barrier comes after it: it stands behind the barrier, and no loop is around both.

use std::collections::BTreeSet;

use super::kernel::Options;
use super::prepare::Prepared;
use super::record::{About, Ask};
use super::verdict::Divergence;
use crate::analysis::facts::{Facts, ReturnFact};
use crate::analysis::term::{Level, TermId};
use crate::cfg::Start;
use crate::encode::logic::Lin;
use crate::encode::pair::{IntervalEncoder, Relation, natural};
use crate::encode::terms::{Counters, Ctx};
use crate::ir::{BarrierId, BarrierScope, Kernel, LoopId, Stmt};
use crate::smt::{Answer, Effort, Products, Wanted};
use crate::source::Span;

/// Barriers that not all threads may reach.
pub(super) fn divergent(
    kernel: &Kernel,
    prepared: &Prepared<'_>,
    options: &Options,
) -> Vec<Divergence> {
    let facts = &prepared.facts;
    let mut out = Vec::new();
    let mut ends = Ends::new(kernel, prepared, options);
    for f in facts.barriers.iter().flatten() {
        let Some(b) = kernel.barriers.get(f.id.index()) else {
            continue;
        };
        let agreed = match b.scope {
            BarrierScope::Threadgroup => Level::Uniform,
            BarrierScope::Simdgroup => Level::Simdgroup,
        };
        // Not only those that `ended` knows of: in a loop, a return behind the barrier comes before its next instance.
        let returns = ends.before(f.id, agreed);
        if f.level > agreed || !returns.is_empty() {
            out.push(Divergence {
                barrier: f.id,
                span: b.span,
                culprit: f.culprit.and_then(|t| origin(facts, t, 0)),
                ended_only: f.level <= agreed,
                returns,
            });
        }
    }
    out
}

/// The returns of a kernel, and which of them a thread can take.
struct Ends<'a, 'k> {
    kernel: &'a Kernel,
    prepared: &'a Prepared<'k>,
    options: &'a Options,
    order: Order,
    /// Whether a thread can take it, by its index among the facts; as far as somebody asked.
    possible: Vec<Option<bool>>,
}

impl<'a, 'k> Ends<'a, 'k> {
    fn new(kernel: &'a Kernel, prepared: &'a Prepared<'k>, options: &'a Options) -> Ends<'a, 'k> {
        let mut order = Order::default();
        order.block(&kernel.body, &mut Vec::new());
        Ends {
            kernel,
            prepared,
            options,
            order,
            possible: vec![None; prepared.facts.returns.len()],
        }
    }

    /// Places where threads may have ended before a barrier while others have not.
    fn before(&mut self, barrier: BarrierId, agreed: Level) -> Vec<Span> {
        let facts = &self.prepared.facts;
        let mut out = BTreeSet::new();
        for (i, r) in facts.returns.iter().enumerate() {
            if r.level <= agreed || !self.order.may_follow(r.span, barrier) {
                continue;
            }
            let known = self.possible.get(i).copied().flatten();
            let possible = known.unwrap_or_else(|| self.can_happen(r));
            if let Some(slot) = self.possible.get_mut(i) {
                *slot = Some(possible);
            }
            if possible {
                out.insert(r.span);
            }
        }
        out.into_iter().collect()
    }

    /// Whether some thread may take a return; false only when that was refuted.
    fn can_happen(&self, r: &ReturnFact) -> bool {
        let (facts, kernel, options) = (&self.prepared.facts, self.kernel, self.options);
        let mut ie = IntervalEncoder::new(
            facts,
            kernel,
            &options.contract,
            &self.prepared.no_wrap,
            Start::Entry,
            Relation::Distinct,
            &self.prepared.assumptions,
        );
        // One thread is enough.
        ie.context = ie.enc.base.clone();
        let mut ctx = Ctx {
            thread: 1,
            counters: Counters::new(),
            depth: 0,
        };
        for a in &self.prepared.assumptions {
            let b = ie.enc.bool(*a, &ctx);
            ie.context.push(b);
        }
        for l in &r.loops {
            let k = Lin::atom(ie.enc.logic.var(&format!("k{}", l.0), natural()));
            ctx.counters.insert(*l, k);
        }
        let taken = ie.enc.bool(r.guard, &ctx);
        if ie.enc.logic.is_false(taken) {
            return false;
        }
        let asserts = ie.obligation(&[taken]);
        let ask = Ask {
            kernel,
            facts,
            limit: options.timeout,
            patience: Some(&self.prepared.patience.steps),
            hasty: true,
            recorder: None,
            stats: options.stats.as_deref(),
            about: About::Races,
            contract: &options.contract,
            relation: None,
            start: None,
        };
        let wanted = Wanted {
            ints: Vec::new(),
            bools: Vec::new(),
        };
        let answer = ask.check(
            &ie.enc.logic,
            &asserts,
            Products::Opaque,
            &wanted,
            Effort::Full,
        );
        !matches!(answer, Answer::Unsat)
    }
}

/// Where returns and barriers stand.
#[derive(Default)]
struct Order {
    next: usize,
    returns: Vec<(Span, usize, Vec<LoopId>)>,
    barriers: Vec<(BarrierId, usize, Vec<LoopId>)>,
}

impl Order {
    fn block(&mut self, list: &[Stmt], loops: &mut Vec<LoopId>) {
        for s in list {
            self.next += 1;
            match s {
                Stmt::Return { span, .. } => {
                    self.returns.push((*span, self.next, loops.clone()));
                }
                Stmt::Barrier(id) => self.barriers.push((*id, self.next, loops.clone())),
                Stmt::If { then, els, .. } => {
                    self.block(then, loops);
                    self.block(els, loops);
                }
                Stmt::Loop {
                    id,
                    header,
                    body,
                    step,
                    ..
                } => {
                    loops.push(*id);
                    self.block(header, loops);
                    self.block(body, loops);
                    self.block(step, loops);
                    loops.pop();
                }
                Stmt::Region { body, .. } => self.block(body, loops),
                _ => {}
            }
        }
    }

    /// Whether threads may come to a barrier after others took a return at this place.
    fn may_follow(&self, end: Span, barrier: BarrierId) -> bool {
        let at = self.barriers.iter().filter(|b| b.0 == barrier);
        let ends = self.returns.iter().filter(|r| r.0 == end);
        let mut known = false;
        for (_, b, around) in at {
            for (_, r, loops) in ends.clone() {
                known = true;
                if r < b || loops.iter().any(|l| around.contains(l)) {
                    return true;
                }
            }
        }
        !known
    }
}

/// The place that made a value thread-dependent, looked for in its parts.
fn origin(facts: &Facts, t: TermId, depth: u32) -> Option<Span> {
    use crate::analysis::term::TermKind as K;
    if depth > 24 {
        return None;
    }
    if let Some(s) = facts.origin.get(&t) {
        return Some(*s);
    }
    let parts: Vec<TermId> = match facts.terms.kind(t) {
        K::Unary(_, a) | K::Cast(a) | K::Bitcast(a) => vec![*a],
        K::Binary(_, a, b) => vec![*a, *b],
        K::Select(a, b, c) => vec![*a, *b, *c],
        K::Induct { init, step, .. } => vec![*init, *step],
        K::Math(_, v) => v.clone(),
        _ => Vec::new(),
    };
    parts
        .into_iter()
        .filter(|p| facts.terms.level(*p) > Level::Uniform)
        .find_map(|p| origin(facts, p, depth + 1))
}
