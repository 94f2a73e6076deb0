//! Looking for the races of one kernel.
//!
//! Soundness direction: what is found happened; with deleted barriers, only what they would have prevented counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::FuzzRequest;
use super::generate::Fixed;
use crate::exec::{
    Budget, Conflict, Finding, Launch, OrderChange, RunOptions, Runnable, Schedule, SearchRequest,
    Target, as_written, explore, happens_as_written, is_order, minimise, order_change,
    run as execute, same_pair,
};
use crate::ir::{BarrierId, Kernel};
use crate::prove::Options;
use crate::prove::replay::admitted;

/// What is being looked for in one kernel.
pub struct Hunt<'a> {
    pub kernel: &'a Kernel,
    pub args: &'a FuzzRequest,
    pub disabled: BTreeSet<BarrierId>,
    pub target: Target,
    pub notes: BTreeMap<(u8, String), u64>,
    pub complete: bool,
}

impl Hunt<'_> {
    fn options(&self, schedule: Schedule) -> RunOptions {
        RunOptions {
            schedule,
            disabled: self.disabled.clone(),
            step_limit: self.args.steps.saturating_mul(16),
            thread_step_limit: self.args.steps,
            ignore_flags: self.args.execution_barriers_order_memory,
            // What deleting barriers does to atomic operations is no race, but as bad.
            orders: !self.disabled.is_empty(),
            ..RunOptions::default()
        }
    }

    fn budget(&self) -> Budget {
        Budget {
            states: self.args.states,
            time: Duration::from_secs_f64(self.args.time),
        }
    }

    /// Findings of one launch.
    pub fn attempt(&mut self, l: &Launch, schedule: Schedule) -> Result<Vec<Finding>, String> {
        let o = self.options(schedule);
        if self.args.exhaustive {
            let x = explore(self.kernel, l, &o, self.budget()).map_err(|e| e.to_string())?;
            if !x.complete {
                self.complete = false;
                let text = format!(
                    "not every interleaving was explored: a limit was reached (--states {}, --time, or the step limit)",
                    self.args.states
                );
                *self.notes.entry((8, text)).or_default() += 1;
            }
            return Ok(x.findings);
        }
        let out = execute(self.kernel, l, &o).map_err(|e| e.to_string())?;
        Ok(out.findings)
    }

    /// The race among the findings of a launch.
    pub fn race(&self, l: &Launch, schedule: Schedule, findings: &[Finding]) -> Option<Conflict> {
        let mut all = findings.iter().filter_map(Finding::conflict);
        let real = |c: &Conflict| !is_order(c) || self.order(l).is_some();
        all.find(|c| self.target.is_met(c) && !self.as_written(l, schedule, c) && real(c))
            .cloned()
    }

    /// What the deleted barriers keep atomic operations from changing.
    pub fn order(&self, l: &Launch) -> Option<OrderChange> {
        let options = self.options(Schedule::InOrder);
        let program = Runnable::new(self.kernel);
        let (found, _) = order_change(self.kernel, &program, l, &self.disabled, &options);
        found.map(|f| f.change)
    }

    /// Whether a race happens with no barrier deleted, too.
    fn as_written(&self, l: &Launch, schedule: Schedule, c: &Conflict) -> bool {
        let options = self.options(schedule);
        if !self.args.exhaustive || options.disabled.is_empty() {
            return happens_as_written(self.kernel, l, &options, c);
        }
        explore(self.kernel, l, &as_written(&options, c), self.budget()).is_ok_and(|x| {
            x.findings
                .iter()
                .any(|f| f.conflict().is_some_and(|x| same_pair(x, c)))
        })
    }
}

/// The smallest launch that still races, and a schedule that shows it.
pub fn smallest(
    hunt: &mut Hunt<'_>,
    fixed: &Fixed,
    options: &Options,
    (launch, schedule, c): (Launch, Schedule, Conflict),
) -> (Launch, Schedule, Conflict) {
    let a = hunt.args;
    if a.exhaustive {
        return (launch, schedule, c);
    }
    let mut request = SearchRequest::new(launch.threadgroup, hunt.disabled.clone());
    request.target = hunt.target.clone();
    request.ignore_flags = a.execution_barriers_order_memory;
    request.launches = 3000;
    request.time = Duration::from_secs(8);
    request.step_limit = a.steps;
    // What is given stays as it is.
    for (name, _) in &fixed.params {
        if let Some(v) = launch.scalars.get(name) {
            request.base.scalars.insert(name.clone(), *v);
        }
    }
    for (name, spec) in &launch.buffers {
        let given = |f: &(Option<String>, _)| f.0.as_ref().is_none_or(|n| n == name);
        if fixed.fills.iter().any(given) {
            request.base.buffers.insert(name.clone(), spec.clone());
        }
    }
    if let Some(x) = &fixed.specified {
        for name in x.base.scalars.keys() {
            if let Some(v) = launch.scalars.get(name) {
                request.base.scalars.insert(name.clone(), *v);
            }
        }
        for name in x.base.buffers.keys() {
            if let Some(b) = launch.buffers.get(name) {
                request.base.buffers.insert(name.clone(), b.clone());
            }
        }
    }
    let keep = |l: &Launch| admitted(hunt.kernel, options, l);
    let start = (launch.clone(), c.clone());
    let (small, found) = minimise(
        hunt.kernel,
        &request,
        &keep,
        start,
        fixed.threadgroup.is_none(),
    );
    // The schedule of the smallest launch: the one that was used, or one of those that minimising tries.
    let tried = [
        Schedule::InOrder,
        schedule,
        Schedule::Preemptive { seed: 1 },
    ];
    for s in tried {
        if fixed.schedule.is_some_and(|f| f != s) {
            continue;
        }
        if let Ok(findings) = hunt.attempt(&small, s)
            && let Some(c) = hunt.race(&small, s, &findings)
        {
            return (small, s, c);
        }
    }
    if small == launch || fixed.schedule.is_some() {
        return (launch, schedule, c);
    }
    (small, Schedule::InOrder, found)
}
