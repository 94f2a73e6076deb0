//! Random programs: the values that Clang computes against those of our front end and executor.
//!
//! `UNBARRIER_VALUES_PROGRAMS` programs (default 300) from seed `UNBARRIER_VALUES_SEED` (default 1), on `UNBARRIER_VALUES_JOBS` threads (default 2).
//! `UNBARRIER_VALUES_ONLY=N` prints program N and what is found about it.
//! `UNBARRIER_VALUES_FEATURES=Copies,Global` uses only these. `UNBARRIER_VALUES_SANITIZE=1` has Clang look for undefined behaviour of
//! the programs. `UNBARRIER_VALUES_KEEP=DIR` writes the smallest block of each difference there.
//!
//! One file per compilation holds many programs: most of the time of a compilation is the headers. A program is made of blocks that write words of
//! their own, so that the first word that differs names the block. Direction: a difference is a fault; no difference is no proof.

#[path = "values/clang.rs"]
mod clang;
#[macro_use]
#[path = "values/say.rs"]
mod say;

#[path = "values/classes.rs"]
mod classes;
#[path = "values/expr.rs"]
mod expr;
#[path = "values/features.rs"]
mod features;
#[path = "values/lookup.rs"]
mod lookup;
#[path = "values/ours.rs"]
mod ours;
#[path = "values/plain.rs"]
mod plain;
#[path = "values/program.rs"]
mod program;
#[path = "values/rng.rs"]
mod rng;
#[path = "values/shapes.rs"]
mod shapes;
#[path = "values/types.rs"]
mod types;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use features::{ALL, Feature};
use ours::Ours;
use program::{BLOCK, HEAD, Program, make};
use unbarrier::confirm::{ConfirmError, Detector, Toolchain};

/// Programs when nothing else is asked for.
const PROGRAMS: u64 = 300;
/// Programs of one compilation.
const BATCH: u64 = 60;
/// The largest share of the default programs that may be `unsupported`, per thousand. It may only fall.
const MOST_UNSUPPORTED: usize = 10;
/// Differences that are printed whole.
const SHOWN: usize = 12;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(v) => v.parse().unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    }
}

fn chosen() -> Vec<Feature> {
    let all: Vec<Feature> = ALL.to_vec();
    if let Ok(names) = std::env::var("UNBARRIER_VALUES_FEATURES") {
        let named = |n: &str| all.iter().copied().find(|f| format!("{f:?}") == n);
        return names
            .split(',')
            .map(|n| named(n).unwrap_or_else(|| panic!("no feature {n}")))
            .collect();
    }
    all
}

/// What is wrong with a program.
struct Difference {
    number: u64,
    /// Block and word.
    at: Option<(usize, usize)>,
    text: String,
}

/// Compares two outputs.
fn compare(p: &Program, clang: &[u32], ours: &Ours) -> Option<Difference> {
    let found = |at: Option<(usize, usize)>, text: String| {
        Some(Difference {
            number: p.number,
            at,
            text,
        })
    };
    match ours {
        Ours::Words(w) => {
            let word = clang.iter().zip(w).position(|(a, b)| a != b);
            if let Some(i) = word {
                return found(
                    Some((i / BLOCK, i)),
                    format!("word {i}: Clang {:#x}, ours {:#x}", clang[i], w[i]),
                );
            }
            if clang.len() == w.len() {
                None
            } else {
                found(None, "the outputs are of different length".into())
            }
        }
        Ours::Unsupported(_) => None,
        Ours::Wrong(e) => found(None, e.clone()),
    }
}

#[derive(Default)]
struct Total {
    compared: usize,
    unsupported: BTreeMap<String, (usize, u64)>,
    differences: Vec<Difference>,
    trouble: Vec<String>,
}

fn batch(
    tools: &Toolchain,
    seed: u64,
    numbers: std::ops::Range<u64>,
    features: &[Feature],
    total: &Mutex<Total>,
) {
    let name = format!("b{}", numbers.start);
    let programs: Vec<Program> = numbers.map(|n| make(seed, n, features)).collect();
    let all: Vec<&Program> = programs.iter().collect();
    let ran = clang::run(tools, tools.folder(), &name, &all, None);
    let mut mine = Total::default();
    match ran {
        Err(e) => mine.trouble.push(e),
        Ok(ran) => {
            for p in &programs {
                let Some(words) = ran.words.get(&p.number) else {
                    mine.trouble.push(format!(
                        "program {} did not end: {}",
                        p.number,
                        ran.trouble.clone().unwrap_or_default()
                    ));
                    break;
                };
                let ours = ours::run_program(p, None);
                if let Ours::Unsupported(why) = &ours {
                    mine.unsupported
                        .entry(why.clone())
                        .or_insert((0, p.number))
                        .0 += 1;
                } else {
                    mine.compared += 1;
                }
                mine.differences.extend(compare(p, words, &ours));
            }
        }
    }
    let mut t = total.lock().expect("no panic elsewhere");
    t.compared += mine.compared;
    t.differences.extend(mine.differences);
    t.trouble.extend(mine.trouble);
    for (why, (n, first)) in mine.unsupported {
        let e = t.unsupported.entry(why).or_insert((0, first));
        e.0 += n;
        e.1 = e.1.min(first);
    }
}

/// The block that differs when it is alone, where there is one.
fn smallest(tools: &Toolchain, p: &Program, d: &Difference) -> Option<(usize, Difference)> {
    let blocks: Vec<usize> = d.at.map_or((0..p.blocks.len()).collect(), |(b, _)| vec![b]);
    blocks.into_iter().find_map(|b| {
        let ran = clang::run(tools, tools.folder(), "smallest", &[p], Some(b)).ok()?;
        let words = ran.words.get(&p.number)?;
        compare(p, words, &ours::run_program(p, Some(b))).map(|d| (b, d))
    })
}

fn show(tools: &Toolchain, seed: u64, features: &[Feature], d: &Difference) {
    let p = make(seed, d.number, features);
    let (only, text) = match smallest(tools, &p, d) {
        Some((b, s)) => (Some(b), s.text),
        None => (None, d.text.clone()),
    };
    let source = format!(
        "// seed {seed}, program {}: {text}\n// in: {:?}\n{HEAD}{}",
        d.number,
        p.input,
        p.text(only)
    );
    println!("{source}");
    if let Ok(folder) = std::env::var("UNBARRIER_VALUES_KEEP") {
        let path = std::path::Path::new(&folder).join(format!("values_{seed}_{}.metal", d.number));
        std::fs::write(path, source).expect("writable");
    }
}

fn tools() -> Option<Toolchain> {
    match Toolchain::find(Detector::Fibers) {
        Ok(t) => Some(t),
        Err(e @ ConfirmError::NoClang { .. }) => {
            println!("skipped: {e}");
            eprintln!("skipped: {e}");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn programs_mean_the_same_to_clang_and_to_us() {
    let Some(tools) = tools() else { return };
    let count = number("UNBARRIER_VALUES_PROGRAMS", PROGRAMS);
    let seed = number("UNBARRIER_VALUES_SEED", 1);
    let jobs = number("UNBARRIER_VALUES_JOBS", 2).clamp(1, 64);
    let features = chosen();
    let (from, to) = match std::env::var("UNBARRIER_VALUES_ONLY") {
        Ok(_) => {
            let n = number("UNBARRIER_VALUES_ONLY", 0);
            (n, n + 1)
        }
        Err(_) => (0, count),
    };
    let started = Instant::now();
    let next = AtomicU64::new(from);
    let total: Mutex<Total> = Mutex::default();
    std::thread::scope(|s| {
        for _ in 0..jobs {
            s.spawn(|| {
                loop {
                    let at = next.fetch_add(BATCH, Ordering::Relaxed);
                    if at >= to {
                        break;
                    }
                    batch(&tools, seed, at..(at + BATCH).min(to), &features, &total);
                }
            });
        }
    });
    let mut t = total.into_inner().expect("no panic elsewhere");
    t.differences.sort_by_key(|d| d.number);
    for d in t.differences.iter().take(SHOWN) {
        show(&tools, seed, &features, d);
    }
    if to == from + 1 && t.differences.is_empty() {
        println!("{HEAD}{}", make(seed, from, &features).text(None));
    }
    let unsupported: usize = t.unsupported.values().map(|(n, _)| n).sum();
    for (why, (n, first)) in &t.unsupported {
        println!("unsupported {n} times, first in program {first}: {why}");
    }
    println!(
        "{} programs (seed {seed}) in {} s: {} compared, {unsupported} unsupported, {} differ",
        to - from,
        started.elapsed().as_secs(),
        t.compared,
        t.differences.len()
    );
    assert!(t.trouble.is_empty(), "{}", t.trouble.join("\n"));
    let which: Vec<u64> = t.differences.iter().map(|d| d.number).collect();
    assert!(which.is_empty(), "programs that differ: {which:?}");
    assert_eq!(t.compared + unsupported, (to - from) as usize);
    if features == ALL && to > from + 1 {
        let share = unsupported * 1000 / (to - from) as usize;
        assert!(
            share <= MOST_UNSUPPORTED,
            "{share} of 1000 programs are unsupported, more than {MOST_UNSUPPORTED}"
        );
    }
}
