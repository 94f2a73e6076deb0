//! `unbarrier check` on the command line: histories made from `kernels/`, each with one change that is right or wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A git repository with the project's own kernels, committed once.
struct Repo {
    dir: tempfile::TempDir,
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

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for e in fs::read_dir(from).expect("readable") {
        let e = e.expect("an entry");
        let target = to.join(e.file_name());
        if e.path().is_dir() {
            copy(&e.path(), &target);
        } else {
            fs::copy(e.path(), target).expect("copied");
        }
    }
}

fn commit(at: &Path) {
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "-m", "change"]);
}

fn unbarrier(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(at)
        .env("UNBARRIER_CACHE", at.join(".cache-of-the-test"))
        .output()
        .expect("the program runs")
}

impl Repo {
    fn new() -> Repo {
        let dir = tempfile::tempdir().expect("a folder");
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels"),
            &dir.path().join("kernels"),
        );
        git(dir.path(), &["init", "-q"]);
        fs::write(dir.path().join(".gitignore"), ".cache-of-the-test\n").expect("written");
        commit(dir.path());
        Repo { dir }
    }

    /// With further files, committed.
    fn with(files: &[(&str, &str)]) -> Repo {
        let r = Repo::new();
        for (name, text) in files {
            fs::write(r.path(name), text).expect("written");
        }
        commit(r.dir.path());
        r
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("readable")
    }

    /// Replaces the n-th occurrence (from 0) of a text that must be there.
    fn replace(&self, name: &str, from: &str, to: &str, nth: usize) {
        let text = self.text(name);
        let (at, _) = text
            .match_indices(from)
            .nth(nth)
            .unwrap_or_else(|| panic!("{name}: no `{from}` number {nth}"));
        let new = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
        fs::write(self.path(name), new).expect("written");
    }

    /// The report and the exit code of `check`.
    fn check(&self, args: &[&str]) -> (Value, i32) {
        let mut all = vec!["check", "--format", "json"];
        all.extend(args);
        let out = unbarrier(self.dir.path(), &all);
        let report = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| {
            panic!(
                "{e}: {}{}",
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            )
        });
        (report, out.status.code().unwrap_or(-1))
    }

    fn human(&self, args: &[&str]) -> (String, i32) {
        let mut all = vec!["check"];
        all.extend(args);
        let out = unbarrier(self.dir.path(), &all);
        let text = String::from_utf8_lossy(&out.stdout).into_owned()
            + &String::from_utf8_lossy(&out.stderr);
        (text, out.status.code().unwrap_or(-1))
    }
}

/// The kernels that the report speaks of.
fn kernels(report: &Value) -> Vec<&Value> {
    let files = report["files"].as_array().expect("files");
    files
        .iter()
        .flat_map(|f| f["kernels"].as_array().expect("kernels"))
        .collect()
}

/// A change that must fail: one kernel, a replayed witness in lines of the new version, and a command that shows it.
fn must_fail(r: &Repo, what: &str) -> Value {
    let (report, code) = r.check(&[]);
    assert_eq!(code, 1, "{what}: {report:#}");
    assert_eq!(report["verdict"], "refuted", "{what}");
    let all = kernels(&report);
    let k = all
        .iter()
        .find(|k| k["verdict"] == "refuted")
        .unwrap_or_else(|| panic!("{what}: {report:#}"));
    assert_eq!(k["witness"]["replayed"], true, "{what}: {k:#}");
    let command = k["replay"]
        .as_str()
        .unwrap_or_else(|| panic!("{what}: {k:#}"));
    assert!(!command.contains("--disable"), "{what}: {command}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let out = unbarrier(r.dir.path(), &words);
    assert_eq!(
        out.status.code(),
        Some(1),
        "{what}: the race was not shown by {command}: {}",
        String::from_utf8_lossy(&out.stdout)
    );
    (*k).clone()
}

const LOAD: &str = "kernels/partial_load/can_go.metal";
const BARRIER: &str = "threadgroup_barrier(mem_flags::mem_threadgroup);";

#[test]
fn nothing_changed() {
    let r = Repo::new();
    let (text, code) = r.human(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("no kernel source changed"), "{text}");
}

#[test]
fn safe_removal_is_proved() {
    let r = Repo::new();
    r.replace(LOAD, BARRIER, "", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    let all = kernels(&report);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["verdict"], "proved");
    assert_eq!(all[0]["judged"], "relative");
    assert_eq!(all[0]["changes"][0]["kind"], "removed");
    assert_eq!(all[0]["changes"][0]["old"]["line"], 31);
    // The same between two commits.
    commit(r.dir.path());
    let (report, code) = r.check(&["--base", "HEAD~1", "--head", "HEAD"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(kernels(&report).len(), 1);
    let (report, _) = r.check(&[]);
    assert!(kernels(&report).is_empty());
}

#[test]
fn unsafe_removal_is_refuted() {
    let r = Repo::new();
    r.replace(LOAD, BARRIER, "", 1);
    let k = must_fail(&r, "unsafe removal");
    assert_eq!(k["judged"], "relative");
    assert_eq!(k["changes"][0]["verdict"], "refuted");
    // Lines above the edit are pushed down: the witness is in the new text's lines.
    r.replace(
        LOAD,
        "#include <metal_stdlib>",
        "\n\n\n#include <metal_stdlib>",
        0,
    );
    let moved = must_fail(&r, "unsafe removal, moved");
    let line = |k: &Value| k["witness"]["threads"][0]["line"].as_u64().unwrap_or(0);
    assert_eq!(line(&moved), line(&k) + 3);
}

#[test]
fn weaker_scope_on_data_that_crosses_simdgroups_is_refuted() {
    let r = Repo::new();
    r.replace(
        LOAD,
        BARRIER,
        "simdgroup_barrier(mem_flags::mem_threadgroup);",
        1,
    );
    let k = must_fail(&r, "scope");
    assert_eq!(k["changes"][0]["kind"], "scope");
    // Where the data stays within a simdgroup it is proved.
    let r = Repo::new();
    r.replace(
        "kernels/barrier_scope/can_go.metal",
        BARRIER,
        "simdgroup_barrier(mem_flags::mem_threadgroup);",
        0,
    );
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(kernels(&report)[0]["changes"][0]["kind"], "scope");
}

#[test]
fn fewer_flags_are_refuted() {
    let r = Repo::new();
    r.replace(
        LOAD,
        BARRIER,
        "threadgroup_barrier(mem_flags::mem_none);",
        1,
    );
    let k = must_fail(&r, "flags");
    assert_eq!(k["changes"][0]["kind"], "flags");
}

const LOOP: &str = r"#include <metal_stdlib>
using namespace metal;

kernel void rotate_rows(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], constant uint& rows [[buffer(2)]],
                        uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float row[64];
    for (uint r = 0; r < rows; ++r) {
        row[tid] = in[r * 64 + tid];
        threadgroup_barrier(mem_flags::mem_threadgroup);
        out[r * 64 + tid] = row[(tid + 1) % 64];
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
}
";

#[test]
fn moving_a_barrier_out_of_a_loop_is_refuted() {
    let r = Repo::with(&[("rows.metal", LOOP)]);
    let inside = "        threadgroup_barrier(mem_flags::mem_threadgroup);\n    }\n";
    let outside = "    }\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n";
    r.replace("rows.metal", inside, outside, 0);
    let (report, code) = r.check(&["--threadgroup", "64"]);
    assert_eq!(code, 1, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["changes"][0]["kind"], "moved", "{k:#}");
    assert_eq!(k["verdict"], "refuted");
    must_fail(&r, "moved out of the loop, any number of threads");
    // Moving it within the loop past a register computation is fine.
    let r = Repo::with(&[("rows.metal", LOOP)]);
    r.replace("rows.metal", "for (uint r = 0; r < rows; ++r) {\n", "for (uint r = 0; r < rows; ++r) {\n        threadgroup_barrier(mem_flags::mem_threadgroup);\n", 0);
    r.replace("rows.metal", inside, "    }\n", 0);
    let (report, code) = r.check(&["--threadgroup", "64"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(kernels(&report)[0]["changes"][0]["kind"], "moved");
}

const HELPER: &str = r"#include <metal_stdlib>
using namespace metal;

inline void put(threadgroup float* buf, uint at, float v) {
    buf[at] = v;
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
";

const OWN: &str = r#"#include "put.h"
kernel void own_cell(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    put(buf, tid, in[tid]);
    out[tid] = buf[tid];
}
"#;

const OTHERS: &str = r#"#include "put.h"
kernel void cell_of_another(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    put(buf, tid, in[tid]);
    out[tid] = buf[63 - tid];
}
"#;

#[test]
fn a_helper_of_two_kernels_is_judged_in_both() {
    // Only the header changes: both files that include it are found.
    let r = Repo::with(&[
        ("put.h", HELPER),
        ("own.metal", OWN),
        ("others.metal", OTHERS),
    ]);
    r.replace(
        "put.h",
        "    threadgroup_barrier(mem_flags::mem_threadgroup);\n",
        "",
        0,
    );
    let (report, code) = r.check(&["--threadgroup", "64"]);
    assert_eq!(code, 1, "{report:#}");
    let verdict = |name: &str| {
        let all = kernels(&report);
        let k = all.iter().find(|k| k["kernel"] == name);
        k.map(|k| k["verdict"].clone())
    };
    assert_eq!(verdict("own_cell"), Some("proved".into()));
    assert_eq!(verdict("cell_of_another"), Some("refuted".into()));
    must_fail(&r, "helper");
    // With the kernel that needs it out of the way, the removal is proved.
    let (report, code) = r.check(&["own.metal", "--threadgroup", "64"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(kernels(&report).len(), 1);
}

#[test]
fn formatting_and_names_are_no_barrier_change() {
    let r = Repo::new();
    let text = r.text(LOAD);
    let formatted: String = text
        .lines()
        .map(|l| {
            format!(
                "  {}\r\n",
                l.trim_end()
                    .replace("row_tg", "staged")
                    .replace("    ", "\t")
            )
        })
        .collect();
    fs::write(r.path(LOAD), format!("// A comment.\n{formatted}")).expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert!(kernels(&report).is_empty(), "{report:#}");
    assert_eq!(report["files"][0]["unchanged"], 1, "{report:#}");
    let (text, _) = r.human(&[]);
    assert!(text.contains("no barrier change"), "{text}");
    // The file moved, as well.
    git(r.dir.path(), &["checkout", "-q", "."]);
    git(
        r.dir.path(),
        &["mv", LOAD, "kernels/partial_load/renamed.metal"],
    );
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert!(kernels(&report).is_empty(), "{report:#}");
    // And, in the file of another name, a barrier that is needed went.
    r.replace("kernels/partial_load/renamed.metal", BARRIER, "", 1);
    must_fail(&r, "renamed file");
}

const TWO: &str = r"#include <metal_stdlib>
using namespace metal;

kernel void twice(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    float x = in[tid];
    buf[tid] = x;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    x = x * x;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = buf[63 - tid] + x;
}
";

#[test]
fn two_removals_that_are_safe_one_at_a_time_are_refuted_together() {
    let r = Repo::with(&[("twice.metal", TWO)]);
    r.replace("twice.metal", BARRIER, "", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    r.replace("twice.metal", BARRIER, "", 0);
    let k = must_fail(&r, "both");
    let each = k["changes"].as_array().expect("changes");
    assert_eq!(each.len(), 2);
    assert!(each.iter().all(|c| c["verdict"] == "proved"), "{k:#}");
    assert!(
        k["reason"]
            .as_str()
            .unwrap_or("")
            .contains("each of these changes alone is safe"),
        "{k:#}"
    );
}

#[test]
fn macros_are_looked_into() {
    let text = TWO.replace(BARRIER, "SYNC();").replace(
        "using namespace metal;",
        "using namespace metal;\n#define SYNC() threadgroup_barrier(mem_flags::mem_threadgroup)",
    );
    let r = Repo::with(&[("macro.metal", &text)]);
    r.replace(
        "macro.metal",
        "mem_flags::mem_threadgroup)",
        "mem_flags::mem_none)",
        0,
    );
    let k = must_fail(&r, "macro");
    assert_eq!(k["changes"][0]["kind"], "flags", "{k:#}");
}

#[test]
fn with_other_changes_the_new_version_is_judged_as_it_stands() {
    let r = Repo::with(&[("twice.metal", TWO)]);
    r.replace("twice.metal", "x = x * x;", "x = x * x + 1.0f;", 0);
    r.replace("twice.metal", BARRIER, "", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["judged"], "as-it-stands");
    assert!(
        k["why"]
            .as_str()
            .unwrap_or("")
            .contains("other code changed"),
        "{k:#}"
    );
    r.replace("twice.metal", BARRIER, "", 0);
    let k = must_fail(&r, "with other code");
    assert_eq!(k["judged"], "as-it-stands");
}

#[test]
fn races_that_were_there_and_races_that_are_fixed() {
    // As it is, the second loop turn overwrites what others still read.
    let racy = LOOP.replacen("        out[r * 64 + tid] = row[(tid + 1) % 64];\n        threadgroup_barrier(mem_flags::mem_threadgroup);\n", "        out[r * 64 + tid] = row[(tid + 1) % 64];\n", 1);
    assert_ne!(racy, LOOP);
    let r = Repo::with(&[("rows.metal", &racy)]);
    fs::write(r.path("rows.metal"), LOOP).expect("written");
    let (report, code) = r.check(&["--threadgroup", "64"]);
    assert_eq!(code, 0, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["changes"][0]["kind"], "added");
    assert_eq!(k["fixed"].as_array().map(Vec::len), Some(1), "{k:#}");
    // A race that both versions have is not the change's fault.
    let twice = racy.replacen(
        "        threadgroup_barrier(mem_flags::mem_threadgroup);\n",
        "        threadgroup_barrier(mem_flags::mem_threadgroup);\n        threadgroup_barrier(mem_flags::mem_threadgroup);\n",
        1,
    );
    let r = Repo::with(&[("rows.metal", &twice)]);
    fs::write(r.path("rows.metal"), &racy).expect("written");
    let (report, code) = r.check(&["--threadgroup", "64"]);
    assert_eq!(code, 0, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["judged"], "relative");
    assert_eq!(k["existing"].as_array().map(Vec::len), Some(1), "{k:#}");
}

#[test]
fn a_new_barrier_that_not_all_threads_reach_is_refuted() {
    let r = Repo::with(&[("twice.metal", TWO)]);
    r.replace("twice.metal", "    x = x * x;\n", "    if (tid < 32) {\n        threadgroup_barrier(mem_flags::mem_threadgroup);\n    }\n    x = x * x;\n", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(
        kernels(&report)[0]["divergent"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn what_is_not_modelled_is_compared_by_its_text() {
    // The flags of the barrier depend on a parameter: nothing is known of it but its text.
    let text = TWO.replace("uint tid [[thread", "constant uint& n [[buffer(2)]], uint tid [[thread").replacen(
        BARRIER,
        "mem_flags f = n > 3 ? mem_flags::mem_threadgroup : mem_flags::mem_device; threadgroup_barrier(f);",
        1,
    );
    let r = Repo::with(&[("flags.metal", &text)]);
    r.replace(
        "flags.metal",
        "mem_flags::mem_device;",
        "mem_flags::mem_none;",
        0,
    );
    let (report, code) = r.check(&[]);
    assert_ne!(code, 0, "{report:#}");
}

#[test]
fn barriers_that_order_atomics_are_not_passed() {
    let text = r"#include <metal_stdlib>
using namespace metal;
kernel void hist(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup atomic_uint bins[64];
    atomic_store_explicit(&bins[tid], 0u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    atomic_fetch_add_explicit(&bins[in[tid] & 63], 1u, memory_order_relaxed);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = atomic_load_explicit(&bins[tid], memory_order_relaxed);
}
kernel void last(device float* part [[buffer(0)]], device atomic_uint* cnt [[buffer(1)]], uint lid [[thread_index_in_threadgroup]], uint gid [[thread_position_in_grid]]) {
    part[gid] = 1.0f;
    threadgroup_barrier(mem_flags::mem_device);
    if (lid == 0) atomic_fetch_add_explicit(cnt, 1u, memory_order_relaxed);
}
";
    for (at, to) in [
        (0, ""),
        (1, ""),
        (2, ""),
        (2, "threadgroup_barrier(mem_flags::mem_threadgroup);"),
        (2, "simdgroup_barrier(mem_flags::mem_device);"),
    ] {
        let r = Repo::with(&[("atomics.metal", text)]);
        let barriers = [
            BARRIER,
            BARRIER,
            "threadgroup_barrier(mem_flags::mem_device);",
        ];
        r.replace("atomics.metal", barriers[at], to, at % 2);
        let (report, code) = r.check(&["--threadgroup", "64"]);
        // Where executions show that results differ, it is refuted.
        let expected = if at < 2 { 1 } else { 3 };
        assert_eq!(code, expected, "{at} {to}: {report:#}");
    }
    let dir = Repo::with(&[("atomics.metal", text)]);
    let out = unbarrier(
        dir.dir.path(),
        &[
            "optimize",
            "atomics.metal",
            "--threadgroup",
            "64",
            "--apply",
        ],
    );
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(dir.text("atomics.metal"), text);
}

#[test]
fn an_old_version_that_cannot_be_read_is_no_excuse() {
    let text = format!(
        "#include \"sync.h\"\n{}",
        TWO.replacen(BARRIER, "", 1).replace(BARRIER, "sync();")
    );
    // The header is not part of the repository.
    let r = Repo::with(&[("sync.metal", &text)]);
    fs::write(r.path(".gitignore"), "sync.h\n.cache-of-the-test\n").expect("written");
    fs::write(
        r.path("sync.h"),
        "#define sync() threadgroup_barrier(mem_flags::mem_threadgroup)\n",
    )
    .expect("written");
    commit(r.dir.path());
    r.replace("sync.metal", "sync();", "", 0);
    let k = must_fail(&r, "unreadable old version");
    assert_eq!(k["judged"], "as-it-stands");
}

#[test]
fn what_cannot_be_decided_is_three() {
    // A call that nothing is known of may read the array.
    let text = TWO.replacen(BARRIER, "", 1);
    let text = text.replace(
        "out[tid] = buf[63 - tid] + x;",
        "out[tid] = x + nobody_knows(buf);",
    );
    let r = Repo::with(&[("open.metal", &text)]);
    r.replace("open.metal", BARRIER, "", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["verdict"], "undecided");
    let reason = kernels(&report)[0]["reason"]
        .as_str()
        .unwrap_or("")
        .to_string();
    assert!(reason.contains("unsupported"), "{reason}");
}

#[test]
fn two_folders_without_git() {
    let old = tempfile::tempdir().expect("a folder");
    let new = tempfile::tempdir().expect("a folder");
    for (d, text) in [(&old, TWO.to_string()), (&new, TWO.replace(BARRIER, ""))] {
        fs::create_dir_all(d.path().join("a")).expect("a folder");
        fs::write(d.path().join("a/k.metal"), text).expect("written");
    }
    let show = |p: &Path| p.display().to_string();
    let run = |from: &Path, to: &Path| {
        let out = unbarrier(
            old.path(),
            &["check", "--from", &show(from), "--to", &show(to)],
        );
        (
            out.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&out.stdout).into_owned(),
        )
    };
    let (code, text) = run(old.path(), new.path());
    assert_eq!(code, 1, "{text}");
    let (code, text) = run(&old.path().join("a/k.metal"), &new.path().join("a/k.metal"));
    assert_eq!(code, 1, "{text}");
    let (code, text) = run(new.path(), old.path());
    assert_eq!(code, 0, "{text}");
    let (code, _) = run(old.path(), &new.path().join("a/k.metal"));
    assert_eq!(code, 2);
}

#[test]
fn bad_input_has_one_clear_message() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let said = |at: &Path, args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
            .arg("check")
            .args(args)
            .current_dir(at)
            .env("GIT_CEILING_DIRECTORIES", at)
            .output()
            .expect("the program runs");
        (
            out.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&out.stderr).into_owned(),
        )
    };
    let (code, text) = said(nowhere.path(), &[]);
    assert_eq!(code, 2);
    assert!(text.contains("no git repository"), "{text}");
    let r = Repo::with(&[("twice.metal", TWO)]);
    let (code, text) = said(r.dir.path(), &["--base", "no-such-branch"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("no-such-branch") && text.contains("expected a commit"),
        "{text}"
    );
    // A shallow clone lacks the revision.
    commit_change(&r);
    let shallow = nowhere.path().join("shallow");
    let from = format!("file://{}", r.dir.path().display());
    git(
        nowhere.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            &from,
            &shallow.display().to_string(),
        ],
    );
    let (code, text) = said(&shallow, &["--base", "HEAD~1"]);
    assert_eq!(code, 2);
    assert!(text.contains("shallow"), "{text}");
    // A binary file is named, and the others are judged.
    fs::write(r.path("binary.metal"), b"kernel\0void").expect("written");
    r.replace("twice.metal", BARRIER, "", 0);
    let (report, code) = r.check(&[]);
    assert_eq!(code, 2, "{report:#}");
    assert!(
        report["errors"][0]["message"]
            .as_str()
            .unwrap_or("")
            .contains("binary.metal"),
        "{report:#}"
    );
    assert_eq!(kernels(&report).len(), 1, "{report:#}");
    fs::remove_file(r.path("binary.metal")).expect("removed");
    // A deleted file takes its kernels with it.
    fs::remove_file(r.path("twice.metal")).expect("removed");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(kernels(&report)[0]["judged"], "none");
    // An entry that names no kernel.
    git(r.dir.path(), &["checkout", "-q", "."]);
    r.replace("twice.metal", BARRIER, "", 0);
    fs::write(
        r.path("unbarrier.toml"),
        "[[kernel]]\nfile = \"twice.metal\"\nname = \"thrice\"\n",
    )
    .expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 2, "{report:#}");
    assert!(
        report.to_string().contains("no kernel `thrice`"),
        "{report:#}"
    );
    // A path that is nowhere.
    let (code, text) = said(r.dir.path(), &["nowhere.metal"]);
    assert_eq!(code, 2);
    assert!(text.contains("nowhere.metal"), "{text}");
    // A broken configuration has line and column.
    git(r.dir.path(), &["checkout", "-q", "."]);
    r.replace("twice.metal", BARRIER, "", 0);
    fs::write(r.path("unbarrier.toml"), "[[kernel]]\nfile = 3\n").expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 2, "{report:#}");
    let message = report["errors"][0]["message"]
        .as_str()
        .unwrap_or("")
        .to_string();
    assert!(message.contains("unbarrier.toml:2:8"), "{message}");
}

fn commit_change(r: &Repo) {
    r.replace("twice.metal", "x * x", "x + x", 0);
    commit(r.dir.path());
}

/// What git does not know yet is compared with what it was, and the person's index stays as it is.
#[test]
fn files_that_git_does_not_know_yet_are_compared() {
    let r = Repo::with(&[("twice.metal", TWO)]);
    let name = "zwei mal ä.metal";
    fs::rename(r.path("twice.metal"), r.path(name)).expect("renamed");
    r.replace(name, BARRIER, "", 0);
    r.replace(name, BARRIER, "", 0);
    // A repository within this one, without a commit: no part of it.
    fs::create_dir(r.path("inner")).expect("a folder");
    git(&r.path("inner"), &["init", "-q"]);
    fs::write(r.path("inner/x.metal"), TWO).expect("written");
    let index = fs::read(r.path(".git/index")).expect("readable");
    let (report, code) = r.check(&[]);
    assert!(
        report["errors"].as_array().is_some_and(Vec::is_empty),
        "{report:#}"
    );
    let files = report["files"].as_array().expect("files");
    assert_eq!(files.len(), 1, "{report:#}");
    assert_eq!(files[0]["path"], name, "{report:#}");
    assert_eq!(files[0]["old_path"], "twice.metal", "{report:#}");
    assert_eq!(code, 1, "{report:#}");
    let after = fs::read(r.path(".git/index")).expect("readable");
    assert_eq!(index, after);
    // From a folder below, with the settings of a person who likes other paths and no renames.
    git(r.dir.path(), &["config", "diff.relative", "true"]);
    git(r.dir.path(), &["config", "diff.renames", "false"]);
    let out = unbarrier(&r.path("kernels"), &["check", "--format", "json"]);
    let below: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(below["files"][0]["old_path"], "twice.metal", "{below:#}");
    // Without git, one line that says what to do.
    let out = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .arg("check")
        .current_dir(r.dir.path())
        .env("PATH", r.path("kernels"))
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{text}");
    assert!(
        text.contains("cannot run git") && text.contains("--from"),
        "{text}"
    );
}

/// More than 64 threads race for `a` in it, which nobody launches.
const NARROW: &str = r"#include <metal_stdlib>
using namespace metal;

kernel void narrow(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float a[64];
    a[t % 64] = in[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[t] = a[63 - t % 64];
}
";

#[test]
fn a_race_that_was_there_before_does_not_refute_other_changes() {
    let r = Repo::with(&[("narrow.metal", NARROW)]);
    // Other code, an array of another name.
    let new = NARROW
        .replace("a[", "values[")
        .replace("= in[t]", "= 2.0f * in[t]");
    fs::write(r.path("narrow.metal"), &new).expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 0, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["judged"], "as-it-stands");
    assert_eq!(k["verdict"], "proved");
    assert_eq!(k["existing"].as_array().map(Vec::len), Some(1), "{k:#}");
    assert_eq!(r.check(&["--deny", "existing"]).1, 1);
    assert_eq!(r.check(&["--deny", "undecided"]).1, 0);
    // The same without the barrier: with 64 threads, the old version has no race, and this one has.
    fs::write(r.path("narrow.metal"), new.replace(BARRIER, "")).expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 1, "{report:#}");
    let k = kernels(&report)[0];
    assert_eq!(k["verdict"], "refuted");
    assert_eq!(
        k["witness"]["threadgroup"][0].as_u64().map(|n| n <= 64),
        Some(true),
        "{k:#}"
    );
    // Each thread writes two elements: with 64 threads, too.
    let wide = new.replace(
        "    threadgroup_barrier",
        "    if (t < 63) values[t + 1] = 0.0f;\n    threadgroup_barrier",
    );
    assert_ne!(wide, new);
    fs::write(r.path("narrow.metal"), wide).expect("written");
    let (report, code) = r.check(&[]);
    assert_eq!(code, 1, "{report:#}");
}

#[test]
fn a_race_that_was_there_hides_no_race_of_other_launches() {
    // With 33 to 48 threads only the new version races, between the same places; no size that is tried is free of races in the old one.
    let old = NARROW.replace("64", "48").replace("63", "47");
    let r = Repo::with(&[("narrow.metal", &old)]);
    let new = old.replace("t % 48] = in[t]", "t % 32] = in[t]");
    assert_ne!(new, old);
    fs::write(r.path("narrow.metal"), new).expect("written");
    let (report, code) = r.check(&[]);
    assert!(code == 1 || code == 3, "{report:#}");
}

#[test]
fn assumptions_mean_parameters_by_name_in_both_versions() {
    // With n <= 64 the old version has no race; its parameters stand in another order.
    let old = NARROW
        .replace(
            "uint t [[",
            "constant uint& m [[buffer(2)]], constant uint& n [[buffer(3)]], uint t [[",
        )
        .replace("a[t % 64] = in[t];", "if (t < n) a[t % 64] = in[t + m];");
    let new = old
        .replace(
            "constant uint& m [[buffer(2)]], constant uint& n [[buffer(3)]]",
            "constant uint& n [[buffer(3)]], constant uint& m [[buffer(2)]]",
        )
        .replace("in[t + m];", "in[t + m] + 1.0f;")
        .replace("t < n", "t < n + m");
    let r = Repo::with(&[("narrow.metal", &old)]);
    fs::write(r.path("narrow.metal"), new).expect("written");
    let (report, code) = r.check(&["--assume", "n <= 64"]);
    assert_eq!(code, 1, "{report:#}");
}
