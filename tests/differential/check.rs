//! One kernel through the whole pipeline: verdicts of the prover against executions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use unbarrier::encode::launch::Contract;
use unbarrier::exec::{
    BufferSpec, Conflict, Fill, Finding, Launch, Outcome, RunOptions, Runnable, Schedule,
    order_change, run,
};
use unbarrier::front::assume::{parse_assumption, resolve};
use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::{BarrierId, BarrierScope, Kernel};
use unbarrier::prove::kernel::sites;
use unbarrier::prove::{Options, Reason, Verdict, prove_kernel};
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

use crate::kernels::{Config, Gen, MEETING, PUBLISHES};
use crate::number;

/// A verdict that execution contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which claim: `removable`, `weakenable`, `joint`, `race_free`, `required`, `same results`, `front`.
    pub claim: &'static str,
    pub line: u32,
    pub text: String,
}

/// What checking one kernel gave.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub failures: Vec<Failure>,
    /// Number of source lines by verdict; `unknown` by its reason.
    pub verdicts: BTreeMap<String, u64>,
    /// Lines that are `unknown` although no execution shows a conflict: reason and line.
    pub imprecise: Vec<(String, u32)>,
    /// Lines that are `required` although none of the launches here shows a conflict.
    pub unseen: Vec<u32>,
    pub race_free: bool,
    pub runs: u64,
    pub divergent: bool,
}

pub struct Front {
    pub map: SourceMap,
    pub kernel: Kernel,
}

/// From text to a kernel; the error is what went wrong.
pub fn front(text: &str) -> Result<Front, String> {
    let mut map = SourceMap::new();
    let main = map.add_file("random.metal", PathBuf::new(), text);
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let parsed = parse(&pre.tokens);
    let out = lower_file(&parsed.unit, &LowerOptions::default());
    let bad = parsed
        .diagnostics
        .iter()
        .chain(&out.diagnostics)
        .find(|d| d.is_error());
    if let Some(d) = bad {
        let at = d.primary_span().map(|s| map.line_col(s.file, s.start));
        return Err(format!("{at:?}: {}", d.message));
    }
    let Some(kernel) = out.kernels.into_iter().next() else {
        return Err("no kernel".into());
    };
    if let Some(u) = kernel.unsupported.first() {
        return Err(format!("unsupported: {u:?}"));
    }
    Ok(Front { map, kernel })
}

pub fn options(text: &str, kernel: &Kernel, c: &Config) -> Result<Options, String> {
    let assumed = format!("N <= {}", c.most);
    let mut map = SourceMap::new();
    let main = map.add_file("random.metal", PathBuf::new(), text);
    let unit = parse(&preprocess(&mut map, main, &PreprocessOptions::default()).tokens).unit;
    let expr = parse_assumption(
        &assumed,
        text,
        PathBuf::new(),
        &PreprocessOptions::default(),
    )
    .map_err(|e| e.to_string())?;
    let uses = kernel.scalars.iter().any(|s| s.name == "N");
    let assumptions = if uses {
        vec![resolve(&assumed, &expr, &unit, kernel).map_err(|e| e.to_string())?]
    } else {
        Vec::new()
    };
    let total = u64::from(c.threads.iter().product::<u32>());
    Ok(Options {
        contract: Contract {
            threadgroup: (!c.symbolic).then(|| c.threads.map(u64::from)),
            max_threads: if c.symbolic { total } else { 1024 },
            min_threads: 1,
            simd_width: u64::from(c.width),
            in_bounds: false,
        },
        assumptions,
        timeout: Duration::from_millis(number("UNBARRIER_DIFF_TIMEOUT", 500)),
        jobs: 1,
        ignore_flags: false,
        lockstep: false,
        only: None,
        // The prover's own facts decide in half of the kernels.
        execute_first: text.len().is_multiple_of(2),
        recorder: None,
        stats: None,
    })
}

pub fn launches(c: &Config, kernel: &Kernel) -> Vec<Launch> {
    let sizes: Vec<[u32; 3]> = if c.symbolic {
        (1..=c.threads[0]).map(|n| [n, 1, 1]).collect()
    } else {
        vec![c.threads]
    };
    let values: Vec<u32> = if kernel.scalars.iter().any(|s| s.name == "N") {
        (0..=c.most).collect()
    } else {
        vec![0]
    };
    let random = |seed, low, high| Fill::Random { seed, low, high };
    let fills = [
        random(7, 0, 3),
        Fill::Index,
        Fill::Zeros,
        random(3, 0, 9),
        random(5, 1, 1),
    ];
    let has = |name: &str| kernel.scalars.iter().any(|s| s.name == name);
    let guarded = has("M") || has("K");
    // Guards on `M` and `K` are met by few values: all of those, with fewer of the others.
    let others = if guarded { &MEETING[..] } else { &MEETING[..1] };
    let fills = if guarded { &fills[..2] } else { &fills[..] };
    let values: Vec<u32> = match values.last() {
        Some(&most) if guarded => values
            .into_iter()
            .filter(|n| *n < 3 || *n == most)
            .collect(),
        _ => values,
    };
    let reads = kernel.objects.iter().any(|o| o.name == "in");
    let mut out = Vec::new();
    for size in &sizes {
        for n in &values {
            for (m, k) in others {
                for (at, fill) in fills.iter().enumerate() {
                    if at > 0 && !reads {
                        continue;
                    }
                    let mut l = Launch::new(*size);
                    l.simd_width = c.width;
                    for (name, value) in [("N", n), ("M", m), ("K", k)] {
                        if has(name) {
                            l = l.with(name, i128::from(*value));
                        }
                    }
                    for o in kernel.objects.iter().filter(|o| o.param.is_some()) {
                        let f = if o.name == "out" {
                            random(11, 0, 5)
                        } else {
                            *fill
                        };
                        l = l.with_buffer(&o.name, BufferSpec::filled(f));
                    }
                    out.push(l);
                }
            }
        }
    }
    out
}

/// Whether the kernel has atomic operations.
fn atomic(kernel: &Kernel) -> bool {
    let mut all = kernel.objects.iter();
    all.any(|o| o.name == "bins" || o.name == "count")
}

pub const SCHEDULES: [Schedule; 4] = [
    Schedule::InOrder,
    Schedule::Reverse,
    Schedule::Preemptive { seed: 2 },
    Schedule::Preemptive { seed: 9 },
];

pub fn limits() -> RunOptions {
    RunOptions {
        step_limit: 400_000,
        thread_step_limit: 60_000,
        ..RunOptions::default()
    }
}

struct Runner<'a> {
    kernel: &'a Kernel,
    launches: &'a [Launch],
    runs: u64,
}

impl Runner<'_> {
    /// The first outcome that `bad` objects to, over launches and schedules.
    fn find<T>(
        &mut self,
        disabled: &BTreeSet<BarrierId>,
        mut bad: impl FnMut(&Outcome, &Launch) -> Option<T>,
    ) -> Option<(T, Launch, Schedule)> {
        self.find_with(disabled, |o, l, _| bad(o, l))
    }

    fn find_with<T>(
        &mut self,
        disabled: &BTreeSet<BarrierId>,
        mut bad: impl FnMut(&Outcome, &Launch, Schedule) -> Option<T>,
    ) -> Option<(T, Launch, Schedule)> {
        for (i, l) in self.launches.iter().enumerate() {
            // Most conflicts show in any schedule: two per launch, in turn.
            for k in 0..2 {
                let schedule = SCHEDULES[(i + 2 * k + i / 7) % 4];
                let o = RunOptions {
                    schedule,
                    disabled: disabled.clone(),
                    ..limits()
                };
                self.runs += 1;
                let Ok(out) = run(self.kernel, l, &o) else {
                    continue;
                };
                if let Some(t) = bad(&out, l, schedule) {
                    return Some((t, l.clone(), schedule));
                }
            }
        }
        None
    }

    /// Atomic operations whose order these barriers keep, and that change what memory holds at the end.
    fn order(&mut self, disabled: &BTreeSet<BarrierId>) -> Option<String> {
        if !atomic(self.kernel) {
            return None;
        }
        let program = Runnable::new(self.kernel);
        for l in self.launches {
            self.runs += 1;
            let (found, _) = order_change(self.kernel, &program, l, disabled, &limits());
            if let Some(f) = found {
                return Some(format!(
                    "{:?}: accesses {:?} and {:?}, threads {} and {}; {:?}",
                    f.change,
                    f.pair.a.access,
                    f.pair.b.access,
                    f.pair.a.thread,
                    f.pair.b.thread,
                    f.launch
                ));
            }
        }
        None
    }

    /// A conflict that the kernel as written orders, with these barriers deleted.
    fn due(&mut self, disabled: &BTreeSet<BarrierId>) -> Option<(Conflict, Launch, Schedule)> {
        let kernel = self.kernel;
        let mut more = 0;
        let found = self.find_with(disabled, |o, l, s| {
            let mut all = o.due().filter(|c| !c.approximate);
            all.find(|c| !already(kernel, l, s, c, &mut more)).cloned()
        });
        self.runs += more;
        found
    }
}

/// Whether the conflict happens with all barriers in place, too: what a thread did before it ended
/// early is ordered before nothing, however many barriers the others have passed since.
pub fn already(kernel: &Kernel, l: &Launch, s: Schedule, c: &Conflict, runs: &mut u64) -> bool {
    let o = RunOptions {
        schedule: s,
        watch: Some((c.a.access, c.b.access)),
        ..limits()
    };
    *runs += 1;
    let side = |a: &unbarrier::exec::AccessRef| (a.thread, a.access, a.iterations.clone());
    let (a, b) = (side(&c.a), side(&c.b));
    run(kernel, l, &o).is_ok_and(|out| {
        out.conflicts().any(|x| {
            let (p, q) = (side(&x.a), side(&x.b));
            (p == a && q == b) || (p == b && q == a)
        })
    })
}

fn why(r: &Reason) -> String {
    match r {
        Reason::Timeout(..) | Reason::GaveUp(..) => "timeout".into(),
        Reason::Unsupported(what, _) => format!("unsupported {what}"),
        Reason::Unreplayed(_) => "unreplayed witness".into(),
        Reason::Divergent(_) | Reason::Diverges(..) => "divergent".into(),
        Reason::Approximated(_) => "approximated".into(),
        Reason::Flags(..) => "flags".into(),
        Reason::Atomics(..) => "atomic order".into(),
        Reason::Published(..) => "publishes".into(),
        other => format!("{other:?}"),
    }
}

fn shown(kernel: &Kernel, map: &SourceMap, (c, l, s): &(Conflict, Launch, Schedule)) -> String {
    let line = |a: &unbarrier::exec::AccessRef| map.line_col(a.span.file, a.span.start).0;
    let object = kernel
        .objects
        .get(c.object.index())
        .map_or("?", |o| o.name.as_str());
    format!(
        "threads {} (line {}, iterations {:?}) and {} (line {}, iterations {:?}) conflict on {object} at byte {}; threadgroup {:?}, \
         simd width {}, scalars {:?}, in {:?}, schedule {s:?}",
        c.a.thread,
        line(&c.a),
        c.a.iterations,
        c.b.thread,
        line(&c.b),
        c.b.iterations,
        c.byte,
        l.threadgroup,
        l.simd_width,
        l.scalars,
        l.buffers.get("in").map(|b| b.fill),
    )
}

/// Checks a kernel. `light` leaves out what only statistics need.
pub fn check(g: &Gen, light: bool) -> Checked {
    let text = g.text();
    let mut out = Checked::default();
    let front_failed = |e: String| Checked {
        failures: vec![Failure {
            claim: "front",
            line: 0,
            text: e,
        }],
        ..Checked::default()
    };
    let f = match front(&text) {
        Ok(f) => f,
        Err(e) => return front_failed(e),
    };
    let kernel = &f.kernel;
    let options = match options(&text, kernel, &g.config) {
        Ok(o) => o,
        Err(e) => return front_failed(e),
    };
    let proved = match prove_kernel(kernel, &options) {
        Ok(p) => p,
        Err(e) => return front_failed(e.to_string()),
    };
    let v = &proved.verdicts;
    out.race_free = v.race_free;
    out.divergent = v.divergent.iter().any(|d| !d.ended_only);
    let launches = launches(&g.config, kernel);
    let mut r = Runner {
        kernel,
        launches: &launches,
        runs: 0,
    };
    let line = |s: unbarrier::source::Span| f.map.line_col(s.file, s.start).0;
    let fail =
        |out: &mut Checked, claim, line, text| out.failures.push(Failure { claim, line, text });
    // Races of the kernel as written.
    if v.race_free {
        let found = r.find(&BTreeSet::new(), |o, _| {
            o.findings
                .iter()
                .find(|f| match f {
                    Finding::Conflict(c) => !c.approximate,
                    Finding::BarrierDivergence { approximate, .. } => !approximate,
                    _ => false,
                })
                .cloned()
        });
        if let Some((finding, l, s)) = found {
            let text = match finding {
                Finding::Conflict(c) => shown(kernel, &f.map, &(*c, l, s)),
                other => format!("{other:?} {l:?}"),
            };
            fail(&mut out, "race_free", 0, text);
        }
    }
    let by_site: BTreeMap<_, Vec<BarrierId>> = sites(kernel)
        .into_iter()
        .map(|s| (s.span, s.instances))
        .collect();
    for b in &v.sites {
        let at = line(b.span);
        let all: BTreeSet<BarrierId> = by_site
            .get(&b.span)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        match b.verdict {
            Verdict::Removable => {
                let how = why(&b.reason);
                *out.verdicts.entry(format!("removable: {how}")).or_default() += 1;
                if let Some(x) = r.due(&all) {
                    fail(&mut out, "removable", at, shown(kernel, &f.map, &x));
                }
                if let Some(t) = r.order(&all) {
                    fail(&mut out, "atomic order", at, t);
                }
                if publishes(&text, at) {
                    let t = "other threadgroups may rely on it".to_string();
                    fail(&mut out, "publishes", at, t);
                }
                if let Some(t) = beyond_flags(&text, at, &launches, &mut r.runs) {
                    fail(&mut out, "flags", at, t);
                }
                if v.race_free
                    && let Some(t) = differs(&mut r, kernel, &all)
                {
                    fail(&mut out, "same results", at, t);
                }
            }
            Verdict::Weakenable => {
                *out.verdicts.entry("weakenable".into()).or_default() += 1;
                if let Some(x) = weakened(&text, at, &launches, &mut r.runs) {
                    fail(&mut out, "weakenable", at, x);
                }
            }
            Verdict::Required => {
                *out.verdicts.entry("required".into()).or_default() += 1;
                if !b.witness.as_ref().is_some_and(|w| w.replayed) {
                    fail(
                        &mut out,
                        "required",
                        at,
                        "the witness was not replayed".into(),
                    );
                }
            }
            Verdict::Unknown => {
                let reason = why(&b.reason);
                *out.verdicts
                    .entry(format!("unknown: {reason}"))
                    .or_default() += 1;
                if !light && reason != "divergent" && r.due(&all).is_none() {
                    out.imprecise.push((reason, at));
                }
            }
        }
    }
    // Instances alone.
    for b in &v.barriers {
        let many = by_site.get(&b.span).is_some_and(|i| i.len() > 1);
        if many
            && b.verdict == Verdict::Removable
            && let Some(x) = r.due(&BTreeSet::from([b.barrier]))
        {
            fail(
                &mut out,
                "removable",
                line(b.span),
                shown(kernel, &f.map, &x),
            );
        }
    }
    // The joint set.
    if v.jointly_removable.len() > 1 {
        let all: BTreeSet<BarrierId> = v
            .jointly_removable
            .iter()
            .filter_map(|s| by_site.get(s))
            .flatten()
            .copied()
            .collect();
        if let Some(x) = r.due(&all) {
            fail(&mut out, "joint", 0, shown(kernel, &f.map, &x));
        }
    }
    out.runs = r.runs;
    out
}

/// A race-free kernel and the kernel without a removable barrier give the same results.
fn differs(r: &mut Runner<'_>, kernel: &Kernel, without: &BTreeSet<BarrierId>) -> Option<String> {
    // The values that atomics return depend on the schedule.
    if atomic(kernel) {
        return None;
    }
    let specified = |o: &Outcome| {
        o.completed
            && !o.findings.iter().any(|f| {
                matches!(
                    f,
                    Finding::OutOfBounds { .. }
                        | Finding::UninitialisedRead { .. }
                        | Finding::StepLimit { .. }
                )
            })
    };
    let kernel = r.kernel;
    let found = r.find(without, |o, l| {
        if !specified(o) {
            return None;
        }
        let was = run(kernel, l, &RunOptions::default()).ok()?;
        (specified(&was) && was.output_hash() != o.output_hash()).then_some(())
    });
    found.map(|(_, l, s)| format!("results differ: {l:?} {s:?}"))
}

/// A conflict that would not be there if the barriers of the line were only weakened.
fn weakened(text: &str, at: u32, launches: &[Launch], runs: &mut u64) -> Option<String> {
    // A simdgroup barrier takes its place; the old one, deleted, tells what it would have ordered.
    let lines: Vec<String> = (1u32..)
        .zip(text.lines())
        .map(|(n, l)| {
            let l = l.to_string();
            if n == at {
                format!(
                    "{} {l}",
                    l.replace("threadgroup_barrier(", "simdgroup_barrier(")
                )
            } else {
                l
            }
        })
        .collect();
    let f = front(&(lines.join("\n") + "\n")).ok()?;
    let ids: BTreeSet<BarrierId> = f
        .kernel
        .barriers
        .iter()
        .enumerate()
        .filter(|(_, b)| {
            b.scope == BarrierScope::Threadgroup
                && f.map.line_col(b.span.file, b.span.start).0 == at
        })
        .map(|(i, _)| BarrierId(i as u32))
        .collect();
    let mut r = Runner {
        kernel: &f.kernel,
        launches,
        runs: 0,
    };
    let x = r.due(&ids);
    *runs += r.runs;
    x.map(|x| shown(&f.kernel, &f.map, &x))
}

/// Whether the line is a barrier between what is written to device memory and what tells others, and is reached.
fn publishes(text: &str, at: u32) -> bool {
    let line = text.lines().nth(at.saturating_sub(1) as usize);
    // A thread that ended, or a kernel that nobody comes through, publishes nothing.
    line.is_some_and(|l| l.contains(PUBLISHES)) && !text.contains("return;")
}

/// A conflict that the line would order if all barriers ordered all memory, where it names none.
fn beyond_flags(text: &str, at: u32, launches: &[Launch], runs: &mut u64) -> Option<String> {
    let line = text.lines().nth(at.saturating_sub(1) as usize)?;
    if !line.contains("mem_none") {
        return None;
    }
    let all = "mem_flags::mem_device | mem_flags::mem_threadgroup";
    let mut ordered = text.replace("mem_flags::mem_none", all);
    for alone in ["mem_flags::mem_device", "mem_flags::mem_threadgroup"] {
        ordered = ordered.replace(&format!("({alone})"), &format!("({all})"));
    }
    let f = front(&ordered).ok()?;
    let of_line = |b: &unbarrier::ir::Barrier| f.map.line_col(b.span.file, b.span.start).0 == at;
    let ids: BTreeSet<BarrierId> = (0..)
        .zip(&f.kernel.barriers)
        .filter(|(_, b)| of_line(b))
        .map(|(i, _)| BarrierId(i))
        .collect();
    let mut r = Runner {
        kernel: &f.kernel,
        launches,
        runs: 0,
    };
    let x = r.due(&ids);
    *runs += r.runs;
    x.map(|x| shown(&f.kernel, &f.map, &x))
}
