use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::key::{of, of_program};
use super::*;
use crate::encode::launch::Contract;
use crate::engine::load::{Depth, Loaded, load};
use crate::engine::settings::SourceSettings;
use crate::front::assume::{parse_assumption, resolve};
use crate::prove::KernelVerdicts;
use crate::source::Span;

const SOURCE: &str = "#include <metal_stdlib>
using namespace metal;
kernel void k(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float t[64];
    t[tid] = out[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = t[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
";

fn loaded(folder: &Path, text: &str) -> Loaded {
    let file = folder.join("k.metal");
    std::fs::write(&file, text).expect("written");
    let settings = SourceSettings::default();
    load(&file, &settings, Depth::Kernels).expect("a kernel")
}

fn options(k: &Kernel) -> Options {
    Options {
        contract: Contract::new(k, Some([64, 1, 1])),
        assumptions: Vec::new(),
        timeout: Duration::from_secs(5),
        jobs: 1,
        ignore_flags: false,
        lockstep: false,
        only: None,
        execute_first: true,
        recorder: None,
        stats: None,
    }
}

#[test]
fn every_input_is_in_the_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let l = loaded(dir.path(), SOURCE);
    let k = &l.kernels[0];
    let base = options(k);
    let program = ["format", "version", "build", "solver"];
    let first = of_program(k, &base, &program);
    assert_eq!(first, of_program(k, &base, &program));
    let mut keys = vec![first.clone()];
    // The options.
    let mut o = base.clone();
    o.contract.threadgroup = Some([32, 1, 1]);
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.contract.max_threads = 512;
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.contract.simd_width = 16;
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    let text = "n <= 4";
    let e = parse_assumption(text, SOURCE, "k.metal".into(), &Default::default()).expect("parsed");
    o.assumptions
        .push(resolve(text, &e, &l.unit, k).expect("resolved"));
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.timeout = Duration::from_secs(6);
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.ignore_flags = true;
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.lockstep = true;
    keys.push(of_program(k, &o, &program));
    let mut o = base.clone();
    o.only = Some(BTreeSet::from([Span::default()]));
    keys.push(of_program(k, &o, &program));
    // The program.
    for i in 0..program.len() {
        let mut other = program;
        other[i] = "other";
        keys.push(of_program(k, &base, &other));
    }
    // The kernel: an operator, a type, a flag, a name, a place.
    for (from, to) in [
        ("63 - tid", "62 - tid"),
        ("63 - tid", "63 + tid"),
        ("constant uint& n", "constant int& n"),
        ("mem_threadgroup);\n    out", "mem_device);\n    out"),
        ("threadgroup_barrier(mem_flags::mem_threadgroup);\n}", "}"),
        ("threadgroup float t[64]", "threadgroup float t[65]"),
        ("using namespace metal;", "using namespace metal;\n"),
        ("float* out", "const float* out"),
    ] {
        let text = SOURCE.replace(from, to);
        assert_ne!(text, SOURCE);
        let other = loaded(dir.path(), &text);
        keys.push(of_program(&other.kernels[0], &base, &program));
    }
    let n = keys.len();
    let distinct: BTreeSet<String> = keys.into_iter().map(|k| k.0).collect();
    assert_eq!(distinct.len(), n);
    // Who works on it is not.
    let mut o = base.clone();
    o.jobs = 7;
    assert_eq!(of_program(k, &o, &program), first);
}

#[test]
fn a_second_time_gives_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let l = loaded(dir.path(), SOURCE);
    let (k, cache) = (&l.kernels[0], Cache::within(dir.path().join("cache")));
    let o = options(k);
    let (first, hit) = cache.prove(k, &o).expect("proved");
    assert!(!hit);
    let (second, hit) = cache.prove(k, &o).expect("proved");
    assert!(hit);
    let bare = |v: &KernelVerdicts| KernelVerdicts {
        phases_ms: Vec::new(),
        ..v.clone()
    };
    assert_eq!(format!("{:?}", bare(&first)), format!("{second:?}"));
    assert!(second.sites.iter().any(|b| b.witness.is_some()));
    // Counts are only there where something is proved.
    let mut counted = o.clone();
    counted.stats = Some(Arc::default());
    assert!(!cache.prove(k, &counted).expect("proved").1);
}

#[test]
fn what_is_damaged_or_foreign_is_not_believed() {
    let dir = tempfile::tempdir().expect("a folder");
    let l = loaded(dir.path(), SOURCE);
    let (k, cache) = (&l.kernels[0], Cache::within(dir.path().join("cache")));
    let o = options(k);
    cache.prove(k, &o).expect("proved");
    let store = Store::new(dir.path().join("cache"));
    let key = of(k, &o);
    let path = store.path(&key);
    let whole = std::fs::read(&path).expect("an entry");
    assert!(store.get::<KernelVerdicts>(&key).is_some());
    for i in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[i] ^= 1;
        std::fs::write(&path, &bytes).expect("written");
        assert!(store.get::<KernelVerdicts>(&key).is_none(), "byte {i}");
    }
    for bytes in [&whole[..whole.len() - 1], &whole[..70], &[][..]] {
        std::fs::write(&path, bytes).expect("written");
        assert!(store.get::<KernelVerdicts>(&key).is_none());
    }
    // The entry of another question.
    let mut other = o.clone();
    other.lockstep = true;
    let other = of(k, &other);
    let there = store.path(&other);
    std::fs::create_dir_all(there.parent().expect("a folder")).expect("made");
    std::fs::write(&there, &whole).expect("written");
    assert!(store.get::<KernelVerdicts>(&other).is_none());
    // It is proved again, and kept again.
    assert!(!cache.prove(k, &o).expect("proved").1);
    assert!(cache.prove(k, &o).expect("proved").1);
}

#[test]
fn the_folder_stays_small() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::new(dir.path().to_path_buf());
    let l = loaded(dir.path(), SOURCE);
    let v = Cache::open(true)
        .prove(&l.kernels[0], &options(&l.kernels[0]))
        .expect("proved")
        .0;
    let large = KernelVerdicts {
        assumptions: vec!["x".repeat(60 << 10)],
        ..v.clone()
    };
    let key = |i: u32| key::Key(format!("{:064x}", i));
    for i in 0..12 {
        store.put(&key(i), &large);
    }
    let entries = std::fs::read_dir(dir.path().join("00")).expect("a folder");
    let size: u64 = entries
        .map(|e| e.expect("one").metadata().expect("one").len())
        .sum();
    assert!(size <= 256 << 10, "{size}");
    assert!(store.get::<KernelVerdicts>(&key(11)).is_some());
    // What is too large is not kept.
    let huge = KernelVerdicts {
        assumptions: vec!["x".repeat(200 << 10)],
        ..v
    };
    store.put(&key(99), &huge);
    assert!(store.get::<KernelVerdicts>(&key(99)).is_none());
}

#[test]
fn what_time_had_a_part_in_is_not_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let l = loaded(dir.path(), SOURCE);
    let v = Cache::open(true)
        .prove(&l.kernels[0], &options(&l.kernels[0]))
        .expect("proved")
        .0;
    let quiet = Stats::default();
    assert!(lasting(&v, &quiet));
    let mut timeout = v.clone();
    timeout.sites[0].verdict = Verdict::Unknown;
    timeout.sites[0].reason = Reason::Timeout(Span::default(), Span::default());
    assert!(!lasting(&timeout, &quiet));
    // Not understood: that will not change.
    let mut unsupported = v.clone();
    unsupported.sites[0].verdict = Verdict::Unknown;
    unsupported.sites[0].reason = Reason::Unsupported("x".into(), Span::default());
    assert!(lasting(&unsupported, &quiet));
    // But it may when a question went unanswered.
    let busy = Stats::default();
    busy.count(Event::Unanswered, 1);
    assert!(!lasting(&unsupported, &busy));
    assert!(lasting(&v, &busy));
    busy.count(Event::Undecided, 1);
    assert!(!lasting(&v, &busy));
}

/// A cache that cannot be written is only slow.
#[test]
fn a_folder_that_is_a_file_is_survived() {
    let dir = tempfile::tempdir().expect("a folder");
    let l = loaded(dir.path(), SOURCE);
    let file = dir.path().join("cache");
    std::fs::write(&file, "").expect("written");
    let cache = Cache::within(file);
    let o = options(&l.kernels[0]);
    for _ in 0..2 {
        assert!(!cache.prove(&l.kernels[0], &o).expect("proved").1);
    }
}
