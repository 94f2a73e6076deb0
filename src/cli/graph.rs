//! `unbarrier graph`: the barrier-interval graph as DOT or JSON.

use serde_json::{Value, json};

use super::args::{GraphArgs, GraphFormat};
use super::show::{emit, print_diagnostics};
use super::{BAD_INPUT, DONE};
use crate::engine::kernels::{self, is_chosen};
use crate::engine::load::{Depth, Loaded, configured, load};
use crate::ir::Kernel;
use crate::report::graph;

/// Prints the graphs of the kernels of a file.
pub fn run(a: &GraphArgs) -> u8 {
    let read = configured(&a.file, &a.source.settings())
        .and_then(|source| load(&a.file, &source, Depth::Kernels));
    let l = match read {
        Ok(l) => l,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    print_diagnostics(&l, a.source.color);
    let unknown = kernels::unknown(&l, &a.kernel);
    for e in &unknown {
        eprintln!("error: {e}");
    }
    let bad = l.has_errors() || !unknown.is_empty();
    let chosen = l.kernels.iter().filter(|k| is_chosen(k, &a.kernel));
    match a.format {
        GraphFormat::Dot => {
            let mut out = String::new();
            for k in chosen {
                out.push_str(&dot(&l, k));
            }
            emit(&out);
        }
        GraphFormat::Json => {
            let v: Vec<Value> = chosen.map(|k| graph_json(&l, k)).collect();
            let v = json!({"schema": crate::report::model::SCHEMA, "kernels": v});
            emit(&format!("{v:#}\n"));
        }
    }
    if bad { BAD_INPUT } else { DONE }
}

fn dot(l: &Loaded, k: &Kernel) -> String {
    let mut out = format!("digraph \"{}\" {{\n  node [shape=box];\n", k.name);
    out.push_str("  entry [shape=ellipse];\n  exit [shape=ellipse];\n");
    let g = graph::of(&l.map, k);
    for n in &g.nodes {
        let style = if n.kind == "simdgroup_barrier" {
            ", style=dashed"
        } else {
            ""
        };
        out.push_str(&format!(
            "  {} [label=\"{}: {}\\n{}\"{style}];\n",
            n.id,
            n.line,
            n.kind,
            n.flags.join("|")
        ));
    }
    for e in &g.edges {
        let mut label = e.accesses.join("\\n");
        if !e.shifts.is_empty() {
            label = format!("[{}]\\n{label}", e.shifts);
        }
        out.push_str(&format!("  {} -> {} [label=\"{label}\"];\n", e.from, e.to));
    }
    out.push_str("}\n");
    out
}

fn graph_json(l: &Loaded, k: &Kernel) -> Value {
    let g = graph::of(&l.map, k);
    json!({"kernel": k.name, "nodes": g.nodes, "edges": g.edges})
}
