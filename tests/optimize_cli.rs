//! `unbarrier optimize` on the command line: what it proposes, what it writes, and what it leaves alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn unbarrier(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(at)
        .output()
        .expect("the program runs")
}

fn report(at: &Path, args: &[&str]) -> (Value, i32) {
    let mut all = vec!["optimize", "--format", "json"];
    all.extend(args);
    let out = unbarrier(at, &all);
    let v = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| {
        panic!(
            "{e}: {}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        )
    });
    (v, out.status.code().unwrap_or(-1))
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("written");
    }
    dir
}

fn actions(file: &Value) -> Vec<(String, u64)> {
    let edits = file["edits"].as_array().expect("edits");
    edits
        .iter()
        .map(|e| {
            (
                e["action"].as_str().unwrap_or("").to_string(),
                e["line"].as_u64().unwrap_or(0),
            )
        })
        .collect()
}

fn twins() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let mut out = Vec::new();
    for e in fs::read_dir(root).expect("kernels/") {
        let p = e.expect("an entry").path();
        if p.is_dir() {
            out.push(p.join("can_go.metal"));
            out.push(p.join("must_stay.metal"));
        }
    }
    out.sort();
    assert_eq!(out.len(), 12);
    out
}

const HEAD: &str = "#include <metal_stdlib>\nusing namespace metal;\n";

/// What the comments of the twins say can go, goes, and nothing else; a second run finds nothing more.
#[test]
fn twins_lose_what_their_comments_say() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels/unbarrier.toml");
    fs::copy(config, dir.path().join("unbarrier.toml")).expect("copied");
    for p in twins() {
        let inner = p.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels"));
        let name = inner.expect("below kernels/").display().to_string();
        let text = fs::read_to_string(&p).expect("readable");
        let target = dir.path().join(&name);
        fs::create_dir_all(target.parent().expect("a folder")).expect("made");
        fs::write(&target, &text).expect("written");
        let lines = |word: &str| -> Vec<u64> {
            let all = (1u64..).zip(text.lines());
            all.filter(|(_, l)| l.contains(&format!("//~ {word}")))
                .map(|(n, _)| n)
                .collect()
        };
        let (r, code) = report(dir.path(), &[&name, "--weaken", "--apply"]);
        assert_eq!(code, 0, "{name}: {r:#}");
        let mut want: Vec<(String, u64)> = lines("removable")
            .into_iter()
            .map(|l| ("remove".to_string(), l))
            .chain(
                lines("weakenable")
                    .into_iter()
                    .map(|l| ("weaken".to_string(), l)),
            )
            .collect();
        want.sort_by_key(|w| w.1);
        assert_eq!(actions(&r["files"][0]), want, "{name}");
        for x in r["files"][0]["executions"].as_array().expect("executions") {
            let n = |k: &str, i: usize| x[k][i].as_u64().unwrap_or(0);
            let now = (n("threadgroup_barriers", 1), n("simdgroup_barriers", 1));
            let before = (n("threadgroup_barriers", 0), n("simdgroup_barriers", 0));
            assert!(now < before, "{name}: {x:#}");
        }
        let (again, _) = report(dir.path(), &[&name, "--weaken"]);
        assert!(actions(&again["files"][0]).is_empty(), "{name}: {again:#}");
        // Nothing but the barriers went.
        let after = fs::read_to_string(&target).expect("readable");
        let without = |t: &str| -> Vec<String> {
            t.lines()
                .map(|l| {
                    let l = l.split("//~").next().unwrap_or("").trim().to_string();
                    l.replace("simdgroup_barrier", "threadgroup_barrier")
                })
                .filter(|l| !l.starts_with("threadgroup_barrier(") && !l.is_empty())
                .collect()
        };
        assert_eq!(without(&text), without(&after), "{name}");
    }
}

#[test]
fn bytes_outside_of_edits_stay() {
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\r\n\tthreadgroup float b[64];\r\n\tb[t] = 1.0f;\t\t/* odd   spacing */\r\n\tthreadgroup_barrier(mem_flags::mem_threadgroup);\r\n\tout[t] = b[t];  \r\n#pragma unroll\r\n\tfor (int i = 0; i < 2; ++i) out[t] += b[t];\r\n}\r\n";
    let text = format!("\u{feff}{}{kernel}", HEAD.replace('\n', "\r\n"));
    let dir = folder(&[("k.metal", &text)]);
    let out = unbarrier(dir.path(), &["optimize", "k.metal", "--apply"]);
    assert_eq!(out.status.code(), Some(0));
    let after = fs::read(dir.path().join("k.metal")).expect("readable");
    let want = text.replace("\tthreadgroup_barrier(mem_flags::mem_threadgroup);\r\n", "");
    assert_eq!(String::from_utf8_lossy(&after), want);
}

#[test]
fn the_patch_applies() {
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = b[t];\n}\n";
    let dir = folder(&[("k.metal", &format!("{HEAD}{kernel}"))]);
    let out = unbarrier(dir.path(), &["optimize", "k.metal", "--patch", "out.patch"]);
    assert_eq!(out.status.code(), Some(0));
    let before = fs::read_to_string(dir.path().join("k.metal")).expect("readable");
    assert!(
        before.contains("threadgroup_barrier"),
        "only the patch is written"
    );
    let done = Command::new("git")
        .args(["apply", "out.patch"])
        .current_dir(dir.path())
        .env("GIT_CEILING_DIRECTORIES", dir.path())
        .output()
        .expect("git runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let after = fs::read_to_string(dir.path().join("k.metal")).expect("readable");
    assert!(!after.contains("threadgroup_barrier"), "{after}");
}

#[test]
fn helpers_and_macros_are_edited_only_when_all_instances_allow_it() {
    let helper = |a: &str, b: &str| {
        format!(
            "{HEAD}inline void put(threadgroup float* b, uint i) {{\n    b[i] = 1.0f;\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n}}\n\
             kernel void one(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {{ threadgroup float b[64]; put(b, t); out[t] = b[{a}]; }}\n\
             kernel void two(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {{ threadgroup float b[64]; put(b, t); out[t] = b[{b}]; }}\n"
        )
    };
    let macros = |body: &str, a: &str| {
        format!(
            "{HEAD}#define SYNC() {body}\n\
             kernel void one(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {{\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    SYNC();\n    out[t] = b[{a}];\n    SYNC();\n}}\n"
        )
    };
    let barrier = "threadgroup_barrier(mem_flags::mem_threadgroup)";
    let more = format!("{barrier}; b[t] += 1.0f");
    let dir = folder(&[
        ("both.metal", &helper("t", "t")),
        ("one.metal", &helper("t", "63 - t")),
        ("macro.metal", &macros(barrier, "63 - t")),
        ("more.metal", &macros(&more, "t")),
        (
            "put.h",
            "inline void put(threadgroup float* b, uint i) { b[i] = 1.0f; threadgroup_barrier(mem_flags::mem_threadgroup); }\n",
        ),
        (
            "header.metal",
            &format!(
                "{HEAD}#include \"put.h\"\nkernel void one(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {{ threadgroup float b[64]; put(b, t); out[t] = b[t]; }}\n"
            ),
        ),
    ]);
    let edits = |name: &str| {
        let (r, code) = report(dir.path(), &[name, "--threadgroup", "64"]);
        assert_eq!(code, 0, "{name}: {r:#}");
        (actions(&r["files"][0]), r["files"][0]["notes"].to_string())
    };
    assert_eq!(edits("both.metal").0, [("remove".to_string(), 5)]);
    assert!(edits("one.metal").0.is_empty());
    // Of the two uses of the macro, the one at the end goes.
    assert_eq!(edits("macro.metal").0, [("remove".to_string(), 9)]);
    let (none, why) = edits("more.metal");
    assert!(
        none.is_empty() && why.contains("does more than the barrier"),
        "{why}"
    );
    let (none, why) = edits("header.metal");
    assert!(
        none.is_empty() && why.contains("other files may include it"),
        "{why}"
    );
}

/// Cells of a row are summed in an inner loop whose barrier belongs into the outer one.
const INNER: &str = "kernel void rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]],
                 uint t [[thread_index_in_threadgroup]]) {
    threadgroup float row[64];
    for (uint r = 0; r < n; ++r) {
        row[t] = in[r * 64 + t];
        float s = 0.0f;
        for (uint i = 0; i < 4; ++i) {
            threadgroup_barrier(mem_flags::mem_threadgroup);
            s += row[(t + i) % 64];
        }
        out[r * 64 + t] = s;
    }
}
";

#[test]
fn repairs_are_cheap_and_proved_and_free_others() {
    let dir = folder(&[("rows.metal", &format!("{HEAD}{INNER}"))]);
    let options = ["rows.metal", "--threadgroup", "64"];
    let (r, code) = report(dir.path(), &options);
    assert_eq!(code, 0);
    assert!(actions(&r["files"][0]).is_empty(), "{r:#}");
    let (r, code) = report(
        dir.path(),
        &["rows.metal", "--threadgroup", "64", "--repair", "--apply"],
    );
    assert_eq!(code, 0, "{r:#}");
    let f = &r["files"][0];
    let inserted = actions(f).iter().filter(|a| a.0 == "insert").count();
    assert_eq!(inserted, 1, "{f:#}");
    // In the outer loop, not in the inner one.
    let after = fs::read_to_string(dir.path().join("rows.metal")).expect("readable");
    let place = after.lines().find(|l| {
        l.trim_start().starts_with("threadgroup_barrier") && !l.starts_with("            ")
    });
    assert!(place.is_some(), "{after}");
    let out = unbarrier(
        dir.path(),
        &[
            "prove",
            "rows.metal",
            "--threadgroup",
            "64",
            "--format",
            "json",
        ],
    );
    let proved: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(
        proved["files"][0]["kernels"][0]["race_free"], true,
        "{after}"
    );
    let (again, _) = report(
        dir.path(),
        &["rows.metal", "--threadgroup", "64", "--repair"],
    );
    assert!(actions(&again["files"][0]).is_empty(), "{again:#}");
}

#[test]
fn a_repair_frees_a_barrier() {
    // A simdgroup barrier where data crosses simdgroups: the barrier that orders it makes the other superfluous.
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    simdgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = b[63 - t] + b[t ^ 1];\n}\n";
    let dir = folder(&[("k.metal", &format!("{HEAD}{kernel}"))]);
    let (r, code) = report(dir.path(), &["k.metal", "--threadgroup", "64", "--repair"]);
    assert_eq!(code, 0, "{r:#}");
    let f = &r["files"][0];
    let edits = f["edits"].as_array().expect("edits");
    let removed = edits.iter().find(|e| e["action"] == "remove");
    let reason = removed.map(|e| e["reason"].to_string()).unwrap_or_default();
    assert!(reason.contains("needed before the repair"), "{f:#}");
}

#[test]
fn missing_flags_are_added() {
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    threadgroup_barrier(mem_flags::mem_device);\n    out[t] = b[63 - t];\n}\n";
    let dir = folder(&[("k.metal", &format!("{HEAD}{kernel}"))]);
    let (r, code) = report(dir.path(), &["k.metal", "--threadgroup", "64", "--repair"]);
    assert_eq!(code, 0, "{r:#}");
    assert_eq!(actions(&r["files"][0])[0].0, "flags", "{r:#}");
    let diff = r["files"][0]["diff"].as_str().unwrap_or("");
    assert!(
        diff.contains(
            "+    threadgroup_barrier(mem_flags::mem_device | mem_flags::mem_threadgroup);"
        ),
        "{diff}"
    );
}

#[test]
fn files_that_cannot_be_written_are_left_alone() {
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = b[t];\n}\n";
    let text = format!("{HEAD}{kernel}");
    let dir = folder(&[
        ("locked.metal", &text),
        ("good.metal", &text),
        ("bad.metal", "kernel void ("),
    ]);
    let locked = dir.path().join("locked.metal");
    let mut p = fs::metadata(&locked).expect("there").permissions();
    p.set_readonly(true);
    fs::set_permissions(&locked, p).expect("set");
    let out = unbarrier(
        dir.path(),
        &[
            "optimize",
            "--apply",
            "locked.metal",
            "bad.metal",
            "missing.metal",
            "good.metal",
        ],
    );
    let err = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{err}");
    assert!(
        err.contains("locked.metal") && err.contains("read-only"),
        "{err}"
    );
    assert!(
        err.contains("bad.metal") && err.contains("missing.metal"),
        "{err}"
    );
    assert_eq!(fs::read_to_string(&locked).expect("readable"), text);
    // The others were edited all the same, and nothing is left behind.
    let good = fs::read_to_string(dir.path().join("good.metal")).expect("readable");
    assert!(!good.contains("threadgroup_barrier"));
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 3);
}

/// A file system without room: the file stays as it was. Needs root and Linux (`/dev/full` cannot be renamed over).
#[test]
fn a_full_disk_loses_nothing() {
    let mount = tempfile::tempdir().expect("a folder");
    let at = mount.path().display().to_string();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs", &at])
        .output()
        .is_ok_and(|o| o.status.success());
    if !mounted {
        println!("skipped: no small file system can be mounted here (needs root on Linux)");
        return;
    }
    let kernel = "kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n    threadgroup float b[64];\n    b[t] = 1.0f;\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = b[t];\n}\n";
    // Larger than what is left beside it.
    let text = format!("{HEAD}{}{kernel}", "// filler\n".repeat(4000));
    let file = mount.path().join("k.metal");
    let written = fs::write(&file, &text);
    let out = unbarrier(mount.path(), &["optimize", "--apply", "k.metal"]);
    let after = fs::read_to_string(&file);
    let left = fs::read_dir(mount.path()).map(Iterator::count);
    let undone = Command::new("umount").arg(&at).status();
    assert!(undone.is_ok_and(|s| s.success()));
    written.expect("fits");
    assert_eq!(out.status.code(), Some(2));
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(err.contains("nothing was changed"), "{err}");
    assert_eq!(after.expect("readable"), text);
    assert_eq!(left.expect("readable"), 1);
}
