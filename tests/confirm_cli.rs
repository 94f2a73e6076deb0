//! `unbarrier confirm` and `unbarrier launch` from the command line. Needs Clang.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn unbarrier(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .output()
        .expect("the program runs")
}

fn out(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

fn kernels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels")
}

/// What is expected of the lines of a file: `removable`, `required`, ….
fn expected(text: &str) -> BTreeMap<u64, String> {
    text.lines()
        .enumerate()
        .filter_map(|(i, l)| Some((i as u64 + 1, l.split("//~").nth(1)?.trim().to_string())))
        .collect()
}

fn json(o: &Output) -> serde_json::Value {
    serde_json::from_str(&out(o)).unwrap_or_else(|e| panic!("{e}: {}{}", out(o), err(o)))
}

#[test]
fn every_twin_of_our_kernels_behaves_as_it_should() {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in std::fs::read_dir(kernels()).expect("readable").flatten() {
        if folder.path().is_dir() {
            files.push(folder.path().join("can_go.metal"));
            files.push(folder.path().join("must_stay.metal"));
        }
    }
    files.sort();
    assert_eq!(files.len(), 12);
    let mut args = vec!["confirm", "--all", "--format", "json"];
    args.extend(files.iter().filter_map(|f| f.to_str()));
    let o = unbarrier(&args);
    assert_eq!(o.status.code(), Some(0), "{}{}", out(&o), err(&o));
    let report = json(&o);
    let mut barriers = 0;
    for f in report["files"].as_array().expect("files") {
        let path = f["path"].as_str().expect("a path");
        let want = expected(&std::fs::read_to_string(path).expect("readable"));
        let all = f["kernels"].as_array().expect("kernels");
        assert!(!all.is_empty(), "{path}");
        for k in all {
            assert_eq!(k["stable"], true, "{path}: {k:#}");
            assert_eq!(k["derived_launch"], false, "{path}");
            let lines: Vec<u64> = k["barriers"]
                .as_array()
                .expect("barriers")
                .iter()
                .filter_map(|b| b["line"].as_u64())
                .collect();
            assert_eq!(lines, want.keys().copied().collect::<Vec<u64>>(), "{path}");
            for b in k["barriers"].as_array().expect("barriers") {
                let line = b["line"].as_u64().expect("a line");
                assert_eq!(b["verdict"], want[&line], "{path}:{line}");
                let caught = !b["race"].is_null();
                assert_eq!(caught, want[&line] != "removable", "{path}:{line}: {b:#}");
                assert!(caught || b["output_equal"] == true, "{path}:{line}: {b:#}");
                assert!(b["weakened_race"].is_null(), "{path}:{line}: {b:#}");
                barriers += 1;
            }
        }
    }
    assert_eq!(barriers, 34);
}

#[test]
fn a_wrong_verdict_is_contradicted_loudly() {
    let file = kernels().join("register_broadcast/must_stay.metal");
    let file = file.to_str().expect("a path");
    let o = unbarrier(&["confirm", "--all", "--pretend", "52=removable", file]);
    assert_eq!(o.status.code(), Some(1), "{}", out(&o));
    assert!(err(&o).contains("CONTRADICTED"), "{}", err(&o));
    let text = out(&o);
    let line = text
        .lines()
        .find(|l| l.contains("line 52"))
        .expect("the line");
    assert!(
        line.contains("CONTRADICTS") && line.contains("hidden_tg"),
        "{line}"
    );
    assert!(
        text.contains("1 contradict\n") || text.contains("1 contradict"),
        "{text}"
    );
}

#[test]
fn without_clang_there_is_one_clear_error() {
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["confirm", "kernels/partial_load/can_go.metal"])
        .env("CLANG", "/nonexistent/clang++")
        .output()
        .expect("the program runs");
    assert_eq!(o.status.code(), Some(2));
    let e = err(&o);
    assert!(
        e.contains("/nonexistent/clang++ was not found") && e.contains("needs Clang"),
        "{e}"
    );
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["confirm", "kernels/partial_load/can_go.metal"])
        .env("CLANG", "/bin/echo")
        .output()
        .expect("the program runs");
    assert_eq!(o.status.code(), Some(2));
    assert!(err(&o).contains("no Clang 14 or later"), "{}", err(&o));
}

#[test]
fn one_bad_kernel_does_not_keep_others_from_running() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mixed.metal");
    let kernel = |name: &str, body: &str| {
        format!(
            "kernel void {name}(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {{\n    {body}\n}}\n"
        )
    };
    let text = format!(
        "#include <metal_stdlib>\nusing namespace metal;\n{}{}{}{}{}",
        kernel("good", "out[t] = n;"),
        kernel("endless", "for (uint i = 0; n > 0; ++i) { out[t] = i; }"),
        kernel(
            "crashing",
            "device uint* p = out + ((ulong)n << 40); *p = 1;"
        ),
        kernel("rejected", "out[t] = clock_of_this_gpu(n);"),
        kernel("misfit", "out[t] = n;"),
    );
    std::fs::write(&file, text).expect("writable");
    let mut toml = String::new();
    for name in ["good", "endless", "crashing", "rejected", "misfit"] {
        let params = if name == "misfit" { "m = 1" } else { "n = 1" };
        toml += &format!(
            "[[kernel]]\nfile = \"mixed.metal\"\nname = \"{name}\"\nthreadgroup = [32]\n[kernel.launch]\nparams = {{ {params} }}\n[kernel.launch.buffers]\nout = {{ count = 32, fill = \"zeros\" }}\n"
        );
    }
    std::fs::write(folder.path().join("unbarrier.toml"), toml).expect("writable");
    let o = unbarrier(&[
        "confirm",
        "--no-prove",
        "--time",
        "2",
        "--format",
        "json",
        file.to_str().expect("a path"),
    ]);
    assert_eq!(o.status.code(), Some(2), "{}", err(&o));
    let report = json(&o);
    let f = &report["files"][0];
    let failure = |name: &str| {
        let all = f["kernels"].as_array().expect("kernels");
        let k = all
            .iter()
            .find(|k| k["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {f:#}"));
        k["failure"].as_str().map(str::to_string)
    };
    assert_eq!(failure("good"), None);
    assert!(
        failure("endless").is_some_and(|e| e.contains("stopped after 2 s")),
        "{f:#}"
    );
    assert!(
        failure("crashing").is_some_and(|e| e.contains("signal 11")),
        "{f:#}"
    );
    assert!(
        failure("misfit").is_some_and(|e| e.contains("no parameter `m`")),
        "{f:#}"
    );
    let rejected = f["rejected"].to_string();
    assert!(
        rejected.contains("mixed.metal:13:") && rejected.contains("clock_of_this_gpu"),
        "{rejected}"
    );
}

#[test]
fn a_derived_launch_can_be_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("k.metal");
    std::fs::write(
        &file,
        "#include <metal_stdlib>\nusing namespace metal;\nkernel void k(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],\n\
         uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float a[64];\n    a[t] = in[t * n + 3];\n\
         threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = a[63 - t];\n}\n",
    )
    .expect("writable");
    let path = file.to_str().expect("a path");
    let o = unbarrier(&["launch", path, "--kernel", "k"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    let text = out(&o);
    assert!(text.contains("threadgroup = [64, 1, 1]"), "{text}");
    assert!(text.contains("in = { count = 4036,"), "{text}");
    assert!(text.contains("out = { count = 64,"), "{text}");
    let contracts = folder.path().join("launches.toml");
    std::fs::write(&contracts, &text).expect("writable");
    let o = unbarrier(&[
        "confirm",
        path,
        "--remove",
        "7",
        "--contracts",
        contracts.to_str().expect("a path"),
    ]);
    assert_eq!(o.status.code(), Some(0), "{}{}", out(&o), err(&o));
    let shown = out(&o);
    assert!(
        shown.contains("line 7: required: agrees: race on a"),
        "{shown}"
    );
    assert!(!shown.contains("launched as derived"), "{shown}");
}

#[test]
fn metal_is_not_run_where_there_is_none() {
    if cfg!(target_os = "macos") {
        return;
    }
    let o = unbarrier(&[
        "confirm",
        "--backend",
        "metal",
        "kernels/partial_load/can_go.metal",
    ]);
    assert_eq!(o.status.code(), Some(2));
    assert!(err(&o).contains("not run"), "{}", err(&o));
}

#[test]
fn a_mistake_in_a_launch_says_where() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("k.metal");
    std::fs::write(
        &file,
        "#include <metal_stdlib>\nkernel void k(device float* out [[buffer(0)]]) { out[0] = 1; }\n",
    )
    .expect("writable");
    let toml = folder.path().join("unbarrier.toml");
    for (launch, wanted) in [
        ("grid = [\"n\"]", "launch: grid[0]: no parameter `n`"),
        (
            "[kernel.launch.buffers]\nout = { count = \"1 / 0\" }",
            "launch: buffers.out.count: division by zero",
        ),
        ("grid = [1]", "does not say how large `out` is"),
    ] {
        std::fs::write(
            &toml,
            format!(
                "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [32]\n[kernel.launch]\n{launch}\n"
            ),
        )
        .expect("writable");
        let o = unbarrier(&["confirm", "--no-prove", file.to_str().expect("a path")]);
        assert_eq!(o.status.code(), Some(2));
        assert!(out(&o).contains(wanted), "{wanted}: {}", out(&o));
    }
}
