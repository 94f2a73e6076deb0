//! The runs of each kernel, side by side, and what they mean beside the verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::report::{BarrierResult, JointResult, KernelResult};
use super::witness;
use super::{ConfirmRequest, Detector};
use crate::confirm::judge::{Observed, Relation, Verdict, relation};
use crate::confirm::{Change, Mode, Results, Run, Unit, run};
use crate::launch::HostLaunch;

/// How runs are made.
pub struct Runs {
    schedules: u32,
    seed: u64,
    seconds: u32,
    megabytes: u32,
    jobs: usize,
    all: bool,
    /// Real threads put no race down to a barrier.
    pub tsan: bool,
    remove: Vec<u32>,
}

impl Runs {
    /// As requested.
    pub fn new(a: &ConfirmRequest) -> Runs {
        Runs {
            schedules: a.runs,
            seed: a.seed,
            seconds: a.time.ceil() as u32,
            megabytes: a.memory,
            jobs: a.settings.jobs(),
            all: a.all,
            tsan: a.detector == Detector::Tsan,
            remove: a.remove.clone(),
        }
    }
}

/// One kernel and how it is launched.
#[derive(Clone)]
pub struct KernelRun {
    /// Kernel.
    pub kernel: String,
    /// The file as the compiler names it.
    pub file: String,
    /// Its launch.
    pub launch: HostLaunch,
    /// The launch was derived.
    pub derived: bool,
    /// Verdict by line.
    pub verdicts: BTreeMap<u32, Verdict>,
    /// Lines that can go together.
    pub joint: Vec<u32>,
    /// Launches of the witnesses of `prove`, by line.
    pub witnesses: BTreeMap<u32, HostLaunch>,
}

/// One run of one kernel.
pub(super) struct Job {
    /// Number of the task.
    pub task: usize,
    /// What is changed.
    pub changes: Vec<Change>,
    /// Launched otherwise than the task says.
    pub launch: Option<HostLaunch>,
}

/// Runs everything.
pub fn all(unit: &Unit, tasks: &[KernelRun], settings: &Runs) -> Vec<KernelResult> {
    let first: Vec<Job> = (0..tasks.len()).map(as_written).collect();
    let mut tasks = tasks.to_vec();
    let mut written = execute(unit, &tasks, &first, settings);
    for _ in 0..ROUNDS {
        // Nobody said how large the buffers are.
        let again: Vec<usize> = (0..tasks.len())
            .filter(|&i| tasks[i].derived && grow(&mut tasks[i].launch, &written[i]))
            .collect();
        let jobs: Vec<Job> = again.iter().map(|&task| as_written(task)).collect();
        for (i, w) in again
            .into_iter()
            .zip(execute(unit, &tasks, &jobs, settings))
        {
            written[i] = w;
        }
    }
    let tasks = tasks.as_slice();
    let mut jobs = Vec::new();
    for (i, (t, w)) in tasks.iter().zip(&written).enumerate() {
        // What crashes or hangs as written tells nothing about its barriers.
        if w.failure.is_none() {
            jobs.extend(plan(i, t, w, settings));
        }
    }
    let results = execute(unit, tasks, &jobs, settings);
    let mut done: Vec<(Job, Results)> = jobs.into_iter().zip(results).collect();
    let mut out = Vec::new();
    for (i, (t, w)) in tasks.iter().zip(written).enumerate() {
        let (own, rest) = done.into_iter().partition(|(j, _)| j.task == i);
        done = rest;
        out.push(kernel(t, w, own, settings));
    }
    witness::add(unit, tasks, &mut out, settings);
    out
}

/// Rounds of giving buffers more room.
const ROUNDS: usize = 3;

/// Most bytes of a buffer that was given more room.
const MOST_BYTES: u64 = 64 << 20;

fn as_written(task: usize) -> Job {
    Job {
        task,
        changes: Vec::new(),
        launch: None,
    }
}

/// Makes buffers of a derived launch as large as the run shows that they must be; whether anything changed.
fn grow(l: &mut HostLaunch, written: &Results) -> bool {
    let mut grown = false;
    for o in &written.outside {
        let Some(b) = l.buffers.get_mut(&o.buffer) else {
            continue;
        };
        let element = o.size / b.count.max(1);
        let needed = o.byte.saturating_mul(2).max(64 << 10);
        if o.byte >= o.size && element > 0 && needed <= MOST_BYTES && o.size < needed {
            b.count = needed / element;
            grown = true;
        }
    }
    grown
}

/// The lines of a kernel's barriers, with the file of each.
fn sites(t: &KernelRun, written: &Results) -> BTreeMap<(String, u32), bool> {
    let mut out: BTreeMap<(String, u32), bool> = BTreeMap::new();
    for line in t.verdicts.keys() {
        out.insert((t.file.clone(), *line), false);
    }
    for b in &written.barriers {
        if b.file != t.file {
            // A barrier of an included file: `prove` names it by its line alone.
            out.remove(&(t.file.clone(), b.line));
        }
    }
    for b in &written.barriers {
        out.insert((b.file.clone(), b.line), b.passed > 0);
    }
    out
}

fn plan(task: usize, t: &KernelRun, written: &Results, s: &Runs) -> Vec<Job> {
    let mut jobs = Vec::new();
    let change = |file: &String, line: u32, mode| Change {
        file: file.clone(),
        line,
        mode,
    };
    for ((file, line), reached) in sites(t, written) {
        if !reached || !(s.all || s.remove.contains(&line)) {
            continue;
        }
        jobs.push(Job {
            task,
            changes: vec![change(&file, line, Mode::Deleted)],
            launch: None,
        });
        if t.verdicts.get(&line) == Some(&Verdict::Weakenable) {
            jobs.push(Job {
                task,
                changes: vec![change(&file, line, Mode::Simdgroup)],
                launch: None,
            });
        }
    }
    let together: BTreeSet<u32> = if s.all {
        t.joint.iter().copied().collect()
    } else {
        s.remove.iter().copied().collect()
    };
    if together.len() > 1 {
        jobs.push(Job {
            task,
            changes: sites(t, written)
                .into_iter()
                .filter(|((_, line), reached)| *reached && together.contains(line))
                .map(|((file, line), _)| change(&file, line, Mode::Deleted))
                .collect(),
            launch: None,
        });
    }
    jobs
}

/// Runs jobs side by side.
pub(super) fn execute(unit: &Unit, tasks: &[KernelRun], jobs: &[Job], s: &Runs) -> Vec<Results> {
    let next = Mutex::new(0usize);
    let slots: Vec<Mutex<Option<Results>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..s.jobs.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let i = match next.lock() {
                        Ok(mut n) => {
                            *n += 1;
                            *n - 1
                        }
                        Err(_) => return,
                    };
                    let (Some(job), Some(slot)) = (jobs.get(i), slots.get(i)) else {
                        return;
                    };
                    let t = &tasks[job.task];
                    let request = Run {
                        kernel: &t.kernel,
                        launch: job.launch.as_ref().unwrap_or(&t.launch),
                        changes: &job.changes,
                        schedules: s.schedules,
                        seed: s.seed,
                        // A witness may run a loop to the end of its type.
                        seconds: job.launch.as_ref().map_or(s.seconds, |_| s.seconds.min(10)),
                        megabytes: s.megabytes,
                    };
                    let results = run(unit, &request);
                    if let Ok(mut slot) = slot.lock() {
                        *slot = Some(results);
                    }
                }
            });
        }
    });
    slots
        .into_iter()
        .map(|s| s.into_inner().ok().flatten().unwrap_or_default())
        .collect()
}

/// One output in all schedules, and nothing wrong.
pub(super) fn is_stable(written: &Results) -> bool {
    is_sound(written) && written.differences.is_empty()
}

/// No race, no crash, no access outside of buffers.
pub(super) fn is_sound(written: &Results) -> bool {
    written.failure.is_none()
        && written.races.is_empty()
        && written.outside.is_empty()
        && written.divergent.is_empty()
}

/// Buffers that hold the same in all schedules.
pub(super) fn steady(written: &Results, launch: &HostLaunch) -> Vec<String> {
    let all = launch.buffers.keys().filter(|_| is_sound(written));
    all.filter(|n| !written.differences.iter().any(|d| d.buffer == **n))
        .cloned()
        .collect()
}

fn kernel(t: &KernelRun, written: Results, jobs: Vec<(Job, Results)>, s: &Runs) -> KernelResult {
    let stable = is_stable(&written);
    let same = steady(&written, &t.launch);
    let sound = is_sound(&written);
    // Real threads know no pairs "due to" a barrier: what is new is put down to it, which means something only where nothing was there before.
    let attributable = !s.tsan || written.races.is_empty();
    let mut out = KernelResult::new(&t.kernel, t, &written, stable);
    let mut single: BTreeMap<(String, u32), Observed> = BTreeMap::new();
    for (job, mut results) in jobs {
        if !attributable {
            for r in &mut results.races {
                r.due = false;
            }
        }
        if let [c] = job.changes.as_slice() {
            let o = single.entry((c.file.clone(), c.line)).or_default();
            o.stable = stable;
            o.sound = sound;
            o.steady.clone_from(&same);
            o.reached = true;
            match c.mode {
                Mode::Deleted => o.deleted = results,
                Mode::Simdgroup => o.weakened = Some(results),
            }
        } else if !job.changes.is_empty() {
            let lines: Vec<u32> = job.changes.iter().map(|c| c.line).collect();
            let o = Observed {
                reached: true,
                stable,
                sound,
                steady: same.clone(),
                deleted: results,
                weakened: None,
            };
            // Only what `prove` calls removable together can be contradicted.
            let proved = lines.iter().all(|l| t.joint.contains(l));
            let verdict = if proved {
                Verdict::Removable
            } else {
                Verdict::Unknown
            };
            let r = relation(verdict, &o);
            out.together = Some(JointResult::new(lines, proved, &o, r));
        }
    }
    for ((file, line), reached) in sites(t, &written) {
        if !(s.all || s.remove.contains(&line)) {
            continue;
        }
        let o = single.remove(&(file.clone(), line)).unwrap_or(Observed {
            reached,
            stable,
            ..Observed::default()
        });
        let verdict = t.verdicts.get(&line).copied();
        let r = verdict.map_or(Relation::DoesNotRefute, |v| relation(v, &o));
        out.barriers
            .push(BarrierResult::new(&file, line, verdict, &o, r));
    }
    out
}
