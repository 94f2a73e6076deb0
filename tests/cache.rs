//! `prove` a second time: the same report from the cache; and when it is not taken from there.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const SOURCE: &str = "#include <metal_stdlib>
#include \"part.h\"
using namespace metal;
kernel void k(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float t[64];
    t[tid] = out[tid] * SCALE;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = t[63 - tid] + float(n);
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
kernel void other(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    out[part(tid)] = 1;
    simdgroup_barrier(mem_flags::mem_device);
}
";

const PART: &str =
    "#ifndef SCALE\n#define SCALE 2.0f\n#endif\ninline uint part(uint i) { return i; }\n";

fn folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "k.metal", SOURCE);
    write(dir.path(), "part.h", PART);
    write(
        dir.path(),
        "unbarrier.toml",
        "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [64]\n",
    );
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("written");
}

fn prove(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["prove", "k.metal"])
        .args(args)
        .current_dir(dir)
        .env("UNBARRIER_CACHE", dir.join("cache"))
        .output()
        .expect("the program starts")
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let o = prove(dir, &[args, &["--format", "json"]].concat());
    serde_json::from_slice(&o.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&o.stderr)))
}

/// Which kernels came from the cache.
fn cached(v: &Value) -> Vec<bool> {
    let kernels = v["files"][0]["kernels"].as_array().expect("kernels");
    kernels
        .iter()
        .map(|k| k["cached"].as_bool().unwrap_or(false))
        .collect()
}

#[test]
fn the_second_report_is_the_first() {
    let dir = folder();
    let first = json(dir.path(), &[]);
    assert_eq!(cached(&first), [false, false]);
    let mut second = json(dir.path(), &[]);
    assert_eq!(cached(&second), [true, true]);
    for k in second["files"][0]["kernels"]
        .as_array_mut()
        .expect("kernels")
    {
        k.as_object_mut().expect("a kernel").shift_remove("cached");
    }
    // With the times.
    assert_eq!(first, second);
    let text = String::from_utf8(prove(dir.path(), &[]).stdout).expect("text");
    assert!(text.contains("cached: proved before"), "{text}");
    let fresh = String::from_utf8(prove(dir.path(), &["--no-cache"]).stdout).expect("text");
    let without: Vec<&str> = text.lines().filter(|l| !l.contains("cached:")).collect();
    assert_eq!(without, fresh.lines().collect::<Vec<_>>());
}

#[test]
fn each_change_of_the_input_misses() {
    let dir = folder();
    let d = dir.path();
    json(d, &[]);
    // Options, and their defaults again.
    for args in [
        &["--threadgroup", "32"] as &[&str],
        &["--assume", "n <= 4"],
        &["--timeout", "7"],
        &["--lockstep"],
        &["--execution-barriers-order-memory"],
        &["--no-cache"],
        &["--stats"],
        &["--emit-smt", "out"],
    ] {
        assert!(!cached(&json(d, args))[0], "{args:?}");
        assert_eq!(cached(&json(d, &[])), [true, true], "{args:?}");
    }
    // What is computed with decides nothing of barriers, and the places are the same.
    assert_eq!(cached(&json(d, &["-D", "SCALE=3.0f"])), [true, true]);
    // Each file, and back.
    for (name, before, after) in [
        ("k.metal", SOURCE, SOURCE.replace("63 - tid", "62 - tid")),
        (
            "k.metal",
            SOURCE,
            SOURCE
                .replace("[[kernel]]", "")
                .replace("kernel void k", "\nkernel void k"),
        ),
        (
            "unbarrier.toml",
            "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [64]\n",
            "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [63]\n".to_string(),
        ),
    ] {
        write(d, name, &after);
        assert!(!cached(&json(d, &[]))[0], "{name}");
        write(d, name, before);
        assert_eq!(cached(&json(d, &[])), [true, true], "{name}");
    }
    // Only what changed is proved again.
    write(d, "part.h", &PART.replace("return i;", "return i + 1;"));
    assert_eq!(cached(&json(d, &[])), [true, false]);
}

#[test]
fn damage_is_not_believed() {
    let dir = folder();
    let first = json(dir.path(), &[]);
    let mut n = 0;
    for sub in std::fs::read_dir(dir.path().join("cache")).expect("a cache") {
        for e in std::fs::read_dir(sub.expect("one").path()).expect("a folder") {
            std::fs::write(e.expect("one").path(), "removable").expect("written");
            n += 1;
        }
    }
    assert_eq!(n, 2);
    let again = json(dir.path(), &[]);
    assert_eq!(cached(&again), [false, false]);
    assert_eq!(again["files"][0]["barriers"], first["files"][0]["barriers"]);
}
