//! What a declaration may use, by the names that it mentions.
//!
//! Soundness direction: more. A mentioned name is used, whatever it means there; operators are used by everything; a template may be
//! instantiated for any class of the file.

use std::collections::{BTreeSet, VecDeque};

use super::units::{Kind, Unit, barrier_function};
use super::{Inventory, Unit as Declared};

impl Inventory {
    /// The declarations that one may use, itself among them.
    pub fn closure(&self, from: usize) -> BTreeSet<usize> {
        let mut out = BTreeSet::from([from]);
        let mut work = VecDeque::from([from]);
        let start = self.units.get(from);
        for (i, u) in self.units.iter().enumerate() {
            let as_argument = start.is_some_and(|s| s.is_template) && u.kind == Kind::Type;
            if (u.implicit || as_argument) && out.insert(i) {
                work.push_back(i);
            }
        }
        while let Some(i) = work.pop_front() {
            let mentioned = self.units.get(i).into_iter().flat_map(|u| &u.mentions);
            for name in mentioned {
                for j in self.by_name.get(name).into_iter().flatten() {
                    if out.insert(*j) {
                        work.push_back(*j);
                    }
                }
            }
        }
        out
    }

    /// The declarations that any of these names may lead to.
    pub(super) fn closure_of_names<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        for n in names {
            for i in self.by_name.get(n).into_iter().flatten() {
                if !out.contains(i) {
                    out.extend(self.closure(*i));
                }
            }
        }
        out
    }

    /// Whether a barrier may be called from a declaration.
    pub(super) fn concerns_barriers(&self, unit: usize) -> bool {
        self.closure(unit)
            .iter()
            .any(|i| self.units.get(*i).is_some_and(calls_barriers))
    }
}

fn calls_barriers(u: &Declared) -> bool {
    !u.barriers.is_empty()
}

/// Whether a name is a barrier function's.
pub(super) fn is_barrier(name: &str) -> bool {
    barrier_function(name).is_some()
}

/// Names of declarations that may come to a barrier, by mention.
pub(super) fn barrier_names(units: &[Unit]) -> BTreeSet<std::sync::Arc<str>> {
    let mut out: BTreeSet<std::sync::Arc<str>> = BTreeSet::new();
    loop {
        let before = out.len();
        for u in units {
            if !u.barriers.is_empty() || u.mentions.iter().any(|m| out.contains(m)) {
                out.extend(u.names.iter().cloned());
            }
        }
        if out.len() == before {
            return out;
        }
    }
}
