//! `unbarrier fuzz` with a launch specification: what is fixed, what varies, what the command line overrides.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const KERNEL: &str = "#include <metal_stdlib>
using namespace metal;
constant bool wide [[function_constant(0)]];
struct P { uint rows; uint n; };
kernel void rows(device uint* out [[buffer(0)]], const device uint* ids [[buffer(1)]], constant P& p [[buffer(2)]],
                 uint tid [[thread_index_in_threadgroup]], uint group [[threadgroup_position_in_grid]]) {
    threadgroup uint tile[64];
    tile[tid] = ids[group * p.n + tid];
    if (p.rows == 3 && p.n == 5347 && wide && group == 2) {
        tile[23 - tid] = 1;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[group * p.n + tid] = tile[(tid + 1) % 24];
}
";

const SPEC: &str = "[[kernel]]
file = \"rows.metal\"
threadgroup = [24]
[kernel.launch]
grid = [\"p.rows\"]
params = { \"p.rows\" = 3, \"p.n\" = 5347 }
constants = { wide = true }
[kernel.launch.buffers]
ids = { count = \"p.rows * p.n\", each = \"i % 7\" }
out = { count = \"p.rows * p.n\", fill = \"zeros\" }
";

fn folder(spec: Option<&str>) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("rows.metal"), KERNEL).expect("written");
    if let Some(s) = spec {
        std::fs::write(dir.path().join("unbarrier.toml"), s).expect("written");
    }
    dir
}

fn fuzz(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["fuzz", "rows.metal"])
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn report(o: &Output) -> Value {
    serde_json::from_slice(&o.stdout).expect("JSON")
}

fn errors(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

#[test]
fn parameters_sizes_constants_and_groups_are_as_specified() {
    let dir = folder(Some(SPEC));
    // The race needs exactly this launch, and the last of its three threadgroups.
    let o = fuzz(dir.path(), &["--runs", "40", "--format", "json"]);
    assert_eq!(o.status.code(), Some(1), "{}", errors(&o));
    let r = report(&o);
    let race = &r["kernels"][0]["race"];
    assert_eq!(race["threadgroup"], serde_json::json!([24, 1, 1]));
    assert_eq!(race["parameters"]["p.rows"], "3");
    assert_eq!(race["parameters"]["wide"], "1");
    let command = race["command"].as_str().expect("a command");
    assert!(command.contains("--group 2,0,0"), "{command}");
    assert!(command.contains("--size ids=64164"), "{command}");
    // The table is in the specification; it is not repeated byte for byte.
    assert!(!command.contains("--set"), "{command}");
    let notes = r["kernels"][0]["notes"].to_string();
    assert!(notes.contains("launches follow"), "{notes}");
    // The command shows the same race again.
    let again: Vec<&str> = command.split(' ').skip(3).collect();
    let o = fuzz(dir.path(), &[&again[..], &["--format", "json"]].concat());
    let r2 = report(&o);
    assert_eq!(
        r2["kernels"][0]["race"]["threads"], race["threads"],
        "{command}"
    );
}

#[test]
fn the_command_line_wins() {
    let dir = folder(Some(SPEC));
    // Another n: sizes that depend on it follow (no access is out of bounds), and the race needs n = 24.
    let o = fuzz(
        dir.path(),
        &["--runs", "40", "--param", "p.n=32", "--threadgroup", "32"],
    );
    let out = String::from_utf8_lossy(&o.stdout).into_owned();
    assert_eq!(o.status.code(), Some(0), "{out}");
    assert!(!out.contains("out of bounds"), "{out}");
    let o = fuzz(dir.path(), &["--runs", "40", "--param", "wide=0"]);
    assert_eq!(o.status.code(), Some(0));
    let o = fuzz(dir.path(), &["--runs", "40", "--group", "1"]);
    assert_eq!(o.status.code(), Some(0));
    // A smaller buffer than specified is noticed.
    let o = fuzz(
        dir.path(),
        &["--runs", "3", "--size", "out=16", "--param", "wide=0"],
    );
    let out = String::from_utf8_lossy(&o.stdout).into_owned();
    assert!(
        out.contains("out of bounds") && out.contains("of 16 bytes"),
        "{out}"
    );
}

#[test]
fn without_it_or_with_threads_everything_varies() {
    for (spec, args) in [
        (None, &["--runs", "40"] as &[&str]),
        (Some(SPEC), &["--runs", "40", "--no-launch"]),
        (Some(SPEC), &["--runs", "40", "--threads", "24"]),
    ] {
        let dir = folder(spec);
        let o = fuzz(dir.path(), &[args, &["--format", "json"]].concat());
        let r = report(&o);
        assert!(r["kernels"][0]["race"].is_null(), "{args:?}: {r}");
        let notes = r["kernels"][0]["notes"].to_string();
        assert!(!notes.contains("launches follow"), "{notes}");
    }
}

#[test]
fn contents_vary_within_their_rule() {
    // A race that one in eight of the contents shows, and not the first.
    let source = "#include <metal_stdlib>
using namespace metal;
kernel void rows(device uint* out [[buffer(0)]], const device uint* ids [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    if (ids[0] == 5 || ids[0] > 7) out[0] = tid;
    out[tid] = 1;
}
";
    let dir = folder(None);
    std::fs::write(dir.path().join("rows.metal"), source).expect("written");
    let spec = |fill: &str| {
        let text = format!(
            "[[kernel]]\nfile = \"rows.metal\"\nthreadgroup = [8]\n[kernel.launch.buffers]\nids = {{ count = 8, {fill} }}\nout = {{ count = 8, fill = \"zeros\" }}\n"
        );
        std::fs::write(dir.path().join("unbarrier.toml"), text).expect("written");
    };
    spec("fill = \"random:1:0:7\"");
    let o = fuzz(dir.path(), &["--runs", "200", "--format", "json"]);
    let r = report(&o);
    let command = r["kernels"][0]["race"]["command"].to_string();
    assert!(command.contains(":0:7"), "{r}");
    // A table stays what it is.
    spec("values = [4]");
    let o = fuzz(dir.path(), &["--runs", "200", "--format", "json"]);
    assert!(report(&o)["kernels"][0]["race"].is_null());
    // A fill on the command line goes before the table.
    let o = fuzz(
        dir.path(),
        &[
            "--runs",
            "1",
            "--fill",
            "ids=random:1:5:5",
            "--format",
            "json",
        ],
    );
    assert!(report(&o)["kernels"][0]["race"].is_object());
}

#[test]
fn a_specification_in_another_file_serves() {
    let dir = folder(None);
    std::fs::write(dir.path().join("launches.toml"), SPEC).expect("written");
    let o = fuzz(
        dir.path(),
        &[
            "--contracts",
            "launches.toml",
            "--runs",
            "40",
            "--format",
            "json",
        ],
    );
    let r = report(&o);
    let command = r["kernels"][0]["race"]["command"].to_string();
    assert!(command.contains("--contracts launches.toml"), "{r}");
}

#[test]
fn a_specification_that_does_not_fit_is_named() {
    for (from, to, expected) in [
        ("p.n\" = 5347", "p.m\" = 5347", "no parameter `p.n`"),
        ("ids = {", "idx = {", "has no buffer `idx`"),
        ("\"p.rows\" = 3", "\"p.rows\" = 5000000000", "not possible"),
        ("grid = [\"p.rows\"]", "grid = [0]", "grid[0]"),
    ] {
        let dir = folder(Some(&SPEC.replace(from, to)));
        let o = fuzz(dir.path(), &["--runs", "2"]);
        assert_eq!(o.status.code(), Some(2), "{to}");
        let e = errors(&o);
        assert!(
            e.contains(expected) && e.contains("unbarrier.toml"),
            "{to}: {e}"
        );
    }
}
