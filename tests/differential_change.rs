//! Random changes of barriers in random kernels: what `check` proves of them against executions of both versions.
//!
//! A version is made from the text of a random kernel by deleting, adding, weakening and moving barriers. If the change is proved, every
//! launch that shows a conflict in the new version must show one in the old version, too, in one of several schedules (where the old version
//! races, what it loads differs between schedules, so that single conflicts cannot be compared). If it is refuted, the witness must have been replayed. `UNBARRIER_DIFF_CHANGES` changes (default 250) from seed
//! `UNBARRIER_DIFF_SEED` (default 1).

#[allow(dead_code)]
#[path = "differential/check.rs"]
mod check;
#[allow(dead_code)]
#[path = "differential/kernels.rs"]
mod kernels;

use std::collections::BTreeMap;

use check::{SCHEDULES, front, launches, limits, options};
use kernels::{Rng, make};
use unbarrier::exec::{Finding, RunOptions, run};
use unbarrier::ir::canonical::canonical;
use unbarrier::ir::union::unite;
use unbarrier::prove::change::{Outcome, change};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(default)
}

const FULL: &str = "threadgroup_barrier(mem_flags::mem_threadgroup);";
const SIMD: &str = "simdgroup_barrier(mem_flags::mem_threadgroup);";
const NONE: &str = "threadgroup_barrier(mem_flags::mem_none);";
const DEVICE: &str = "threadgroup_barrier(mem_flags::mem_device);";

/// Another version of a text.
fn changed(text: &str, rng: &mut Rng) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut carried: Option<String> = None;
    for line in text.lines() {
        let is_barrier = line.contains("_barrier(");
        let statement = line.trim_end().ends_with(';') && line.starts_with("    ");
        if is_barrier && statement {
            match rng.below(8) {
                0 | 1 => {}
                2 => out.push(line.replace("threadgroup_barrier", "simdgroup_barrier")),
                3 => out.push(line.replace("mem_threadgroup", "mem_none")),
                4 => carried = Some(line.trim().to_string()),
                _ => out.push(line.to_string()),
            }
            continue;
        }
        out.push(line.to_string());
        // A barrier that moved, or a new one.
        if statement && !line.contains("return") {
            let indent = &line[..line.len() - line.trim_start().len()];
            if let Some(b) = carried.take() {
                out.push(format!("{indent}{b}"));
            } else if rng.below(14) == 0 {
                let b = rng.pick(&[FULL, SIMD, NONE, DEVICE]);
                out.push(format!("{indent}{b}"));
            }
        }
    }
    out.join("\n") + "\n"
}

#[test]
fn proved_changes_lose_no_order() {
    unbarrier::smt::configure();
    let count = number("UNBARRIER_DIFF_CHANGES", 250);
    let seed = number("UNBARRIER_DIFF_SEED", 1);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut runs = 0;
    let mut wrong = Vec::new();
    for n in 0..count {
        let g = make(seed, n);
        let old_text = g.text();
        let new_text = changed(&old_text, &mut Rng::new(seed * 1_000_003 + n));
        let (Ok(old), Ok(new)) = (front(&old_text), front(&new_text)) else {
            *outcomes.entry("not understood").or_default() += 1;
            continue;
        };
        let same = canonical(&old.kernel).same(&canonical(&new.kernel));
        let Some(u) = unite(&old.kernel, &new.kernel, 1).filter(|_| same) else {
            *outcomes.entry("not relative").or_default() += 1;
            continue;
        };
        // The union is both versions in one.
        let total = u.origin.len();
        assert_eq!(
            total,
            old.kernel.barriers.len() + u.new_only.len(),
            "{old_text}{new_text}"
        );
        assert_eq!(
            total,
            new.kernel.barriers.len() + u.old_only.len(),
            "{old_text}{new_text}"
        );
        if u.old_only.is_empty() {
            *outcomes.entry("nothing taken away").or_default() += 1;
            continue;
        }
        let Ok(options) = options(&new_text, &new.kernel, &g.config) else {
            *outcomes.entry("not understood").or_default() += 1;
            continue;
        };
        let (whole, _) = change(&u, &[], &options).expect("no contradiction");
        match whole.outcome {
            Outcome::Undecided => *outcomes.entry("undecided").or_default() += 1,
            Outcome::Refuted => {
                assert!(whole.witness.is_some_and(|w| w.replayed), "{new_text}");
                *outcomes.entry("refuted").or_default() += 1;
            }
            Outcome::Proved => {
                *outcomes.entry("proved").or_default() += 1;
                for (i, l) in launches(&g.config, &new.kernel).iter().enumerate() {
                    let schedule = SCHEDULES[i % 4];
                    let o = RunOptions {
                        schedule,
                        ..limits()
                    };
                    runs += 1;
                    let Ok(out) = run(&new.kernel, l, &o) else {
                        continue;
                    };
                    let diverged = |f: &Finding| matches!(f, Finding::BarrierDivergence { .. });
                    // `check` refutes barriers that not all threads reach by themselves.
                    if out.findings.iter().any(diverged) {
                        continue;
                    }
                    let mut conflicts = out.conflicts().filter(|c| !c.approximate);
                    let Some(c) = conflicts.next() else {
                        continue;
                    };
                    let raced = SCHEDULES.iter().any(|s| {
                        runs += 1;
                        let o = RunOptions {
                            schedule: *s,
                            ..limits()
                        };
                        run(&old.kernel, l, &o).is_ok_and(|o| o.conflicts().next().is_some())
                    });
                    if !raced {
                        wrong.push(format!(
                            "kernel {n} (seed {seed}): {c:?}\n{l:?}\n{:?}\n--- old\n{old_text}\n--- new\n{new_text}",
                            g.config
                        ));
                        break;
                    }
                }
            }
        }
    }
    println!("{count} changes (seed {seed}), {runs} executions: {outcomes:?}");
    assert!(
        wrong.is_empty(),
        "{} changes were proved wrongly:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let of = |k: &str| outcomes.get(k).copied().unwrap_or(0);
    assert!(of("proved") > 0 && of("refuted") > 0, "{outcomes:?}");
    let decided = of("proved") + of("refuted");
    assert!(
        10 * decided >= 8 * (decided + of("undecided")),
        "{outcomes:?}"
    );
}
