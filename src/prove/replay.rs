//! Replaying witnesses in the executor: only a conflict that happened there counts.
//!
//! Soundness direction: exact; a conflict of an execution of the IR under an admitted launch.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::Options;
use super::stats::{Event, Phase, timed};
use super::verdict::{Replays, Witness, WitnessSide};
use crate::analysis::term::Terms;
use crate::exec::{
    AccessRef, Conflict, Finding, Launch, ReplayRequest, RunOptions, Runnable, ScalarValue,
    Schedule, SearchRequest, Target, proposals, replay,
};
use crate::ir::{
    Assumption, BarrierId, Builtin, Expr, ExprKind, Kernel, Leaf, ObjectId, ScalarTy, Var, VarKind,
};
use crate::source::Span;

/// Longest loop of a witness that is replayed.
const MOST_ITERATIONS: i128 = 1_000_000;

/// Instructions to spend on the parameters of an assignment as they are: for a removal, and for a race of
/// the kernel as written.
const STEPS: (u64, u64) = (80_000_000, 6_000_000);

/// Tries to make the conflict of a witness happen with `disabled` deleted. On success the witness
/// describes the conflict as it happened; otherwise the reason.
pub fn confirm(
    kernel: &Kernel,
    options: &Options,
    witness: &mut Witness,
    disabled: &BTreeSet<BarrierId>,
    replays: &mut Replays,
) -> Result<(), String> {
    let stats = options.stats.as_deref();
    let done = timed(stats, Phase::Replay, || {
        attempt(kernel, options, witness, disabled, replays)
    });
    if let Some(s) = stats {
        s.count(Event::Replayed, 1);
        s.count(Event::Confirmed, usize::from(done.is_ok()));
    }
    done
}

fn attempt(
    kernel: &Kernel,
    options: &Options,
    witness: &mut Witness,
    disabled: &BTreeSet<BarrierId>,
    replays: &mut Replays,
) -> Result<(), String> {
    replays.assignments += 1;
    let size = witness.threadgroup.map(to_u32);
    let turns = witness
        .sides
        .iter()
        .flat_map(|s| s.iterations.iter().map(|i| i.1))
        .max()
        .unwrap_or(0);
    if turns > MOST_ITERATIONS {
        return Err(format!(
            "it takes {turns} iterations of a loop; the executor replays up to {MOST_ITERATIONS}"
        ));
    }
    let mut scalars: BTreeMap<String, i128> = BTreeMap::new();
    for (name, v) in &witness.parameters {
        scalars.insert(name.clone(), *v);
    }
    let memory = memory_of(witness);
    let steps = if disabled.is_empty() {
        STEPS.1
    } else {
        STEPS.0
    };
    let mut request = ReplayRequest {
        steps,
        threadgroup: size,
        group: witness.group.map(to_u32),
        groups: None,
        scalars: scalars.clone(),
        memory,
        simd_width: to_u32(options.contract.simd_width),
        disabled: disabled.clone(),
        ignore_flags: options.ignore_flags,
        expected: (witness.sides[0].access, witness.sides[1].access),
        threads: (
            to_u32(witness.sides[0].index),
            to_u32(witness.sides[1].index),
        ),
    };
    // Parameters that the conflict does not depend on still have to make sense to the kernel.
    let mut why = String::new();
    let outside = outside(kernel, witness);
    if outside {
        if disabled.is_empty() {
            // Launches were tried before the solver was asked.
            return Err("it reaches outside an array".into());
        }
        why = "it reaches outside an array".into();
    }
    // The executor drops what leaves an object: as it is, such a conflict does not happen there.
    let fillings: &[(i128, u64)] = if outside {
        &[]
    } else {
        &[(1, 2), (8, 4), (16, 8), (0, 8)]
    };
    for &(other, share) in fillings {
        request.steps = steps / share;
        request.scalars = scalars.clone();
        for s in kernel.scalars.iter().filter(|s| !s.ty.is_float()) {
            let value = if s.ty == ScalarTy::Bool {
                i128::min(other, 1)
            } else {
                other
            };
            request.scalars.entry(s.name.clone()).or_insert(value);
        }
        let outcome = replay(kernel, &request);
        if let (true, Some(c)) = (outcome.confirmed, &outcome.conflict)
            && admitted(kernel, options, &outcome.launch)
        {
            adopt(kernel, witness, &outcome.launch, c);
            replays.as_given += 1;
            return Ok(());
        }
        if why.is_empty() {
            why = outcome.why_not;
        }
    }
    // What the kernel does not write keeps what the solver chose for it.
    let program = Runnable::new(kernel);
    let chosen = request.memory.iter().filter(|m| !program.may_write(m.0));
    let near = (&scalars, chosen.cloned().collect());
    match look_around(kernel, &program, options, witness, near, disabled) {
        Some((launch, c)) => {
            adopt(kernel, witness, &launch, &c);
            replays.nearby += 1;
            Ok(())
        }
        None => Err(why),
    }
}

/// Whether an access of the witness leaves an object whose size is known.
fn outside(kernel: &Kernel, w: &Witness) -> bool {
    let object = kernel.objects.get(w.object as usize);
    let Some(size) = object.and_then(|o| o.size) else {
        return false;
    };
    let leaves =
        |s: &WitnessSide| s.offset < 0 || s.offset + i128::from(s.width) > i128::from(size);
    w.sides.iter().any(leaves)
}

/// Contents: object, first byte, bytes.
pub(super) type Overlays = Vec<(ObjectId, u64, Vec<u8>)>;

/// Conflicts of one run that are held against the kernel as written.
const CANDIDATES: usize = 4;
/// Launches tried near an assignment, and as many elsewhere.
const AROUND: usize = 100;
/// The same for a race of the kernel as written, for which launches were tried already.
const AROUND_RACE: usize = 16;
/// Instructions of one of them (bounded by work, so that the outcome does not depend on the load of the
/// machine).
pub(super) const STEPS_AROUND: u64 = 4_000_000;
/// Instructions of all of them together.
pub(super) const STEPS_ALL_AROUND: u64 = 16_000_000;
/// The same for a race of the kernel as written.
const STEPS_ALL_AROUND_RACE: u64 = 4_000_000;

/// The solver chose freely what the kernel loads from writable memory and what it does not know:
/// launches like the one it found, with some values changed. A race between the places of the
/// witness is preferred; of a removal, any race that is due to it will do.
fn look_around(
    kernel: &Kernel,
    program: &Runnable<'_>,
    options: &Options,
    witness: &Witness,
    (scalars, overlays): (&BTreeMap<String, i128>, Overlays),
    disabled: &BTreeSet<BarrierId>,
) -> Option<(Launch, Conflict)> {
    let launches = near(kernel, options, witness, (scalars, overlays), disabled);
    let all = Around {
        program,
        options,
        witness,
        disabled,
        launches: &launches,
    };
    // Where it makes a difference, with old values of device memory too.
    all.try_all(false).or_else(|| {
        let keeps = !disabled.is_empty() && program.may_keep();
        keeps.then(|| all.try_all(true)).flatten()
    })
}

/// Launches like the one that the solver found, with some values changed, and others.
pub(super) fn near(
    kernel: &Kernel,
    options: &Options,
    witness: &Witness,
    (scalars, overlays): (&BTreeMap<String, i128>, Overlays),
    disabled: &BTreeSet<BarrierId>,
) -> Vec<(Launch, Schedule)> {
    let mut request = SearchRequest::new(witness.threadgroup.map(to_u32), disabled.clone());
    request.base.group = witness.group.map(to_u32);
    request.base.groups = request.base.group.map(|g| g.saturating_add(1));
    request.base.simd_width = to_u32(options.contract.simd_width);
    request.near = scalars.clone();
    request.base.overlays = overlays;
    let keep = |l: &Launch| admitted(kernel, options, l);
    let most = if disabled.is_empty() {
        AROUND_RACE
    } else {
        AROUND
    };
    let mut launches = proposals(kernel, &request, &keep, most);
    request.near.clear();
    request.base.overlays.clear();
    if options.contract.threadgroup.is_none() {
        let least = u32::try_from(options.contract.min_threads).unwrap_or(1);
        let most = u32::try_from(options.contract.max_threads).unwrap_or(1024);
        for n in [64, 128, 256, 96, 33] {
            if (least..=most).contains(&n) {
                request.threadgroups.push([n, 1, 1]);
            }
        }
    }
    launches.extend(proposals(kernel, &request, &keep, most));
    launches
}

/// The contents that an assignment names.
pub(super) fn memory_of(witness: &Witness) -> Overlays {
    witness
        .memory
        .iter()
        .filter(|(_, at, width, _)| *at >= 0 && *width <= 8)
        .map(|(o, at, width, v)| {
            let bytes = v.to_le_bytes()[..*width as usize].to_vec();
            (ObjectId(*o), u64::try_from(*at).unwrap_or(0), bytes)
        })
        .collect()
}

/// Launches near an assignment, to be run.
struct Around<'a> {
    program: &'a Runnable<'a>,
    options: &'a Options,
    witness: &'a Witness,
    disabled: &'a BTreeSet<BarrierId>,
    launches: &'a [(Launch, Schedule)],
}

impl Around<'_> {
    /// The race, if one of the launches shows it. `kept`: threads keep what they load from device memory.
    fn try_all(&self, kept: bool) -> Option<(Launch, Conflict)> {
        let (program, witness, disabled) = (self.program, self.witness, self.disabled);
        let due = !disabled.is_empty();
        let spans = Some((witness.sides[0].span, witness.sides[1].span));
        let wanted = Target { spans, due };
        let any = Target { spans: None, due };
        let mut elsewhere = None;
        let mut left = if due {
            STEPS_ALL_AROUND
        } else {
            STEPS_ALL_AROUND_RACE
        };
        for (launch, schedule) in self.launches {
            let mut launch = launch.clone();
            launch.kept = kept;
            let options = RunOptions {
                schedule: *schedule,
                disabled: disabled.clone(),
                step_limit: STEPS_AROUND,
                thread_step_limit: STEPS_AROUND,
                ignore_flags: self.options.ignore_flags,
                ..RunOptions::default()
            };
            // Where threadgroup memory is read that nothing wrote, it may have held zeros.
            for zeroed in [false, true] {
                launch.zeroed = zeroed;
                let Ok(outcome) = program.run(&launch, &options) else {
                    break;
                };
                let mut written = program.as_written(&launch, &options);
                let mut met = |t: &Target| {
                    let all = outcome.conflicts().filter(|c| t.is_met(c));
                    all.take(CANDIDATES).find(|c| !written.has(c))
                };
                if let Some(c) = met(&wanted) {
                    return Some((launch, c.clone()));
                }
                if due
                    && elsewhere.is_none()
                    && let Some(c) = met(&any)
                {
                    elsewhere = Some((launch.clone(), c.clone()));
                }
                left = left.saturating_sub(outcome.steps + written.steps);
                let unsure = |f: &Finding| matches!(f, Finding::UninitialisedRead { .. });
                if !outcome.findings.iter().any(unsure) {
                    break;
                }
            }
            if left == 0 {
                break;
            }
        }
        elsewhere
    }
}

/// Saturating.
pub fn to_u32(v: u64) -> u32 {
    u32::try_from(v).unwrap_or(u32::MAX)
}

/// Makes the witness say what happened.
pub fn adopt(kernel: &Kernel, w: &mut Witness, launch: &Launch, c: &Conflict) {
    let size = launch.threadgroup.map(u64::from);
    let side = |a: &AccessRef, width: u64| WitnessSide {
        thread: position(u64::from(a.thread), size),
        index: u64::from(a.thread),
        access: a.access,
        kind: a.kind,
        span: a.span,
        iterations: a
            .iterations
            .iter()
            .map(|(l, k)| {
                let span = kernel
                    .loops
                    .get(l.index())
                    .map_or(Span::default(), |i| i.span);
                (span, i128::from(*k))
            })
            .collect(),
        offset: i128::from(c.byte),
        width,
    };
    let same = w.object == c.object.0
        && [w.sides[0].span, w.sides[1].span] == [c.a.span, c.b.span]
        && w.sides[0].index == u64::from(c.a.thread);
    let widths = if same {
        [w.sides[0].width, w.sides[1].width]
    } else {
        [1, 1]
    };
    w.object = c.object.0;
    w.threadgroup = size;
    w.group = launch.group.map(u64::from);
    w.sides = [side(&c.a, widths[0]), side(&c.b, widths[1])];
    // In the order of the source; who came first depends on the schedule.
    w.sides.sort_by_key(|s| (s.span, s.index));
    w.same_simdgroup = c.same_simdgroup;
    let constant = |number: &u32| {
        let of = |x: &&Var| x.kind == VarKind::FunctionConstant(*number);
        kernel.vars.iter().find(of).map(|x| &x.name)
    };
    let constants = launch
        .function_constants
        .iter()
        .filter_map(|(n, v)| Some((constant(n)?, v)));
    w.parameters = launch
        .scalars
        .iter()
        .chain(constants)
        .filter_map(|(n, v)| match v {
            ScalarValue::Int(i) => Some((n.clone(), *i)),
            ScalarValue::Float(_) => None,
        })
        .collect();
    // What the solver said of buffers holds only where it was used.
    let used = |m: &(u32, i128, u64, i128)| {
        let mut all = launch.overlays.iter();
        all.any(|(o, at, _)| o.0 == m.0 && i128::from(*at) == m.1)
    };
    w.memory.retain(used);
    w.launch = Some(launch.clone());
    w.flags_only = c.flags_only;
    w.replayed = true;
}

fn position(index: u64, size: [u64; 3]) -> [u64; 3] {
    let (x, y) = (size[0].max(1), size[1].max(1));
    [index % x, index / x % y, index / (x * y)]
}

/// Whether a launch satisfies the contract and the assumptions.
pub fn admitted(kernel: &Kernel, options: &Options, launch: &Launch) -> bool {
    let n = launch.threads();
    let size_ok = match options.contract.threadgroup {
        Some(t) => launch.threadgroup.map(u64::from) == t,
        None => (options.contract.min_threads..=options.contract.max_threads).contains(&n),
    };
    size_ok && options.assumptions.iter().all(|a| holds(kernel, a, launch))
}

/// Whether an assumption certainly holds for a launch.
fn holds(kernel: &Kernel, a: &Assumption, launch: &Launch) -> bool {
    let mut terms = Terms::new();
    let mut values = Vec::new();
    for leaf in &a.leaves {
        let t = match leaf {
            Leaf::Scalar(i) => {
                let Some(s) = kernel.scalars.get(*i) else {
                    return false;
                };
                let v = match launch.scalars.get(&s.name) {
                    Some(ScalarValue::Int(v)) => *v,
                    Some(ScalarValue::Float(_)) => return false,
                    None => 0,
                };
                terms.int(s.ty, v)
            }
            Leaf::Builtin(b) => match builtin(*b, launch) {
                Some(v) => terms.int(ScalarTy::U32, i128::from(v)),
                None => return false,
            },
            Leaf::FunctionConstant(n) => {
                let ty = kernel
                    .vars
                    .iter()
                    .find(|v| v.kind == VarKind::FunctionConstant(*n))
                    .map_or(ScalarTy::I32, |v| v.ty);
                match launch.function_constants.get(n) {
                    Some(ScalarValue::Int(v)) => terms.int(ty, *v),
                    Some(ScalarValue::Float(_)) => return false,
                    None => terms.int(ty, 0),
                }
            }
        };
        values.push(t);
    }
    let t = evaluate(&mut terms, &a.expr, &values);
    t.is_some_and(|t| terms.as_const(t) == Some(1))
}

fn builtin(b: Builtin, l: &Launch) -> Option<u32> {
    let at = |v: [u32; 3], c: u8| v[usize::from(c.min(2))];
    Some(match b {
        Builtin::ThreadsPerThreadgroup(c) | Builtin::DispatchThreadsPerThreadgroup(c) => {
            at(l.threadgroup, c)
        }
        Builtin::ThreadgroupPositionInGrid(c) => at(l.group, c),
        Builtin::ThreadgroupsPerGrid(c) => at(l.groups, c),
        Builtin::ThreadsPerGrid(c) => at(l.groups, c).wrapping_mul(at(l.threadgroup, c)),
        Builtin::ThreadsPerSimdgroup => l.simd_width,
        _ => return None,
    })
}

fn evaluate(
    terms: &mut Terms,
    e: &Expr,
    values: &[crate::analysis::term::TermId],
) -> Option<crate::analysis::term::TermId> {
    Some(match &e.kind {
        ExprKind::Const(bits) => terms.int(e.ty, i128::from(*bits)),
        ExprKind::Var(v) => *values.get(v.index())?,
        ExprKind::Unary(op, a) => {
            let a = evaluate(terms, a, values)?;
            terms.unary(*op, a)
        }
        ExprKind::Binary(op, a, b) => {
            let a = evaluate(terms, a, values)?;
            let b = evaluate(terms, b, values)?;
            terms.binary(*op, a, b)
        }
        ExprKind::Cast(a) => {
            let a = evaluate(terms, a, values)?;
            terms.cast(a, e.ty)
        }
        ExprKind::Select(c, a, b) => {
            let c = evaluate(terms, c, values)?;
            let a = evaluate(terms, a, values)?;
            let b = evaluate(terms, b, values)?;
            terms.select(c, a, b)
        }
        _ => return None,
    })
}
