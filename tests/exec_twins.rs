//! The executor on small kernels: race-free as written, racing with a barrier deleted.

mod exec_support;

use exec_support::Case;
use unbarrier::exec::{BufferSpec, Fill, Finding, Launch, RunOptions, Schedule, run};
use unbarrier::ir::{Kernel, ObjectId, Space};

const SCHEDULES: [Schedule; 5] = [
    Schedule::InOrder,
    Schedule::Reverse,
    Schedule::Random { seed: 1 },
    Schedule::Preemptive { seed: 2 },
    Schedule::Preemptive { seed: 3 },
];

/// Launches with the markers of barriers that are needed and of those that are not.
fn cases() -> Vec<(
    &'static str,
    &'static str,
    Launch,
    &'static [&'static str],
    &'static [&'static str],
)> {
    let flat = |n| Launch::new([n, 1, 1]);
    vec![
        (
            "reduction",
            "reduction",
            flat(64).with("count", 100),
            &["A", "B"],
            &[],
        ),
        (
            "reduction",
            "reduction",
            flat(256).with("count", 1000),
            &["A", "B"],
            &[],
        ),
        (
            "tiled",
            "tiled",
            Launch::new([16, 16, 1])
                .with("k_size", 64)
                .with("n_size", 16),
            &["A", "B"],
            &[],
        ),
        // One trip of the loop: the second barrier orders nothing.
        (
            "tiled",
            "tiled",
            Launch::new([16, 16, 1])
                .with("k_size", 16)
                .with("n_size", 16),
            &["A"],
            &["B"],
        ),
        ("simd_reduction", "simd_reduction", flat(100), &["A"], &[]),
        ("simd_reduction", "simd_reduction", flat(20), &[], &["A"]),
        (
            "histogram",
            "histogram",
            flat(40).with("count", 333),
            &[],
            &["A", "B"],
        ),
        (
            "double_buffer",
            "double_buffer",
            flat(64).with("rounds", 5),
            &["A"],
            &[],
        ),
        (
            "early_return",
            "early_return",
            flat(64).with("count", 40),
            &["A"],
            &[],
        ),
        ("matrix", "matrix", flat(128), &["A", "B", "C"], &[]),
        ("misc", "lockstep", flat(64), &["S"], &[]),
    ]
}

fn options(schedule: Schedule) -> RunOptions {
    RunOptions {
        schedule,
        ..RunOptions::default()
    }
}

#[test]
fn kernels_are_race_free_and_schedules_agree() {
    for (file, name, launch, ..) in cases() {
        let case = Case::load(file);
        let kernel = case.kernel(name);
        let mut hash = None;
        for s in SCHEDULES {
            let out = run(kernel, &launch, &options(s)).expect("valid launch");
            assert_eq!(out.findings, [], "{name} {s:?}");
            assert!(out.completed);
            assert_eq!(
                *hash.get_or_insert(out.output_hash()),
                out.output_hash(),
                "{name} {s:?}"
            );
        }
    }
}

#[test]
fn deleting_a_needed_barrier_races_and_another_does_not() {
    for (file, name, launch, needed, free) in cases() {
        let case = Case::load(file);
        let kernel = case.kernel(name);
        for s in SCHEDULES {
            for mark in needed {
                let opts = RunOptions {
                    disabled: case.marked(kernel, mark),
                    ..options(s)
                };
                let out = run(kernel, &launch, &opts).expect("valid launch");
                let due: Vec<_> = out.due().collect();
                assert!(!due.is_empty(), "{name} without {mark}, {s:?}");
                assert_eq!(
                    out.conflicts().count(),
                    due.len(),
                    "{name} without {mark}, {s:?}"
                );
                for c in due {
                    assert_ne!(c.a.thread, c.b.thread);
                    assert_ne!(c.a.disabled_passed, c.b.disabled_passed);
                    assert!(!c.approximate && !c.flags_only);
                }
            }
            for mark in free {
                let opts = RunOptions {
                    disabled: case.marked(kernel, mark),
                    ..options(s)
                };
                let out = run(kernel, &launch, &opts).expect("valid launch");
                assert_eq!(out.conflicts().count(), 0, "{name} without {mark}, {s:?}");
            }
        }
    }
}

#[test]
fn what_is_found_does_not_depend_on_the_schedule() {
    for (file, name, launch, needed, _) in cases() {
        let case = Case::load(file);
        let kernel = case.kernel(name);
        for mark in needed {
            let mut first = None;
            for s in SCHEDULES {
                let opts = RunOptions {
                    disabled: case.marked(kernel, mark),
                    ..options(s)
                };
                let out = run(kernel, &launch, &opts).expect("valid launch");
                let mut pairs: Vec<_> = out
                    .conflicts()
                    .map(|c| {
                        let (a, b) = (c.a.access, c.b.access);
                        (c.object, a.min(b), a.max(b), c.due_to_disabled)
                    })
                    .collect();
                pairs.sort();
                pairs.dedup();
                assert_eq!(
                    *first.get_or_insert(pairs.clone()),
                    pairs,
                    "{name} {mark} {s:?}"
                );
            }
        }
    }
}

fn words(kernel: &Kernel, out: &unbarrier::exec::Outcome, name: &str, n: usize) -> Vec<u32> {
    let at = kernel
        .objects
        .iter()
        .position(|o| o.name == name && o.space == Space::Device)
        .expect("the buffer is there");
    out.bytes(ObjectId(at as u32), 0, 4 * n)
        .chunks(4)
        .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
        .collect()
}

#[test]
fn results_are_right() {
    let case = Case::load("reduction");
    let k = case.kernel("reduction");
    let launch = Launch::new([64, 1, 1])
        .with("count", 100)
        .with_buffer("input", BufferSpec::filled(Fill::Index));
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    assert_eq!(f32::from_bits(words(k, &out, "output", 1)[0]), 4950.0);

    let case = Case::load("simd_reduction");
    let k = case.kernel("simd_reduction");
    let launch = Launch::new([100, 1, 1]).with_buffer("input", BufferSpec::filled(Fill::Index));
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    assert_eq!(words(k, &out, "output", 1), [4950]);

    let case = Case::load("histogram");
    let k = case.kernel("histogram");
    let launch = Launch::new([40, 1, 1])
        .with("count", 333)
        .with_buffer("input", BufferSpec::filled(Fill::Index))
        .with_buffer("output", BufferSpec::filled(Fill::Zeros));
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    assert_eq!(
        words(k, &out, "output", 8),
        [42, 42, 42, 42, 42, 41, 41, 41]
    );

    let case = Case::load("tiled");
    let k = case.kernel("tiled");
    let launch = Launch::new([16, 16, 1])
        .with("k_size", 32)
        .with("n_size", 16)
        .with_buffer(
            "a",
            BufferSpec::filled(Fill::Random {
                seed: 1,
                low: 1,
                high: 1,
            }),
        )
        .with_buffer(
            "b",
            BufferSpec::filled(Fill::Random {
                seed: 1,
                low: 2,
                high: 2,
            }),
        );
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    for v in words(k, &out, "c", 256) {
        assert_eq!(f32::from_bits(v), 64.0);
    }

    let case = Case::load("matrix");
    let k = case.kernel("matrix");
    let launch = Launch::new([64, 1, 1])
        .with_buffer("a", BufferSpec::filled(Fill::Index))
        .with_buffer("b", BufferSpec::filled(Fill::Index));
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    let c = words(k, &out, "c", 128);
    for (e, v) in c.iter().enumerate() {
        let (m, row, col) = (e / 64, e % 64 / 8, e % 8);
        let want: usize = (0..8).map(|k| (m * 64 + row * 8 + k) * (k * 8 + col)).sum();
        assert_eq!(f32::from_bits(*v), want as f32, "{e}");
    }
}

#[test]
fn lanes_exchange() {
    let case = Case::load("misc");
    let k = case.kernel("shuffles");
    let out = run(k, &Launch::new([6, 1, 1]), &RunOptions::default()).expect("valid launch");
    let w = words(k, &out, "out", 48);
    assert_eq!(w[8..16], [0, 0, 20, 0, 20, 30, 50, 90]);
    assert_eq!(w[40..48], [40, 40, 0, 100, 20, 0, 50, 90]);
    // Simdgroups of two lanes: the exchange stays within them.
    let launch = Launch {
        simd_width: 2,
        ..Launch::new([6, 1, 1])
    };
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    assert_eq!(words(k, &out, "out", 48)[40..43], [40, 40, 50]);
}

#[test]
fn findings_beside_races() {
    let case = Case::load("misc");
    let go = |name: &str, launch: &Launch| {
        let opts = RunOptions {
            thread_step_limit: 100_000,
            ..RunOptions::default()
        };
        run(case.kernel(name), launch, &opts).expect("valid launch")
    };
    let flat = |n| Launch::new([n, 1, 1]);
    let out = go("divergent", &flat(8));
    assert!(!out.completed);
    assert!(
        matches!(&out.findings[..], [Finding::BarrierDivergence { waiting, other_waiting, .. }]
        if waiting == &[0, 1, 2] && other_waiting == &[3, 4, 5, 6, 7])
    );
    assert!(go("divergent", &flat(3)).findings.is_empty());

    let out = go("out_of_bounds", &flat(8).with("shift", 1));
    let has = |f: fn(&Finding) -> bool| out.findings.iter().any(f);
    assert!(has(|f| matches!(
        f,
        Finding::OutOfBounds {
            thread: 0,
            offset: -4,
            ..
        }
    )));
    assert!(has(|f| matches!(
        f,
        Finding::UninitialisedRead { thread: 7, .. }
    )));
    assert!(has(|f| matches!(f, Finding::DivisionByZero { .. })));

    let out = go(
        "endless",
        &flat(4).with_buffer("out", BufferSpec::filled(Fill::Zeros)),
    );
    assert!(
        out.findings
            .iter()
            .any(|f| matches!(f, Finding::StepLimit { .. }))
    );

    let out = go("wrong_flags", &flat(64));
    assert!(out.conflicts().all(|c| c.flags_only));
    assert!(out.conflicts().count() > 0);
    let opts = RunOptions {
        ignore_flags: true,
        ..RunOptions::default()
    };
    let out = run(case.kernel("wrong_flags"), &flat(64), &opts).expect("valid launch");
    assert_eq!(out.findings, []);

    let late = Case::load("early_return");
    let k = late.kernel("late_reader");
    let out = run(k, &flat(64).with("count", 40), &RunOptions::default()).expect("valid launch");
    let conflicts: Vec<_> = out.conflicts().collect();
    assert_eq!(conflicts.len(), 1, "{:#?}", out.findings);
    assert_eq!((conflicts[0].a.thread, conflicts[0].b.thread), (40, 39));
    assert_eq!(conflicts[0].byte, 160);
}

#[test]
fn impossible_launches_are_refused() {
    let case = Case::load("reduction");
    let k = case.kernel("reduction");
    let refuse = |l: Launch| {
        run(k, &l, &RunOptions::default())
            .expect_err("must be refused")
            .to_string()
    };
    let flat = |n| Launch::new([n, 1, 1]);
    assert!(refuse(flat(0)).contains("zero"));
    assert!(refuse(flat(1025)).contains("1025 threads"));
    assert!(refuse(Launch::new([u32::MAX; 3])).contains("threads"));
    assert!(refuse(flat(8).with("cnt", 1)).contains("it has: count"));
    assert!(refuse(flat(8).with("count", -1)).contains("out of range"));
    assert!(refuse(flat(8).with("count", 1i128 << 32)).contains("out of range"));
    assert!(refuse(flat(8).with("count", 0.5)).contains("out of range"));
    assert!(refuse(flat(8).with_buffer("inputs", BufferSpec::default())).contains("input"));
    assert!(
        refuse(Launch {
            simd_width: 3,
            ..flat(8)
        })
        .contains("3 lanes")
    );
    assert!(
        refuse(Launch {
            group: [1, 0, 0],
            ..flat(8)
        })
        .contains("outside")
    );
}
