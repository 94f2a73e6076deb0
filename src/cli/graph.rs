//! `unbarrier graph`: the barrier-interval graph as DOT or JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args::{GraphArgs, GraphFormat};
use super::input::{Loaded, emit, load, use_color};
use super::{BAD_INPUT, DONE};
use crate::cfg::{Arrival, Flow, Reach, Shift, Start};
use crate::ir::{BarrierId, BarrierScope, Kernel};
use crate::report::describe::{access_kind, at, kind_of};

/// Prints the graphs of the kernels of a file.
pub fn run(a: &GraphArgs) -> u8 {
    let l = match load(&a.file, &a.source, true) {
        Ok(l) => l,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    l.print_diagnostics(use_color(a.source.color, true));
    let mut bad = l.has_errors();
    for name in &a.kernel {
        if !l
            .kernels
            .iter()
            .any(|k| &k.name == name || &k.function == name)
        {
            eprintln!("error: {}: no kernel named `{name}`", a.file.display());
            bad = true;
        }
    }
    let chosen: Vec<&Kernel> = l
        .kernels
        .iter()
        .filter(|k| {
            a.kernel.is_empty() || a.kernel.contains(&k.name) || a.kernel.contains(&k.function)
        })
        .collect();
    match a.format {
        GraphFormat::Dot => {
            let mut out = String::new();
            for k in chosen {
                out.push_str(&dot(&l, k));
            }
            emit(&out);
        }
        GraphFormat::Json => {
            let v: Vec<Value> = chosen.iter().map(|k| graph_json(&l, k)).collect();
            let v = json!({"schema": crate::report::model::SCHEMA, "kernels": v});
            emit(&format!("{v:#}\n"));
        }
    }
    if bad { BAD_INPUT } else { DONE }
}

struct Edge {
    from: Start,
    to: Option<BarrierId>,
    shifts: String,
    accesses: Vec<String>,
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

fn shifts<T>(l: &Loaded, k: &Kernel, a: &Arrival<T>) -> String {
    a.shifts
        .iter()
        .filter_map(|(id, s)| {
            let line = k.loops.get(id.index()).map_or(0, |i| at(&l.map, i.span).0);
            shift_name(*s).map(|n| format!("loop {line}: {n}"))
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn edges(l: &Loaded, k: &Kernel) -> Vec<Edge> {
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
                && o.space != crate::ir::Space::Thread
            {
                let (line, _) = at(&l.map, a.span);
                accesses.push(format!("{} {} {line}", access_kind(kind), o.name));
            }
        });
        accesses.dedup();
        for b in &reach.barriers {
            out.push(Edge {
                from: start,
                to: Some(b.at),
                shifts: shifts(l, k, b),
                accesses: accesses.clone(),
            });
        }
        if reach.exit {
            out.push(Edge {
                from: start,
                to: None,
                shifts: String::new(),
                accesses,
            });
        }
    }
    out
}

fn node_name(s: Start) -> String {
    match s {
        Start::Entry => "entry".into(),
        Start::Barrier(b) => format!("b{}", b.0),
    }
}

fn dot(l: &Loaded, k: &Kernel) -> String {
    let mut out = format!("digraph \"{}\" {{\n  node [shape=box];\n", k.name);
    out.push_str("  entry [shape=ellipse];\n  exit [shape=ellipse];\n");
    for (i, b) in k.barriers.iter().enumerate() {
        let (line, _) = at(&l.map, b.span);
        let style = if b.scope == BarrierScope::Simdgroup {
            ", style=dashed"
        } else {
            ""
        };
        out.push_str(&format!(
            "  b{i} [label=\"{line}: {}\\n{}\"{style}];\n",
            kind_of(b.scope),
            b.flags.names().join("|")
        ));
    }
    for e in edges(l, k) {
        let to = e.to.map_or_else(|| "exit".into(), |b| format!("b{}", b.0));
        let mut label = e.accesses.join("\\n");
        if !e.shifts.is_empty() {
            label = format!("[{}]\\n{label}", e.shifts);
        }
        out.push_str(&format!(
            "  {} -> {to} [label=\"{label}\"];\n",
            node_name(e.from)
        ));
    }
    out.push_str("}\n");
    out
}

fn graph_json(l: &Loaded, k: &Kernel) -> Value {
    let nodes: Vec<Value> = k
        .barriers
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let (line, column) = at(&l.map, b.span);
            json!({"id": format!("b{i}"), "line": line, "column": column,
                   "kind": kind_of(b.scope), "flags": b.flags.names()})
        })
        .collect();
    let edges: Vec<Value> = edges(l, k)
        .into_iter()
        .map(|e| {
            json!({"from": node_name(e.from),
                   "to": e.to.map_or_else(|| "exit".into(), |b| format!("b{}", b.0)),
                   "shifts": e.shifts, "accesses": e.accesses})
        })
        .collect();
    json!({"kernel": k.name, "nodes": nodes, "edges": edges})
}
