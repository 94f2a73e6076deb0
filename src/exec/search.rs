//! Looking for a racing launch, and making it small.
//!
//! Purpose: where a solver's assignment does not replay, [`search`] tries small and typical
//! parameter values and contents; [`minimise`] shrinks what was found. Soundness direction: what is found is a
//! fact; finding nothing proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::code::Program;
use super::compile::compile;
use super::finding::Conflict;
use super::hints::{compared_with, constant_fields};
use super::launch::{BufferSpec, Fill, Launch, ScalarValue};
use super::replay::{AsWritten, Target, fill_unnamed};
use super::run::{RunOptions, run_program};
use super::schedule::{Numbers, Schedule};
use crate::ir::{BarrierId, Kernel, ObjectId, ScalarTy, Space, VarKind};

/// What to try.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// What all launches share: threadgroup position, simdgroup width, fixed scalars and buffers.
    pub base: Launch,
    /// Threadgroup sizes to try.
    pub threadgroups: Vec<[u32; 3]>,
    /// Ranges (both ends included) of scalars to vary; a scalar in neither place is varied within
    /// 0 to 4 times the threads.
    pub scalars: BTreeMap<String, (i128, i128)>,
    /// For [`proposals`]: values to stay near to.
    pub near: BTreeMap<String, i128>,
    /// Deleted barriers.
    pub disabled: BTreeSet<BarrierId>,
    /// What to look for.
    pub target: Target,
    /// Most launches.
    pub launches: u64,
    /// Most time.
    pub time: Duration,
    /// Most instructions of one launch.
    pub step_limit: u64,
    /// Which sequence of choices.
    pub seed: u64,
    /// Every barrier orders all memory.
    pub ignore_flags: bool,
}

impl SearchRequest {
    /// Launches of one size, any race that is due to these barriers.
    pub fn new(threadgroup: [u32; 3], disabled: BTreeSet<BarrierId>) -> SearchRequest {
        SearchRequest {
            base: Launch::new(threadgroup),
            threadgroups: vec![threadgroup],
            scalars: BTreeMap::new(),
            near: BTreeMap::new(),
            target: Target {
                spans: None,
                due: !disabled.is_empty(),
            },
            disabled,
            launches: 200,
            time: Duration::from_secs(5),
            step_limit: 20_000_000,
            seed: 1,
            ignore_flags: false,
        }
    }
}

struct Trier<'a> {
    kernel: &'a Kernel,
    program: Program,
    request: &'a SearchRequest,
    keep: &'a dyn Fn(&Launch) -> bool,
    started: Instant,
    left: u64,
}

impl Trier<'_> {
    fn spent(&self) -> bool {
        self.left == 0 || self.started.elapsed() >= self.request.time
    }

    /// The race, if this launch shows it.
    fn attempt(&mut self, launch: &Launch, schedule: Schedule) -> Option<Conflict> {
        if self.spent() || !(self.keep)(launch) {
            return None;
        }
        self.left -= 1;
        let options = RunOptions {
            schedule,
            disabled: self.request.disabled.clone(),
            step_limit: self.request.step_limit,
            thread_step_limit: self.request.step_limit,
            ignore_flags: self.request.ignore_flags,
            ..RunOptions::default()
        };
        let outcome = run_program(self.kernel, &self.program, launch, &options).ok()?;
        let mut written = AsWritten::new(self.kernel, &self.program, launch, &options);
        let new = |c: &&Conflict| !self.request.target.due || !written.has(c);
        let mut met = outcome
            .conflicts()
            .filter(|c| self.request.target.is_met(c));
        met.find(new).cloned()
    }
}

fn trier<'a>(
    kernel: &'a Kernel,
    request: &'a SearchRequest,
    keep: &'a dyn Fn(&Launch) -> bool,
) -> Trier<'a> {
    Trier {
        kernel,
        program: compile(kernel),
        request,
        keep,
        started: Instant::now(),
        left: request.launches,
    }
}

/// Looks for a launch that shows the race, among those that `keep` accepts (the launch contract).
pub fn search(
    kernel: &Kernel,
    request: &SearchRequest,
    keep: &dyn Fn(&Launch) -> bool,
) -> Option<(Launch, Conflict)> {
    let mut t = trier(kernel, request, keep);
    let mut numbers = Numbers::new(request.seed);
    let mut round = 0u64;
    while !t.spent() && !request.threadgroups.is_empty() {
        let (launch, schedule) = propose(kernel, request, round, &mut numbers);
        let before = t.left;
        if let Some(c) = t.attempt(&launch, schedule) {
            return Some((launch, c));
        }
        if t.left == before {
            // The launch was not kept; it counts all the same, so that the search ends.
            t.left = t.left.saturating_sub(1);
        }
        round += 1;
    }
    None
}

/// The launch and the schedule of a round of a search. `request.threadgroups` must not be empty.
fn propose(
    kernel: &Kernel,
    request: &SearchRequest,
    round: u64,
    numbers: &mut Numbers,
) -> (Launch, Schedule) {
    let mut launch = request.base.clone();
    if let Some(t) = request
        .threadgroups
        .get(round as usize % request.threadgroups.len().max(1))
    {
        launch.threadgroup = *t;
    }
    let threads = launch.threads().max(1) as i128;
    for s in &kernel.scalars {
        if request.base.scalars.contains_key(&s.name) || s.ty.is_float() {
            continue;
        }
        let range = request.scalars.get(&s.name).copied();
        let (low, high) = range.unwrap_or((0, 4 * threads));
        let (least, most) = limits(s.ty);
        let (low, high) = (low.max(least), high.min(most));
        if low <= high {
            let v = choose(low, high, threads, round, numbers);
            launch.scalars.insert(s.name.clone(), ScalarValue::Int(v));
        }
    }
    for x in &kernel.vars {
        let VarKind::FunctionConstant(number) = x.kind else {
            continue;
        };
        let fixed = request.base.function_constants.contains_key(&number);
        if !fixed && !x.ty.is_float() {
            let (low, high) = limits(x.ty);
            // Many are shapes of a few elements.
            let v = if round.is_multiple_of(2) {
                (1 + i128::from(numbers.below(4))).min(high)
            } else {
                choose(low.max(0), high, threads, round, numbers)
            };
            let constants = &mut launch.function_constants;
            constants.insert(number, ScalarValue::Int(v));
        }
    }
    fill_unnamed(kernel, &mut launch, fill(round, threads as i64, numbers));
    let schedule = match round % 4 {
        0 => Schedule::InOrder,
        1 => Schedule::Preemptive {
            seed: numbers.below(u64::MAX),
        },
        2 => Schedule::Reverse,
        _ => Schedule::Random {
            seed: numbers.below(u64::MAX),
        },
    };
    (launch, schedule)
}

/// Launches worth trying, at most `most`, the same ones each time: first all open scalars alike
/// (at each of a few sizes, so that sizes fit each other), then such launches with one or two
/// scalars, or the position in the grid, changed. Where `request.near` names a value, that is what
/// they start from. Only those that `keep` accepts.
pub fn proposals(
    kernel: &Kernel,
    request: &SearchRequest,
    keep: &dyn Fn(&Launch) -> bool,
    most: usize,
) -> Vec<(Launch, Schedule)> {
    let mut out = Vec::new();
    if request.threadgroups.is_empty() {
        return out;
    }
    let mut numbers = Numbers::new(request.seed);
    let hints = hints(kernel);
    let fields = constant_fields(kernel);
    let open: Vec<(&str, ScalarTy)> = kernel
        .scalars
        .iter()
        .filter(|s| !s.ty.is_float() && !request.base.scalars.contains_key(&s.name))
        .map(|s| (s.name.as_str(), s.ty))
        .collect();
    for round in 0..4 * most as u64 {
        if out.len() >= most {
            break;
        }
        let mut request = request.clone();
        let alike = match round {
            0..8 => ALIKE[round as usize],
            _ => ALIKE[(round % 3) as usize],
        };
        for (name, ty) in &open {
            let v = match request.near.get(*name) {
                Some(v) => *v,
                None if *ty == ScalarTy::Bool => 1,
                None => alike,
            };
            let (low, high) = request.scalars.get(*name).copied().unwrap_or((v, v));
            let v = v.clamp(low, high.max(low));
            let base = &mut request.base.scalars;
            base.insert((*name).to_string(), ScalarValue::Int(v));
        }
        if round >= 8 {
            for _ in 0..1 + round % 2 {
                let n = numbers.below(open.len() as u64 + 1) as usize;
                match open.get(n) {
                    Some((name, _)) => {
                        request.base.scalars.remove(*name);
                    }
                    None => {
                        let at = numbers.below(3) as usize;
                        request.base.group[at] = 1 + numbers.below(4) as u32;
                        request.base.groups[at] = request.base.group[at] + 1;
                    }
                }
            }
        }
        give_fields(&mut request.base, &fields, alike, round, &mut numbers);
        // Half of the time, buffers hold what the kernel compares them with.
        for (name, values) in &hints {
            if round % 2 == 1
                && !request.base.buffers.contains_key(*name)
                && let Some(v) = values.get(numbers.below(values.len() as u64) as usize)
            {
                let fill = Fill::Random {
                    seed: 0,
                    low: *v,
                    high: *v,
                };
                let buffers = &mut request.base.buffers;
                buffers.insert((*name).to_string(), BufferSpec::filled(fill));
            }
        }
        let (launch, schedule) = propose(kernel, &request, round, &mut numbers);
        // What can conflict does not depend on the schedule along a path; the cheap ones do.
        let schedule = match schedule {
            Schedule::Preemptive { .. } => Schedule::InOrder,
            other => other,
        };
        if keep(&launch) {
            out.push((launch, schedule));
        }
    }
    out
}

/// Gives fields of constant structures that nothing says anything about a value: all alike, in later rounds but for one.
fn give_fields(
    launch: &mut Launch,
    fields: &[(ObjectId, u64, ScalarTy)],
    alike: i128,
    round: u64,
    numbers: &mut Numbers,
) {
    if fields.is_empty() {
        return;
    }
    let threads = launch.threads().max(1).into();
    let other = (round >= 8).then(|| numbers.below(fields.len() as u64) as usize);
    for (i, (object, at, ty)) in fields.iter().enumerate() {
        let known = |(o, from, bytes): &(ObjectId, u64, Vec<u8>)| {
            let to = from.saturating_add(bytes.len() as u64);
            o == object && *from < at.saturating_add(ty.size()) && *at < to
        };
        if launch.overlays.iter().any(known) {
            continue;
        }
        let value = match ty {
            t if t.is_float() => ScalarValue::Float(1.0),
            ScalarTy::Bool => ScalarValue::Int((round % 2).into()),
            t if other == Some(i) => {
                let high = limits(*t).1.min(4 * threads);
                ScalarValue::Int(choose(0, high, threads, round, numbers))
            }
            t => ScalarValue::Int(alike.min(limits(*t).1)),
        };
        if let Some(bits) = value.encode(*ty) {
            let bytes = bits.to_le_bytes()[..ty.size() as usize].to_vec();
            launch.overlays.push((*object, *at, bytes));
        }
    }
}

/// The constants that each buffer is compared with.
fn hints(kernel: &Kernel) -> Vec<(&str, Vec<i64>)> {
    compared_with(kernel)
        .into_iter()
        .filter_map(|(o, values)| {
            let o = kernel.objects.get(o.index())?;
            let bound = o.param.is_some() && o.space == Space::Device;
            bound.then(|| (o.name.as_str(), values.into_iter().collect()))
        })
        .collect()
}

/// Values for all scalars of a launch at once.
const ALIKE: [i128; 8] = [16, 64, 8, 33, 1, 128, 4, 100];

fn limits(ty: ScalarTy) -> (i128, i128) {
    let w = ty.bits();
    if ty.is_signed() {
        (-(1i128 << (w - 1)), (1i128 << (w - 1)) - 1)
    } else {
        (0, (1i128 << w) - 1)
    }
}

/// A value of a range: its ends, small ones, and ones around multiples of the thread count first.
fn choose(low: i128, high: i128, threads: i128, round: u64, numbers: &mut Numbers) -> i128 {
    let n = |k: u64, numbers: &mut Numbers| i128::from(numbers.below(k));
    let v = match (round + numbers.below(3)) % 6 {
        0 => threads * (1 + n(4, numbers)),
        1 => threads * (1 + n(4, numbers)) + n(3, numbers) - 1,
        2 => low + n(9, numbers),
        3 => 1 << n(12, numbers),
        4 => {
            low + n(
                u64::try_from((4 * threads).min(high - low)).unwrap_or(1) + 1,
                numbers,
            )
        }
        _ => {
            return if numbers.below(2) == 0 {
                low
            } else {
                low + n(65, numbers)
            }
            .clamp(low, high);
        }
    };
    v.clamp(low, high)
}

fn fill(round: u64, threads: i64, numbers: &mut Numbers) -> Fill {
    let random = |low, high, numbers: &mut Numbers| Fill::Random {
        seed: numbers.below(u64::MAX),
        low,
        high,
    };
    match round % 5 {
        0 => random(0, 7, numbers),
        1 => Fill::Zeros,
        2 => random(0, 1, numbers),
        3 => Fill::Index,
        _ => random(0, threads, numbers),
    }
}

/// Makes a racing launch smaller, as far as it still races: fewer threads (if `threads`), smaller
/// scalars (within the ranges of the request), simpler contents.
pub fn minimise(
    kernel: &Kernel,
    request: &SearchRequest,
    keep: &dyn Fn(&Launch) -> bool,
    (launch, conflict): (Launch, Conflict),
    threads: bool,
) -> (Launch, Conflict) {
    let mut t = trier(kernel, request, keep);
    let (mut best, mut found) = (launch, conflict);
    loop {
        let mut better = None;
        let candidates = smaller(kernel, request, &best, threads);
        // Most races show in any schedule.
        'search: for schedule in [Schedule::InOrder, Schedule::Preemptive { seed: 1 }] {
            for candidate in &candidates {
                if let Some(c) = t.attempt(candidate, schedule) {
                    better = Some((candidate.clone(), c));
                    break 'search;
                }
            }
        }
        match better {
            Some((l, c)) => (best, found) = (l, c),
            None => return (best, found),
        }
    }
}

/// Launches that are smaller in one respect, boldest first.
fn smaller(kernel: &Kernel, request: &SearchRequest, at: &Launch, threads: bool) -> Vec<Launch> {
    let mut list = Vec::new();
    if threads {
        for i in (0..3).rev() {
            let n = at.threadgroup[i];
            for m in [1, 2, n / 2, n.saturating_sub(1)] {
                if m > 0 && m < n {
                    let mut l = at.clone();
                    l.threadgroup[i] = m;
                    list.push(l);
                }
            }
        }
    }
    for s in &kernel.scalars {
        if request.base.scalars.contains_key(&s.name) {
            continue;
        }
        if let Some(ScalarValue::Int(v)) = at.scalars.get(&s.name).copied() {
            let low = request.scalars.get(&s.name).map_or(0, |r| r.0);
            let mut tried = BTreeSet::new();
            let gap = v - low;
            for m in [low, low + 1, v - gap / 2, v - gap / 4, v - gap / 8, v - 1] {
                if m >= low && m < v && tried.insert(m) {
                    let mut l = at.clone();
                    l.scalars.insert(s.name.clone(), ScalarValue::Int(m));
                    list.push(l);
                }
            }
        }
    }
    for (name, spec) in &at.buffers {
        if request.base.buffers.contains_key(name) {
            continue;
        }
        if spec.fill != Fill::Zeros && spec.bytes.is_empty() {
            let mut l = at.clone();
            if let Some(b) = l.buffers.get_mut(name) {
                b.fill = Fill::Zeros;
            }
            list.push(l);
        }
    }
    list
}
