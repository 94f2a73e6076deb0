//! `fuzz` at a terminal.

use std::cell::RefCell;

use super::{Progress, emit, print_diagnostics, runs};
use crate::cli::args::Color;
use crate::engine::fuzz::FuzzObserver;
use crate::engine::fuzz::report::KernelFuzz;
use crate::engine::load::Loaded;

/// Shows each kernel as soon as it is done, where people read along.
pub struct FuzzView {
    human: bool,
    exhaustive: bool,
    color: Color,
    bar: RefCell<Option<Progress>>,
}

impl FuzzView {
    /// `human`: people read along.
    pub fn new(human: bool, exhaustive: bool, color: Color) -> FuzzView {
        FuzzView {
            human,
            exhaustive,
            color,
            bar: RefCell::new(None),
        }
    }
}

impl FuzzObserver for FuzzView {
    fn read(&self, l: &Loaded) {
        if self.human {
            print_diagnostics(l, self.color);
        }
    }

    fn ran(&self, number: u64, of: u64) {
        let mut bar = self.bar.borrow_mut();
        bar.get_or_insert_with(|| runs(self.human, of))
            .position(number);
    }

    fn ended(&self) {
        if let Some(b) = self.bar.borrow_mut().take() {
            b.clear();
        }
    }

    fn kernel(&self, file: &str, k: &KernelFuzz) {
        if self.human {
            emit(&human(file, k, self.exhaustive));
        }
    }
}

/// A report on one kernel for people.
pub fn human(path: &str, k: &KernelFuzz, exhaustive: bool) -> String {
    let mut out = String::new();
    let unit = if exhaustive {
        "launches explored"
    } else {
        "runs"
    };
    match &k.race {
        None => {
            out += &format!("{path}: kernel {}: no race in {} {unit}", k.name, k.runs);
            out += match k.complete {
                Some(true) => " (every interleaving)\n",
                Some(false) => " (not every interleaving: see the notes)\n",
                None => "\n",
            };
        }
        Some(r) => {
            let what = if r.order.is_some() {
                "atomic operations in another order, and other results,"
            } else {
                "race"
            };
            out += &format!(
                "{path}: kernel {}: {what} after {} {unit}\n",
                k.name, k.runs
            );
            let simdgroup = if r.same_simdgroup {
                "one simdgroup"
            } else {
                "different simdgroups"
            };
            out += &format!(
                "  on {} (byte {}), threads of {simdgroup}\n",
                r.array, r.byte
            );
            for t in &r.threads {
                let loops: Vec<String> = t
                    .iterations
                    .iter()
                    .map(|(l, n)| format!(", iteration {n} of the loop at line {l}"))
                    .collect();
                out += &format!(
                    "  thread {}: {} at {path}:{}:{}{}\n",
                    t.index,
                    t.kind,
                    t.line,
                    t.column,
                    loops.concat()
                );
            }
            if let Some(o) = &r.order {
                out += &format!(
                    "  {} is {} with the barriers and {} without them\n",
                    o.element, o.with, o.without
                );
            }
            if r.flags_only {
                out += "  barriers separate the two, but none whose mem_flags name the memory\n";
            }
            out += &format!("  reproduce: {}\n", r.command);
        }
    }
    for n in &k.notes {
        out += &format!("  note: {n}\n");
    }
    out
}
