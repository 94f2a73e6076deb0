//! What a person and a workflow see: lines, totals, exit codes, several outputs, standard input, other languages.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const KERNELS: &str = "#include <metal_stdlib>
using namespace metal;
inline uint swapped(threadgroup uint* s, uint tid) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    return s[63 - tid];
}
kernel void twice(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint a[64];
    threadgroup uint b[64];
    a[tid] = tid;
    b[tid] = swapped(a, tid);
    out[tid] = swapped(b, tid);
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
kernel void races(device uint* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup uint s[64];
    s[tid] = tid;
    out[tid] = s[63 - tid];
    if (tid < 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
}
";

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(dir: &Path, args: &[&str], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(dir)
        .env("UNBARRIER_CACHE", "off")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Who does not read it closes it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let o = child.wait_with_output().expect("it ends");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("UTF-8");
    let said = Said {
        code: o.status.code(),
        out: text(o.stdout),
        err: text(o.stderr),
    };
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

fn folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("k.metal"), KERNELS).expect("a file");
    dir
}

const PROVE: [&str; 4] = ["prove", "k.metal", "--threadgroup", "64"];

fn prove(dir: &TempDir, more: &[&str]) -> Said {
    run(dir.path(), &[&PROVE, more].concat(), "")
}

#[test]
fn one_line_per_finding_problems_first() {
    let dir = folder();
    let o = prove(&dir, &[]);
    let lines: Vec<&str> = o
        .out
        .lines()
        .filter(|l| l.starts_with("k.metal:"))
        .collect();
    let kind = |l: &str| {
        let rest = l.splitn(4, ':').nth(3).unwrap_or("").trim().to_string();
        rest.split([':', ' ']).next().unwrap_or("").to_string()
    };
    let kinds: Vec<String> = lines[1..].iter().map(|l| kind(l)).collect();
    assert_eq!(
        kinds,
        ["race", "divergent", "unknown", "removable", "required"],
        "{}",
        o.out
    );
    let required = lines.last().expect("a line");
    for part in ["k.metal:4:5", "thread", " it at ", "(2 call paths)"] {
        assert!(required.contains(part), "{part}: {required}");
    }
    assert!(!o.out.contains("replay:"), "{}", o.out);
    let total = o.out.lines().last().expect("a line");
    assert!(
        total.starts_with("1 file, 2 kernels, 3 barriers: 1 removable, 1 required, 1 unknown"),
        "{total}"
    );
    assert!(o.out.contains("twice is free of races"), "{}", o.out);
    assert!(o.out.contains("races was not shown free"), "{}", o.out);
}

#[test]
fn details_for_those_who_ask() {
    let dir = folder();
    let all = prove(&dir, &["-v"]).out;
    // Of the two call paths, and of the race, which is confirmed.
    assert_eq!(all.matches("replay: unbarrier fuzz").count(), 3, "{all}");
    let one = prove(&dir, &["--explain", "4"]).out;
    assert!(
        one.contains("replay:") && one.contains("k.metal:4:5: required"),
        "{one}"
    );
    assert!(!one.contains("race:"), "{one}");
    let some = prove(&dir, &["--show", "race,removable"]).out;
    assert!(
        some.contains(": race:") && some.contains(": removable:"),
        "{some}"
    );
    assert!(!some.contains(": required"), "{some}");
    let none = prove(&dir, &["--quiet"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""));
}

#[test]
fn a_confirmed_race_is_replayed_by_its_command() {
    let dir = folder();
    let v: Value = serde_json::from_str(&prove(&dir, &["--format", "json"]).out).expect("JSON");
    let kernels = v["files"][0]["kernels"].as_array().expect("kernels");
    let race = &kernels.iter().find(|k| k["name"] == "races").expect("it")["races"][0];
    let command = race["replay"].as_str().expect("a command");
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(run(dir.path(), &words[1..], "").code, Some(1), "{command}");
    assert_eq!(v["tool"]["name"], "unbarrier");
    assert_eq!(v["tool"]["arguments"][0], "prove");
    assert_eq!(v["totals"]["races"], 1);
    assert_eq!(v["totals"]["required"], 1);
}

#[test]
fn what_is_denied_decides_the_exit_code() {
    let dir = folder();
    for (deny, code) in [
        ("race", 1),
        ("divergent", 1),
        ("unknown", 1),
        ("removable", 1),
        ("weakenable", 0),
        ("weakenable,race", 1),
    ] {
        let o = prove(&dir, &["--deny", deny]);
        assert_eq!(o.code, Some(code), "{deny}: {}", o.err);
        assert_eq!(o.err.contains("denied by --deny"), code == 1, "{deny}");
    }
    let o = prove(&dir, &["--deny", "rcae"]);
    assert_eq!(o.code, Some(2));
    assert!(o.err.contains("expected one of race"), "{}", o.err);
    let o = prove(&dir, &["--deny", "divergent", "--quiet"]);
    assert_eq!(o.out.lines().count(), 1, "{}", o.out);
    // What is accepted is not denied, and is said once.
    std::fs::write(
        dir.path().join("unbarrier.toml"),
        "[[accept]]\nfile = \"k.metal\"\nfinding = \"divergent\"\nline = 20\nreason = \"tried\"\n",
    )
    .expect("a file");
    let o = prove(&dir, &["--deny", "divergent"]);
    assert_eq!(o.code, Some(0), "{}{}", o.out, o.err);
    assert_eq!(
        o.out.matches("not all threads may reach").count(),
        1,
        "{}",
        o.out
    );
    assert!(o.out.contains("1 accepted"), "{}", o.out);
}

#[test]
fn several_outputs_of_one_run() {
    let dir = folder();
    let o = prove(
        &dir,
        &[
            "--format",
            "github",
            "--output",
            "json=a.json",
            "--output",
            "html=b.html",
        ],
    );
    assert_eq!(o.code, Some(0), "{}", o.err);
    let text = |n: &str| std::fs::read_to_string(dir.path().join(n)).expect("a file");
    let v: Value = serde_json::from_str(&text("a.json")).expect("JSON");
    assert_eq!(v["schema"], "unbarrier/1");
    assert!(text("b.html").starts_with("<!doctype html>") || text("b.html").contains("<html"));
    let race = o
        .out
        .lines()
        .find(|l| l.starts_with("::error "))
        .expect("an error");
    assert!(race.contains("file=k.metal,line=17,col="), "{race}");
    assert!(race.contains("title=Data race::"), "{race}");
    assert!(o.out.lines().all(|l| l.starts_with("::")), "{}", o.out);
    for bad in ["json", "human=x", "yaml=x", "json="] {
        assert_eq!(prove(&dir, &["--output", bad]).code, Some(2), "{bad}");
    }
}

#[test]
fn standard_input_and_files_without_kernels() {
    let dir = folder();
    let o = run(dir.path(), &["prove", "-", "--threadgroup", "64"], KERNELS);
    assert_eq!(o.code, Some(0), "{}", o.err);
    assert!(o.out.contains("-:4:5: required"), "{}", o.out);
    std::fs::write(dir.path().join("none.metal"), "constant int N = 3;\n").expect("a file");
    let o = run(dir.path(), &["prove", "none.metal"], "");
    assert!(o.out.contains("none.metal: no kernels"), "{}", o.out);
}

#[test]
fn other_languages_are_named() {
    let dir = folder();
    for (file, text, name) in [
        (
            "a.cu",
            "__global__ void k(float* x) { __shared__ float s[64]; __syncthreads(); }\n",
            "CUDA",
        ),
        (
            "b.cl",
            "__kernel void k(__global float* x) { barrier(CLK_LOCAL_MEM_FENCE); }\n",
            "OpenCL C",
        ),
        (
            "c.wgsl",
            "@compute @workgroup_size(64) fn main() { workgroupBarrier(); }\n",
            "WGSL",
        ),
    ] {
        std::fs::write(dir.path().join(file), text).expect("a file");
        let o = run(dir.path(), &["prove", file], "");
        assert_eq!(o.code, Some(2), "{file}: {}", o.err);
        assert!(
            o.err.contains(&format!("this is {name}")),
            "{file}: {}",
            o.err
        );
        assert!(o.err.contains(&format!("{file}:1:")), "{file}: {}", o.err);
    }
    let o = run(
        dir.path(),
        &["prove", "k.metal", "--threadgroup", "64x4"],
        "",
    );
    assert_eq!(o.code, Some(2));
    assert!(o.err.contains("64,4"), "{}", o.err);
}

#[test]
fn folders_and_options_are_the_same_for_all() {
    let dir = folder();
    let o = run(dir.path(), &["optimize", ".", "--threadgroup", "64"], "");
    assert_eq!(o.code, Some(0), "{}", o.err);
    assert!(o.out.contains("k.metal"), "{}", o.out);
    // The last barrier of `twice` can go; `races` does not reach it.
    let edits = |kernel: &str| {
        let args = [
            "optimize",
            "k.metal",
            "--threadgroup",
            "64",
            "--kernel",
            kernel,
        ];
        run(dir.path(), &args, "")
    };
    let (own, other) = (edits("twice"), edits("races"));
    assert!(own.out.contains("-    threadgroup_barrier"), "{}", own.out);
    assert!(
        !other.out.contains("-    threadgroup_barrier"),
        "{}",
        other.out
    );
    assert_eq!(edits("twcie").code, Some(2));
    for command in ["prove", "check", "optimize", "confirm"] {
        let help = run(dir.path(), &[command, "--help"], "").out;
        for option in [
            "--kernel",
            "--threadgroup",
            "--assume",
            "--timeout",
            "--jobs",
            "--no-cache",
            "--strict-divergence",
            "--execution-barriers-order-memory",
            "--assume-in-bounds",
            "--lockstep",
            "--instantiate",
            "--contracts",
            "--assume-distinct-pointers",
            "--color",
            "--format",
        ] {
            assert!(
                help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
                "{command} {option}"
            );
        }
    }
}
