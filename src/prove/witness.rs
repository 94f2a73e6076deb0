//! From solver values to a witness in the user's terms.
//!
//! Soundness direction: none needed; a witness counts only once it was replayed.

use super::decide::Values;
use super::verdict::{Witness, WitnessSide};
use crate::analysis::facts::Facts;
use crate::encode::pair::{PairFormula, Side};
use crate::ir::{AccessKind, Kernel, Var, VarKind};
use crate::source::Span;

/// Names everything in a conflict.
pub fn witness(kernel: &Kernel, facts: &Facts, pair: &PairFormula, v: &Values) -> Witness {
    let object = fact_of(facts, &pair.first).map_or(0, |f| f.object.0);
    let mut parameters = Vec::new();
    let mut memory = Vec::new();
    for (o, ty, at, value) in &v.memory {
        let named = kernel
            .scalars
            .iter()
            .find(|s| s.object == *o && i128::from(s.offset) == *at && s.ty == *ty);
        match named {
            Some(s) => parameters.push((s.name.clone(), *value)),
            // What the program itself defines is not the launch's to choose.
            None if kernel
                .objects
                .get(o.index())
                .is_some_and(|o| o.init.is_some()) => {}
            None => memory.push((o.0, *at, ty.size(), *value)),
        }
    }
    for (number, _, value) in v.constants.iter().filter(|c| !c.1) {
        // Where it is not defined, it has no value either.
        let undefined = v.constants.contains(&(*number, true, 0));
        let of = |x: &&Var| x.kind == VarKind::FunctionConstant(*number);
        if let Some(x) = kernel.vars.iter().find(of)
            && !undefined
        {
            parameters.push((x.name.clone(), *value));
        }
    }
    parameters.sort();
    parameters.dedup();
    memory.sort_unstable();
    memory.dedup();
    let sides = [
        side(kernel, facts, &pair.first, v, 0),
        side(kernel, facts, &pair.second, v, 1),
    ];
    Witness {
        object,
        threadgroup: v.size.map(to_u64),
        group: v.group.map(to_u64),
        parameters,
        memory,
        sides,
        same_simdgroup: v.simdgroups[0] == v.simdgroups[1],
        replayed: false,
        launch: None,
        flags_only: false,
        order: None,
    }
}

fn fact_of<'f>(facts: &'f Facts, s: &Side) -> Option<&'f crate::analysis::facts::AccessFact> {
    facts.accesses.get(s.access.index())?.as_ref()
}

fn side(kernel: &Kernel, facts: &Facts, s: &Side, v: &Values, n: usize) -> WitnessSide {
    let f = fact_of(facts, s);
    let iterations = s
        .counters
        .iter()
        .zip(&v.counters[n])
        .map(|((l, _), k)| {
            let span = kernel
                .loops
                .get(l.index())
                .map_or(Span::default(), |i| i.span);
            (span, *k)
        })
        .collect();
    WitnessSide {
        thread: v.threads[n].map(to_u64),
        index: to_u64(v.index[n]),
        access: s.access,
        kind: f.map_or(AccessKind::Write, |f| f.kind),
        span: f.map_or(Span::default(), |f| f.span),
        iterations,
        offset: v.offsets[n],
        width: s.width,
    }
}

fn to_u64(v: i128) -> u64 {
    u64::try_from(v).unwrap_or(0)
}
