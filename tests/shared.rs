//! Kernels of a run that are alike are proved once: verdicts alone and in the group are equal, and the work grows with what is different.

use std::process::Command;

use serde_json::Value;

/// A reduction in threadgroup memory, for several types, operations and widths; every third barrier may go.
fn source(types: &[&str], operations: usize) -> String {
    let mut text = String::from(
        "#include <metal_stdlib>
using namespace metal;
template <typename T, int K> struct Op { T operator()(T a, T b) { return a + b * T(K); } };
template <typename T, typename O, int W>
[[kernel]] void fold(device T* out [[buffer(0)]], device const T* in [[buffer(1)]], constant uint& n [[buffer(2)]],
                     uint tid [[thread_index_in_threadgroup]], uint size [[threads_per_threadgroup]]) {
    threadgroup T part[64 * W];
    O op;
    for (int w = 0; w < W; w++) {
        part[tid * W + w] = op(in[tid], in[n]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    T sum = 0;
    for (int w = 0; w < W; w++) {
        sum = op(sum, part[tid * W + w]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    part[tid] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = op(part[63 - tid], sum);
}
#define make(t, k, w) template [[host_name(\"fold_\" #t \"_\" #k \"_\" #w)]] [[kernel]] decltype(fold<t, Op<t, k>, w>) fold<t, Op<t, k>, w>;
",
    );
    for t in types {
        for k in 0..operations {
            for w in [1, 4] {
                text += &format!("make({t}, {k}, {w})\n");
            }
        }
    }
    text
}

struct Ran {
    report: Value,
    human: String,
}

fn prove(text: &str, more: &[&str]) -> Ran {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("k.metal");
    std::fs::write(&file, text).expect("written");
    let run = |format: &str| {
        let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
            .current_dir(dir.path())
            .args(["prove", "k.metal", "--no-cache", "--threadgroup", "64"])
            .args(["--format", format, "--stats"])
            .args(more)
            .output()
            .expect("the program starts");
        assert_eq!(o.status.code(), Some(0), "{o:?}");
        String::from_utf8(o.stdout).expect("text")
    };
    Ran {
        report: serde_json::from_str(&run("json")).expect("JSON"),
        human: run("human"),
    }
}

fn kernels(r: &Ran) -> Vec<Value> {
    let all = r.report["files"][0]["kernels"].as_array().expect("kernels");
    let mut all = all.clone();
    for k in &mut all {
        // What it took, and who it was proved with.
        strip(k);
    }
    all
}

fn strip(v: &mut Value) {
    match v {
        Value::Object(m) => {
            m.remove("stats");
            m.remove("time_ms");
            m.values_mut().for_each(strip);
        }
        Value::Array(a) => a.iter_mut().for_each(strip),
        _ => {}
    }
}

fn queries(r: &Ran) -> u64 {
    let q = &r.report["stats"]["queries"];
    let n = q.as_u64().or_else(|| {
        let all = q.as_object()?.values().filter_map(Value::as_u64);
        Some(all.sum())
    });
    n.unwrap_or_else(|| panic!("{q} counts"))
}

#[test]
fn alone_and_in_the_group_verdicts_are_equal() {
    let text = source(&["float", "int", "half", "short", "uchar"], 3);
    let group = kernels(&prove(&text, &[]));
    assert_eq!(group.len(), 30);
    for i in [0, 5, 11, 17, 22, 29] {
        let name = group[i]["name"].as_str().expect("a name");
        let alone = kernels(&prove(&text, &["--kernel", name]));
        assert_eq!(alone.len(), 1, "{name}");
        assert_eq!(alone[0], group[i], "{name}");
    }
    let verdicts: Vec<&str> = group[1]["barriers"]
        .as_array()
        .expect("barriers")
        .iter()
        .map(|b| b["verdict"].as_str().expect("a verdict"))
        .collect();
    assert_eq!(verdicts.len(), 3);
    assert!(
        verdicts.contains(&"required") && verdicts.contains(&"removable"),
        "{verdicts:?}"
    );
}

#[test]
fn what_is_alike_is_proved_once_and_reported_together() {
    let one = prove(&source(&["float"], 1), &[]);
    let many = prove(&source(&["float", "int", "uint"], 5), &[]);
    assert_eq!(kernels(&one).len(), 2);
    assert_eq!(kernels(&many).len(), 30);
    assert!(queries(&one) > 0);
    assert_eq!(queries(&one), queries(&many));
    assert!(
        many.human.contains("fold ×15") || many.human.contains("(all kernels)"),
        "{}",
        many.human
    );
    assert!(
        many.human.lines().count() <= one.human.lines().count() + 2,
        "{}",
        many.human
    );
}

#[test]
fn time_grows_with_the_number_of_instantiations_at_most() {
    let wall = |n: usize| {
        let text = source(&["float", "int"], n);
        let tries = (0..3).map(|_| {
            let stats = &prove(&text, &[]).report["stats"];
            stats["wall_ms"].as_f64().expect("a time")
        });
        tries.fold(f64::INFINITY, f64::min)
    };
    let (some, double) = (wall(100), wall(200));
    assert!(
        double < 3.0 * some,
        "400 kernels: {some} ms, 800 kernels: {double} ms"
    );
}

#[test]
fn only_kernels_that_are_asked_for_are_lowered() {
    // What nobody asked for is not analysed, and is no gap.
    let text =
        source(&["float"], 2) + "kernel void other(device float* o [[buffer(0)]]) { o[0] = 1; }\n";
    let all = prove(&text, &[]);
    assert_eq!(kernels(&all).len(), 5);
    let one = prove(&text, &["--kernel", "fold_float_1_4"]);
    assert_eq!(kernels(&one).len(), 1);
    assert_eq!(
        one.report["files"][0]["not_analysed"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    let lowered = |r: &Ran| r.report["stats"]["lower_ms"].as_f64().expect("a time");
    assert!(lowered(&one) < lowered(&all));
}
