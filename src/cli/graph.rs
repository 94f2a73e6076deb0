//! `unbarrier graph`: the barrier-interval graph as DOT or JSON.

use serde_json::{Value, json};

use super::args::{GraphArgs, GraphFormat};
use super::input::{Loaded, emit, load, use_color};
use super::{BAD_INPUT, DONE};
use crate::ir::Kernel;
use crate::report::graph;

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
        out.push_str(&format!(
            "  {} -> {} [label=\"{label}\"];\n",
            e.from, e.to
        ));
    }
    out.push_str("}\n");
    out
}

fn graph_json(l: &Loaded, k: &Kernel) -> Value {
    let g = graph::of(&l.map, k);
    json!({"kernel": k.name, "nodes": g.nodes, "edges": g.edges})
}
