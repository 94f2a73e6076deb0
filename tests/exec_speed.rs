//! How fast the executor is; prints, and fails only if it is absurdly slow.

mod exec_support;

use std::time::{Duration, Instant};

use exec_support::Case;
use unbarrier::exec::{Launch, RunOptions, Schedule, run};

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
