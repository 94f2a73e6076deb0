//! The machine: threads, memory, and what one thread does until it has to wait.
//!
//! Purpose: [`Machine::run_thread`] executes instructions of one thread; [`Machine::advance_simdgroup`] and
//! [`Machine::release_threadgroup`] let waiting threads go on. Which thread runs is decided
//! elsewhere (`schedule`, `exhaustive`). Values that rest on something unspecified (undefined variables,
//! unsupported constructs, uninitialised or out-of-bounds reads, division by zero) are marked, and the
//! marks follow data and branches, so that a finding that rests on one says so.
//! Soundness direction: exact, except for the marks, which over-approximate.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arith;
use super::code::*;
use super::detect::{Detector, Executed};
use super::finding::{Finding, Findings};
use super::kept::Kept;
use super::math;
use super::memory::{Store, Trouble};
use crate::ir::*;
use crate::source::Span;

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Can run.
    Ready,
    /// Waits at a barrier.
    Barrier(BarrierId),
    /// Waits at a collective operation.
    Collective(u32),
    /// Has ended.
    Ended,
}

/// One thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Registers.
    pub regs: Vec<u64>,
    /// Per register: its value is approximate.
    pub taint: Vec<bool>,
    /// Next instruction.
    pub pc: usize,
    /// Per loop: the current iteration.
    pub counts: Vec<u64>,
    /// What it is doing.
    pub state: State,
    /// Instructions executed.
    pub steps: u64,
    /// Private objects.
    pub private: Vec<Store>,
    /// A branch was taken on an approximate value.
    pub approximate: bool,
    /// Simdgroup.
    pub simdgroup: u32,
    /// What it keeps of device memory, where the launch says so.
    pub kept: Option<Box<Kept>>,
}

/// How far a thread may run.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Instructions.
    pub steps: u64,
    /// Accesses to shared memory.
    pub accesses: u64,
    /// Accesses to contended memory that may be executed.
    pub visible: u64,
}

impl Slice {
    /// Until it waits, or for very many instructions.
    pub const LONG: Slice = Slice {
        steps: 200_000,
        accesses: u64::MAX,
        visible: u64::MAX,
    };
}

/// A granule of four bytes of an object.
pub type Granule = (ObjectId, i64);

/// Why a thread stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It waits or has ended.
    Waits,
    /// The slice is used up.
    Slice,
    /// The next access touches contended memory.
    Visible,
    /// A step limit was reached; the run is over.
    Limit,
}

/// One threadgroup in execution.
#[derive(Clone, Debug)]
pub struct Machine<'p> {
    /// The kernel.
    pub kernel: &'p Kernel,
    /// Its code.
    pub program: &'p Program,
    /// Threads by linear index.
    pub threads: Vec<Thread>,
    /// Shared objects (those of private space are unused).
    pub stores: Vec<Store>,
    /// Conflict detection.
    pub detector: Detector,
    /// Other findings.
    pub findings: Findings,
    /// Lanes of a simdgroup.
    pub width: u32,
    /// Per simdgroup: threads that can run.
    pub ready: Vec<u32>,
    /// Per object: index among the private ones.
    pub private_slot: Arc<[Option<u32>]>,
    /// Per barrier: index among the disabled ones.
    pub disabled: Arc<[Option<u32>]>,
    /// Per barrier: how often a thread passed it.
    pub passes: Vec<u64>,
    /// Instructions executed by all.
    pub steps: u64,
    /// Most instructions of all threads and of one.
    pub limits: (u64, u64),
    /// Memory at which [`Slice::visible`] counts.
    pub contended: Option<Arc<BTreeSet<Granule>>>,
    /// Everything from here on is approximate.
    pub approximate: bool,
    /// The run is over before all threads have ended.
    pub halted: bool,
    /// Loop counts of the access in hand.
    pub scratch: Vec<u64>,
}

impl<'p> Machine<'p> {
    /// Runs a thread until it stops.
    pub fn run_thread(&mut self, t: usize, mut slice: Slice) -> Stop {
        let program: &'p Program = self.program;
        if self.halted || self.threads[t].state != State::Ready {
            return Stop::Waits;
        }
        loop {
            if slice.steps == 0 {
                return Stop::Slice;
            }
            slice.steps -= 1;
            self.steps += 1;
            let th = &mut self.threads[t];
            th.steps += 1;
            if self.steps > self.limits.0 || th.steps > self.limits.1 {
                return self.step_limit(t);
            }
            let pc = th.pc;
            th.pc += 1;
            match &program.code[pc] {
                &Instr::Mov { dst, src } => th.set(dst, th.regs[src as usize], th.bad(src)),
                &Instr::Undef { dst } => th.set(dst, 0, true),
                &Instr::Taint { dst, from } => th.taint[dst as usize] |= th.bad(from),
                &Instr::Un { op, ty, dst, a } => {
                    th.set(dst, arith::unary(op, ty, th.regs[a as usize]), th.bad(a));
                }
                &Instr::Bin { op, ty, dst, a, b } => {
                    let bad = th.bad(a) | th.bad(b);
                    match arith::binary(op, ty, th.regs[a as usize], th.regs[b as usize]) {
                        Some(v) => th.set(dst, v, bad),
                        None => {
                            th.set(dst, 0, true);
                            self.division_by_zero(t, pc, bad);
                        }
                    }
                }
                &Instr::Cast { from, to, dst, a } => {
                    th.set(dst, arith::cast(from, to, th.regs[a as usize]), th.bad(a));
                }
                &Instr::Select { dst, cond, a, b } => {
                    let from = if th.regs[cond as usize] != 0 { a } else { b };
                    th.set(dst, th.regs[from as usize], th.bad(cond) | th.bad(from));
                }
                Instr::Math(i) => {
                    let c = &program.math[*i as usize];
                    let args = c.args.map(|r| th.regs[r as usize]);
                    let bad = c.args.iter().any(|r| th.bad(*r));
                    let v = math::apply(c.f, c.ty, c.arg_ty, c.second_ty, args);
                    th.set(c.dst, v, bad);
                }
                &Instr::Jump(target) => th.pc = target as usize,
                &Instr::Branch {
                    cond,
                    target,
                    control,
                } => {
                    if control && th.bad(cond) {
                        th.approximate = true;
                    }
                    if th.regs[cond as usize] == 0 {
                        th.pc = target as usize;
                    }
                }
                &Instr::LoopStart(id) => th.counts[id.index()] = 0,
                &Instr::LoopNext { id, target } => {
                    th.counts[id.index()] += 1;
                    th.pc = target as usize;
                }
                &Instr::Access(i) => {
                    let shared =
                        self.private_slot[program.sites[i as usize].object.index()].is_none();
                    if shared {
                        if slice.accesses == 0 {
                            self.step_back(t);
                            return Stop::Slice;
                        }
                        slice.accesses -= 1;
                        if self.is_contended(t, i) {
                            if slice.visible == 0 {
                                self.step_back(t);
                                return Stop::Visible;
                            }
                            slice.visible -= 1;
                        }
                    }
                    self.access(t, i);
                }
                &Instr::Barrier(id) => {
                    if let Some(n) = self.disabled.get(id.index()).copied().flatten() {
                        self.passes[id.index()] += 1;
                        self.detector.pass_disabled(t, n as usize);
                    } else if id.index() < self.passes.len() {
                        return self.wait(t, State::Barrier(id));
                    }
                }
                &Instr::Collective(i) => return self.wait(t, State::Collective(i)),
                &Instr::Unsupported(i) => self.unsupported(t, i),
                Instr::End => return self.wait(t, State::Ended),
            }
        }
    }

    fn step_back(&mut self, t: usize) {
        let th = &mut self.threads[t];
        th.pc -= 1;
        th.steps -= 1;
        self.steps -= 1;
    }

    fn wait(&mut self, t: usize, state: State) -> Stop {
        let th = &mut self.threads[t];
        th.state = state;
        self.ready[th.simdgroup as usize] -= 1;
        if state == State::Ended {
            self.detector.end(t);
        }
        Stop::Waits
    }

    /// Lets a waiting thread go on.
    pub fn wake(&mut self, t: usize) {
        let th = &mut self.threads[t];
        th.state = State::Ready;
        self.ready[th.simdgroup as usize] += 1;
    }

    fn step_limit(&mut self, t: usize) -> Stop {
        self.halted = true;
        let th = &self.threads[t];
        let span = self.program.spans[th.pc.min(self.program.spans.len() - 1)];
        let finding = Finding::StepLimit {
            thread: t as u32,
            span,
            steps: th.steps,
        };
        self.findings.add(finding, span, 0);
        Stop::Limit
    }

    fn division_by_zero(&mut self, t: usize, pc: usize, bad: bool) {
        let span = self.program.spans[pc];
        if self.findings.is_new(5, span, 0) {
            let finding = Finding::DivisionByZero {
                thread: t as u32,
                span,
                approximate: bad || self.approximate || self.threads[t].approximate,
            };
            self.findings.add(finding, span, 0);
        }
    }

    fn unsupported(&mut self, t: usize, i: u32) {
        let u = &self.program.unsupported[i as usize];
        for &r in &u.clobbers {
            self.threads[t].set(r, 0, true);
        }
        if u.effects.memory {
            self.approximate = true;
        }
        if u.effects.control {
            self.threads[t].approximate = true;
        }
        self.cannot(u.construct.clone(), u.span);
    }

    /// Notes something that is not done faithfully.
    pub fn cannot(&mut self, construct: String, span: Span) {
        if self.findings.is_new(6, span, 0) {
            self.findings
                .add(Finding::Unsupported { construct, span }, span, 0);
        }
    }

    fn is_contended(&self, t: usize, site: u32) -> bool {
        let Some(set) = &self.contended else {
            return false;
        };
        let site = &self.program.sites[site as usize];
        let offset = self.threads[t].regs[site.offset as usize] as i64;
        let last = offset.saturating_add(site.width.max(1) as i64 - 1);
        set.range((site.object, offset >> 2)..=(site.object, last >> 2))
            .next()
            .is_some()
    }

    fn access(&mut self, t: usize, index: u32) {
        let program: &'p Program = self.program;
        let site = &program.sites[index as usize];
        let th = &mut self.threads[t];
        let offset = th.regs[site.offset as usize] as i64;
        let bad_offset = th.bad(site.offset);
        let approximate = self.approximate || th.approximate || bad_offset;
        let object = site.object.index();
        let private = self.private_slot[object];
        let Thread {
            regs: values,
            taint,
            private: privates,
            kept,
            ..
        } = th;
        let device = self.kernel.objects[object].space == Space::Device;
        let mut kept = kept.as_deref_mut().filter(|_| device);
        let store = match private {
            Some(p) => &mut privates[p as usize],
            None => &mut self.stores[object],
        };
        let size = site.ty.size();
        store.spoil(bad_offset && !matches!(site.op, SiteOp::Load(_)));
        let mut trouble = Trouble::default();
        let mut note = |x: Trouble| {
            trouble.uninitialised |= x.uninitialised;
            trouble.out_of_memory |= x.out_of_memory;
        };
        match &site.op {
            SiteOp::Load(regs) => {
                let mut at = offset;
                for &r in regs {
                    let (bits, x) = store.read(at, size);
                    note(x);
                    let (bits, old) = match &mut kept {
                        Some(k) => {
                            let plain = x == Trouble::default() && !bad_offset;
                            k.load((site.object, at), size, bits, plain)
                        }
                        None => (bits, false),
                    };
                    values[r as usize] = bits;
                    taint[r as usize] = (x.tainted && !old) || bad_offset;
                    at = at.saturating_add(size as i64);
                }
            }
            SiteOp::Store(regs) => {
                let mut at = offset;
                for &r in regs {
                    let bad = approximate || taint[r as usize];
                    note(store.write(at, size, values[r as usize], bad));
                    if let Some(k) = &mut kept {
                        match bad {
                            false => k.store(site.object, at, size, values[r as usize]),
                            true => k.forget(site.object, at, size),
                        }
                    }
                    at = at.saturating_add(size as i64);
                }
            }
            SiteOp::Atomic {
                op,
                dst,
                observed,
                operands,
            } => {
                if let Some(k) = &mut kept {
                    k.forget(site.object, offset, size);
                }
                let operand = |i: usize| operands.get(i).map_or(0, |r| values[*r as usize]);
                let mut bad = approximate || operands.iter().any(|r| taint[*r as usize]);
                let old = if *op == AtomicOp::Store {
                    0
                } else {
                    let (bits, x) = store.read(offset, size);
                    note(x);
                    bad |= x.tainted;
                    bits
                };
                let (new, result) = atomic(*op, site.ty, old, operand(0), operand(1));
                if let Some(new) = new {
                    note(store.write(offset, size, new, bad));
                }
                if let Some(r) = dst {
                    values[*r as usize] = result;
                    taint[*r as usize] = bad;
                }
                if let Some(r) = observed {
                    values[*r as usize] = old;
                    taint[*r as usize] = bad;
                }
            }
        }
        let inside = store.inside(offset, site.width);
        let limit = store.size;
        if !inside || trouble != Trouble::default() {
            self.report(t, site, offset, limit, inside, trouble, approximate);
        }
        if private.is_none() && program.written[object] {
            let spans = clip(offset, site.width, limit);
            self.record(t, t, index, &[spans], approximate);
        }
    }

    /// Findings about one access.
    #[allow(clippy::too_many_arguments)]
    pub fn report(
        &mut self,
        t: usize,
        site: &Site,
        offset: i64,
        size: Option<u64>,
        inside: bool,
        trouble: Trouble,
        approximate: bool,
    ) {
        let thread = t as u32;
        if !inside && self.findings.is_new(1, site.span, site.object.0) {
            let finding = Finding::OutOfBounds {
                thread,
                access: site.id,
                kind: site.kind,
                span: site.span,
                object: site.object,
                offset,
                width: site.width,
                size,
                approximate,
            };
            self.findings.add(finding, site.span, site.object.0);
        }
        if trouble.uninitialised && self.findings.is_new(2, site.span, site.object.0) {
            let finding = Finding::UninitialisedRead {
                thread,
                access: site.id,
                span: site.span,
                object: site.object,
                space: self.kernel.objects[site.object.index()].space,
                offset,
                approximate,
            };
            self.findings.add(finding, site.span, site.object.0);
        }
        if trouble.out_of_memory {
            self.approximate = true;
            let finding = Finding::Incomplete {
                what: "a buffer is larger than the executor keeps; a write was dropped",
                span: site.span,
            };
            self.findings.add(finding, site.span, 0);
        }
    }

    /// Tells the detector.
    pub fn record(
        &mut self,
        t: usize,
        other: usize,
        index: u32,
        spans: &[(u64, u64)],
        approximate: bool,
    ) {
        let site = &self.program.sites[index as usize];
        let mut iterations = std::mem::take(&mut self.scratch);
        iterations.clear();
        let counts = &self.threads[t].counts;
        iterations.extend(site.loops.iter().map(|l| counts[l.index()]));
        let executed = Executed {
            site: index,
            object: site.object,
            kind: site.kind,
            thread: t as u32,
            other: other as u32,
            iterations: &iterations,
            approximate,
        };
        self.detector.access(&executed, spans);
        self.scratch = iterations;
    }
}

impl Thread {
    /// Sets a register.
    #[inline]
    pub fn set(&mut self, r: Reg, bits: u64, tainted: bool) {
        self.regs[r as usize] = bits;
        self.taint[r as usize] = tainted;
    }

    /// Whether a register is approximate.
    #[inline]
    pub fn bad(&self, r: Reg) -> bool {
        self.taint[r as usize]
    }
}

/// The part of an access that lies inside the object, as first byte and length.
pub fn clip(offset: i64, width: u64, size: Option<u64>) -> (u64, u64) {
    let limit = i128::from(size.unwrap_or(1 << 48).min(1 << 48));
    let start = i128::from(offset).clamp(0, limit);
    let end = (i128::from(offset) + i128::from(width)).clamp(start, limit);
    (start as u64, (end - start) as u64)
}

/// The new value, if one is written, and the result.
fn atomic(op: AtomicOp, ty: ScalarTy, old: u64, a: u64, b: u64) -> (Option<u64>, u64) {
    let new = match op {
        AtomicOp::Load => return (None, old),
        AtomicOp::Store | AtomicOp::Exchange => a,
        AtomicOp::CompareExchange => {
            let equal = old == a;
            return (equal.then_some(b), u64::from(equal));
        }
        AtomicOp::Add => arith::binary(BinOp::Add, ty, old, a).unwrap_or(0),
        AtomicOp::Sub => arith::binary(BinOp::Sub, ty, old, a).unwrap_or(0),
        AtomicOp::And => old & a,
        AtomicOp::Or => old | a,
        AtomicOp::Xor => old ^ a,
        AtomicOp::Min => math::apply(MathFn::Min, ty, ty, ty, [old, a, 0]),
        AtomicOp::Max => math::apply(MathFn::Max, ty, ty, ty, [old, a, 0]),
    };
    (Some(new), old)
}
