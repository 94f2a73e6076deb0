//! Atomic operations whose order carries the result.
//!
//! Purpose: shows that deleting barriers changes what a kernel computes although nothing races: two atomic operations on one
//! byte that do not commute, ordered by a deleted barrier, and memory that differs afterwards (DESIGN section 1, "Atomics
//! that do not commute").
//! Soundness direction: exact for what was executed. A byte counts only where several schedules with all barriers in place
//! agree on it, and where no run had a race, an access out of bounds, a divergent barrier or an unspecified value; what is not
//! found may still be there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::finding::{Conflict, Finding};
use super::launch::Launch;
use super::run::{Outcome, RunOptions, Runnable};
use super::schedule::Schedule;
use crate::ir::{AccessKind, BarrierId, Kernel, ObjectId};

/// How one element of device memory ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderChange {
    /// Object.
    pub object: ObjectId,
    /// First byte.
    pub offset: u64,
    /// Bytes, at most 8.
    pub width: u64,
    /// Value with every barrier in place, as an unsigned number.
    pub with: u64,
    /// Value without the deleted ones.
    pub without: u64,
}

/// Schedules under which the kernel as written has to agree.
const WRITTEN: [Schedule; 5] = [
    Schedule::InOrder,
    Schedule::Reverse,
    Schedule::Preemptive { seed: 1 },
    Schedule::Random { seed: 2 },
    Schedule::Preemptive { seed: 3 },
];

/// Schedules tried without the barriers.
const WITHOUT: [Schedule; 4] = [
    Schedule::InOrder,
    Schedule::Reverse,
    Schedule::Preemptive { seed: 1 },
    Schedule::Random { seed: 2 },
];

/// What [`order_change`] found.
pub struct OrderFound {
    /// The launch: the one that was given, or the same with threadgroup memory that holds zeros at first.
    pub launch: Launch,
    /// The two operations.
    pub pair: Conflict,
    /// What their order changes.
    pub change: OrderChange,
}

/// Two atomic operations that come in another order without `deleted`, and what that changes; with the instructions executed.
/// `options` has limits and flags; its schedule and its barriers are not used.
pub fn order_change(
    kernel: &Kernel,
    program: &Runnable<'_>,
    launch: &Launch,
    deleted: &BTreeSet<BarrierId>,
    options: &RunOptions,
) -> (Option<OrderFound>, u64) {
    let mut steps = 0;
    let mut unsure = false;
    let found = search(
        kernel,
        program,
        launch,
        deleted,
        options,
        (&mut steps, &mut unsure),
    );
    if found.is_some() || !unsure || launch.zeroed {
        return (found, steps);
    }
    // What is read before it is written may be zero: then nothing is unspecified.
    let zeroed = Launch {
        zeroed: true,
        ..launch.clone()
    };
    let found = search(
        kernel,
        program,
        &zeroed,
        deleted,
        options,
        (&mut steps, &mut unsure),
    );
    (found, steps)
}

fn search(
    kernel: &Kernel,
    program: &Runnable<'_>,
    launch: &Launch,
    deleted: &BTreeSet<BarrierId>,
    options: &RunOptions,
    (steps, unsure): (&mut u64, &mut bool),
) -> Option<OrderFound> {
    let mut written: Option<Vec<Outcome>> = None;
    for schedule in WITHOUT {
        let without = RunOptions {
            schedule,
            disabled: deleted.clone(),
            orders: true,
            ..options.clone()
        };
        let outcome = program.run(launch, &without).ok()?;
        *steps += outcome.steps;
        let uninitialised = |f: &Finding| matches!(f, Finding::UninitialisedRead { .. });
        *unsure |= outcome.findings.iter().any(uninitialised);
        if !clean(&outcome) {
            continue;
        }
        let mut before = program.as_written(launch, &without);
        let pair = outcome
            .due()
            .find(|c| is_order(c) && !c.approximate && !before.has(c))
            .cloned();
        *steps += before.steps;
        // Which operations are unordered may depend on the schedule where what they yield steers the kernel.
        let Some(pair) = pair else { continue };
        if written.is_none() {
            written = Some(as_written(program, launch, options, steps)?);
        }
        let change = written
            .as_deref()
            .and_then(|runs| first_difference(kernel, runs, &outcome));
        if let Some(change) = change {
            return Some(OrderFound {
                launch: launch.clone(),
                pair,
                change,
            });
        }
    }
    None
}

/// Whether a conflict is one of order: both sides atomic.
pub fn is_order(c: &Conflict) -> bool {
    c.a.kind == AccessKind::Atomic && c.b.kind == AccessKind::Atomic
}

/// Whether what a run computed is what every execution on the same path computes.
fn clean(o: &Outcome) -> bool {
    o.completed
        && !o.incomplete
        && o.findings.iter().all(|f| match f {
            Finding::Conflict(c) => is_order(c),
            _ => false,
        })
}

/// Runs with all barriers in place, one per schedule; `None` when one of them is not clean.
fn as_written(
    program: &Runnable<'_>,
    launch: &Launch,
    options: &RunOptions,
    steps: &mut u64,
) -> Option<Vec<Outcome>> {
    let mut out = Vec::new();
    for schedule in WRITTEN {
        let with = RunOptions {
            schedule,
            disabled: BTreeSet::new(),
            orders: false,
            ..options.clone()
        };
        let outcome = program.run(launch, &with).ok()?;
        *steps += outcome.steps;
        if !clean(&outcome) {
            return None;
        }
        out.push(outcome);
    }
    Some(out)
}

/// The first element on which all runs as written agree, and the other one does not.
fn first_difference(
    kernel: &Kernel,
    written: &[Outcome],
    without: &Outcome,
) -> Option<OrderChange> {
    let (first, others) = written.split_first()?;
    let touched: BTreeSet<(ObjectId, u64, usize)> = first
        .outputs()
        .chain(without.outputs())
        .map(|(object, at, data)| (object, at, data.len()))
        .collect();
    for (object, at, len) in touched {
        let width = kernel
            .objects
            .get(object.index())
            .and_then(|o| o.scalar)
            .map_or(1, |s| s.size().clamp(1, 8));
        let of = |o: &Outcome| o.bytes(object, at, len);
        let (with, now) = (of(first), of(without));
        if with == now {
            continue;
        }
        let rest: Vec<Vec<u8>> = others.iter().map(of).collect();
        let step = width as usize;
        for from in (0..len).step_by(step) {
            let part = |bytes: &[u8]| number(bytes.get(from..(from + step).min(len)));
            let (x, y) = (part(&with), part(&now));
            if x != y && rest.iter().all(|r| part(r) == x) {
                return Some(OrderChange {
                    object,
                    offset: at + from as u64,
                    width,
                    with: x,
                    without: y,
                });
            }
        }
    }
    None
}

/// Little-endian bytes as a number.
fn number(bytes: Option<&[u8]>) -> u64 {
    let bytes = bytes.unwrap_or_default();
    bytes.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b))
}
