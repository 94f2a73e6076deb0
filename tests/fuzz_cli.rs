//! `unbarrier fuzz`: finds the races of our kernels, prints commands that show them again, and refuses bad input.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fuzz(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .arg("fuzz")
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn json(o: &Output) -> Value {
    serde_json::from_slice(&o.stdout).unwrap_or_else(|e| {
        panic!(
            "{e}: {}{}",
            String::from_utf8_lossy(&o.stdout),
            String::from_utf8_lossy(&o.stderr)
        )
    })
}

/// Lines of a file that end with an expectation.
fn marked(file: &Path, mark: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("readable");
    (1u32..)
        .zip(text.lines())
        .filter(|(_, l)| l.ends_with(mark))
        .map(|(n, _)| n.to_string())
        .collect()
}

fn twins(name: &str) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = std::fs::read_dir(root().join("kernels"))
        .expect("kernels")
        .map(|e| e.expect("an entry").path().join(name))
        .filter(|p| p.is_file())
        .collect();
    out.sort();
    assert_eq!(out.len(), 6);
    out
}

/// The words of a printed command, without the name of the program and of the subcommand.
fn words(command: &str) -> Vec<String> {
    assert!(!command.contains('\''), "{command}");
    command.split(' ').skip(2).map(String::from).collect()
}

/// Seconds in which the race of a barrier that must stay is found.
const FOUND_WITHIN: u64 = 10;

/// Bounds under which a run is short, for many runs: folder of the kernel, assumptions.
const SHORT: &[(&str, &[&str])] = &[
    ("accumulator_init", &["k_dim <= 96"]),
    ("loop_carried_tile", &["k <= 96", "n <= 96"]),
    (
        "register_broadcast",
        &["hidden_dim <= 32", "inner_dim <= 32"],
    ),
];

/// Runs of each kernel whose barrier can go: `UNBARRIER_TWIN_RUNS`, for each of which a second is allowed on top of a minute.
fn twin_runs() -> u64 {
    let given = std::env::var("UNBARRIER_TWIN_RUNS").ok();
    given.and_then(|v| v.parse().ok()).unwrap_or(12)
}

#[test]
fn barriers_that_must_stay_race() {
    for file in twins("must_stay.metal") {
        let name = file.display().to_string();
        for line in marked(&file, "//~ required") {
            let started = Instant::now();
            let o = fuzz(&root(), &[&name, "--disable", &line, "--format", "json"]);
            assert_eq!(o.status.code(), Some(1), "{name}:{line}");
            let took = started.elapsed();
            println!("{name}:{line}: found in {took:?}");
            assert!(
                took < Duration::from_secs(FOUND_WITHIN),
                "{name}:{line}: {took:?}"
            );
            // Every kernel of the file has the barrier; the command of the first shows its race again.
            let report = json(&o);
            let race = &report["kernels"][0]["race"];
            let command = race["command"].as_str().expect("a command");
            let w = words(command);
            let w: Vec<&str> = w.iter().map(String::as_str).collect();
            let again = fuzz(&root(), &[&w[..], &["--format", "json"]].concat());
            assert_eq!(again.status.code(), Some(1), "{command}");
            let again = json(&again);
            let race_again = &again["kernels"][0]["race"];
            assert_eq!(race_again["threads"], race["threads"], "{command}");
            assert_eq!(race_again["byte"], race["byte"], "{command}");
        }
    }
}

#[test]
fn barriers_that_can_go_do_not_race() {
    for file in twins("can_go.metal") {
        let name = file.display().to_string();
        for line in marked(&file, "//~ removable") {
            let (runs, most) = (twin_runs().to_string(), (60 + twin_runs()).to_string());
            let started = Instant::now();
            let mut args = vec![&*name, "--disable", &line, "--runs", &runs, "--time", &most];
            let bounds = SHORT
                .iter()
                .filter(|(folder, _)| name.contains(folder) && twin_runs() > 100);
            for bound in bounds.flat_map(|b| b.1) {
                args.extend(["--assume", bound]);
            }
            let o = fuzz(&root(), &args);
            let out = String::from_utf8_lossy(&o.stdout).into_owned();
            println!("{name}:{line}: {:?}\n{out}", started.elapsed());
            assert_eq!(o.status.code(), Some(0), "{name}:{line}: {out}");
            assert!(out.contains(&format!("no race in {runs} runs")), "{out}");
        }
    }
}

const SOURCE: &str = "#include <metal_stdlib>
using namespace metal;
kernel void shift(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant char& c [[buffer(2)]],
                  uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint tile[2048];
    tile[tid] = tid;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (n > 5) out[tid] = tile[tid + n] + uint(c);
}
kernel void endless(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    for (uint i = 0; i < 10; i += n) { out[tid] = i; }
}
kernel void turns(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup atomic_uint turn;
    threadgroup uint cell[1];
    if (tid == 0) atomic_store_explicit(&turn, 0u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint mine = atomic_fetch_add_explicit(&turn, 1u, memory_order_relaxed);
    if (mine == 1 && tid == 0) cell[0] = 1;
    if (mine == 0 && tid == 1) cell[0] = 2;
    out[tid] = mine;
}
[[max_total_threads_per_threadgroup(64)]]
kernel void narrow(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) { out[tid] = tid; }
kernel void waiting(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    // One thread never comes to the barrier.
    if (tid == 0) { while (true) { out[0] = 1; } }
    threadgroup_barrier(mem_flags::mem_device);
    out[tid] = 2;
}
kernel void sum(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint tile[64];
    tile[tid] = in[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (in[40] == 123456) out[tid] = tile[63 - tid];
}
kernel void independent(device atomic_uint* own [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    for (uint i = 0; i < 9; ++i) atomic_fetch_add_explicit(&own[tid], 1u, memory_order_relaxed);
}
";

fn folder() -> TempDir {
    let dir = TempDir::new().expect("a folder");
    std::fs::write(dir.path().join("f.metal"), SOURCE).expect("writable");
    dir
}

#[test]
fn the_smallest_launch_is_printed() {
    let dir = folder();
    let o = fuzz(
        dir.path(),
        &[
            "f.metal",
            "--kernel",
            "shift",
            "--disable",
            "7",
            "--format",
            "json",
        ],
    );
    assert_eq!(o.status.code(), Some(1));
    let race = json(&o)["kernels"][0]["race"].clone();
    // A thread reads at least six cells further on.
    assert_eq!(race["threadgroup"], serde_json::json!([7, 1, 1]));
    assert_eq!(race["parameters"]["n"], "6");
    // With the barrier there is nothing to find, and nothing where the assumptions exclude it.
    let o = fuzz(
        dir.path(),
        &["f.metal", "--kernel", "shift", "--runs", "200"],
    );
    assert_eq!(o.status.code(), Some(0));
    let args = [
        "f.metal",
        "--disable",
        "7",
        "--assume",
        "n < 6",
        "--runs",
        "200",
    ];
    assert_eq!(fuzz(dir.path(), &args).status.code(), Some(0));
    let args = [
        "f.metal",
        "--disable",
        "7",
        "--threads",
        "1..=6",
        "--runs",
        "200",
    ];
    assert_eq!(fuzz(dir.path(), &args).status.code(), Some(0));
    // Equal seeds, equal reports.
    let args = [
        "f.metal",
        "--kernel",
        "shift",
        "--disable",
        "7",
        "--seed",
        "9",
    ];
    assert_eq!(
        fuzz(dir.path(), &args).stdout,
        fuzz(dir.path(), &args).stdout
    );
}

#[test]
fn interleavings_are_explored() {
    let dir = folder();
    let args = [
        "f.metal",
        "--kernel",
        "turns",
        "--threads",
        "2",
        "--exhaustive",
        "--runs",
        "3",
    ];
    let o = fuzz(dir.path(), &args);
    assert_eq!(
        o.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&o.stdout)
    );
    let args = [&args[..], &["--states", "2"]].concat();
    let out = String::from_utf8_lossy(&fuzz(dir.path(), &args).stdout).into_owned();
    assert!(out.contains("--states 2"), "{out}");
}

#[test]
fn bad_input_is_refused() {
    let dir = folder();
    let cases: &[(&[&str], &str)] = &[
        (&["nope.metal"], "nope.metal"),
        (&["f.metal", "--threads", "0"], "at least one thread"),
        (&["f.metal", "--threads", "1..=2000"], "at most 1024"),
        (&["f.metal", "--threads", "9..=8"], "empty"),
        (&["f.metal", "--threadgroup", "0"], "at least one thread"),
        (&["f.metal", "--threadgroup", "1025"], "at most 1024"),
        (&["f.metal", "--kernel", "shft"], "shift"),
        (
            &["f.metal", "--disable", "6"],
            "the barriers are on line 7, 17, 28, 34",
        ),
        (&["f.metal", "--kernel", "shift", "--param", "m=1"], "n, c"),
        (
            &["f.metal", "--kernel", "shift", "--param", "n=-1"],
            "out of range for `n`",
        ),
        (
            &["f.metal", "--kernel", "shift", "--param", "n=4294967296"],
            "out of range",
        ),
        (
            &["f.metal", "--kernel", "shift", "--param", "c=128"],
            "out of range for `c`",
        ),
        (
            &["f.metal", "--kernel", "shift", "--param", "n"],
            "NAME=VALUE",
        ),
        (
            &["f.metal", "--kernel", "shift", "--fill", "in=zeros"],
            "no buffer `in`; it has: out",
        ),
        (
            &["f.metal", "--kernel", "shift", "--size", "in=4"],
            "no buffer `in`; it has: out",
        ),
        (
            &["f.metal", "--kernel", "shift", "--set", "n@0=00"],
            "no buffer `n`; it has: out",
        ),
        (&["f.metal", "--set", "out@0=f"], "two hexadecimal digits"),
        (&["f.metal", "--set", "out@0=é"], "two hexadecimal digits"),
        (&["f.metal", "--set", "out=ff"], "BUFFER@BYTE=HEX"),
        (&["f.metal", "--size", "out"], "BUFFER=BYTES"),
        (&["f.metal", "--size", "out=-1"], "not a number of bytes"),
        (&["f.metal", "--group", "4294967295"], "numbered from 0"),
        (
            &["f.metal", "--kernel", "shift", "--param", "n=1.5"],
            "not an integer",
        ),
        (
            &["f.metal", "--kernel", "narrow", "--threadgroup", "65"],
            "at most 64 are possible",
        ),
        (
            &["f.metal", "--kernel", "narrow", "--threads", "65..=128"],
            "at most 64 threads",
        ),
        (
            &["f.metal", "--kernel", "waiting", "--steps", "1000"],
            "the last of which was at 27:",
        ),
        (&["f.metal", "--fill", "ones"], "expected zeros"),
        (&["f.metal", "--schedule", "best"], "in-order"),
        (
            &["f.metal", "--kernel", "shift", "--assume", "n <"],
            "not an MSL expression",
        ),
        (
            &["f.metal", "--kernel", "shift", "--assume", "n < 0"],
            "satisfies the assumptions",
        ),
        (
            &["f.metal", "--kernel", "endless", "--param", "n=0"],
            "endless loop",
        ),
        (&["f.metal", "--runs", "0"], "0"),
        (&["f.metal", "--time", "0"], "positive"),
    ];
    for (args, expected) in cases {
        let o = fuzz(dir.path(), args);
        let err = String::from_utf8_lossy(&o.stderr).into_owned();
        assert_eq!(o.status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains(expected), "{args:?}: {err}");
        assert!(!err.contains("panicked"), "{args:?}: {err}");
    }
}

#[test]
fn a_read_beyond_a_declared_buffer_is_noted() {
    let dir = folder();
    let args = [
        "f.metal",
        "--kernel",
        "sum",
        "--threadgroup",
        "64",
        "--runs",
        "2",
    ];
    let out = |more: &[&str]| {
        let o = fuzz(dir.path(), &[&args, more].concat());
        assert_eq!(o.status.code(), Some(0));
        String::from_utf8_lossy(&o.stdout).into_owned()
    };
    // Without a size, the buffer is as large as it has to be.
    assert!(!out(&[]).contains("out of bounds"));
    assert!(!out(&["--size", "in=256"]).contains("out of bounds"));
    let short = out(&["--size", "in=252"]);
    assert!(
        short.contains("out of bounds: the read at 33:5 reaches byte 252 of in of 252 bytes"),
        "{short}"
    );
    // Nothing bound at all.
    assert!(out(&["--size", "in=0"]).contains("of in of 0 bytes"));
}

#[test]
fn the_command_of_a_verdict_shows_its_race() {
    let dir = folder();
    // The race hinges on one value of a buffer, which fuzzing alone would hardly meet.
    let args = ["f.metal", "--kernel", "sum", "--threadgroup", "64"];
    let o = fuzz(
        dir.path(),
        &[&args[..], &["--disable", "34", "--runs", "50"]].concat(),
    );
    assert_eq!(o.status.code(), Some(0));
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .arg("prove")
        .args(args)
        .args(["--format", "json"])
        .current_dir(dir.path())
        .output()
        .expect("the program starts");
    let report = json(&o);
    let kernel = &report["files"][0]["kernels"][0];
    assert_eq!(kernel["barriers"][0]["verdict"], "required");
    assert_eq!(kernel["replayed"]["assignments"], 1);
    assert_eq!(kernel["replayed"]["as_given"], 1);
    assert_eq!(kernel["replayed"]["nearby"], 0);
    let command = kernel["barriers"][0]["replay"].as_str().expect("a command");
    assert!(command.contains("in@160=40e20100"), "{command}");
    let w = words(command);
    let w: Vec<&str> = w.iter().map(String::as_str).collect();
    let again = fuzz(dir.path(), &w);
    assert_eq!(again.status.code(), Some(1), "{command}");
}

#[test]
fn independent_accesses_are_not_interleaved() {
    let dir = folder();
    // 27 accesses of three threads have 10^11 orders; as none touches what another does, one is enough.
    let args = [
        "f.metal",
        "--kernel",
        "independent",
        "--threadgroup",
        "3",
        "--exhaustive",
        "--runs",
        "1",
    ];
    let o = fuzz(dir.path(), &[&args[..], &["--states", "100"]].concat());
    let out = String::from_utf8_lossy(&o.stdout).into_owned();
    assert_eq!(o.status.code(), Some(0), "{out}");
    assert!(out.contains("(every interleaving)"), "{out}");
}

/// A race that needs an old value of device memory: only with the option, and not where loads look at memory.
#[test]
fn device_loads_are_kept_when_asked_and_allowed() {
    let go = |case: &str, keep: bool| {
        let mut args = vec![case, "--disable", "24", "--threadgroup", "64"];
        args.extend(["--param", "rounds=2", "--runs", "20"]);
        args.extend(["--fill", "index", "--fill", "stop=random:0:0:0"]);
        if keep {
            args.push("--keep-device-loads");
        }
        fuzz(&root(), &args).status.code()
    };
    let plain = "tests/cases/required/keeps_old_flag.metal";
    let volatile = "tests/cases/unknown/looks_at_volatile_flag.metal";
    assert_eq!(go(plain, false), Some(0));
    assert_eq!(go(plain, true), Some(1));
    assert_eq!(go(volatile, true), Some(0));
}
