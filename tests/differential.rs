//! Random kernels: what the prover claims against what executions show.
//!
//! `UNBARRIER_DIFF_KERNELS` kernels (default 300) from seed `UNBARRIER_DIFF_SEED` (default 1) on
//! `UNBARRIER_DIFF_JOBS` threads (default 2), for at most `UNBARRIER_DIFF_SECONDS`. `UNBARRIER_DIFF_SHOW=1` prints the smallest kernels whose
//! barriers stay `unknown` although no execution shows a conflict. `UNBARRIER_DIFF_TIMEOUT` is the limit of a solver query
//! in milliseconds (default 500). `UNBARRIER_DIFF_KEEP=DIR` writes shrunk counterexamples there.
//! `UNBARRIER_DIFF_ONLY=N` prints kernel N and what is found about it. `UNBARRIER_DIFF_FIRST=1` stops at the first refuted verdict. What is checked is in `docs/soundness.md`.

#[path = "differential/check.rs"]
mod check;
#[path = "differential/kernels.rs"]
mod kernels;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use check::{Failure, check, front, launches};
use kernels::{GUARDS, Gen, make};

/// Of the default kernels, verdicts that may stay `unknown`, and the same without those that come down to the time limit of
/// a query. Both may only fall: lower them when the prover gets better.
const MOST_UNKNOWN: u64 = 38;
const MOST_UNDECIDABLE: u64 = 32;
/// The same of those that are left open on purpose: what a barrier does beyond its flags, and what it publishes to other threadgroups.
const MOST_ON_PURPOSE: u64 = 62;

/// Kernels when nothing else is asked for.
const KERNELS: u64 = 300;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(default)
}

/// The smallest kernel that fails in the same way.
fn shrink(mut g: Gen, claim: &str) -> (Gen, Option<Failure>) {
    let started = Instant::now();
    let mut found = None;
    'next: loop {
        for s in g.smaller() {
            if started.elapsed() > Duration::from_secs(90) {
                return (g, found);
            }
            if let Some(f) = check(&s, true)
                .failures
                .into_iter()
                .find(|f| f.claim == claim)
            {
                g = s;
                found = Some(f);
                continue 'next;
            }
        }
        return (g, found);
    }
}

/// How many, and which: length of the text, kernel, line.
type Listed = (u64, Vec<(usize, u64, u32)>);

#[derive(Default)]
struct Total {
    kernels: u64,
    runs: u64,
    race_free: u64,
    verdicts: BTreeMap<String, u64>,
    failures: BTreeMap<u64, (Gen, Failure)>,
    rejected: BTreeMap<String, u64>,
    imprecise: BTreeMap<String, Listed>,
    slow: Vec<(u64, u64)>,
}

#[test]
fn verdicts_agree_with_executions() {
    let count = number("UNBARRIER_DIFF_KERNELS", KERNELS);
    let seed = number("UNBARRIER_DIFF_SEED", 1);
    let jobs = number("UNBARRIER_DIFF_JOBS", 2).clamp(1, 64);
    if let Ok(only) = std::env::var("UNBARRIER_DIFF_ONLY") {
        let g = make(seed, only.parse().expect("a number"));
        println!("// {:?}\n{}{:#?}", g.config, g.text(), check(&g, false));
        return;
    }
    let first = number("UNBARRIER_DIFF_FIRST", 0) > 0;
    let limit = Duration::from_secs(number("UNBARRIER_DIFF_SECONDS", 100_000));
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let total: Mutex<Total> = Mutex::default();
    unbarrier::smt::configure();
    std::thread::scope(|s| {
        for _ in 0..jobs {
            s.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count || started.elapsed() > limit {
                        break;
                    }
                    let g = make(seed, n);
                    let t0 = Instant::now();
                    let c = check(&g, false);
                    let spent = t0.elapsed().as_millis() as u64;
                    let mut t = total.lock().expect("no panic elsewhere");
                    t.slow.push((spent, n));
                    if n > 0 && n.is_multiple_of(1000) {
                        eprintln!("kernel {n} after {} s", started.elapsed().as_secs());
                    }
                    if let Some(f) = c.failures.first() {
                        if f.claim == "front" {
                            let what: String =
                                f.text.chars().filter(|c| !c.is_ascii_digit()).collect();
                            *t.rejected.entry(what).or_default() += 1;
                            continue;
                        }
                        eprintln!(
                            "seed {seed} kernel {n}: {} line {} refuted: {}",
                            f.claim, f.line, f.text
                        );
                        t.failures.insert(n, (g.clone(), f.clone()));
                        if first {
                            next.store(count, Ordering::Relaxed);
                        }
                    }
                    t.kernels += 1;
                    t.runs += c.runs;
                    t.race_free += u64::from(c.race_free);
                    for (k, v) in c.verdicts {
                        *t.verdicts.entry(k).or_default() += v;
                    }
                    let size = g.text().len();
                    for line in c.unseen {
                        let e = t
                            .imprecise
                            .entry("required, not seen here".into())
                            .or_default();
                        e.0 += 1;
                        e.1.push((size, n, line));
                    }
                    for (reason, line) in c.imprecise {
                        let e = t.imprecise.entry(reason).or_default();
                        e.0 += 1;
                        e.1.push((size, n, line));
                    }
                }
            });
        }
    });
    let mut t = total.into_inner().expect("no panic elsewhere");
    let all: u64 = t.verdicts.values().sum();
    let on_purpose: u64 = ["unknown: flags", "unknown: publishes"]
        .iter()
        .filter_map(|k| t.verdicts.get(*k))
        .sum();
    let unknown: u64 = t
        .verdicts
        .iter()
        .filter(|(k, _)| k.starts_with("unknown"))
        .map(|(_, v)| v)
        .sum::<u64>()
        - on_purpose;
    let divergent = t.verdicts.get("unknown: divergent").copied().unwrap_or(0);
    println!(
        "{} kernels (seed {seed}), {all} barriers, {} executions, {} s; race-free and uniform: {}",
        t.kernels,
        t.runs,
        started.elapsed().as_secs(),
        t.race_free
    );
    for (k, v) in &t.verdicts {
        println!(
            "  {k}: {v} ({:.1} %)",
            100.0 * *v as f64 / all.max(1) as f64
        );
    }
    println!(
        "decided: {:.1} % ({:.1} % without divergent barriers)",
        100.0 * (all - unknown) as f64 / all.max(1) as f64,
        100.0 * (all - unknown) as f64 / (all - divergent).max(1) as f64
    );
    for (k, (n, _)) in &t.imprecise {
        println!("  no conflict in any execution, {k}: {n}");
    }
    for (k, n) in &t.rejected {
        println!("  rejected {n} times: {k}");
    }
    t.slow.sort_unstable();
    println!(
        "  slowest: {:?} ms",
        t.slow.iter().rev().take(4).collect::<Vec<_>>()
    );
    if number("UNBARRIER_DIFF_SHOW", 0) > 0 {
        for (k, (_, list)) in &mut t.imprecise {
            list.sort_unstable();
            for (_, n, line) in list.iter().take(number("UNBARRIER_DIFF_SHOW", 0) as usize) {
                let g = make(seed, *n);
                println!(
                    "--- {k}: kernel {n}, line {line}, {:?}\n{}",
                    g.config,
                    g.text()
                );
            }
        }
    }
    let mut shown = String::new();
    for (n, (g, f)) in t
        .failures
        .iter()
        .take(number("UNBARRIER_DIFF_SHRINK", 6) as usize)
    {
        let (small, found) = shrink(g.clone(), f.claim);
        let f = found.unwrap_or_else(|| f.clone());
        let c = &small.config;
        let size = c.threads.map(|n| n.to_string()).join(",");
        let text = format!(
            "// unbarrier: --threadgroup {size} --assume \"N <= {}\"\n// seed {seed} kernel {n}: {} line {}, {c:?}\n// {}\n{}",
            c.most,
            f.claim,
            f.line,
            f.text,
            small.text()
        );
        if let Ok(dir) = std::env::var("UNBARRIER_DIFF_KEEP") {
            let _ = std::fs::write(format!("{dir}/refuted_{seed}_{n}.metal"), &text);
        }
        shown += &text;
        shown.push('\n');
    }
    assert!(
        t.failures.is_empty(),
        "{} verdicts are refuted by execution:\n{shown}",
        t.failures.len()
    );
    let rejected: u64 = t.rejected.values().sum();
    let timeouts = t.verdicts.get("unknown: timeout").copied().unwrap_or(0);
    if (count, seed, t.kernels + rejected) == (KERNELS, 1, KERNELS) {
        assert!(
            unknown <= MOST_UNKNOWN && unknown - timeouts <= MOST_UNDECIDABLE,
            "{unknown} verdicts are unknown, {timeouts} of them for lack of time; at most {MOST_UNKNOWN} and, not for lack of time, \
             {MOST_UNDECIDABLE} were"
        );
        assert!(
            on_purpose <= MOST_ON_PURPOSE,
            "{on_purpose} verdicts are left open for flags or publication, more than {MOST_ON_PURPOSE}"
        );
    }
    assert!(
        10 * (all - unknown) >= 9 * all,
        "{unknown} of {all} verdicts are unknown; at least 90 % must be decided"
    );
    assert!(
        rejected * 20 <= count.max(20),
        "{rejected} kernels were not understood"
    );
}

/// Guards that no launch meets would hide what stands behind them from the executor, too.
#[test]
fn every_guard_is_met_by_some_launch() {
    for g in GUARDS {
        let config = kernels::Config {
            threads: [1, 1, 1],
            symbolic: false,
            width: 32,
            most: 2,
        };
        let text = format!(
            "#include <metal_stdlib>\nusing namespace metal;\nkernel void k(device uint* out [[buffer(0)]], constant uint& M [[buffer(1)]], constant uint& K [[buffer(2)]]) {{\n    out[0] = ({g}) ? 7u : 6u;\n}}\n"
        );
        let f = front(&text).unwrap_or_else(|e| panic!("{g}: {e}"));
        let at = f.kernel.objects.iter().position(|o| o.name == "out");
        let at = unbarrier::ir::ObjectId(at.expect("an output") as u32);
        let mut met = 0;
        let all = launches(&config, &f.kernel);
        for l in &all {
            let out = unbarrier::exec::run(&f.kernel, l, &check::limits());
            let word = out.unwrap_or_else(|e| panic!("{g}: {e}")).bytes(at, 0, 4);
            met += usize::from(word[0] == 7);
        }
        assert!(
            met > 0 && met < all.len(),
            "{g}: met by {met} of {}",
            all.len()
        );
    }
}
