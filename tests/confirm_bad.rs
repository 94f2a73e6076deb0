//! `unbarrier confirm`: kernels that do not compile, launches that do not fit, and what is written for other compilers. Needs Clang.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn confirm(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["confirm", "--all"])
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program runs")
}

fn out(o: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&o.stdout),
        String::from_utf8_lossy(&o.stderr)
    )
}

const SOURCE: &str = "#include <metal_stdlib>
using namespace metal;
[[max_total_threads_per_threadgroup(32)]]
kernel void broken(device float* out [[buffer(0)]], texture2d<float> x [[texture(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float t[64];
    /* So long that the preprocessor leaves a line marker.
     *
     *
     *
     *
     *
     *
     *
     *
     */
    t[tid] = x.read(uint2(0, 0)).x;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = t[31 - tid];
}
template <typename T> kernel void wrong(device T* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    out[tid] = 1 + missing;
}
template [[host_name(\"wrong_f\")]] kernel void wrong<float>(device float*, uint);
template [[host_name(\"wrong_u\")]] kernel void wrong<uint>(device uint*, uint);
kernel void good(device float* out [[buffer(0)]], const device float* in [[buffer(1)]], constant uint& n [[buffer(2)]],
                 uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float t[64];
    t[tid] = in[tid] + float(n);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = t[31 - tid];
}
";

fn folder(launch: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("k.metal"), SOURCE).expect("written");
    let toml = format!(
        "[[kernel]]\nfile = \"k.metal\"\nname = \"good\"\nthreadgroup = [32]\n[kernel.launch]\n{launch}"
    );
    std::fs::write(dir.path().join("unbarrier.toml"), toml).expect("written");
    dir
}

const FITS: &str = "params = { n = 3 }\n[kernel.launch.buffers]\nout = { count = 32, fill = \"zeros\" }\nin = { count = 32, fill = \"index\" }\nmore = { count = 8, optional = true }\n";

#[test]
fn a_kernel_that_does_not_compile_leaves_the_others() {
    let dir = folder(FITS);
    let o = confirm(dir.path(), &["k.metal"]);
    let text = out(&o);
    assert_eq!(o.status.code(), Some(2), "{text}");
    assert!(
        text.contains("k.metal:4:53: error: no template named 'texture2d'"),
        "{text}"
    );
    // In an instantiation, at the template's line.
    assert!(text.contains("kernel wrong_f does not compile"), "{text}");
    assert!(text.contains("kernel wrong_u does not compile"), "{text}");
    assert!(
        text.contains("k.metal:21:20: error: use of undeclared identifier 'missing'"),
        "{text}"
    );
    // The last kernel's lines are its own.
    assert!(
        text.contains("line 29: weakenable: agrees") || text.contains("line 29: required: agrees"),
        "{text}"
    );
}

#[test]
fn a_launch_that_does_not_fit_is_an_error() {
    for (from, to, expected) in [
        (
            "in = { count = 32",
            "in = { count = 20",
            "outside of `in` (byte 80 of 80) at line 28",
        ),
        ("in = {", "inn = {", "no buffer `inn`; it has: out, in"),
        ("n = 3", "m = 3", "no parameter `m`"),
        ("n = 3", "n = -1", "out of range"),
    ] {
        let dir = folder(&FITS.replace(from, to));
        let o = confirm(dir.path(), &["k.metal", "--kernel", "good"]);
        let text = out(&o);
        assert_eq!(o.status.code(), Some(2), "{to}: {text}");
        assert!(text.contains(expected), "{to}: {text}");
    }
}

#[test]
fn what_would_be_compiled_can_be_written() {
    let dir = folder(FITS);
    let o = confirm(dir.path(), &["k.metal", "--dump-source", "dump"]);
    assert_eq!(o.status.code(), Some(0), "{}", out(&o));
    let dump = dir.path().join("dump");
    let read = |n: &str| std::fs::read_to_string(dump.join(n)).expect(n);
    let v: Value = serde_json::from_str(&read("k.json")).expect("JSON");
    assert_eq!(v["schema"], "unbarrier-source/1");
    let all = v["kernels"].as_array().expect("kernels");
    let good = all
        .iter()
        .find(|k| k["name"] == "good")
        .expect("the kernel");
    assert_eq!(good["threadgroup"], serde_json::json!([32, 1, 1]));
    assert_eq!(good["scalars"]["n"], 3);
    assert_eq!(good["buffers"]["in"]["fill"], "index");
    assert_eq!(
        good["parameters"][3]["attribute"],
        "thread_index_in_threadgroup"
    );
    assert!(good["verdicts"]["29"].is_string(), "{good}");
    assert!(read("k.cpp").contains("UB_THREADGROUP threadgroup float t[64]"));
    assert!(read("include/ub_collective.h").contains("threadgroup_barrier"));
    assert!(read("include/ub_swizzles.h").contains("UB_VEC_BODY"));
    let o = confirm(dir.path(), &["k.metal", "--dump-source", "k.metal/x"]);
    assert_eq!(o.status.code(), Some(2));
}
