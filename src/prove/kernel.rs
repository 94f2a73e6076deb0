//! All verdicts about one kernel.
//!
//! Soundness direction: see `docs/soundness.md`. Uniformity of loaded values is assumed only
//! while the loads were shown not to race: loads that take part in a conflict (found or not
//! excluded) are distrusted and the kernel is evaluated again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::decide::Counts;
use super::divergence::divergent;
use super::prepare::prepare;
use super::races::confirm_races;
use super::record::Recorder;
use super::sites::{all_verdicts, verdict_of};
use super::stats::Stats;
use super::verdict::*;
use crate::analysis::facts::Facts;
use crate::cfg::ends_made_plain;
use crate::encode::launch::{Contract, LaunchVars};
use crate::encode::logic::Logic;
use crate::ir::normal::normal_form;
use crate::ir::{Assumption, BarrierId, Kernel, Object, Space};
use crate::source::Span;

/// What to decide, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Launch contract.
    pub contract: Contract,
    /// Assumptions.
    pub assumptions: Vec<Assumption>,
    /// Limit of one solver query.
    pub timeout: Duration,
    /// Worker threads.
    pub jobs: usize,
    /// Barriers order memory whatever their flags.
    pub ignore_flags: bool,
    /// Simdgroups run in lockstep.
    pub lockstep: bool,
    /// Only these source lines are candidates (all when `None`).
    pub only: Option<BTreeSet<Span>>,
    /// Run the kernel on some launches before the solver is asked. Without, the prover's own facts decide everything, which is
    /// for tests of the prover.
    pub execute_first: bool,
    /// Takes what Z3 decides, when it is wanted.
    pub recorder: Option<Recorder>,
    /// Counts and times, when they are wanted.
    pub stats: Option<Arc<Stats>>,
}

/// Assumptions that cannot all hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assumptions contradict each other: {0}")]
pub struct Contradiction(pub String);

/// A barrier as a person sees it: one place in the source, all its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Place.
    pub span: Span,
    /// Instances.
    pub instances: Vec<BarrierId>,
}

/// Groups the barriers of a kernel by place, in source order.
pub fn sites(kernel: &Kernel) -> Vec<Site> {
    let mut by: BTreeMap<(u32, u32, u32), Site> = BTreeMap::new();
    for (i, b) in kernel.barriers.iter().enumerate() {
        by.entry((b.span.file.0, b.span.start, b.span.end))
            .or_insert_with(|| Site {
                span: b.span,
                instances: Vec::new(),
            })
            .instances
            .push(BarrierId(i as u32));
    }
    by.into_values().collect()
}

/// The result, with what later phases need.
pub struct Proved {
    /// Verdicts.
    pub verdicts: KernelVerdicts,
    /// Facts of the last evaluation.
    pub facts: Facts,
    /// Query statistics.
    pub counts: Counts,
}

/// Decides everything about a kernel. It is decided of its normal form, so that kernels with one normal form have one answer.
pub fn prove_kernel(kernel: &Kernel, options: &Options) -> Result<Proved, Contradiction> {
    let mut normal = ends_made_plain(&normal_form(kernel));
    if options.recorder.is_some() {
        // They say what they are about.
        normal.name.clone_from(&kernel.name);
        normal.span = kernel.span;
    }
    prove_normal(&normal, options)
}

/// The same for a normal form.
fn prove_normal(kernel: &Kernel, options: &Options) -> Result<Proved, Contradiction> {
    let mut counts = Counts::default();
    let prepared = prepare(kernel, options, &mut counts)?;
    let plan = prepared.plan(kernel, options);
    let t2 = Instant::now();
    let (barriers, sites, more) = all_verdicts(&plan, options);
    counts.add(&more);
    let decided = ms(t2);
    let t3 = Instant::now();
    let joint = super::joint::largest(&plan, options, &sites, &mut counts);
    let divergent = divergent(kernel, &prepared, options);
    let mut races = prepared.races;
    confirm_races(kernel, options, &mut races, &mut counts);
    let verdicts = KernelVerdicts {
        race_free: races.is_empty()
            && divergent.iter().all(|d| d.ended_only)
            && prepared.facts.wild.is_empty(),
        barriers,
        sites,
        races,
        divergent,
        jointly_removable: joint.places,
        exclusive: joint.exclusive,
        joint_is_largest: joint.largest,
        assumptions: stated(kernel, options),
        replays: counts.replays,
        phases_ms: vec![
            ("evaluate", prepared.evaluate_ms),
            ("races", prepared.races_ms),
            ("verdicts", decided),
            ("joint", ms(t3)),
        ],
    };
    Ok(Proved {
        verdicts,
        facts: prepared.facts,
        counts,
    })
}

/// The verdict on deleting a set of barriers together; `None` when it is proved safe.
pub fn removal_of(
    kernel: &Kernel,
    options: &Options,
    ids: &BTreeSet<BarrierId>,
) -> Option<BarrierVerdict> {
    let mut counts = Counts::default();
    let first = *ids.iter().next()?;
    let kernel = &ends_made_plain(kernel);
    let prepared = prepare(kernel, options, &mut counts).ok()?;
    let plan = prepared.plan(kernel, options);
    let v = verdict_of(&plan, options, ids, first, &mut counts);
    (v.verdict != Verdict::Removable).then_some(v)
}

/// Milliseconds since.
pub fn ms(t: Instant) -> f64 {
    t.elapsed().as_secs_f64() * 1000.0
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, o: &Counts) {
        self.trivial += o.trivial;
        self.queries += o.queries;
        self.batched += o.batched;
        self.opaque += o.opaque;
        self.exact += o.exact;
        self.undecided += o.undecided;
        self.replays.add(o.replays);
    }
}

/// What verdicts rest on, in words.
pub fn stated(kernel: &Kernel, options: &Options) -> Vec<String> {
    let mut out = Vec::new();
    match options.contract.threadgroup {
        Some([x, y, z]) => out.push(format!("threadgroup size is ({x}, {y}, {z})")),
        None => {
            let mut logic = Logic::new();
            let l = LaunchVars::new(&mut logic, kernel, &options.contract);
            let max = options.contract.max_threads;
            out.push(if l.one_dimensional {
                format!("threadgroup has one dimension, 1 to {max} threads")
            } else {
                format!("threadgroup has 1 to {max} threads")
            });
        }
    }
    out.push(format!(
        "simdgroups have {} threads",
        options.contract.simd_width
    ));
    for a in &options.assumptions {
        out.push(format!("assumed: {}", a.text));
    }
    let buffers = kernel
        .objects
        .iter()
        .filter(|o| o.space == Space::Device && o.param.is_some())
        .count();
    if buffers > 1 {
        out.push("distinct kernel arguments do not alias".into());
    }
    let behind = |o: &Object| {
        o.param.is_none()
            && o.init.is_none()
            && o.size.is_none()
            && matches!(o.space, Space::Device | Space::Constant)
    };
    if kernel.objects.iter().any(behind) {
        out.push(if kernel.pointers.distinct {
            "pointers in kernel arguments point to memory of their own, each to another".into()
        } else {
            "pointers that the host put into memory do not lead to other kernel arguments".into()
        });
    }
    out.extend(kernel.guess.clone());
    if options.ignore_flags {
        out.push("barriers order all memory whatever their flags".into());
    }
    if options.contract.in_bounds {
        out.push("no access leaves its object".into());
    }
    if options.lockstep {
        out.push("threads of a simdgroup run in lockstep".into());
    }
    out
}
