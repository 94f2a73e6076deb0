//! Barriers by which a threadgroup may talk to others.
//!
//! A barrier that orders device memory also orders a write before an atomic by which other
//! threadgroups learn of it ("last threadgroup done", look-back), and an atomic before the accesses that rest on what it
//! told. Deleting it races with nothing inside the threadgroup, which is all that
//! the pairs speak of, and yet changes results.
//!
//! Soundness direction: over-approximation: any write, plain or atomic, before an atomic write to another object counts,
//! whatever the atomic is for (whoever reads it may be another kernel); so does any atomic that tells this
//! threadgroup something before it reads or writes an object that the kernel writes. Left out are atomics that commute on one
//! object, but for a single word beside others. Textures are published as buffers are, by barriers that name them.

use std::collections::BTreeSet;

use super::interval::{Mode, Plan, differs};
use crate::analysis::facts::AccessFact;
use crate::analysis::term::{Level, Terms};
use crate::cfg::{Filter, Passed};
use crate::encode::pair::Relation;
use crate::ir::{AccessKind, BarrierId, Space};
use crate::source::Span;

impl Plan<'_> {
    /// An access before and one after a barrier of the set, which it may order for other
    /// threadgroups: the places of a write and of the atomic after it, or of an atomic and of the
    /// read after it.
    pub fn published(&self, deleted: &BTreeSet<BarrierId>) -> Option<(Span, Span)> {
        let facts = || self.facts.accesses.iter().flatten();
        let space = |f: &AccessFact| {
            let object = self.kernel.objects.get(f.object.index());
            object.map(|o| o.space)
        };
        let device = |f: &AccessFact| space(f) == Some(Space::Device);
        let shared = |f: &AccessFact| device(f) || space(f) == Some(Space::Texture);
        if !facts().any(|f| f.kind == AccessKind::Atomic && device(f)) {
            return None;
        }
        let written: BTreeSet<_> = facts()
            .filter(|f| f.kind != AccessKind::Read)
            .map(|f| f.object)
            .collect();
        // A simdgroup barrier that stays orders nothing for the threads of other simdgroups.
        let kinds = [
            (Space::Device, true),
            (Space::Device, false),
            (Space::Texture, true),
            (Space::Texture, false),
        ];
        let modes = kinds.map(|(space, same_simdgroup)| Mode {
            relation: Relation::Distinct,
            filter: Filter {
                space,
                same_simdgroup,
                ignore_flags: self.ignore_flags,
            },
        });
        for (m, ip) in modes
            .iter()
            .flat_map(|m| self.pairs(m, deleted).into_iter().map(move |p| (m, p)))
        {
            // The flags must name the memory of what is published, or of what comes after what was learnt.
            let named = |f: &AccessFact| space(f) == Some(m.filter.space);
            let reached: Vec<(&AccessFact, Passed)> = ip
                .reach
                .accesses
                .iter()
                .filter_map(|a| {
                    let f = self.facts.accesses.get(a.at.index())?.as_ref()?;
                    shared(f).then_some((f, a.passed))
                })
                .collect();
            for (a, before) in &reached {
                for (b, after) in &reached {
                    let tells = named(a) && publishes(a, b, &self.facts.terms);
                    let learns =
                        named(b) && learns(a, b, &self.facts.terms) && written.contains(&b.object);
                    if (tells || learns) && before <= after && differs(*before, *after) {
                        return Some((a.span, b.span));
                    }
                }
            }
        }
        None
    }
}

/// Whether an access may write, and whether it may read, where the result matters.
fn does(f: &AccessFact) -> (bool, bool) {
    match (f.kind, f.atomic) {
        (AccessKind::Read, _) => (false, true),
        (AccessKind::Write, _) => (true, false),
        (AccessKind::Atomic, Some(u)) => (u.writes(), u.reads()),
        (AccessKind::Atomic, None) => (true, true),
    }
}

/// Two operations on words of one kind that come to the same in any order, such as counting in a histogram. Where one is on a
/// word that all threads share and the other is not on that word, it may be the counter that says that the rest is there.
fn commute(a: &AccessFact, b: &AccessFact, terms: &Terms) -> bool {
    let shared = |f: &AccessFact| terms.level(f.offset) == Level::Uniform;
    let kind = a.offset == b.offset || !(shared(a) || shared(b));
    let word = kind && a.object == b.object;
    word && a.atomic.zip(b.atomic).is_some_and(|(a, b)| a.commutes(b))
}

/// A write that an atomic write after it may announce.
fn publishes(a: &AccessFact, b: &AccessFact, terms: &Terms) -> bool {
    b.kind == AccessKind::Atomic && does(a).0 && does(b).0 && !commute(a, b, terms)
}

/// An atomic that may tell that other threadgroups are done with what comes after it.
fn learns(a: &AccessFact, b: &AccessFact, terms: &Terms) -> bool {
    a.kind == AccessKind::Atomic && does(a).1 && !commute(a, b, terms)
}
