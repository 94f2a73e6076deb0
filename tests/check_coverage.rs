//! `check` on histories in which a kernel or a barrier is not seen in one of the versions: never exit code 0. And on those in which
//! everything was seen, so that it is not always something else.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const HEAD: &str = "#include <metal_stdlib>\nusing namespace metal;\n";
const BARRIER: &str = "threadgroup_barrier(mem_flags::mem_threadgroup);";
const PARAMETERS: &str =
    "(device float* x [[buffer(0)]], uint t [[thread_position_in_threadgroup]])";

/// A kernel that needs its barrier, with something else in the place of it.
fn kernel(name: &str, between: &str) -> String {
    format!(
        "kernel void {name}{PARAMETERS} {{\n  threadgroup float s[64];\n  s[t] = x[t];\n  {between}\n  x[t] = s[63 - t];\n}}\n"
    )
}

/// The same as a template.
fn template(parameters: &str, between: &str) -> String {
    format!("template <{parameters}> {}", kernel("f", between))
        .replace("kernel void", "[[kernel]] void")
}

fn helper(between: &str) -> String {
    format!("inline void h(threadgroup float* s, uint t) {{\n  s[t] = 1.0f;\n  {between}\n}}\n")
}

fn caller(name: &str, index: &str) -> String {
    format!(
        "kernel void {name}{PARAMETERS} {{\n  threadgroup float s[64];\n  h(s, t);\n  x[t] = s[{index}];\n}}\n"
    )
}

type Files = Vec<(&'static str, String)>;

fn one(name: &'static str, parts: &[&str]) -> Files {
    vec![(name, format!("{HEAD}{}", parts.concat()))]
}

fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("written");
    }
}

fn run(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(at)
        .env("UNBARRIER_CACHE", "off")
        .output()
        .expect("the program runs")
}

fn git(at: &Path, args: &[&str]) {
    let out = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.invalid"])
        .args(args)
        .current_dir(at)
        .output()
        .expect("git runs");
    assert!(
        out.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

/// Exit codes and reports of both ways to compare: two folders, and two commits.
fn check(old: &Files, new: &Files) -> Vec<(i32, Value)> {
    let dir = tempfile::tempdir().expect("a folder");
    let at = dir.path();
    write(&at.join("old"), old);
    write(&at.join("new"), new);
    let repo = at.join("repo");
    write(&repo, old);
    git(&repo, &["init", "-q"]);
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "old"]);
    for (name, _) in old {
        fs::remove_file(repo.join(name)).expect("removed");
    }
    write(&repo, new);
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "new"]);
    let shared = ["check", "--threadgroup", "64", "--format", "json"];
    let folders = run(
        at,
        &[&shared[..], &["--from", "old", "--to", "new"]].concat(),
    );
    let commits = run(
        &repo,
        &[&shared[..], &["--base", "HEAD~1", "--head", "HEAD"]].concat(),
    );
    [folders, commits]
        .into_iter()
        .map(|o| {
            let report = serde_json::from_slice(&o.stdout).unwrap_or_else(|e| {
                panic!("{e}: {}", String::from_utf8_lossy(&o.stderr));
            });
            (o.status.code().unwrap_or(-1), report)
        })
        .collect()
}

/// Histories in which something is not seen.
fn unseen() -> Vec<(&'static str, Files, Files)> {
    let with = |b: &str| kernel("f", b);
    let decltype = "template [[host_name(\"f_f\")]] [[kernel]] decltype(f<float>) f<float>;\n";
    let signature =
        format!("template [[host_name(\"f_f\")]] [[kernel]] void f<float>{PARAMETERS};\n");
    let typed = |b: &str| template("typename T", b);
    let sized = |b: &str| template("typename T, int N", b);
    let h_a = |b: &str| format!("{}{}", helper(b), caller("a", "t"));
    let hidden = |b: &str| format!("{}template <int N> {}", h_a(b), caller("b", "63 - t"));
    let hidden_if = |b: &str| format!("{}#ifdef FAST\n{}#endif\n", h_a(b), caller("b", "63 - t"));
    let maker = format!("#define MAKE(n) {}\n", kernel("n", "").replace('\n', " "));
    let k = "k.metal";
    vec![
        (
            "decltype to signature",
            one(k, &[&typed(BARRIER), decltype]),
            one(k, &[&typed(""), &signature]),
        ),
        (
            "signature to decltype",
            one(k, &[&typed(BARRIER), &signature]),
            one(k, &[&typed(""), decltype]),
        ),
        (
            "instantiation dropped",
            one(
                k,
                &[&sized(BARRIER), &decltype.replace("<float>", "<float, 2>")],
            ),
            one(k, &[&sized("")]),
        ),
        (
            "header",
            one("k.h", &[&typed(BARRIER)]),
            one("k.h", &[&typed("")]),
        ),
        (
            "header, barrier added",
            one("k.h", &[&typed("")]),
            one("k.h", &[&typed(BARRIER)]),
        ),
        (
            "header that cannot be guessed",
            one("k.h", &[&sized(BARRIER)]),
            one("k.h", &[&sized("")]),
        ),
        (
            "header of a helper",
            one("h.h", &[&helper(BARRIER)]),
            one("h.h", &[&helper("")]),
        ),
        (
            "header of a macro",
            one("m.h", &[&format!("#define SYNC {BARRIER}\n")]),
            one("m.h", &["#define SYNC\n"]),
        ),
        (
            "condition around a barrier",
            one(k, &[&with(BARRIER)]),
            one(k, &[&with(&format!("\n#ifndef FAST\n{BARRIER}\n#endif\n"))]),
        ),
        (
            "kernel under a condition",
            one(k, &[&with(BARRIER)]),
            one(
                k,
                &["#ifdef X\n", &with(""), "#endif\n", &kernel("g", BARRIER)],
            ),
        ),
        (
            "change of what is not compiled",
            one(k, &["#ifdef X\n", &with(BARRIER), "#endif\n"]),
            one(k, &["#ifdef X\n", &with(""), "#endif\n"]),
        ),
        (
            "helper of an unseen kernel",
            one(k, &[&hidden(BARRIER)]),
            one(k, &[&hidden("")]),
        ),
        (
            "helper of a kernel that is not compiled",
            one(k, &[&hidden_if(BARRIER)]),
            one(k, &[&hidden_if("")]),
        ),
        (
            "kernel of an unused macro",
            one(k, &[&with(BARRIER)]),
            one(
                k,
                &[&maker, "#ifdef Y\nMAKE(f)\n#endif\n", &kernel("g", BARRIER)],
            ),
        ),
        (
            "no kernel any more",
            one(k, &[&with(BARRIER)]),
            one(k, &[&with("").replace("kernel", "static")]),
        ),
        (
            "template now",
            one(k, &[&with(BARRIER)]),
            one(k, &[&template("int N", "")]),
        ),
        (
            "other ending",
            one(k, &[&with(BARRIER)]),
            one("k.txt", &[&with("")]),
        ),
        (
            "header now",
            one(k, &[&with(BARRIER)]),
            one("k.h", &[&with("")]),
        ),
        (
            "moved, and broken",
            one(k, &[&with(BARRIER), &kernel("g", BARRIER)]),
            vec![
                (k, format!("{HEAD}{}", kernel("g", BARRIER))),
                ("l.metal", format!("{HEAD}{}", with(""))),
            ],
        ),
        (
            "explicit specialisation",
            one(k, &[&typed(BARRIER), decltype]),
            one(
                k,
                &[
                    &typed(BARRIER),
                    "template <> ",
                    &kernel("f<float>", "").replace("kernel", "[[kernel]]"),
                    decltype,
                ],
            ),
        ),
        (
            "new file that cannot be read in full",
            one(k, &[&with(BARRIER)]),
            vec![
                (k, format!("{HEAD}{}", with(BARRIER))),
                (
                    "l.metal",
                    format!(
                        "{HEAD}{}inline void u() {{ {BARRIER} }}\n",
                        template("int N", "")
                    ),
                ),
            ],
        ),
        (
            "helper moved to another header",
            one("h.h", &[&helper(BARRIER)]),
            one("i.h", &[&helper("")]),
        ),
        (
            "now in a string of a host program",
            one(k, &[&with(BARRIER)]),
            vec![(
                "host.cpp",
                format!("const char* source = R\"({HEAD}{})\";\n", with("")),
            )],
        ),
        (
            "excluded in the same change",
            one(k, &[&with(BARRIER)]),
            vec![
                (k, format!("{HEAD}{}", with(""))),
                ("unbarrier.toml", "exclude = [\"k.metal\"]\n".to_string()),
            ],
        ),
        (
            "old include not found",
            one(k, &["#include \"no.h\"\n", &with(BARRIER)]),
            one(k, &[&with(BARRIER)]),
        ),
        (
            "old error elsewhere",
            one(k, &["void q( { }\n", &with(BARRIER)]),
            one(k, &[&with(BARRIER)]),
        ),
        (
            "new include not found",
            one(k, &[&with(BARRIER)]),
            one(k, &["#include \"no.h\"\n", &with("")]),
        ),
        (
            "new error elsewhere",
            one(k, &[&with(BARRIER)]),
            one(k, &["void q( { }\n", &with("")]),
        ),
    ]
}

#[test]
fn what_is_not_seen_is_never_passed() {
    let mut wrong = Vec::new();
    for (name, old, new) in unseen() {
        for (code, report) in check(&old, &new) {
            if code == 0
                || report["verdict"] == "proved" && report["errors"] == serde_json::json!([])
            {
                wrong.push(format!("{name}: exit code {code}: {report:#}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_seen_is_passed() {
    let unused = format!("inline void u() {{ {BARRIER} }}\n");
    let twice = format!("{BARRIER} {BARRIER}");
    let both = format!("{}{}", kernel("f", BARRIER), kernel("g", BARRIER));
    let k = "k.metal";
    let cases: Vec<(&str, Files, Files)> = vec![
        ("gone", one(k, &[&both]), one(k, &[&kernel("g", BARRIER)])),
        (
            "moved",
            one(k, &[&both]),
            vec![
                (k, format!("{HEAD}{}", kernel("g", BARRIER))),
                ("l.metal", format!("{HEAD}{}", kernel("f", BARRIER))),
            ],
        ),
        (
            "one of two barriers",
            one(k, &[&kernel("f", &twice), &unused]),
            one(k, &[&kernel("f", BARRIER), &unused]),
        ),
        (
            "unused helper gone",
            one(k, &[&kernel("f", BARRIER), &unused]),
            one(k, &[&kernel("f", BARRIER)]),
        ),
        (
            "forms of instantiations",
            one(
                k,
                &[
                    &template("typename T", BARRIER),
                    "template [[host_name(\"q\")]] [[kernel]] decltype(f<float>) f<float>;\n",
                ],
            ),
            one(
                k,
                &[
                    &template("typename T", BARRIER),
                    &format!(
                        "template [[host_name(\"q\")]] [[kernel]] void f<float>{PARAMETERS};\n"
                    ),
                ],
            ),
        ),
    ];
    for (name, old, new) in cases {
        for (code, report) in check(&old, &new) {
            assert_eq!(code, 0, "{name}: {report:#}");
        }
    }
}

#[test]
fn each_reason_is_said_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = |b: &str| format!("#include \"missing.h\"\n{HEAD}{}", kernel("f", b));
    for i in 0..5 {
        let name = format!("k{i}.metal");
        for (side, b) in [("old", BARRIER), ("new", "")] {
            fs::create_dir_all(dir.path().join(side)).expect("a folder");
            fs::write(dir.path().join(side).join(&name), text(b)).expect("written");
        }
    }
    let out = run(dir.path(), &["check", "--from", "old", "--to", "new"]);
    let said =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert_eq!(
        said.matches("cannot find include file").count(),
        1,
        "{said}"
    );
}

#[test]
fn stated_instances_make_it_a_plain_verdict() {
    let dir = tempfile::tempdir().expect("a folder");
    write(
        &dir.path().join("old"),
        &one(
            "k.h",
            &[&template(
                "typename T, int N",
                &format!("{BARRIER} {BARRIER}"),
            )],
        ),
    );
    write(
        &dir.path().join("new"),
        &one("k.h", &[&template("typename T, int N", BARRIER)]),
    );
    let args = [
        "check",
        "--from",
        "old",
        "--to",
        "new",
        "--threadgroup",
        "64",
    ];
    let out = run(dir.path(), &args);
    assert_eq!(
        out.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&out.stdout)
    );
    let out = run(
        dir.path(),
        &[&args[..], &["--instantiate", "f<float, 2>"]].concat(),
    );
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stdout)
    );
}

#[test]
fn each_version_has_its_own_headers() {
    let dir = tempfile::tempdir().expect("a folder");
    for (side, b) in [("old", BARRIER), ("new", "")] {
        let root = dir.path().join(side);
        write(
            &root.join("inc/kernels"),
            &vec![("f.h", format!("{HEAD}{}", kernel("f", b)))],
        );
        let source = "#include \"kernels/f.h\"\n".to_string();
        write(&root.join("inc/kernels"), &vec![("f.metal", source)]);
    }
    let threads = ["--threadgroup", "64"];
    for folder in ["old/inc", "new/inc"] {
        for (from, to) in [
            ("old", "new"),
            ("old/inc/kernels/f.metal", "new/inc/kernels/f.metal"),
        ] {
            let args = ["check", "--from", from, "--to", to, "-I", folder];
            let out = run(dir.path(), &[&args[..], &threads].concat());
            let said = String::from_utf8_lossy(&out.stdout);
            assert_eq!(out.status.code(), Some(1), "{folder}, {from}: {said}");
        }
    }
}
