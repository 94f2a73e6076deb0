//! The command line: bad input gets one clear error and exit code 2, in bounded time; good input gets the promised format.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = "#include <metal_stdlib>
using namespace metal;
kernel void good(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]],
                 uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = float(n);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = buf[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
";

/// Longest time that any of these may take, on a busy machine and with an unoptimised build.
const LIMIT: Duration = Duration::from_secs(60);

struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program in a folder, and kills it when it takes too long.
fn run(folder: &Path, args: &[&str]) -> Outcome {
    let read = |name: &str| {
        let text = std::fs::read(folder.join(name)).expect("written above");
        String::from_utf8_lossy(&text).into_owned()
    };
    let to = |name: &str| {
        Stdio::from(std::fs::File::create(folder.join(name)).expect("a writable folder"))
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(to("stdout"))
        .stderr(to("stderr"))
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    let status = loop {
        if let Some(s) = child.try_wait().expect("a child") {
            break s;
        }
        if start.elapsed() > LIMIT {
            child.kill().expect("a child");
            child.wait().expect("a child");
            panic!("{args:?} took more than {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let o = Outcome {
        code: status.code(),
        out: read("stdout"),
        err: read("stderr"),
    };
    assert!(!o.err.contains("panicked"), "{args:?}: {}", o.err);
    assert!(!o.err.contains("internal error"), "{args:?}: {}", o.err);
    o
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("good.metal"), GOOD).expect("a writable folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a writable folder");
    }
    dir
}

/// One error on standard error, with all the words, exit code 2.
fn refused(dir: &TempDir, args: &[&str], words: &[&str]) -> Outcome {
    let o = run(dir.path(), args);
    assert_eq!(o.code, Some(2), "{args:?}: {}{}", o.out, o.err);
    let errors = o.err.lines().filter(|l| l.starts_with("error")).count();
    assert_eq!(errors, 1, "{args:?} should give one error:\n{}", o.err);
    for w in words {
        assert!(
            o.err.contains(w),
            "{args:?} should mention `{w}`:\n{}",
            o.err
        );
    }
    o
}

/// The same for a file with this text.
fn refused_text(text: &str, words: &[&str]) {
    let dir = folder(&[("bad.metal", text)]);
    refused(&dir, &["prove", "--threadgroup", "64", "bad.metal"], words);
}

fn json(o: &Outcome) -> Value {
    serde_json::from_str(&o.out).unwrap_or_else(|e| panic!("no JSON ({e}):\n{}", o.out))
}

#[test]
fn missing_file() {
    refused(
        &folder(&[]),
        &["prove", "missing.metal"],
        &["missing.metal", "no such file"],
    );
    refused(
        &folder(&[]),
        &["parse", "missing.metal"],
        &["missing.metal"],
    );
    refused(
        &folder(&[]),
        &["graph", "missing.metal"],
        &["missing.metal"],
    );
}

#[test]
fn folder_instead_of_a_file() {
    let dir = folder(&[]);
    std::fs::create_dir(dir.path().join("inner")).expect("a writable folder");
    refused(&dir, &["prove", "inner"], &["inner", "folder"]);
}

#[test]
fn binary_data() {
    let dir = folder(&[]);
    let noise: Vec<u8> = (0..4096u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::write(dir.path().join("noise.metal"), noise).expect("a writable folder");
    std::fs::write(dir.path().join("zeros.metal"), [0u8; 64]).expect("a writable folder");
    refused(&dir, &["prove", "noise.metal"], &["noise.metal", "text"]);
    refused(&dir, &["prove", "zeros.metal"], &["zeros.metal", "text"]);
}

#[test]
fn empty_file() {
    refused_text("", &["bad.metal", "empty"]);
    refused_text("\n \n", &["bad.metal", "empty"]);
}

#[test]
fn unclosed_brace() {
    refused_text(
        "kernel void k() {\n  int x = 1;\n",
        &["bad.metal:1:17", "never closed"],
    );
}

#[test]
fn unclosed_string() {
    refused_text(
        "kernel void k() {\n  int x = \"abc;\n}\n",
        &["bad.metal:2:11", "unterminated string"],
    );
}

#[test]
fn missing_include() {
    refused_text(
        "#include \"nope.h\"\nkernel void k() {}\n",
        &["bad.metal:1:10", "nope.h"],
    );
}

#[test]
fn include_cycle() {
    let dir = folder(&[
        ("a.metal", "#include \"b.metal\"\n"),
        ("b.metal", "#include \"a.metal\"\n"),
    ]);
    refused(
        &dir,
        &["prove", "a.metal"],
        &["a.metal", "b.metal", "cycle"],
    );
}

/// A macro that names itself is expanded once, as in C; nothing runs away.
#[test]
fn self_referential_macro() {
    let dir = folder(&[(
        "self.metal",
        "#define A A\n#define B C\n#define C B\n#define F(x) F(F(x))\nkernel void k(device int* o [[buffer(0)]]) { int A = 1, B = F; o[0] = A + B; }\n",
    )]);
    let o = run(dir.path(), &["prove", "self.metal"]);
    assert!(matches!(o.code, Some(0 | 2)), "{}", o.err);
}

#[test]
fn recursive_function() {
    refused_text(
        "static int f(int x) { return x > 0 ? f(x - 1) : 0; }\n\
         kernel void k(device int* o [[buffer(0)]]) { o[0] = f(3); }\n",
        &["bad.metal:1:", "recursive"],
    );
}

#[test]
fn ten_thousand_parentheses() {
    let text = format!(
        "kernel void k(device int* o [[buffer(0)]]) {{ o[0] = {}1{}; }}\n",
        "(".repeat(10_000),
        ")".repeat(10_000)
    );
    refused_text(&text, &["bad.metal:1:", "nested"]);
}

/// No hang and no panic; a threadgroup has nowhere near so much memory.
#[test]
fn threadgroup_array_of_a_tebi_element() {
    refused_text(HUGE, &["bad.metal:2:"]);
}

const HUGE: &str = "kernel void k(uint t [[thread_index_in_threadgroup]]) {
    threadgroup float a[1099511627776];
    a[t] = 1.0f;
    threadgroup_barrier(metal::mem_flags::mem_threadgroup);
}
";

#[test]
fn threadgroup_array_of_a_tebi_element_takes_no_time() {
    let dir = folder(&[("huge.metal", HUGE)]);
    let o = run(dir.path(), &["prove", "--threadgroup", "64", "huge.metal"]);
    assert!(matches!(o.code, Some(0 | 2)), "{}", o.err);
}

#[test]
fn unknown_kernel() {
    refused(
        &folder(&[]),
        &["prove", "--kernel", "nope", "good.metal"],
        &["nope", "good"],
    );
}

#[test]
fn remove_of_a_line_without_a_barrier() {
    refused(
        &folder(&[]),
        &["prove", "--remove", "6", "good.metal"],
        &["good.metal:6", "7, 9"],
    );
}

#[test]
fn remove_decides_the_exit_code() {
    let dir = folder(&[]);
    let at = |line| {
        run(
            dir.path(),
            &[
                "prove",
                "--threadgroup",
                "64",
                "--remove",
                line,
                "good.metal",
            ],
        )
        .code
    };
    assert_eq!(at("9"), Some(0));
    assert_eq!(at("7"), Some(1));
    assert_eq!(at("7,9"), Some(1));
}

#[test]
fn bad_threadgroup() {
    let dir = folder(&[]);
    for size in [
        "0",
        "2048",
        "64,0",
        "33,32",
        "8,x",
        "1,1,1,1",
        "",
        "-1",
        "99999999999999999999",
    ] {
        refused(
            &dir,
            &["prove", &format!("--threadgroup={size}"), "good.metal"],
            &["--threadgroup"],
        );
    }
}

#[test]
fn bad_assumptions() {
    let dir = folder(&[]);
    let with = |assume: &str, words: &[&str]| {
        refused(
            &dir,
            &[
                "prove",
                "--threadgroup",
                "64",
                "--assume",
                assume,
                "good.metal",
            ],
            words,
        )
    };
    with("n <", &["n <", "expression"]);
    with("", &["empty"]);
    with("zzz < 4", &["zzz"]);
    with("n = 3", &["assignment"]);
    with("0 == 1", &["contradict"]);
    with("n < n", &["contradict"]);
    let two = [
        "prove",
        "--threadgroup",
        "64",
        "--assume",
        "n < 4",
        "--assume",
        "n > 8",
        "good.metal",
    ];
    let o = refused(&dir, &two, &["contradict", "n < 4", "n > 8"]);
    // It must not be taken to prove anything.
    assert!(!o.out.contains("removable"), "{}", o.out);
}

#[test]
fn bad_arguments() {
    let dir = folder(&[]);
    for args in [
        &["prove"][..],
        &["nonsense"],
        &[],
        &["prove", "--timeout", "0", "good.metal"],
        &["prove", "--jobs", "0", "good.metal"],
    ] {
        assert_eq!(run(dir.path(), args).code, Some(2), "{args:?}");
    }
    assert_eq!(run(dir.path(), &["--help"]).code, Some(0));
    assert_eq!(run(dir.path(), &["--version"]).code, Some(0));
}

#[test]
fn one_bad_file_among_several() {
    let dir = folder(&[("brace.metal", "kernel void k() {\n")]);
    let o = refused(
        &dir,
        &["prove", "--threadgroup", "64", "brace.metal", "good.metal"],
        &["brace.metal:1:17"],
    );
    assert!(
        o.out.contains("good.metal: 1 kernel"),
        "the good file is still analysed:\n{}",
        o.out
    );

    let o = run(
        dir.path(),
        &[
            "prove",
            "--threadgroup",
            "64",
            "--format",
            "json",
            "missing.metal",
            "good.metal",
        ],
    );
    assert_eq!(o.code, Some(2));
    let v = json(&o);
    assert_eq!(v["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(v["errors"][0]["path"], "missing.metal");
    let good: Vec<&Value> = v["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|f| f["path"] == "good.metal")
        .collect();
    assert_eq!(good.len(), 1);
    assert_eq!(good[0]["kernels"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_bad_file_has_its_place_in_json() {
    let dir = folder(&[("brace.metal", "kernel void k() {\n")]);
    let o = run(dir.path(), &["prove", "--format", "json", "brace.metal"]);
    assert_eq!(o.code, Some(2));
    let e = &json(&o)["errors"][0];
    assert_eq!(
        (&e["line"], &e["column"]),
        (&Value::from(1), &Value::from(17))
    );
    assert!(
        e["message"]
            .as_str()
            .is_some_and(|m| m.contains("never closed"))
    );
}

fn has(v: &Value, fields: &[&str]) {
    for f in fields {
        assert!(v.get(f).is_some(), "no field `{f}` in {v:#}");
    }
}

#[test]
fn json_field_names() {
    let dir = folder(&[]);
    let o = run(
        dir.path(),
        &[
            "prove",
            "--threadgroup",
            "64",
            "--format",
            "json",
            "good.metal",
        ],
    );
    assert_eq!(o.code, Some(0), "{}", o.err);
    let v = json(&o);
    assert_eq!(v["schema"], "unbarrier/1");
    let f = &v["files"][0];
    has(f, &["path", "barriers", "kernels"]);
    has(
        &f["barriers"][0],
        &[
            "line", "column", "kind", "flags", "verdict", "reason", "kernels",
        ],
    );
    let k = &f["kernels"][0];
    has(
        k,
        &[
            "name",
            "line",
            "threadgroup",
            "assumptions",
            "barriers",
            "races",
            "divergent_barriers",
            "jointly_removable",
            "unsupported",
        ],
    );
    assert_eq!(k["threadgroup"], serde_json::json!([64, 1, 1]));
    assert_eq!(k["jointly_removable"], serde_json::json!([9]));
    let b = &k["barriers"][0];
    has(
        b,
        &[
            "line",
            "column",
            "kind",
            "flags",
            "verdict",
            "reason",
            "call_path",
            "witness",
            "added_pairs",
            "time_ms",
        ],
    );
    assert_eq!(
        (&b["line"], &b["column"]),
        (&Value::from(7), &Value::from(5))
    );
    assert_eq!(b["kind"], "threadgroup_barrier");
    assert_eq!(b["flags"], serde_json::json!(["mem_threadgroup"]));
    has(&b["witness"], &["array", "byte", "parameters", "threads"]);
    let lines: Vec<&Value> = b["witness"]["threads"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| &t["line"])
        .collect();
    assert_eq!(lines, [&Value::from(6), &Value::from(8)]);

    let o = run(dir.path(), &["prove", "--format", "json", "good.metal"]);
    assert_eq!(
        json(&o)["files"][0]["kernels"][0]["threadgroup"],
        Value::Null
    );
}

#[test]
fn json_of_races() {
    let racy = GOOD.replacen(
        "    threadgroup_barrier(mem_flags::mem_threadgroup);\n",
        "",
        1,
    );
    let dir = folder(&[("racy.metal", &racy)]);
    let o = run(
        dir.path(),
        &[
            "prove",
            "--threadgroup",
            "64",
            "--format",
            "json",
            "racy.metal",
        ],
    );
    assert_eq!(o.code, Some(0), "{}", o.err);
    let r = &json(&o)["files"][0]["kernels"][0]["races"][0];
    has(
        r,
        &["array", "space", "scope", "accesses", "status", "witness"],
    );
    assert_eq!(
        (&r["array"], &r["space"]),
        (&Value::from("buf"), &Value::from("threadgroup"))
    );
    has(&r["accesses"][0], &["line", "column", "kind"]);
}

#[test]
fn graph_and_parse_formats() {
    let dir = folder(&[]);
    let o = run(dir.path(), &["graph", "good.metal"]);
    assert_eq!(o.code, Some(0));
    assert!(o.out.starts_with("digraph"), "{}", o.out);
    let o = run(dir.path(), &["graph", "--format", "json", "good.metal"]);
    assert_eq!(json(&o)["schema"], "unbarrier/1");
    let o = run(dir.path(), &["parse", "--format", "json", "good.metal"]);
    assert_eq!(json(&o)["schema"], "unbarrier/1");
    assert_eq!(o.code, Some(0));
}

/// Takes the times out of a report.
fn timeless(v: &mut Value) {
    match v {
        Value::Object(m) => {
            m.remove("time_ms");
            m.values_mut().for_each(timeless);
        }
        Value::Array(a) => a.iter_mut().for_each(timeless),
        _ => {}
    }
}

/// Reports on some files with one and two jobs, twice each.
fn reports(clean: fn(&mut Value)) -> Vec<(&'static str, Vec<Value>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = folder(&[]);
    [
        "kernels/softmax_reduction/must_stay.metal",
        "kernels/barrier_scope/can_go.metal",
        "tests/cases/required/ring_of_three_fail.metal",
    ]
    .into_iter()
    .map(|file| {
        let path = root.join(file).display().to_string();
        let all = ["1", "1", "2", "2"].map(|jobs| {
            let args = [
                "prove",
                "--threadgroup",
                "128",
                "--jobs",
                jobs,
                "--format",
                "json",
                &path,
            ];
            let mut v = json(&run(dir.path(), &args));
            clean(&mut v);
            // The command lines differ.
            if let Some(v) = v.as_object_mut() {
                v.remove("tool");
            }
            v
        });
        (file, all.to_vec())
    })
    .collect()
}

fn same(reports: Vec<(&str, Vec<Value>)>) {
    for (file, all) in reports {
        for v in &all[1..] {
            let (a, b) = (format!("{:#}", all[0]), format!("{v:#}"));
            let differ: Vec<(&str, &str)> = a
                .lines()
                .zip(b.lines())
                .filter(|(x, y)| x != y)
                .take(5)
                .collect();
            assert!(a == b, "{file}: two runs differ, first here: {differ:#?}");
        }
    }
}

/// Takes the witnesses out as well.
fn witnessless(v: &mut Value) {
    timeless(v);
    fn strip(v: &mut Value) {
        match v {
            Value::Object(m) => {
                m.remove("witness");
                m.values_mut().for_each(strip);
            }
            Value::Array(a) => a.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(v);
}

#[test]
fn two_runs_give_the_same_verdicts() {
    same(reports(witnessless));
}

#[test]
fn two_runs_give_the_same_report() {
    same(reports(timeless));
}
