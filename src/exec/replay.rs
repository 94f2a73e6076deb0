//! From a solver's assignment to a launch that shows the race.
//!
//! Purpose: [`replay`] runs a kernel with the parameters and buffer contents that an assignment
//! names and says whether the two accesses it names do conflict. The assignment fixes only what the
//! solver looked at; the rest of the memory is filled in several ways, and several schedules are
//! tried, because values that racing accesses or atomics yield depend on them.
//! Soundness direction: `confirmed` is a fact (a race of this launch, due to the disabled
//! barriers, resting on no unspecified value); not confirmed proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Program;
use super::compile::compile;
use super::finding::{AccessRef, Conflict, Finding};
use super::launch::{BufferSpec, Fill, Launch, LaunchError, ScalarValue};
use super::run::{Outcome, RunOptions, run_program};
use super::schedule::Schedule;
use crate::ir::{AccessId, BarrierId, Kernel, ObjectId, Space, VarKind};
use crate::source::Span;

/// What a solver found.
#[derive(Clone, Debug)]
pub struct ReplayRequest {
    /// Threads in x, y, z.
    pub threadgroup: [u32; 3],
    /// Position of the threadgroup.
    pub group: [u32; 3],
    /// Threadgroups of the grid; without, just enough for `group`.
    pub groups: Option<[u32; 3]>,
    /// Scalars and function constants by name.
    pub scalars: BTreeMap<String, i128>,
    /// Contents: object, first byte, bytes.
    pub memory: Vec<(ObjectId, u64, Vec<u8>)>,
    /// Lanes of a simdgroup; 0 means 32.
    pub simd_width: u32,
    /// Barriers that are deleted.
    pub disabled: BTreeSet<BarrierId>,
    /// Every barrier orders all memory.
    pub ignore_flags: bool,
    /// The two accesses that should conflict.
    pub expected: (AccessId, AccessId),
    /// Instructions after which no further run is started; one run takes at most half.
    pub steps: u64,
    /// Linear indices of their threads; other threads will do, these are preferred for the report.
    pub threads: (u32, u32),
}

/// What replaying gave.
#[derive(Clone, Debug)]
pub struct ReplayOutcome {
    /// The race happens.
    pub confirmed: bool,
    /// It, or the closest thing to it that was seen.
    pub conflict: Option<Conflict>,
    /// The launch that shows it (or the first one tried).
    pub launch: Launch,
    /// Why not, if not.
    pub why_not: String,
    /// Instructions executed in all attempts.
    pub steps: u64,
}

/// What counts as the race that is looked for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The places of the two accesses, in any order; any two if absent.
    pub spans: Option<(Span, Span)>,
    /// It must be due to a disabled barrier.
    pub due: bool,
}

impl Target {
    /// Whether a conflict is one.
    pub fn is_met(&self, c: &Conflict) -> bool {
        self.places(c) && (c.due_to_disabled || !self.due) && !c.approximate
    }

    fn places(&self, c: &Conflict) -> bool {
        let found = (c.a.span, c.b.span);
        self.spans
            .is_none_or(|(a, b)| found == (a, b) || found == (b, a))
    }
}

/// Conflicts of one run that are held against the kernel as written.
const CANDIDATES: usize = 16;

/// Whether a conflict of a run with deleted barriers happens with all barriers in place, too: what a thread
/// did before it ended early is ordered before nothing, however many barriers the others have
/// passed since, so such a pair is not the deletion's fault.
pub fn happens_as_written(
    kernel: &Kernel,
    launch: &Launch,
    options: &RunOptions,
    c: &Conflict,
) -> bool {
    AsWritten::new(kernel, &compile(kernel), launch, options).has(c)
}

/// What happens in one launch and schedule with all barriers in place, found out when it is first asked
/// for. A run keeps at least one conflict for each pair of accesses that conflict, so a pair that is
/// not among them needs no run of its own.
#[derive(Debug)]
pub struct AsWritten<'a> {
    kernel: &'a Kernel,
    program: &'a Program,
    launch: &'a Launch,
    options: &'a RunOptions,
    pairs: Option<BTreeSet<(AccessId, AccessId)>>,
    /// Instructions executed for it.
    pub steps: u64,
}

impl<'a> AsWritten<'a> {
    /// For runs with these options, of which some barriers are deleted.
    pub(super) fn new(
        kernel: &'a Kernel,
        program: &'a Program,
        launch: &'a Launch,
        options: &'a RunOptions,
    ) -> AsWritten<'a> {
        AsWritten {
            kernel,
            program,
            launch,
            options,
            pairs: None,
            steps: 0,
        }
    }

    fn run(&mut self, options: &RunOptions) -> Option<Outcome> {
        let out = run_program(self.kernel, self.program, self.launch, options).ok()?;
        self.steps += out.steps;
        Some(out)
    }

    /// Whether a conflict of a run with deleted barriers happens with all barriers in place, too.
    pub fn has(&mut self, c: &Conflict) -> bool {
        if self.options.disabled.is_empty() {
            return false;
        }
        let key = |c: &Conflict| {
            let (a, b) = (c.a.access, c.b.access);
            (a.min(b), a.max(b))
        };
        let pairs = match self.pairs.take() {
            Some(p) => p,
            None => {
                let all = RunOptions {
                    disabled: BTreeSet::new(),
                    watch: None,
                    ..self.options.clone()
                };
                let out = self.run(&all);
                out.map_or_else(BTreeSet::new, |o| o.conflicts().map(key).collect())
            }
        };
        let possible = pairs.contains(&key(c));
        self.pairs = Some(pairs);
        possible && {
            let written = as_written(self.options, c);
            self.run(&written)
                .is_some_and(|out| out.conflicts().any(|x| same_pair(x, c)))
        }
    }
}

/// The options of a run with all barriers in place in which this conflict would be kept.
pub fn as_written(options: &RunOptions, c: &Conflict) -> RunOptions {
    RunOptions {
        disabled: BTreeSet::new(),
        watch: Some((c.a.access, c.b.access)),
        ..options.clone()
    }
}

/// Whether two conflicts are between the same accesses of the same threads at the same iterations.
pub fn same_pair(x: &Conflict, y: &Conflict) -> bool {
    let side = |a: &AccessRef| (a.thread, a.access, a.iterations.clone());
    let (p, q) = (side(&x.a), side(&x.b));
    let (a, b) = (side(&y.a), side(&y.b));
    (p == a && q == b) || (p == b && q == a)
}

/// Tries to show the race.
pub fn replay(kernel: &Kernel, request: &ReplayRequest) -> ReplayOutcome {
    let program = compile(kernel);
    let launch = match launch_of(kernel, request) {
        Ok(l) => l,
        Err(e) => return refused(Launch::default(), e.to_string()),
    };
    let span = |id: AccessId| program.sites.iter().find(|s| s.id == id).map(|s| s.span);
    let (Some(a), Some(b)) = (span(request.expected.0), span(request.expected.1)) else {
        return refused(launch, "the accesses are not in the kernel".into());
    };
    let target = Target {
        spans: Some((a, b)),
        due: !request.disabled.is_empty(),
    };
    let mut steps = 0;
    let mut near: Option<Conflict> = None;
    let mut why = String::new();
    for (fill, schedule) in attempts() {
        let mut launch = launch.clone();
        fill_unnamed(kernel, &mut launch, fill);
        let options = RunOptions {
            schedule,
            disabled: request.disabled.clone(),
            step_limit: request.steps / 2,
            watch: Some(request.expected),
            ignore_flags: request.ignore_flags,
            ..RunOptions::default()
        };
        let outcome = match run_program(kernel, &program, &launch, &options) {
            Ok(o) => o,
            Err(e) => return refused(launch, e.to_string()),
        };
        steps += outcome.steps;
        let mut written = AsWritten::new(kernel, &program, &launch, &options);
        let found = best(&outcome, &target, request, &mut |c| !written.has(c)).cloned();
        steps += written.steps;
        if let Some(c) = found {
            return ReplayOutcome {
                confirmed: true,
                conflict: Some(c),
                launch,
                why_not: String::new(),
                steps,
            };
        }
        if near.is_none() {
            near = outcome.conflicts().find(|c| target.places(c)).cloned();
        }
        if why.is_empty() || near.is_some() {
            why = explain(&outcome, &target, near.as_ref());
        }
        if steps > request.steps {
            break;
        }
    }
    ReplayOutcome {
        confirmed: false,
        conflict: near,
        launch,
        why_not: why,
        steps,
    }
}

fn refused(launch: Launch, why_not: String) -> ReplayOutcome {
    ReplayOutcome {
        confirmed: false,
        conflict: None,
        launch,
        why_not,
        steps: 0,
    }
}

/// Fills for memory that the assignment does not name, with schedules.
fn attempts() -> impl Iterator<Item = (Fill, Schedule)> {
    let small = |seed| Fill::Random {
        seed,
        low: 0,
        high: 7,
    };
    [
        (small(1), Schedule::InOrder),
        (small(1), Schedule::Reverse),
        (small(1), Schedule::Preemptive { seed: 1 }),
        (Fill::Zeros, Schedule::InOrder),
        (Fill::Index, Schedule::Random { seed: 1 }),
        (small(2), Schedule::Preemptive { seed: 2 }),
        (Fill::Zeros, Schedule::Preemptive { seed: 3 }),
        (small(3), Schedule::Random { seed: 4 }),
    ]
    .into_iter()
}

/// Gives every device buffer without a specification this fill.
pub fn fill_unnamed(kernel: &Kernel, launch: &mut Launch, fill: Fill) {
    for o in &kernel.objects {
        if o.param.is_some() && matches!(o.space, Space::Device | Space::Texture) {
            launch
                .buffers
                .entry(o.name.clone())
                .or_insert_with(|| BufferSpec::filled(fill));
        }
    }
}

fn launch_of(kernel: &Kernel, request: &ReplayRequest) -> Result<Launch, LaunchError> {
    let mut launch = Launch {
        threadgroup: request.threadgroup,
        group: request.group,
        groups: request
            .groups
            .unwrap_or_else(|| request.group.map(|g| g.saturating_add(1))),
        simd_width: if request.simd_width == 0 {
            32
        } else {
            request.simd_width
        },
        // What the program itself defines is not the launch's to choose.
        overlays: request
            .memory
            .iter()
            .filter(|(o, _, _)| {
                let object = kernel.objects.get(o.index());
                object.is_none_or(|o| o.init.is_none())
            })
            .cloned()
            .collect(),
        ..Launch::default()
    };
    for (name, value) in &request.scalars {
        let constant = kernel.vars.iter().find_map(|v| match v.kind {
            VarKind::FunctionConstant(n) if v.name == *name => Some(n),
            _ => None,
        });
        let value = ScalarValue::Int(*value);
        match constant {
            Some(n) if !kernel.scalars.iter().any(|s| s.name == *name) => {
                launch.function_constants.insert(n, value);
            }
            _ => {
                launch.scalars.insert(name.clone(), value);
            }
        }
    }
    super::launch::validate(kernel, &launch)?;
    Ok(launch)
}

/// The conflict that is looked for, if it happened; with the threads that were named, if possible.
fn best<'o>(
    outcome: &'o Outcome,
    target: &Target,
    request: &ReplayRequest,
    new: &mut dyn FnMut(&Conflict) -> bool,
) -> Option<&'o Conflict> {
    let exact = |c: &&Conflict| {
        let (a, b) = request.threads;
        (c.a.thread, c.b.thread) == (a, b) || (c.a.thread, c.b.thread) == (b, a)
    };
    let all = || outcome.conflicts().filter(|c| target.is_met(c));
    let first = all().filter(exact).chain(all().filter(|c| !exact(c)));
    first.take(CANDIDATES).find(|c| new(c))
}

fn explain(outcome: &Outcome, target: &Target, near: Option<&Conflict>) -> String {
    if let Some(c) = near {
        return if c.approximate {
            "the race rests on a value that the executor does not know".into()
        } else if target.due {
            "the two accesses conflict, but not because of the deleted barrier".into()
        } else {
            "the two accesses conflict in another way".into()
        };
    }
    for f in &outcome.findings {
        match f {
            Finding::BarrierDivergence { .. } => {
                return "threads wait at different barriers before the accesses meet".into();
            }
            Finding::StepLimit { steps, .. } => {
                return format!("a thread was still running after {steps} steps");
            }
            Finding::Unsupported { construct, .. } => {
                return format!(
                    "the accesses do not conflict; the executor does not know `{construct}`"
                );
            }
            _ => {}
        }
    }
    match outcome.conflicts().count() {
        0 => "no two accesses conflict".into(),
        n => format!("the two accesses do not conflict ({n} other pairs do)"),
    }
}
