//! Ctrl-C: what was decided is printed, nothing is left half-written, exit code 130.
#![cfg(unix)]

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Many kernels, of which each takes a while.
fn source() -> String {
    let mut out = String::from("#include <metal_stdlib>\nusing namespace metal;\n");
    for i in 0..60 {
        out += &format!(
            "kernel void k{i}(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], constant uint& m [[buffer(2)]],\n    \
             uint tid [[thread_index_in_threadgroup]], uint size [[threads_per_threadgroup]]) {{\n    \
             threadgroup float t[4096];\n    for (uint r = 0; r < m; r++) {{\n        \
             for (uint i = tid; i < n * {}; i += size) t[(i * 7 + r) % 4096] = out[i];\n        \
             threadgroup_barrier(mem_flags::mem_threadgroup);\n        out[tid * n + r] += t[(tid * m + r) % 4096];\n        \
             threadgroup_barrier(mem_flags::mem_threadgroup);\n    }}\n}}\n",
            i + 3
        );
    }
    out
}

fn start(dir: &Path, args: &[&str]) -> Child {
    std::fs::write(dir.join("k.metal"), source()).expect("written");
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["prove", "k.metal", "--jobs", "1"])
        .args(args)
        .current_dir(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let done = Command::new("kill").args(["-INT", &id]).status();
    assert!(done.expect("kill").success());
}

fn text(pipe: Option<impl Read>) -> String {
    let mut out = String::new();
    pipe.expect("a pipe")
        .read_to_string(&mut out)
        .expect("text");
    out
}

#[test]
fn what_was_decided_is_printed() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = start(dir.path(), &["--emit-smt", "smt"]);
    // Some kernels are decided when there are so many obligations.
    let written = || std::fs::read_dir(dir.path().join("smt")).map_or(0, Iterator::count);
    while written() < 40 {
        let ended = child.try_wait().expect("a state");
        assert!(ended.is_none(), "it ended with {} obligations", written());
        std::thread::sleep(Duration::from_millis(20));
    }
    interrupt(&child);
    let errors = text(child.stderr.take());
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{errors}");
    assert!(errors.contains("interrupted"), "{errors}");
    assert!(errors.contains("in kernel k0:"), "{errors}");
    assert!(
        !errors.contains("in kernel k59:"),
        "nothing was left to interrupt"
    );
    // Files are whole: obligations end with their question.
    let mut files = 0;
    for e in std::fs::read_dir(dir.path().join("smt")).expect("a folder") {
        let path = e.expect("one").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name == "index.tsv" {
            continue;
        }
        assert!(name.ends_with(".smt2"), "{name}");
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(
            text.trim_end().ends_with("(exit)") || text.contains("(check-sat)"),
            "{name}"
        );
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn json_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = start(dir.path(), &["--format", "json"]);
    std::thread::sleep(Duration::from_millis(1500));
    interrupt(&child);
    let out = text(child.stdout.take());
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{out}");
    let v: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(v["interrupted"], true);
    assert_eq!(v["schema"], "unbarrier/1");
    for f in v["files"].as_array().expect("files") {
        assert_eq!(f["path"], "k.metal");
        assert!(f["kernels"][0]["barriers"][0]["verdict"].is_string());
    }
}
