//! The cpu back end of `confirm`: what of Metal it covers, and that results are right. Needs Clang.
//!
//! A kernel is right when its output buffer, filled beforehand with what is expected, is not changed.

use std::collections::BTreeMap;
use std::path::Path;

use unbarrier::confirm::{
    Change, Detector, Mode, Request, Results, Run, Toolchain, Unit, build, run, self_test,
};
use unbarrier::launch::{Spec, resolve};

const HEAD: &str = "#include <metal_stdlib>\nusing namespace metal;\n";

struct Bench {
    tools: Toolchain,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(detector: Detector) -> Bench {
        Bench {
            tools: Toolchain::find(detector).expect("Clang 14 or later"),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn build(&self, text: &str, scalars: &[&str]) -> Unit {
        let file = self.folder.path().join("k.metal");
        std::fs::write(&file, format!("{HEAD}{text}")).expect("writable");
        let names: Vec<String> = scalars.iter().map(|s| s.to_string()).collect();
        let all = ["k", "other", "float_kernel"];
        let request = Request {
            file: &file,
            defines: &["FROM_COMMAND_LINE=5".to_string()],
            includes: &[],
            scalars: all.map(|k| (k.to_string(), names.clone())).into(),
        };
        build(&self.tools, &request, 1).unwrap_or_else(|e| panic!("{e}"))
    }

    fn run(&self, unit: &Unit, kernel: &str, threads: u32, spec: &str, delete: &[u32]) -> Results {
        let spec: Spec = toml::from_str(spec).expect("a launch");
        let launch = resolve(&spec, [threads, 1, 1]).expect("a launch");
        let changes: Vec<Change> = delete
            .iter()
            .map(|&line| Change {
                file: self.folder.path().join("k.metal").display().to_string(),
                line,
                mode: Mode::Deleted,
            })
            .collect();
        run(
            unit,
            &Run {
                kernel,
                launch: &launch,
                changes: &changes,
                schedules: 3,
                seed: 7,
                seconds: 20,
                megabytes: 4096,
            },
        )
    }
}

/// Runs `body` in `threads` threads; `out` must come out as `expected`.
fn right(bench: &Bench, threads: u32, params: &str, body: &str, spec: &str, expected: &str) {
    let text = format!(
        "kernel void k(device float* out [[buffer(0)]], device uint* ran [[buffer(1)]]{params},\n\
         uint t [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) {{\n\
         ran[t] = 1;\n{body}\n}}\n"
    );
    let unit = bench.build(&text, &[]);
    assert_eq!(unit.rejected, [], "{body}");
    let spec = format!(
        "{spec}\n[buffers.out]\ncount = {threads}\n{expected}\n[buffers.ran]\ncount = {threads}\nfill = \"zeros\"\n"
    );
    let r = bench.run(&unit, "k", threads, &spec, &[]);
    assert_eq!(r.failure, None, "{body}");
    let changed: Vec<&str> = r.wrote.iter().map(|w| w.buffer.as_str()).collect();
    assert_eq!(changed, ["ran"], "{body}: {:?}", r.wrote);
    assert!(r.races.is_empty(), "{body}: {:?}", r.races);
    assert!(r.differences.is_empty(), "{body}: {:?}", r.differences);
}

#[test]
fn the_self_test_passes_with_both_detectors() {
    for d in [Detector::Fibers, Detector::Tsan] {
        let tools = Toolchain::find(d).expect("Clang 14 or later");
        self_test(&tools).unwrap_or_else(|e| panic!("{d:?}: {e}"));
    }
}

#[test]
fn vectors_halves_and_bfloats() {
    let b = Bench::new(Detector::Fibers);
    let twice = "each = \"i * 2\"";
    right(
        &b,
        32,
        "",
        "float4 v = float4(t, 1, 2, 3); v.xy = v.yx; v.w += 1.0f; float2 a = v.gr, b = v.zw; out[t] = v.y + a.x - 1.0f + (b.y - 3.0f);",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "half h = half(t) * 0.5h; h = t > 99 ? h : 1.0f * h; out[t] = float(h * 4.0h);",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "bfloat x = bfloat(float(t)); out[t] = float(x + x); bfloat y = 256.0f; y += 1.0f; if (y != 256.0f) out[t] = -1;",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "half x = 2048.0f; x += 1.0f; out[t] = float(x) - 2048.0f + t * 2;",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "uint3 u = uint3(t) << 1u; int2 s = int2(-7, 7) / 2; bool2 c = u.xy > uint2(0u); out[t] = select(float(u.z), 0.0f, !any(c)) + s.x + s.y;",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "float4x4 m = float4x4(2.0f); packed_float3 p = packed_float3(t, 1, 2); float4 r = m * float4(float3(p), 1); out[t] = r.x + dot(r.yz, float2(0.0f));",
        "",
        twice,
    );
    right(
        &b,
        32,
        "",
        "uchar4 q = as_type<uchar4>(0x04030201u); out[t] = (q.x + q.w - 5) + clamp(t * 2, 0u, 100u) + float(popcount(q.z)) - 2;",
        "",
        twice,
    );
}

#[test]
fn lanes_exchange_values() {
    let b = Bench::new(Detector::Fibers);
    right(
        &b,
        64,
        "",
        "out[t] = simd_sum(float(lane)) + simd_max(lane) - 31 + simd_shuffle_xor(lane, 1u);",
        "",
        "each = \"496 + (i ^ 1) % 32\"",
    );
    right(
        &b,
        64,
        "",
        "float v = -1; if (lane % 2 == 0) v = simd_sum(1.0f); out[t] = v;",
        "",
        "each = \"16 - 17 * (i % 2)\"",
    );
    right(
        &b,
        64,
        "",
        "out[t] = simd_prefix_exclusive_sum(1u) + quad_sum(lane % 4) - 6 + quad_broadcast(lane, 1) - (lane & ~3u) - 1;",
        "",
        "each = \"i % 32\"",
    );
    right(
        &b,
        48,
        "",
        "simd_vote w = simd_ballot(true); out[t] = popcount((ulong)w) + simd_shuffle_down(lane, 1) - lane;",
        "",
        "each = \"(32 - (i / 32) * 16) + 1 - ((i + 1) % 32 / 1 + 31) / 31 * 0 - (1 - min(1, (i + 1) % 32 * ((i - 47) * (i - 47))))\"",
    );
}

#[test]
fn simdgroup_matrices_multiply() {
    let b = Bench::new(Detector::Fibers);
    let body = "threadgroup float a[64]; threadgroup float c[64];\n\
        for (uint i = t; i < 64; i += 32) a[i] = (i / 8 == i % 8) ? 3.0f : 0.0f;\n\
        simdgroup_barrier(mem_flags::mem_threadgroup);\n\
        simdgroup_float8x8 x, y = simdgroup_float8x8(2.0f), z = make_filled_simdgroup_matrix<float, 8, 8>(1.0f);\n\
        simdgroup_load(x, a, 8); simdgroup_multiply_accumulate(z, x, y, z);\n\
        simdgroup_store(z, c, 8, ulong2(0), true);\n\
        simdgroup_barrier(mem_flags::mem_threadgroup);\n out[t] = c[t];";
    right(
        &b,
        32,
        "",
        body,
        "",
        "each = \"1 + 6 * (1 - min(1, (i / 8 - i % 8) * (i / 8 - i % 8)))\"",
    );
}

#[test]
fn atomics_of_both_spaces() {
    let b = Bench::new(Detector::Fibers);
    let body = "threadgroup atomic_uint n; if (t == 0) atomic_store_explicit(&n, 0u, memory_order_relaxed);\n\
        threadgroup_barrier(mem_flags::mem_threadgroup);\n\
        atomic_fetch_add_explicit(&n, 2u, memory_order_relaxed); atomic_fetch_max_explicit(total, int(t), memory_order_relaxed);\n\
        threadgroup_barrier(mem_flags::mem_threadgroup | mem_flags::mem_device);\n\
        out[t] = atomic_load_explicit(&n, memory_order_relaxed) + atomic_load_explicit(total, memory_order_relaxed);";
    let text = ", device atomic_int* total [[buffer(2)]]";
    let all = format!(
        "kernel void k(device float* out [[buffer(0)]], device uint* ran [[buffer(1)]]{text}, uint t [[thread_index_in_threadgroup]]) {{ ran[t] = 1;\n{body}\n}}\n"
    );
    let unit = b.build(&all, &[]);
    let spec = "[buffers]\nout = { count = 64, each = \"128 + 63\" }\nran = { count = 64, fill = \"zeros\" }\ntotal = { count = 1, values = [-5] }";
    let r = b.run(&unit, "k", 64, spec, &[]);
    let changed: Vec<&str> = r.wrote.iter().map(|w| w.buffer.as_str()).collect();
    assert_eq!(changed, ["ran", "total"], "{r:?}");
    assert!(r.races.is_empty(), "{r:?}");
}

#[test]
fn constants_templates_includes_and_host_sized_memory() {
    let b = Bench::new(Detector::Fibers);
    std::fs::write(
        b.folder.path().join("part.h"),
        "#pragma once\n#define PART 3\ninline uint part(uint x) {\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    return x + PART;\n}\n",
    )
    .expect("writable");
    let text = "#include \"part.h\"\n\
        constant bool wide [[function_constant(0)]];\nconstant uint pace [[function_constant(4)]];\n\
        constant uint stride = is_function_constant_defined(pace) ? pace : 9;\n\
        struct P { uint n; half scale; };\n\
        template <typename T, uint N>\nkernel void generic(device T* out [[buffer(0)]], constant P& p [[buffer(1)]],\n\
        threadgroup uint* shared [[threadgroup(0)]], uint2 at [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {\n\
        shared[t] = t;\n const uint other = part(t) - PART;\n\
        out[at.x] = T(shared[(other + 1) % 64] * N + (wide ? stride : 0) + FROM_COMMAND_LINE + p.n + uint(p.scale * 2.0h));\n}\n\
        template [[host_name(\"float_kernel\")]] kernel void generic<float, 10>(device float*, constant P&, threadgroup uint*, uint2, uint);\n";
    let unit = b.build(text, &["p.n", "p.scale"]);
    assert_eq!(unit.rejected, []);
    let launch = |constants: &str, base: u32| {
        format!(
            "grid = [2]\nparams = {{ \"p.n\" = 100, \"p.scale\" = 1.5 }}\nconstants = {{ {constants} }}\n[buffers]\n\
             out = {{ count = 128, each = \"(i + 1) % 64 * 10 + {base}\" }}\nshared = {{ count = 64 }}"
        )
    };
    for (constants, base) in [("0 = true, 4 = 1000", 1108), ("0 = true", 117), ("", 108)] {
        let r = b.run(&unit, "float_kernel", 64, &launch(constants, base), &[]);
        assert_eq!((&r.failure, &r.wrote), (&None, &vec![]), "{constants}");
    }
    // A barrier of an included file is known by that file.
    let r = b.run(&unit, "float_kernel", 64, &launch("", 108), &[]);
    assert!(
        r.barriers
            .iter()
            .any(|s| s.file.ends_with("part.h") && s.line == 4),
        "{:?}",
        r.barriers
    );
}

#[test]
fn races_are_put_down_to_the_barrier_that_had_ordered_them() {
    let b = Bench::new(Detector::Fibers);
    // Line 7 orders the exchange; line 9 orders nothing. The last two lines race as written.
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
        threadgroup uint a[64];\n threadgroup uint b;\n a[t] = t;\n\
        threadgroup_barrier(mem_flags::mem_threadgroup);\n uint v = a[63 - t];\n\
        threadgroup_barrier(mem_flags::mem_none);\n b = t;\n out[t] = v;\n}\n";
    let unit = b.build(text, &[]);
    let spec = "[buffers]\nout = { count = 64, fill = \"zeros\" }";
    let due = |lines: &[u32]| {
        let r = b.run(&unit, "k", 64, spec, lines);
        assert_eq!(r.failure, None);
        let of = |due: bool| -> std::collections::BTreeSet<String> {
            r.races
                .iter()
                .filter(|x| x.due == due)
                .map(|x| x.array.clone())
                .collect()
        };
        let first = r.races.iter().find(|x| x.due).map(|x| {
            let mut lines = [x.a.line, x.b.line];
            lines.sort_unstable();
            (lines, x.a.passed != x.b.passed, x.a.thread != x.b.thread)
        });
        (of(true), of(false), first)
    };
    let set = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
    assert_eq!(due(&[]), (set(&[]), set(&["b"]), None));
    assert_eq!(
        due(&[7]),
        (set(&["a"]), set(&["b"]), Some(([6, 8], true, true)))
    );
    assert_eq!(due(&[9]), (set(&[]), set(&["b"]), None));
}

#[test]
fn simdgroup_barriers_order_simdgroups_only() {
    let b = Bench::new(Detector::Fibers);
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
        threadgroup uint a[64];\n a[t] = t;\n simdgroup_barrier(mem_flags::mem_threadgroup);\n out[t] = a[t ^ 1] + a[(t + 32) % 64];\n}\n";
    let unit = b.build(text, &[]);
    let spec = "[buffers]\nout = { count = 64, fill = \"zeros\" }";
    let r = b.run(&unit, "k", 64, spec, &[]);
    assert!(
        !r.races.is_empty() && r.races.iter().all(|x| !x.same_simdgroup),
        "{:?}",
        r.races
    );
    let r = b.run(&unit, "k", 64, spec, &[6]);
    assert!(
        r.races.iter().any(|x| x.same_simdgroup && x.due),
        "{:?}",
        r.races
    );
    assert!(
        r.races.iter().all(|x| x.same_simdgroup || !x.due),
        "{:?}",
        r.races
    );
}

#[test]
fn what_an_ended_thread_did_stays_unordered() {
    let b = Bench::new(Detector::Fibers);
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
        threadgroup uint a[64];\n a[t] = t;\n if (t == 5) return;\n threadgroup_barrier(mem_flags::mem_threadgroup);\n\
        threadgroup_barrier(mem_flags::mem_threadgroup);\n out[t] = a[63 - t];\n}\n";
    let unit = b.build(text, &[]);
    let r = b.run(
        &unit,
        "k",
        64,
        "[buffers]\nout = { count = 64, fill = \"zeros\" }",
        &[],
    );
    let bytes: Vec<u64> = r.races.iter().map(|x| x.byte).collect();
    assert_eq!(bytes, [20], "{:?}", r.races);
}

#[test]
fn a_thread_that_never_comes_to_the_barrier_was_not_ordered_by_it() {
    let b = Bench::new(Detector::Fibers);
    // Thread 5 writes and ends; the barrier on line 7 orders what all others wrote, not that.
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
        threadgroup uint a[64];\n a[t] = t;\n if (t == 5) return;\n\
        threadgroup_barrier(mem_flags::mem_threadgroup);\n out[t] = a[WHICH];\n}\n";
    let spec = "[buffers]\nout = { count = 64, fill = \"zeros\" }";
    for (which, due) in [("5", false), ("6", true)] {
        let unit = b.build(&text.replace("WHICH", which), &[]);
        let r = b.run(&unit, "k", 64, spec, &[7]);
        assert!(!r.races.is_empty(), "{r:?}");
        assert!(
            r.races.iter().all(|x| x.due == due),
            "{which}: {:?}",
            r.races
        );
    }
}

#[test]
fn accesses_outside_of_buffers_are_seen() {
    let b = Bench::new(Detector::Fibers);
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n out[t] = t;\n}\n";
    let unit = b.build(text, &[]);
    let r = b.run(
        &unit,
        "k",
        64,
        "[buffers]\nout = { count = 60, fill = \"zeros\" }",
        &[],
    );
    let o = r.outside.first().expect("an access outside");
    assert_eq!((o.buffer.as_str(), o.size, o.access.line), ("out", 240, 4));
}

#[test]
fn real_threads_find_the_same() {
    let b = Bench::new(Detector::Tsan);
    let text = "kernel void k(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
        threadgroup uint a[64];\n a[t] = t;\n threadgroup_barrier(mem_flags::mem_threadgroup);\n uint v = a[63 - t];\n\
        threadgroup_barrier(mem_flags::mem_device);\n out[t] = v + simd_sum(v);\n}\n";
    let unit = b.build(text, &[]);
    let spec = "[buffers]\nout = { count = 64, fill = \"zeros\" }";
    assert_eq!(b.run(&unit, "k", 64, spec, &[]).races, []);
    assert_eq!(b.run(&unit, "k", 64, spec, &[8]).races, []);
    let r = b.run(&unit, "k", 64, spec, &[6]);
    assert!(r.races.iter().any(|x| x.due && x.array == "a"), "{r:?}");
}

#[test]
fn a_program_cannot_open_files() {
    // The kernel itself asks the system; a real one could not even say so.
    let b = Bench::new(Detector::Fibers);
    let text = "extern \"C\" int open(const char*, int, ...);\n\
        kernel void k(device int* out [[buffer(0)]]) { out[0] = open(\"/etc/hostname\", 0) < 0 ? 1 : 2; }\n";
    let unit = b.build(text, &[]);
    let r = b.run(
        &unit,
        "k",
        1,
        "[buffers]\nout = { count = 1, values = [1] }",
        &[],
    );
    assert_eq!((r.failure, r.wrote), (None, vec![]));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let b = Bench::new(Detector::Fibers);
    let request = Request {
        file: Path::new("/nonexistent.metal"),
        defines: &[],
        includes: &[],
        scalars: BTreeMap::new(),
    };
    let e = build(&b.tools, &request, 1).err().map(|e| e.to_string());
    assert!(
        e.as_deref()
            .is_some_and(|e| e.contains("nonexistent.metal")),
        "{e:?}"
    );
}
