//! The barrier-interval graph as data: nodes are entry, exit and barrier instances; an edge is the barrier-free way between two of them.
//!
//! Soundness direction: none; shown to people, decides nothing. An edge lists the accesses that are reached from its start before any
//! barrier, which may be on the way to another end.

use std::collections::BTreeSet;

use serde::Serialize;

use super::describe::{access_kind, at, elsewhere, kind_of};
use crate::cfg::{Arrival, Flow, Reach, Shift, Start};
use crate::ir::{BarrierId, Kernel, Space};
use crate::source::SourceMap;

/// The graph of one kernel.
#[derive(Clone, Debug, Serialize)]
pub struct Graph {
    /// Barrier instances; `entry` and `exit` are implied.
    pub nodes: Vec<Node>,
    /// Intervals.
    pub edges: Vec<Edge>,
}

/// A barrier instance.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// `b0`, in the order of the instances.
    pub id: String,
    /// The file, when it is not the one of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `threadgroup_barrier` or `simdgroup_barrier`.
    pub kind: &'static str,
    /// `mem_threadgroup`, …
    pub flags: Vec<&'static str>,
}

/// An interval.
#[derive(Clone, Debug, Serialize)]
pub struct Edge {
    /// `entry` or a node.
    pub from: String,
    /// `exit` or a node.
    pub to: String,
    /// Iterations of loops at the end, relative to the start.
    pub shifts: String,
    /// `write buf 12`: kind, object, line.
    pub accesses: Vec<String>,
}

/// The graph of a kernel.
pub fn of(map: &SourceMap, k: &Kernel) -> Graph {
    let nodes = k
        .barriers
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let (line, column) = at(map, b.span);
            Node {
                id: format!("b{i}"),
                path: elsewhere(map, b.span),
                line,
                column,
                kind: kind_of(b.scope),
                flags: b.flags.names(),
            }
        })
        .collect();
    Graph {
        nodes,
        edges: edges(map, k),
    }
}

fn edges(map: &SourceMap, k: &Kernel) -> Vec<Edge> {
    let flow = Flow::new(k);
    let all: BTreeSet<BarrierId> = flow.barriers.keys().copied().collect();
    let mut out = Vec::new();
    let starts = std::iter::once(Start::Entry).chain(all.iter().map(|b| Start::Barrier(*b)));
    for start in starts {
        let reach = Reach::from(&flow, start, &all, &BTreeSet::new());
        let mut accesses: Vec<String> = Vec::new();
        crate::analysis::eval::visit(&k.body, &mut |s| {
            if let Some((a, kind)) = s.access()
                && reach.accesses.iter().any(|r| r.at == a.id)
                && let Some(o) = k.objects.get(a.object.index())
                && o.space != Space::Thread
            {
                let (line, _) = at(map, a.span);
                accesses.push(format!("{} {} {line}", access_kind(kind), o.name));
            }
        });
        accesses.dedup();
        let from = match start {
            Start::Entry => "entry".to_string(),
            Start::Barrier(b) => format!("b{}", b.0),
        };
        for b in &reach.barriers {
            out.push(Edge {
                from: from.clone(),
                to: format!("b{}", b.at.0),
                shifts: shifts(map, k, b),
                accesses: accesses.clone(),
            });
        }
        if reach.exit {
            out.push(Edge {
                from,
                to: "exit".into(),
                shifts: String::new(),
                accesses,
            });
        }
    }
    out
}

fn shift_name(s: Shift) -> Option<&'static str> {
    match s {
        Shift::Same | Shift::Any => None,
        Shift::Next => Some("+1"),
        Shift::Later => Some("+2.."),
        Shift::First => Some("=0"),
        Shift::After => Some("=1.."),
    }
}

fn shifts<T>(map: &SourceMap, k: &Kernel, a: &Arrival<T>) -> String {
    a.shifts
        .iter()
        .filter_map(|(id, s)| {
            let line = k.loops.get(id.index()).map_or(0, |i| at(map, i.span).0);
            shift_name(*s).map(|n| format!("loop {line}: {n}"))
        })
        .collect::<Vec<_>>()
        .join(", ")
}
