//! From verdicts to the report model: places become lines, reasons become sentences.

use super::command::replay_command;
use super::model::*;
use super::order::{order, reason_labels};
use crate::encode::pair::Relation;
use crate::ir::{AccessKind, BarrierScope, Kernel, Object, PathId, Space};
use crate::prove::{
    BarrierVerdict, Divergence, KernelVerdicts, Race, Reason, Verdict, Witness, WitnessSide,
};
use crate::source::{FileId, SourceMap, Span};

/// 1-based line and column of a span's start.
pub fn at(map: &SourceMap, s: Span) -> (u32, u32) {
    map.line_col(s.file, s.start)
}

/// The file of a span, when it is not the one that was asked for (the first of its map).
pub fn elsewhere(map: &SourceMap, s: Span) -> Option<String> {
    (s.file != FileId(0)).then(|| map.file(s.file).path.clone())
}

/// Name of a barrier function.
pub fn kind_of(scope: BarrierScope) -> &'static str {
    match scope {
        BarrierScope::Threadgroup => "threadgroup_barrier",
        BarrierScope::Simdgroup => "simdgroup_barrier",
    }
}

/// Name of an access kind.
pub fn access_kind(k: AccessKind) -> &'static str {
    match k {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Atomic => "atomic",
    }
}

/// `B[1][3][7]` for a byte of an object.
pub fn element(o: &Object, byte: i128) -> String {
    let size = i128::from(o.elem_size.max(1));
    let index = byte.div_euclid(size);
    let inside = byte.rem_euclid(size);
    let mut out = o.name.clone();
    if o.dims.len() > 1 && index >= 0 {
        let mut rest = index;
        let mut parts = Vec::new();
        for d in o.dims.iter().skip(1).rev() {
            let d = i128::from((*d).max(1));
            parts.push(rest % d);
            rest /= d;
        }
        parts.push(rest);
        for p in parts.iter().rev() {
            out.push_str(&format!("[{p}]"));
        }
    } else if o.dims.is_empty() && o.param.is_none() {
        if index != 0 {
            out.push_str(&format!(" + {byte}"));
        }
    } else {
        out.push_str(&format!("[{index}]"));
    }
    if inside != 0 {
        out.push_str(&format!(" (byte {inside})"));
    }
    out
}

fn side(map: &SourceMap, s: &WitnessSide) -> WitnessThread {
    let (line, column) = at(map, s.span);
    WitnessThread {
        path: elsewhere(map, s.span),
        index: s.index,
        position: s.thread,
        line,
        column,
        kind: access_kind(s.kind),
        iterations: s
            .iterations
            .iter()
            .map(|(span, k)| WitnessIteration {
                path: elsewhere(map, *span),
                line: at(map, *span).0,
                iteration: *k,
            })
            .collect(),
        byte: s.offset,
        width: s.width,
    }
}

/// A witness in the report's terms.
pub fn witness(map: &SourceMap, kernel: &Kernel, w: &Witness) -> WitnessReport {
    let byte = w.sides[0].offset.max(w.sides[1].offset);
    let array = kernel
        .objects
        .get(w.object as usize)
        .map_or_else(String::new, |o| element(o, byte));
    let mut parameters = serde_json::Map::new();
    for (name, v) in &w.parameters {
        let n = i64::try_from(*v)
            .map(serde_json::Value::from)
            .unwrap_or_else(|_| serde_json::Value::from(v.to_string()));
        parameters.insert(name.clone(), n);
    }
    let mut memory: Vec<String> = w
        .memory
        .iter()
        .map(|(o, at, _, v)| {
            let name = kernel
                .objects
                .get(*o as usize)
                .map_or_else(String::new, |x| element(x, *at));
            format!("{name} = {v}")
        })
        .collect();
    if w.launch.as_ref().is_some_and(|l| l.zeroed) {
        memory.push("threadgroup memory = 0 at first".into());
    }
    if w.launch.as_ref().is_some_and(|l| l.kept) {
        memory.push(
            "threads keep what they loaded from device memory, for lack of a mem_device barrier"
                .into(),
        );
    }
    WitnessReport {
        launch: w.launch.clone().filter(|_| w.replayed),
        array,
        byte,
        threadgroup: w.threadgroup,
        threadgroup_position: w.group,
        parameters,
        memory,
        same_simdgroup: w.same_simdgroup,
        threads: w.sides.iter().map(|s| side(map, s)).collect(),
        replayed: w.replayed,
        order: w.order.map(|o| order(kernel, &o)),
    }
}

/// One sentence on a verdict.
pub fn reason(map: &SourceMap, v: &BarrierVerdict) -> String {
    let n = v.added_pairs;
    let place = |s: Span| {
        let (l, c) = at(map, s);
        format!("{l}:{c}")
    };
    match (&v.reason, v.verdict) {
        (Reason::Proved, Verdict::Weakenable) => {
            "the conflicts it orders are within simdgroups only: a simdgroup_barrier with the same flags suffices".into()
        }
        (Reason::Proved, _) => format!(
            "none of the {n} pair{} of accesses that it alone orders can conflict",
            if n == 1 { "" } else { "s" }
        ),
        (Reason::NothingOrdered, _) => {
            "no two accesses that could conflict are ordered by it alone".into()
        }
        (Reason::Flags(a, b, missing), _) => {
            let between = if *a == Span::default() {
                String::new()
            } else {
                format!(" the accesses at {} and {}", place(*a), place(*b))
            };
            format!(
                "flags: its flags order nothing that it alone orders, but it stands between{between}; name {}, or it can go only where barriers order no more than they name",
                missing.names().join(" | ")
            )
        }
        (Reason::Unreachable, _) => "no thread can reach it".into(),
        (Reason::Witness, _) => match v.counts {
            Some((safe, races)) => format!(
                "removable for up to {safe} threads (proved); with {races} threads two of them race without it (replayed)"
            ),
            None => "without it two threads race (replayed)".into(),
        },
        (Reason::Timeout(a, b), _) => format!(
            "timeout: the accesses at {} and {} were not decided within the time limit",
            place(*a),
            place(*b)
        ),
        (Reason::GaveUp(a, b, factors), _) => super::open::gave_up(&place(*a), &place(*b), factors),
        (Reason::Unsupported(what, s), _) => format!("unsupported {what} at {}", place(*s)),
        (Reason::Unreplayed(why), _) => {
            format!("unreplayed witness: a conflict was found that did not happen when replayed ({why})")
        }
        (Reason::Divergent(s), _) => format!(
            "approximated: the barrier at {} may not be reached by all threads",
            place(*s)
        ),
        (Reason::Diverges(s, launch), _) => format!(
            "divergent: not all threads reach the barrier at {} (executed with {launch})",
            place(*s)
        ),
        (Reason::Published(a, b), _) => format!(
            "publishes: no race within the threadgroup comes of deleting it, but it orders the access at {} before the one at {}, and other threadgroups may rely on that",
            place(*a),
            place(*b)
        ),
        (
            Reason::OutOfBounds {
                object,
                size,
                at,
                else_safe,
            },
            _,
        ) => format!(
            "unreplayed witness: the conflict found reaches outside `{object}` ({size} bytes) with the access at {}{}",
            place(*at),
            if *else_safe {
                "; it can go if no access does that (--assume-in-bounds)"
            } else {
                ""
            }
        ),
        (Reason::NotAnalysed(what, s), _) => format!(
            "nothing that was analysed speaks against deleting it, but {what} at {} may reach it and was not analysed",
            place(*s)
        ),
        (Reason::Atomics(a, b), Verdict::Required) => format!(
            "atomic-order: nothing races without it, but the atomic operations at {} and {} come in another order, and results differ (executed)",
            place(*a),
            place(*b)
        ),
        (Reason::Atomics(a, b), _) => format!(
            "atomic-order: no race, but the atomic operations at {} and {} may come in another order without it, and they do not commute",
            place(*a),
            place(*b)
        ),
        (Reason::Approximated(why), _) => format!("approximated: {why}"),
    }
}

/// A call path for display.
pub fn call_path(map: &SourceMap, kernel: &Kernel, path: PathId) -> Vec<String> {
    kernel
        .paths
        .get(path.index())
        .map(|p| {
            p.frames
                .iter()
                .map(|f| {
                    let (l, c) = at(map, f.call);
                    format!("{} ({l}:{c})", f.function)
                })
                .collect()
        })
        .unwrap_or_default()
}

fn replay(map: &SourceMap, kernel: &Kernel, v: &BarrierVerdict) -> Option<String> {
    let shown = v.witness.as_ref().filter(|w| w.replayed);
    let required = shown.filter(|_| v.verdict == Verdict::Required)?;
    Some(replay_command(map, kernel, Some(v.span), required))
}

fn barrier(map: &SourceMap, kernel: &Kernel, v: &BarrierVerdict) -> BarrierReport {
    let (line, column) = at(map, v.span);
    let path = kernel
        .barriers
        .get(v.barrier.index())
        .map_or(PathId(0), |b| b.path);
    BarrierReport {
        path: elsewhere(map, v.span),
        line,
        column,
        kind: kind_of(v.scope),
        flags: v.flags.names(),
        verdict: v.verdict.name(),
        reason: reason(map, v),
        labels: reason_labels(&v.reason),
        call_path: call_path(map, kernel, path),
        witness: v.witness.as_ref().map(|w| witness(map, kernel, w)),
        replay: replay(map, kernel, v),
        added_pairs: v.added_pairs,
        time_ms: (v.time_ms * 1000.0).round() / 1000.0,
    }
}

/// The report on a race.
pub fn race(map: &SourceMap, kernel: &Kernel, r: &Race) -> RaceReport {
    RaceReport {
        array: kernel
            .objects
            .get(r.object as usize)
            .map_or_else(String::new, |o| o.name.clone()),
        space: match r.space {
            Space::Threadgroup => "threadgroup",
            Space::Texture => "texture",
            _ => "device",
        },
        scope: if r.relation == Relation::SameSimdgroup {
            "intra-simdgroup"
        } else {
            "cross-simdgroup"
        },
        accesses: r
            .accesses
            .iter()
            .map(|(s, k, _)| {
                let (line, column) = at(map, *s);
                AccessReport {
                    path: elsewhere(map, *s),
                    line,
                    column,
                    kind: access_kind(*k),
                }
            })
            .collect(),
        labels: labels(r),
        status: if r.confirmed { "confirmed" } else { "possible" },
        flags_only: r.flags_only,
        witness: r.witness.as_ref().map(|w| witness(map, kernel, w)),
        replay: r
            .witness
            .as_ref()
            .filter(|w| r.confirmed && w.replayed)
            .map(|w| replay_command(map, kernel, None, w)),
    }
}

/// The choices that a race hinges on.
pub fn labels(r: &Race) -> Vec<&'static str> {
    let mut out = Vec::new();
    if r.relation == Relation::SameSimdgroup {
        out.push("intra-simdgroup");
    }
    if r.flags_only {
        out.push("flags");
    }
    out
}

/// Places as lines, ascending.
fn lines(map: &SourceMap, places: &[Span]) -> Vec<u32> {
    let all: std::collections::BTreeSet<u32> = places.iter().map(|s| at(map, *s).0).collect();
    all.into_iter().collect()
}

/// The report on a barrier that not all threads may reach.
pub fn divergence(map: &SourceMap, d: &Divergence) -> DivergentReport {
    let (line, column) = at(map, d.span);
    let reason = match (d.ended_only, d.culprit) {
        (true, _) => format!(
            "some threads may have ended before it (early return at {})",
            places(map, &d.returns)
        ),
        (false, Some(c)) => {
            let (l, c) = at(map, c);
            format!("reached under a condition that depends on the thread: a value from {l}:{c}")
        }
        (false, None) => "reached under a condition that depends on the thread".into(),
    };
    DivergentReport {
        path: elsewhere(map, d.span),
        line,
        column,
        reason,
    }
}

/// `line 3` or `lines 3, 5`.
fn places(map: &SourceMap, spans: &[Span]) -> String {
    let all: Vec<String> = lines(map, spans).iter().map(u32::to_string).collect();
    let s = if all.len() == 1 { "" } else { "s" };
    format!("line{s} {}", all.join(", "))
}

/// What is assumed about threads that ended, where barriers come after an early return.
pub fn ended(map: &SourceMap, all: &[Divergence]) -> Option<String> {
    let some: Vec<&Divergence> = all.iter().filter(|d| !d.returns.is_empty()).collect();
    if some.is_empty() {
        return None;
    }
    let returns: Vec<Span> = some
        .iter()
        .flat_map(|d| d.returns.iter().copied())
        .collect();
    let barriers: Vec<Span> = some.iter().map(|d| d.span).collect();
    Some(format!(
        "threads that have ended take no part in barriers, as on Apple silicon (early return at {}, before the barrier at {})",
        places(map, &returns),
        places(map, &barriers)
    ))
}

/// The report on one kernel.
pub fn kernel(
    map: &SourceMap,
    k: &Kernel,
    threadgroup: Option<[u64; 3]>,
    v: &KernelVerdicts,
) -> KernelReport {
    KernelReport {
        name: k.name.clone(),
        function: k.function.clone(),
        path: elsewhere(map, k.span),
        line: at(map, k.span).0,
        threadgroup,
        assumptions: v
            .assumptions
            .iter()
            .cloned()
            .chain(ended(map, &v.divergent))
            .collect(),
        race_free: v.race_free,
        barriers: v.barriers.iter().map(|b| barrier(map, k, b)).collect(),
        races: v.races.iter().map(|r| race(map, k, r)).collect(),
        divergent_barriers: v.divergent.iter().map(|d| divergence(map, d)).collect(),
        jointly_removable: lines(map, &v.jointly_removable),
        joint_is_largest: v.joint_is_largest,
        exclusive: v
            .exclusive
            .iter()
            .map(|e| ExclusionReport {
                lines: lines(map, &e.places),
                status: if e.witness.is_some() {
                    "refuted"
                } else {
                    "unproved"
                },
                witness: e.witness.as_ref().map(|w| witness(map, k, w)),
            })
            .collect(),
        cached: false,
        stats: None,
        graph: None,
        replayed: ReplayedReport {
            assignments: v.replays.assignments,
            as_given: v.replays.as_given,
            nearby: v.replays.nearby,
        },
        unsupported: k
            .unsupported
            .iter()
            .map(|u| {
                let (line, column) = at(map, u.span);
                UnsupportedReport {
                    path: elsewhere(map, u.span),
                    line,
                    column,
                    construct: u.construct.clone(),
                }
            })
            .collect(),
    }
}

/// The barrier lines of a file, each with the worst verdict over its instances in all kernels.
pub fn sites(
    map: &SourceMap,
    main: &str,
    kernels: &[(&Kernel, &KernelVerdicts)],
) -> Vec<SiteReport> {
    use std::collections::BTreeMap;
    let mut by: BTreeMap<(bool, String, u32, u32), (Verdict, SiteReport)> = BTreeMap::new();
    for (k, kv) in kernels {
        for v in &kv.sites {
            let path = map.file(v.span.file).path.clone();
            let (line, column) = at(map, v.span);
            let key = (path != main, path.clone(), line, column);
            let entry = by.entry(key).or_insert_with(|| {
                (
                    v.verdict,
                    SiteReport {
                        path: (path != main).then_some(path),
                        line,
                        column,
                        kind: kind_of(v.scope),
                        flags: v.flags.names(),
                        verdict: v.verdict.name(),
                        reason: reason(map, v),
                        labels: reason_labels(&v.reason),
                        kernels: Vec::new(),
                        witness: v.witness.as_ref().map(|w| witness(map, k, w)),
                        replay: replay(map, k, v),
                    },
                )
            });
            let worst = entry.0.worst(v.verdict);
            if worst != entry.0 {
                entry.0 = worst;
                entry.1.verdict = worst.name();
                entry.1.reason = reason(map, v);
                entry.1.labels = reason_labels(&v.reason);
                entry.1.witness = v.witness.as_ref().map(|w| witness(map, k, w));
                entry.1.replay = replay(map, k, v);
            }
            if !entry.1.kernels.contains(&k.name) {
                entry.1.kernels.push(k.name.clone());
            }
        }
    }
    by.into_values().map(|(_, s)| s).collect()
}
