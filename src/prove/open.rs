//! Why a pair was left open, in the names of the source.
//!
//! Purpose: what the solver has trouble with are products of two unknown numbers; a bound on one of them often helps.
//! Soundness direction: none; this is for messages.

use std::collections::BTreeSet;

use crate::encode::lin::Lin;
use crate::encode::logic::{AtomId, AtomKind};
use crate::encode::pair::{IntervalEncoder, PairFormula};
use crate::ir::Kernel;
use crate::smt::factors;

/// Most names that are told.
const MOST: usize = 3;

/// Numbers of the launch that are factors of products in the formula of a pair, by name.
pub fn unknown_factors(
    ie: &mut IntervalEncoder<'_>,
    kernel: &Kernel,
    pair: &PairFormula,
) -> Vec<String> {
    let asserts = ie.obligation(&[pair.formula]);
    let mut names = BTreeSet::new();
    for f in factors(&ie.enc.logic, &asserts) {
        for (a, _) in &f.terms {
            names.extend(name(ie, kernel, *a));
        }
    }
    names.into_iter().take(MOST).collect()
}

/// What a person calls an atom: a parameter, or a size or position of the launch.
fn name(ie: &IntervalEncoder<'_>, kernel: &Kernel, a: AtomId) -> Option<String> {
    if let Some((object, ty, at, _)) = ie.enc.reads.iter().find(|r| r.3 == a) {
        return scalar(kernel, *object, *ty, at);
    }
    match &ie.enc.logic.atom(a).kind {
        AtomKind::Var(v) if v.starts_with("threads") => Some("threads_per_threadgroup".into()),
        AtomKind::Var(v) if v.starts_with("group.") => Some("threadgroup_position_in_grid".into()),
        _ => None,
    }
}

fn scalar(
    kernel: &Kernel,
    object: crate::ir::ObjectId,
    ty: crate::ir::ScalarTy,
    at: &Lin,
) -> Option<String> {
    let at = at.as_const()?;
    let mut all = kernel.scalars.iter();
    let found = all.find(|s| s.object == object && i128::from(s.offset) == at && s.ty == ty);
    Some(match found {
        Some(s) => s.name.clone(),
        None => format!("{} at byte {at}", kernel.objects.get(object.index())?.name),
    })
}
