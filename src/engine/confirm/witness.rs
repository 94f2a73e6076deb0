//! Barriers that `prove` calls required, and that the launch did not show to be: run again under the launch of the witness.
//!
//! Direction: evidence only. What does not show a race there leaves the result as it was.

use super::compare::{Job, KernelRun, Runs, execute, is_sound, is_stable, steady};
use super::report::{BarrierResult, KernelResult};
use crate::confirm::judge::{Observed, Relation, Verdict, relation};
use crate::confirm::{Change, Mode, Unit};

/// A barrier to be looked at again.
struct Again {
    kernel: usize,
    barrier: usize,
    task: usize,
}

/// Replaces results that the launch of a witness betters.
pub fn add(unit: &Unit, tasks: &[KernelRun], kernels: &mut [KernelResult], s: &Runs) {
    let (again, jobs) = jobs(tasks, kernels);
    let mut results = execute(unit, tasks, &jobs, s).into_iter();
    for a in again {
        let (Some(written), Some(mut deleted)) = (results.next(), results.next()) else {
            return;
        };
        if s.tsan && !written.races.is_empty() {
            for r in &mut deleted.races {
                r.due = false;
            }
        }
        let Some(old) = kernels
            .get_mut(a.kernel)
            .and_then(|k| k.barriers.get_mut(a.barrier))
        else {
            continue;
        };
        let observed = Observed {
            reached: written
                .barriers
                .iter()
                .any(|b| b.line == old.line && b.file == old.file && b.passed > 0),
            stable: is_stable(&written),
            sound: is_sound(&written),
            steady: steady(&written, &tasks[a.task].launch),
            deleted,
            weakened: None,
        };
        let verdict = Verdict::Required;
        if observed.reached && relation(verdict, &observed) == Relation::Agrees {
            let (file, line) = (old.file.clone(), old.line);
            let r = Relation::Agrees;
            *old = BarrierResult {
                launch: Some("witness"),
                ..BarrierResult::new(&file, line, Some(verdict), &observed, r)
            };
        }
    }
}

/// As written and without the barrier, for each.
fn jobs(tasks: &[KernelRun], kernels: &[KernelResult]) -> (Vec<Again>, Vec<Job>) {
    let (mut again, mut jobs) = (Vec::new(), Vec::new());
    for (i, k) in kernels.iter().enumerate() {
        let Some(task) = tasks.iter().position(|t| t.kernel == k.name) else {
            continue;
        };
        for (j, b) in k.barriers.iter().enumerate() {
            let shown = b.relation == Relation::Agrees.words();
            if shown || b.verdict != Some(Verdict::Required.word()) {
                continue;
            }
            let Some(launch) = tasks[task].witnesses.get(&b.line) else {
                continue;
            };
            again.push(Again {
                kernel: i,
                barrier: j,
                task,
            });
            let change = Change {
                file: b.file.clone(),
                line: b.line,
                mode: Mode::Deleted,
            };
            for changes in [Vec::new(), vec![change]] {
                jobs.push(Job {
                    task,
                    changes,
                    launch: Some(launch.clone()),
                });
            }
        }
    }
    (again, jobs)
}
