//! How fast the executor is: a threadgroup of a tiled kernel takes less than a second; the rest prints, and fails only if it is absurdly slow.

mod exec_support;

use std::time::{Duration, Instant};

use exec_support::Case;
use unbarrier::exec::{Launch, Outcome, RunOptions, Schedule, run};
use unbarrier::ir::{Kernel, ObjectId};

#[test]
fn speed() {
    let tiled = |k: i128| {
        Launch::new([16, 16, 1])
            .with("k_size", k)
            .with("n_size", 16)
    };
    for (file, launch) in [
        ("tiled", tiled(256)),
        ("tiled", tiled(1024)),
        ("reduction", Launch::new([128, 1, 1]).with("count", 256_000)),
        ("matrix", Launch::new([128, 1, 1])),
    ] {
        let case = Case::load(file);
        let k = &case.kernels[0];
        for schedule in [Schedule::InOrder, Schedule::Preemptive { seed: 1 }] {
            let options = RunOptions {
                schedule,
                ..RunOptions::default()
            };
            let start = Instant::now();
            let out = run(k, &launch, &options).expect("valid launch");
            let time = start.elapsed();
            println!(
                "{file} {schedule:?}: {} steps in {time:?}, {:.1} ns a step",
                out.steps,
                time.as_nanos() as f64 / out.steps as f64
            );
            assert_eq!(out.findings, []);
            assert!(time < Duration::from_secs(60));
        }
    }
}

/// The first `n` elements of a buffer, each of `width` bytes.
fn elements(k: &Kernel, out: &Outcome, name: &str, n: usize, width: usize) -> Vec<u32> {
    let at = k.objects.iter().position(|o| o.name == name);
    let id = ObjectId(at.expect("an object of this name") as u32);
    let bytes = out.bytes(id, 0, n * width);
    bytes
        .chunks(width)
        .map(|c| c.iter().rev().fold(0u32, |v, b| v << 8 | u32::from(*b)))
        .collect()
}

/// A small whole number in `half`.
fn half(bits: u32) -> f32 {
    if bits == 0 {
        return 0.0;
    }
    let mantissa = 1.0 + (bits & 0x3ff) as f32 / 1024.0;
    mantissa * 2f32.powi((bits >> 10) as i32 - 15)
}

/// Time that this thread has been running, where the system says so: other programs do not count.
fn running() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[test]
fn a_tiled_threadgroup_takes_less_than_a_second() {
    let case = Case::load("experts");
    let kernel = case.kernel("experts");
    // Three tiles each way: 16 of 40 rows, 48 of 136 columns, 32 of 72 terms.
    let (k, n, tokens) = (72usize, 136usize, 40usize);
    let launch = Launch::new([128, 1, 1])
        .with("shape.k", k as i128)
        .with("shape.n", n as i128)
        .with("shape.tokens", tokens as i128);
    let mut best = Duration::MAX;
    // Other programs may take caches and the processor away: the best of three counts.
    for _ in 0..3 {
        let (start, was) = (Instant::now(), running());
        let out = run(kernel, &launch, &RunOptions::default()).expect("valid launch");
        let ran = running().zip(was).map(|(now, was)| now - was);
        let took = start.elapsed();
        best = best.min(ran.unwrap_or(took));
        assert_eq!(out.findings, []);
        assert!(out.completed);
        println!(
            "experts: {} steps, {took:?}, best time of this thread so far {best:?}",
            out.steps
        );
        // It did the work: every element is the sum it should be.
        let x = elements(kernel, &out, "x", tokens * k, 2);
        let w = elements(kernel, &out, "w", k * n, 2);
        let routed = elements(kernel, &out, "routed", tokens, 4);
        let got = elements(kernel, &out, "out", tokens * n, 4);
        for r in 0..tokens {
            let token = routed[r] as usize % tokens;
            for c in 0..n {
                let term = |i: usize| half(x[token * k + i]) * half(w[i * n + c]);
                let sum: f32 = (0..k).map(term).sum();
                assert_eq!(f32::from_bits(got[r * n + c]), sum, "row {r} column {c}");
            }
        }
        if best < Duration::from_secs(1) {
            return;
        }
    }
    panic!("{best:?}");
}
