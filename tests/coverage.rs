//! What the tokens of a file say is there and was not analysed: in reports, in `--remove` and in `optimize`. And what is assumed about
//! threads that ended.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const HEAD: &str = "#include <metal_stdlib>\nusing namespace metal;\n";
const P: &str = "(device float* x [[buffer(0)]], uint t [[thread_position_in_threadgroup]])";

fn run(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(at)
        .env("UNBARRIER_CACHE", "off")
        .output()
        .expect("the program runs")
}

fn text(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned() + &String::from_utf8_lossy(&o.stderr)
}

fn json(at: &Path, args: &[&str]) -> Value {
    let out = run(
        at,
        &[&["prove", "k.metal", "--format", "json"], args].concat(),
    );
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&out)))
}

/// A helper whose barrier (line 5) the seen kernel does not need, and another user of it.
fn hidden(other: &str) -> String {
    format!(
        "{HEAD}inline void h(threadgroup float* s, float v, uint t) {{\n  s[t] = v;\n  threadgroup_barrier(mem_flags::mem_threadgroup);\n}}\nkernel void a{P} {{\n  threadgroup float s[64];\n  h(s, x[t], t);\n  x[t] = s[t];\n}}\n{other}"
    )
}

fn others() -> Vec<(&'static str, String)> {
    let body = "{ threadgroup float s[64]; h(s, x[t], t); x[t] = s[63 - t]; }\n";
    let through = "{ threadgroup float s[64]; W<T>::go(s, x[t], t); x[t] = s[63 - t]; }\n";
    let functor = "{ threadgroup float s[64]; O o; o(s, x[t], t); x[t] = s[63 - t]; }\n";
    vec![
        ("a template that cannot be guessed", format!("template <int N> [[kernel]] void b{P} {body}")),
        ("a branch that is not compiled", format!("#ifdef FAST\nkernel void b{P} {body}#endif\n")),
        ("a macro in such a branch", format!("#define USE(s, v, t) h(s, v, t)\n#if 0\nkernel void b{P} {}#endif\n", body.replace("h(", "USE("))),
        (
            "a macro that is not used",
            format!("#define MAKE kernel void b{P} {}\n", body.trim()),
        ),
        ("another stage", format!("[[mesh]] void b{P} {body}")),
        ("a class", format!("template <typename T> struct W {{ static void go(threadgroup float* s, T v, uint t) {{ h(s, v, t); }} }};\ntemplate <typename T, int N> kernel void b{P} {through}")),
        ("a class as argument", format!("struct C {{ void operator()(threadgroup float* s, float v, uint t) const {{ h(s, v, t); }} }};\ntemplate <typename O> kernel void b{P} {functor}")),
        ("an unused helper", "inline void u(threadgroup float* s, uint t) { h(s, 1.0f, t); threadgroup_barrier(mem_flags::mem_threadgroup); s[63 - t] = 2.0f; }\n".to_string()),
        ("an instantiation of nothing", "template [[host_name(\"b\")]] [[kernel]] decltype(b<float>) b<float>;\ntemplate <int N> inline void b(threadgroup float* s) { h(s, 1.0f, N); }\n".to_string()),
    ]
}

#[test]
fn what_something_unseen_may_reach_is_unknown_and_stays() {
    for (name, other) in others() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("k.metal");
        let source = hidden(&other);
        fs::write(&file, &source).expect("written");
        let report = json(dir.path(), &["--threadgroup", "64"]);
        let f = &report["files"][0];
        let site = |b: &&Value| b["line"] == 5;
        let line = f["barriers"].as_array().and_then(|b| b.iter().find(site));
        assert_eq!(
            line.map(|b| &b["verdict"]),
            Some(&Value::from("unknown")),
            "{name}: {report:#}"
        );
        assert_eq!(
            f["kernels"][0]["barriers"][0]["verdict"], "unknown",
            "{name}: {report:#}"
        );
        assert_eq!(
            f["kernels"][0]["jointly_removable"],
            serde_json::json!([]),
            "{name}"
        );
        let out = run(
            dir.path(),
            &["prove", "k.metal", "--threadgroup", "64", "--remove", "5"],
        );
        assert_eq!(out.status.code(), Some(1), "{name}: {}", text(&out));
        run(
            dir.path(),
            &[
                "optimize",
                "k.metal",
                "--threadgroup",
                "64",
                "--weaken",
                "--apply",
            ],
        );
        assert_eq!(
            fs::read_to_string(&file).expect("readable"),
            source,
            "{name}: edited"
        );
    }
}

#[test]
fn without_anything_unseen_the_barrier_goes() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("k.metal"), hidden("")).expect("written");
    let report = json(dir.path(), &["--threadgroup", "64"]);
    assert_eq!(
        report["files"][0]["barriers"][0]["verdict"], "removable",
        "{report:#}"
    );
    assert_eq!(report["files"][0]["not_analysed"], serde_json::json!([]));
    let out = run(
        dir.path(),
        &["prove", "k.metal", "--threadgroup", "64", "--remove", "5"],
    );
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
}

#[test]
fn every_format_says_what_was_not_analysed() {
    let dir = tempfile::tempdir().expect("a folder");
    let other = format!(
        "template <int N> kernel void b{P} {{ threadgroup_barrier(mem_flags::mem_device); }}\n"
    );
    fs::write(dir.path().join("k.metal"), hidden(&other)).expect("written");
    for format in ["human", "json", "sarif", "markdown", "html"] {
        let out = run(dir.path(), &["prove", "k.metal", "--format", format]);
        assert_eq!(out.status.code(), Some(0), "{format}");
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(said.contains("not analysed"), "{format}: {said}");
        assert!(
            said.contains("no argument can be guessed"),
            "{format}: {said}"
        );
    }
    let report = json(dir.path(), &[]);
    let gap = &report["files"][0]["not_analysed"][0];
    assert_eq!(
        (&gap["kind"], &gap["name"], &gap["line"]),
        (&"kernel template".into(), &"b".into(), &12.into())
    );
    assert_eq!(gap["barriers"], serde_json::json!([12]));
}

#[test]
fn kernels_left_out_hold_their_barriers() {
    let dir = tempfile::tempdir().expect("a folder");
    let other = format!(
        "kernel void b{P} {{ threadgroup float s[64]; h(s, x[t], t); x[t] = s[63 - t]; }}\n"
    );
    fs::write(dir.path().join("k.metal"), hidden(&other)).expect("written");
    let out = run(
        dir.path(),
        &[
            "prove",
            "k.metal",
            "--kernel",
            "a",
            "--threadgroup",
            "64",
            "--remove",
            "5",
        ],
    );
    assert_eq!(out.status.code(), Some(1), "{}", text(&out));
    assert!(
        text(&out).contains("--kernel leaves it out"),
        "{}",
        text(&out)
    );
}

#[test]
fn instantiations_in_all_their_forms_are_kernels() {
    let dir = tempfile::tempdir().expect("a folder");
    let q = "device half*, uint";
    let source = format!(
        "{HEAD}#define make(name, f, ...) template [[host_name(name)]] [[kernel]] decltype(f<__VA_ARGS__>) f<__VA_ARGS__>;\n\
         template <typename T, int N>\n[[kernel]] void b(device T* x [[buffer(0)]], uint t [[thread_position_in_threadgroup]]) {{\n  threadgroup_barrier(mem_flags::mem_none);\n  x[t] = T(N);\n}}\n\
         make(\"k1\" \"_f\", b, float, 4)\n\
         template [[host_name(\"k2\")]] [[kernel]] void b<half, 3>({q});\n\
         template [[kernel]] [[host_name(\"k3\")]] void b<half, 5>({q});\n\
         template [[kernel, host_name(\"k4\")]] void b<half, 6>({q});\n\
         template kernel [[host_name(\"k5\")]] decltype(b<half, (3>2)>) b<half, (3>2)>;\n\
         template decltype(b<half, 9>) b<half, 9>;\n"
    );
    fs::write(dir.path().join("k.metal"), source).expect("written");
    let report = json(dir.path(), &[]);
    let f = &report["files"][0];
    let names: Vec<&str> = f["kernels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|k| k["name"].as_str())
        .collect();
    assert_eq!(names, ["k1_f", "k2", "k3", "k4", "k5", "b<half, 9>"]);
    assert_eq!(f["not_analysed"], serde_json::json!([]), "{report:#}");
}

#[test]
fn a_template_without_instantiation_is_a_guess() {
    let dir = tempfile::tempdir().expect("a folder");
    let body = "[[kernel]] void f(device T* x [[buffer(0)]], uint t [[thread_position_in_threadgroup]]) {\n  threadgroup T s[64];\n  s[t] = x[t];\n  threadgroup_barrier(mem_flags::mem_threadgroup);\n  x[t] = s[t];\n}\n";
    let file = dir.path().join("k.metal");
    fs::write(&file, format!("{HEAD}template <typename T>\n{body}")).expect("written");
    let names = |r: &Value| -> Vec<String> {
        let all = r["files"][0]["kernels"].as_array().into_iter().flatten();
        all.filter_map(|k| k["name"].as_str().map(str::to_string))
            .collect()
    };
    let report = json(dir.path(), &["--threadgroup", "64"]);
    assert_eq!(names(&report), ["f<half>", "f<float>"]);
    assert!(
        report["files"][0]["kernels"][0]["assumptions"]
            .to_string()
            .contains("guess")
    );
    let remove = ["prove", "k.metal", "--threadgroup", "64", "--remove", "7"];
    assert_eq!(run(dir.path(), &remove).status.code(), Some(1));
    let stated = ["--instantiate", "f<int>", "--threadgroup", "64"];
    let report = json(dir.path(), &stated);
    assert_eq!(names(&report), ["f<int>"]);
    assert!(
        !report["files"][0]["kernels"][0]["assumptions"]
            .to_string()
            .contains("guess")
    );
    let out = run(dir.path(), &[&remove[..], &stated[..2]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let toml = "[[kernel]]\nfile = \"k.metal\"\ninstantiate = [\"f<uchar>\"]\n";
    fs::write(dir.path().join("unbarrier.toml"), toml).expect("written");
    assert_eq!(names(&json(dir.path(), &[])), ["f<uchar>"]);
    fs::remove_file(dir.path().join("unbarrier.toml")).expect("removed");
    // What does not compile is no guess.
    let only = body.replacen("{\n", "{\n  static_assert(sizeof(T) == 4, \"\");\n", 1);
    fs::write(&file, format!("{HEAD}template <typename T>\n{only}")).expect("written");
    assert_eq!(names(&json(dir.path(), &[])), ["f<float>"]);
    let out = run(dir.path(), &["prove", "k.metal", "--instantiate", "g<int>"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
}

#[test]
fn ended_threads_are_an_assumption_where_it_matters() {
    let dir = tempfile::tempdir().expect("a folder");
    let kernel = |name: &str, before: &str, after: &str| {
        format!(
            "kernel void {name}(device float* x [[buffer(0)]], constant uint& n [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {{\n  threadgroup float s[256];\n  {before}\n  s[t] = x[t];\n  threadgroup_barrier(mem_flags::mem_threadgroup);\n  x[t] = s[t];\n  {after}\n}}\n"
        )
    };
    let all = [
        kernel("early", "if (t >= 128) return;", ""),
        kernel("uniform", "if (n > 3) return;", ""),
        kernel("late", "", "if (t >= 12) return; x[t] = 1;"),
        kernel(
            "turn",
            "for (uint i = 0; i < n; i++) { threadgroup_barrier(mem_flags::mem_threadgroup); if (t > i) return; }",
            "",
        ),
    ];
    fs::write(
        dir.path().join("k.metal"),
        format!("{HEAD}{}", all.concat()),
    )
    .expect("written");
    let said = |args: &[&str]| -> Vec<bool> {
        let report = json(dir.path(), args);
        let kernels = report["files"][0]["kernels"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        kernels
            .iter()
            .map(|k| k["assumptions"].to_string().contains("have ended"))
            .collect()
    };
    assert_eq!(said(&["--threadgroup", "256"]), [true, false, false, true]);
    // No thread of 128 can take the first one.
    assert_eq!(said(&["--threadgroup", "128"]), [false, false, false, true]);
    let human = |args: &[&str]| {
        text(&run(
            dir.path(),
            &[&["prove", "k.metal", "--kernel", "early"], args].concat(),
        ))
    };
    let lax = human(&["--threadgroup", "256"]);
    assert!(
        lax.contains("early return at line 5, before the barrier at line 7"),
        "{lax}"
    );
    assert!(lax.contains("free of races within a threadgroup"), "{lax}");
    let strict = human(&["--threadgroup", "256", "--strict-divergence"]);
    assert!(!strict.contains("is free of"), "{strict}");
    let few = human(&["--threadgroup", "128", "--strict-divergence"]);
    assert!(few.contains("is free of"), "{few}");
    for format in ["sarif", "markdown", "html"] {
        let out = human(&["--threadgroup", "256", "--format", format]);
        assert!(out.contains("have ended"), "{format}: {out}");
    }
}
