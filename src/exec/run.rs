//! One run of one threadgroup.
//!
//! Purpose: [`run`] compiles, sets up, schedules and collects. Soundness direction: findings are
//! facts of the executed path (unless marked approximate); their absence proves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::code::{CollectiveOp, Program, Site, SiteOp};
use super::compile::compile;
use super::detect::{Detector, Disabled, SiteInfo};
use super::finding::{Conflict, Finding, Findings};
use super::launch::{Launch, LaunchError, MAX_LOCAL_BYTES, MAX_THREAD_BYTES, validate};
use super::machine::{Machine, State, Thread};
use super::memory::{Store, mix, prepare};
use super::replay::AsWritten;
use super::schedule::{Schedule, drive};
use crate::ir::*;
use crate::source::Span;

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Who runs when.
    pub schedule: Schedule,
    /// Barriers that are as if deleted, but counted.
    pub disabled: BTreeSet<BarrierId>,
    /// Most instructions of all threads together.
    pub step_limit: u64,
    /// Most instructions of one thread.
    pub thread_step_limit: u64,
    /// Two accesses whose conflicts are kept one by one (other conflicts are kept once per pair of
    /// accesses).
    pub watch: Option<(AccessId, AccessId)>,
    /// Every barrier orders all memory, whatever its flags.
    pub ignore_flags: bool,
    /// Pairs of atomic operations that do not commute count as conflicts, too.
    pub orders: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            schedule: Schedule::InOrder,
            disabled: BTreeSet::new(),
            step_limit: 500_000_000,
            thread_step_limit: 20_000_000,
            watch: None,
            ignore_flags: false,
            orders: false,
        }
    }
}

impl RunOptions {
    /// Without these barriers.
    pub fn without(barriers: impl IntoIterator<Item = BarrierId>) -> RunOptions {
        RunOptions {
            disabled: barriers.into_iter().collect(),
            ..RunOptions::default()
        }
    }
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Findings, in a fixed order (conflicts first).
    pub findings: Vec<Finding>,
    /// Instructions executed by all threads.
    pub steps: u64,
    /// All threads came to their end.
    pub completed: bool,
    /// Per barrier: how many times a thread passed it, disabled or not.
    pub barrier_passes: Vec<u64>,
    /// A limit was reached, so that conflicts may be missing.
    pub incomplete: bool,
    memory: Vec<Store>,
    outputs: Vec<bool>,
}

impl Outcome {
    /// The conflicts among the findings.
    pub fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.findings.iter().filter_map(Finding::conflict)
    }

    /// Conflicts that a disabled barrier would have prevented.
    pub fn due(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts().filter(|c| c.due_to_disabled)
    }

    /// Bytes of a shared object after the run.
    pub fn bytes(&self, object: ObjectId, offset: u64, len: usize) -> Vec<u8> {
        self.memory
            .get(object.index())
            .map(|m| m.bytes(offset, len))
            .unwrap_or_default()
    }

    /// The device objects that the kernel may write: object, first byte and contents of each page that was touched.
    pub fn outputs(&self) -> impl Iterator<Item = (ObjectId, u64, &[u8])> {
        let all = self.memory.iter().zip(&self.outputs).enumerate();
        all.filter(|(_, (_, written))| **written)
            .flat_map(|(i, (store, _))| {
                store
                    .pages()
                    .map(move |(at, data)| (ObjectId(i as u32), at, data))
            })
    }

    /// A number that two runs of one kernel and launch share if every device object that it may write holds the
    /// same bytes after both (and hardly otherwise).
    pub fn output_hash(&self) -> u64 {
        let mut h = 0u64;
        for (i, store) in self.memory.iter().enumerate() {
            if !self.outputs.get(i).copied().unwrap_or(false) {
                continue;
            }
            for (at, data) in store.pages() {
                h = mix(h ^ mix(at ^ ((i as u64) << 48)));
                for chunk in data.chunks(8) {
                    let mut word = [0u8; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    h = mix(h ^ u64::from_le_bytes(word));
                }
            }
        }
        h
    }
}

/// Runs one threadgroup of a kernel.
pub fn run(kernel: &Kernel, launch: &Launch, options: &RunOptions) -> Result<Outcome, LaunchError> {
    let program = compile(kernel);
    run_program(kernel, &program, launch, options)
}

/// A kernel made ready to run many times.
#[derive(Clone, Debug)]
pub struct Runnable<'k> {
    kernel: &'k Kernel,
    program: Program,
}

impl<'k> Runnable<'k> {
    /// Compiles the kernel.
    pub fn new(kernel: &'k Kernel) -> Runnable<'k> {
        Runnable {
            kernel,
            program: compile(kernel),
        }
    }

    /// Whether it makes a difference that threads keep what they load ([`Launch::kept`]), and they may: some device
    /// object is loaded and written, nothing asks for memory to be looked at each time, and no matrix of a simdgroup is
    /// written to device memory (which is a write of each of its threads, not noticed by `exec::kept`).
    pub fn may_keep(&self) -> bool {
        let device = |o: ObjectId| {
            let object = self.kernel.objects.get(o.index());
            object.is_some_and(|o| o.space == Space::Device)
        };
        let p = &self.program;
        let matrices = p.collectives.iter().filter_map(|c| match &c.op {
            CollectiveOp::MatrixAccess { site, .. } => p.sites.get(*site as usize),
            _ => None,
        });
        let stores = |s: &Site| matches!(s.op, SiteOp::Store(_)) && device(s.object);
        let mut loads = p.sites.iter().filter(|s| matches!(s.op, SiteOp::Load(_)));
        !self.kernel.coherent
            && !matrices.into_iter().any(stores)
            && loads.any(|s| device(s.object) && self.may_write(s.object))
    }

    /// Whether some statement writes the object.
    pub fn may_write(&self, o: ObjectId) -> bool {
        self.program.written.get(o.index()) == Some(&true)
    }

    /// What happens with all barriers in place.
    pub fn as_written<'a>(&'a self, launch: &'a Launch, options: &'a RunOptions) -> AsWritten<'a> {
        AsWritten::new(self.kernel, &self.program, launch, options)
    }

    /// One run. An error when no host could make the launch.
    pub fn run(&self, launch: &Launch, options: &RunOptions) -> Result<Outcome, LaunchError> {
        run_program(self.kernel, &self.program, launch, options)
    }
}

/// Runs a kernel that was compiled before.
pub fn run_program(
    kernel: &Kernel,
    program: &Program,
    launch: &Launch,
    options: &RunOptions,
) -> Result<Outcome, LaunchError> {
    let mut machine = set_up(kernel, program, launch, options)?;
    drive(&mut machine, options.schedule);
    Ok(finish(machine))
}

/// A machine at the start of a launch.
pub fn set_up<'p>(
    kernel: &'p Kernel,
    program: &'p Program,
    launch: &Launch,
    options: &RunOptions,
) -> Result<Machine<'p>, LaunchError> {
    validate(kernel, launch)?;
    let count = launch.threads();
    check_size(kernel, program, count)?;
    let width = launch.simd_width;
    let mut private_slot = vec![None; kernel.objects.len()];
    let mut private = Vec::new();
    for (i, o) in kernel.objects.iter().enumerate() {
        if o.space == Space::Thread {
            private_slot[i] = Some(private.len() as u32);
            private.push(Store::new(o, None));
        }
    }
    let mut base = vec![0u64; program.registers as usize];
    for (r, bits) in &program.constants {
        base[*r as usize] = *bits;
    }
    let threads: Vec<Thread> = (0..count)
        .map(|t| {
            let mut regs = base.clone();
            for (i, v) in kernel.vars.iter().enumerate() {
                if let Some(bits) = initial(v, t, launch) {
                    regs[i] = bits;
                }
            }
            Thread {
                regs,
                taint: vec![false; base.len()],
                pc: 0,
                counts: vec![0; kernel.loops.len()],
                state: State::Ready,
                steps: 0,
                private: private.clone(),
                approximate: false,
                simdgroup: (t / u64::from(width)) as u32,
                kept: launch.kept.then(Box::default),
            }
        })
        .collect();
    let simdgroups: Vec<u32> = threads.iter().map(|t| t.simdgroup).collect();
    let mut ready = vec![0u32; count.div_ceil(u64::from(width)) as usize];
    for s in &simdgroups {
        ready[*s as usize] += 1;
    }
    let mut disabled = vec![None; kernel.barriers.len()];
    let mut list = Vec::new();
    for id in &options.disabled {
        if let Some(b) = kernel.barriers.get(id.index()) {
            disabled[id.index()] = Some(list.len() as u32);
            list.push(Disabled {
                flags: b.flags,
                group: b.scope == BarrierScope::Threadgroup,
            });
        }
    }
    let sites = program
        .sites
        .iter()
        .map(|s| SiteInfo {
            id: s.id,
            span: s.span,
            path: s.path,
            loops: s.loops.clone(),
            atomic: program.atomics.get(&s.id).copied(),
        })
        .collect();
    let spaces: Vec<Space> = kernel.objects.iter().map(|o| o.space).collect();
    Ok(Machine {
        kernel,
        program,
        threads,
        stores: prepare(kernel, launch),
        detector: Detector::new(
            &simdgroups,
            sites,
            &spaces,
            list,
            options.watch,
            options.ignore_flags,
            options.orders,
        ),
        findings: Findings::default(),
        width,
        ready,
        private_slot: Arc::from(private_slot),
        disabled: Arc::from(disabled),
        passes: vec![0; kernel.barriers.len()],
        steps: 0,
        limits: (options.step_limit, options.thread_step_limit),
        contended: None,
        approximate: false,
        halted: false,
        scratch: Vec::new(),
    })
}

fn check_size(kernel: &Kernel, program: &Program, threads: u64) -> Result<(), LaunchError> {
    let mut bytes = u64::from(program.registers) * 9 + kernel.loops.len() as u64 * 8;
    for o in &kernel.objects {
        let size = o.size.unwrap_or(0);
        if matches!(o.space, Space::Thread | Space::Threadgroup) && size > MAX_LOCAL_BYTES {
            return Err(LaunchError::TooLarge {
                what: format!("`{}`", o.name),
                bytes: size,
                limit: MAX_LOCAL_BYTES,
            });
        }
        if o.space == Space::Thread {
            bytes = bytes.saturating_add(size.saturating_mul(2).saturating_add(100));
        }
    }
    let bytes = bytes.saturating_mul(threads);
    if bytes > MAX_THREAD_BYTES {
        return Err(LaunchError::TooLarge {
            what: format!("registers and private arrays of {threads} threads"),
            bytes,
            limit: MAX_THREAD_BYTES,
        });
    }
    Ok(())
}

/// What a variable holds at the start.
fn initial(v: &Var, t: u64, launch: &Launch) -> Option<u64> {
    let value = match v.kind {
        VarKind::Local => return None,
        VarKind::FunctionConstant(n) => {
            return launch.function_constants.get(&n)?.encode(v.ty);
        }
        VarKind::FunctionConstantDefined(n) => {
            u64::from(launch.function_constants.contains_key(&n))
        }
        VarKind::ArgumentBound(n) => u64::from(!launch.unbound.contains(&n)),
        VarKind::Builtin(b) => builtin(b, t, launch),
    };
    Some(super::value::mask(v.ty, value))
}

fn builtin(b: Builtin, t: u64, launch: &Launch) -> u64 {
    let at = |v: [u32; 3], c: u8| u64::from(v.get(c as usize).copied().unwrap_or(0));
    let size = launch.threadgroup;
    let (x, y) = (u64::from(size[0]), u64::from(size[1]));
    let local = [t % x, t / x % y, t / (x * y)];
    let w = u64::from(launch.simd_width);
    let per_grid = |c: u8| at(size, c) * at(launch.groups, c);
    let wide = match b {
        Builtin::ThreadIndexInThreadgroup => t,
        Builtin::ThreadPositionInThreadgroup(c) => local.get(c as usize).copied().unwrap_or(0),
        Builtin::ThreadPositionInGrid(c) => {
            at(launch.group, c) * at(size, c) + local.get(c as usize).copied().unwrap_or(0)
        }
        Builtin::ThreadgroupPositionInGrid(c) => at(launch.group, c),
        Builtin::ThreadsPerThreadgroup(c) | Builtin::DispatchThreadsPerThreadgroup(c) => {
            at(size, c)
        }
        Builtin::ThreadsPerGrid(c) | Builtin::GridSize(c) => per_grid(c),
        Builtin::ThreadgroupsPerGrid(c) => at(launch.groups, c),
        Builtin::ThreadIndexInSimdgroup => t % w,
        Builtin::SimdgroupIndexInThreadgroup => t / w,
        Builtin::ThreadsPerSimdgroup => w,
        Builtin::SimdgroupsPerThreadgroup | Builtin::DispatchSimdgroupsPerThreadgroup => {
            launch.threads().div_ceil(w)
        }
        Builtin::ThreadIndexInQuadgroup => t % 4,
        Builtin::QuadgroupIndexInThreadgroup => t / 4,
        Builtin::QuadgroupsPerThreadgroup => launch.threads().div_ceil(4),
        Builtin::GridOrigin(_) => 0,
    };
    wide & u64::from(u32::MAX)
}

/// Collects what a machine found.
pub fn finish(machine: Machine) -> Outcome {
    let completed = machine.threads.iter().all(|t| t.state == State::Ended);
    let mut findings = machine.findings;
    let mut incomplete = machine.detector.incomplete || findings.overflow;
    if machine.detector.incomplete {
        let finding = Finding::Incomplete {
            what: "too much memory was touched for complete tracking of conflicts",
            span: Span::default(),
        };
        findings.add(finding, Span::default(), 0);
    }
    let mut all = findings.into_sorted();
    incomplete |= all.iter().any(|f| matches!(f, Finding::Incomplete { .. }));
    let mut conflicts = machine.detector.into_conflicts();
    conflicts.sort();
    let mut list: Vec<Finding> = conflicts
        .into_iter()
        .map(|c| Finding::Conflict(Box::new(c)))
        .collect();
    list.append(&mut all);
    let outputs = machine
        .kernel
        .objects
        .iter()
        .enumerate()
        .map(|(i, o)| {
            matches!(o.space, Space::Device | Space::Texture) && machine.program.written[i]
        })
        .collect();
    Outcome {
        findings: list,
        steps: machine.steps,
        completed,
        barrier_passes: machine.passes,
        incomplete,
        memory: machine.stores,
        outputs,
    }
}

/// Barriers whose call is written at a span (all instances of a source line's barrier).
pub fn barriers_at(kernel: &Kernel, span: Span) -> BTreeSet<BarrierId> {
    kernel
        .barriers
        .iter()
        .enumerate()
        .filter(|(_, b)| b.span == span)
        .map(|(i, _)| BarrierId(i as u32))
        .collect()
}
