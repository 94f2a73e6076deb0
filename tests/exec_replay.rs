//! Replay of assignments, search for racing launches, exploration of interleavings.

mod exec_support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exec_support::Case;
use proptest::prelude::*;
use unbarrier::exec::{
    Budget, Conflict, Finding, Launch, ReplayRequest, RunOptions, ScalarValue, Schedule,
    SearchRequest, explore, minimise, replay, run, search,
};
use unbarrier::ir::{AccessId, ObjectId};

fn request(threads: u32, count: i128, c: &Conflict) -> ReplayRequest {
    ReplayRequest {
        steps: 100_000_000,
        threadgroup: [threads, 1, 1],
        group: [0; 3],
        groups: None,
        scalars: BTreeMap::from([("count".to_string(), count)]),
        memory: Vec::new(),
        simd_width: 32,
        disabled: BTreeSet::new(),
        ignore_flags: false,
        expected: (c.a.access, c.b.access),
        threads: (c.b.thread, c.a.thread),
    }
}

#[test]
fn a_race_replays() {
    let case = Case::load("reduction");
    let k = case.kernel("reduction");
    let disabled = case.marked(k, "B");
    let out = run(
        k,
        &Launch::new([64, 1, 1]).with("count", 7),
        &RunOptions::without(disabled.clone()),
    )
    .expect("valid launch");
    let c = out.due().next().expect("a race").clone();
    let mut r = ReplayRequest {
        disabled,
        ..request(64, 7, &c)
    };
    let done = replay(k, &r);
    assert!(done.confirmed, "{}", done.why_not);
    let found = done.conflict.expect("the conflict");
    assert!(found.due_to_disabled);
    assert_eq!(
        BTreeSet::from([found.a.thread, found.b.thread]),
        BTreeSet::from([c.a.thread, c.b.thread])
    );
    // One thread cannot race.
    r.threadgroup = [1, 1, 1];
    let done = replay(k, &r);
    assert!(!done.confirmed);
    assert_eq!(done.why_not, "no two accesses conflict");
    // With the barrier in place, nothing races.
    let done = replay(
        k,
        &ReplayRequest {
            disabled: BTreeSet::new(),
            ..request(64, 7, &c)
        },
    );
    assert!(!done.confirmed);
    // Impossible assignments are answered, too.
    for bad in [
        ReplayRequest {
            scalars: BTreeMap::from([("count".into(), -5)]),
            ..request(64, 7, &c)
        },
        ReplayRequest {
            expected: (AccessId(9999), AccessId(0)),
            ..request(64, 7, &c)
        },
        ReplayRequest {
            memory: vec![(ObjectId(77), 0, vec![1])],
            ..request(64, 7, &c)
        },
        request(0, 7, &c),
    ] {
        let done = replay(k, &bad);
        assert!(!done.confirmed && !done.why_not.is_empty());
    }
}

#[test]
fn contents_of_memory_steer_a_replay() {
    let case = Case::text(
        "#include <metal_stdlib>\nusing namespace metal;\n\
         kernel void k(device const uint* index [[buffer(0)]], device uint* out [[buffer(1)]],\n\
         uint tid [[thread_index_in_threadgroup]]) {\n\
         threadgroup uint tile[64];\n\
         tile[tid] = tid;\n\
         threadgroup_barrier(mem_flags::mem_threadgroup); // A\n\
         if (index[tid] == 123456) { out[tid] = tile[(tid + 1) % 64]; }\n}\n",
    );
    let k = case.kernel("k");
    let accesses: Vec<AccessId> = (0..k.access_count).map(AccessId).collect();
    let index = k
        .objects
        .iter()
        .position(|o| o.name == "index")
        .expect("there");
    let confirmed = |memory: Vec<(ObjectId, u64, Vec<u8>)>| {
        accesses.iter().any(|&a| {
            accesses.iter().any(|&b| {
                replay(
                    k,
                    &ReplayRequest {
                        steps: 100_000_000,
                        threadgroup: [64, 1, 1],
                        group: [0; 3],
                        groups: None,
                        scalars: BTreeMap::new(),
                        memory: memory.clone(),
                        simd_width: 0,
                        disabled: case.marked(k, "A"),
                        ignore_flags: false,
                        expected: (a, b),
                        threads: (5, 6),
                    },
                )
                .confirmed
            })
        })
    };
    assert!(!confirmed(Vec::new()));
    let witness = (ObjectId(index as u32), 20, 123456u32.to_le_bytes().to_vec());
    assert!(confirmed(vec![witness]));
}

#[test]
fn a_racing_launch_is_found_and_shrunk() {
    let case = Case::load("tiled");
    let k = case.kernel("tiled");
    let r = SearchRequest::new([16, 16, 1], case.marked(k, "B"));
    // Not at a single trip: the search has to find at least two.
    let found = search(k, &r, &|_| true).expect("a race");
    let (small, c) = minimise(k, &r, &|_| true, found, true);
    assert!(c.due_to_disabled);
    assert!(small.threads() <= 4, "{small:?}");
    assert_eq!(small.scalars["k_size"], ScalarValue::Int(17));
    // The contract is kept.
    let multiple = |l: &Launch| matches!(l.scalars["k_size"], ScalarValue::Int(v) if v % 16 == 0);
    let found = search(k, &r, &multiple).expect("a race");
    let (small, _) = minimise(k, &r, &multiple, found, false);
    assert_eq!(small.threads(), 256);
    assert!(multiple(&small));
    // Nothing to find: the search ends.
    let case = Case::load("histogram");
    let k = case.kernel("histogram");
    let r = SearchRequest {
        launches: 30,
        ..SearchRequest::new([40, 1, 1], case.marked(k, "A"))
    };
    assert!(search(k, &r, &|_| true).is_none());
}

#[test]
fn interleavings_of_atomics_are_explored() {
    let case = Case::load("misc");
    let k = case.kernel("turns");
    let launch = Launch::new([2, 1, 1]);
    // In order, thread 0 comes first and neither writes.
    let out = run(k, &launch, &RunOptions::default()).expect("valid launch");
    assert_eq!(out.findings, []);
    let x = explore(k, &launch, &RunOptions::default(), Budget::default()).expect("valid launch");
    assert!(x.complete);
    assert_eq!(x.outputs.len(), 2);
    assert!(
        x.findings.iter().any(|f| matches!(f, Finding::Conflict(_))),
        "{:?}",
        x.findings
    );
    // Three threads, orders of three atomic operations.
    let launch = Launch::new([3, 1, 1]);
    let x = explore(k, &launch, &RunOptions::default(), Budget::default()).expect("valid launch");
    // (one of which lets two threads write the cell, in either order).
    assert_eq!((x.complete, x.outputs.len(), x.executions), (true, 6, 7));
    // A limit is reported.
    let budget = Budget {
        states: 3,
        time: Duration::from_secs(1),
    };
    let x = explore(k, &launch, &RunOptions::default(), budget).expect("valid launch");
    assert!(!x.complete);
}

#[test]
fn racing_data_that_steers_control_is_explored() {
    let case = Case::text(
        "#include <metal_stdlib>\nusing namespace metal;\n\
         kernel void k(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {\n\
         threadgroup uint flag[1]; threadgroup uint data[1];\n\
         if (tid == 0) { flag[0] = 0; }\n\
         threadgroup_barrier(mem_flags::mem_threadgroup);\n\
         if (tid == 0) { data[0] = 1; flag[0] = 1; }\n\
         if (tid == 1 && flag[0] == 1) { out[0] = data[0]; }\n}\n",
    );
    let k = case.kernel("k");
    let opts = |schedule| RunOptions {
        schedule,
        ..RunOptions::default()
    };
    let launch = Launch::new([2, 1, 1]);
    let in_order = run(k, &launch, &opts(Schedule::InOrder)).expect("valid launch");
    let reverse = run(k, &launch, &opts(Schedule::Reverse)).expect("valid launch");
    assert_eq!(in_order.conflicts().count(), 2);
    assert_eq!(reverse.conflicts().count(), 1);
    let x = explore(k, &launch, &opts(Schedule::Reverse), Budget::default()).expect("valid");
    assert!(x.complete);
    let pairs: BTreeSet<_> = x
        .findings
        .iter()
        .filter_map(Finding::conflict)
        .map(|c| c.object)
        .collect();
    assert_eq!(pairs.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn schedules_agree_on_race_free_kernels(
        threads in 1u32..70,
        count in 1i128..200,
        width in prop::sample::select(vec![2u32, 4, 8, 32]),
        seed in any::<u64>(),
    ) {
        for (file, name, scalar, most) in [
            ("reduction", "reduction", Some("count"), 64),
            ("histogram", "histogram", Some("count"), 70),
            ("double_buffer", "double_buffer", Some("rounds"), 64),
            ("early_return", "early_return", Some("count"), 64),
            ("simd_reduction", "simd_reduction", None, 70),
        ] {
            let case = Case::load(file);
            let k = case.kernel(name);
            let mut launch = Launch::new([threads.min(most), 1, 1]);
            launch.simd_width = width;
            // A power of two for the halving, eight threads for the bins.
            if name == "reduction" {
                launch.threadgroup[0] = launch.threadgroup[0].next_power_of_two().min(64);
            }
            if name == "histogram" {
                launch.threadgroup[0] = launch.threadgroup[0].max(8);
            }
            // Partial sums of all simdgroups must fit one.
            if name == "simd_reduction" {
                launch.threadgroup[0] = launch.threadgroup[0].min(width * width);
            }
            if let Some(s) = scalar {
                let limit = launch.threads() as i128;
                launch = launch.with(s, count.min(limit));
            }
            let mut hash = None;
            for schedule in [
                Schedule::InOrder,
                Schedule::Reverse,
                Schedule::Random { seed },
                Schedule::Preemptive { seed },
            ] {
                let opts = RunOptions { schedule, ..RunOptions::default() };
                let out = run(k, &launch, &opts).expect("valid launch");
                prop_assert_eq!(&out.findings, &vec![], "{} {:?}", name, launch);
                let h = *hash.get_or_insert(out.output_hash());
                prop_assert_eq!(h, out.output_hash());
            }
        }
    }
}
