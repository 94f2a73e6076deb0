//! `unbarrier init`: what it writes can be used as it is, and nothing is lost.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn project() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join("k")).expect("a folder");
    for (name, text) in [
        (
            "k/fixed \"q\".metal",
            "#include <metal_stdlib>\nusing namespace metal;\n\
             [[max_total_threads_per_threadgroup(128)]]\n\
             kernel void fixed(device float* out [[buffer(0)]], constant uint& rows [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {\n\
             \x20   threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = float(rows);\n}\n\
             [[max_total_threads_per_threadgroup(64)]]\n\
             kernel void flat(device float* out [[buffer(0)]], uint2 p [[thread_position_in_threadgroup]]) {\n    out[p.x + 8 * p.y] = 1.0f;\n}\n",
        ),
        (
            "k/open.metal",
            "#define TG_SIZE 96\nkernel void open_size(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) { out[t] = 1.0f; }\n",
        ),
        ("k/broken.metal", "kernel void k() {\n"),
    ] {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program starts")
}

fn said(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

#[test]
fn a_first_file_that_can_be_used() {
    let dir = project();
    let o = run(dir.path(), &["init"]);
    assert_eq!(o.status.code(), Some(0), "{}", said(&o));
    assert!(
        String::from_utf8_lossy(&o.stdout).contains("3 kernels of 3 files"),
        "{o:?}"
    );
    let text = std::fs::read_to_string(dir.path().join("unbarrier.toml")).expect("written");
    for part in [
        "threadgroup = [128, 1, 1] # from max_total_threads_per_threadgroup",
        "# threadgroup = [x, y, z] # at most 64 threads",
        "# threadgroup = [96, 1, 1] # TG_SIZE is 96",
        "# assume = [] # parameters: rows",
        "# Not read: k/broken.metal: ",
        "name = \"flat\"",
    ] {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
    // Sizes that are only guessed are no entries.
    let v: toml::Table = text.parse().expect("TOML");
    let sizes: Vec<&toml::Value> = v["kernel"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|k| k.get("threadgroup"))
        .collect();
    assert_eq!(sizes.len(), 1);
    let o = run(
        dir.path(),
        &["prove", "k/fixed \"q\".metal", "k/open.metal"],
    );
    assert_eq!(o.status.code(), Some(0), "{}", said(&o));
    assert!(
        String::from_utf8_lossy(&o.stdout).contains("assuming threadgroup size is (128, 1, 1)")
    );
}

#[test]
fn what_is_there_is_kept() {
    let dir = project();
    let path = dir.path().join("unbarrier.toml");
    std::fs::write(&path, "# mine\nbroken = [\n").expect("a file");
    let o = run(dir.path(), &["init"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(
        said(&o).contains("unbarrier.toml: exists already; --force replaces it"),
        "{}",
        said(&o)
    );
    assert_eq!(
        std::fs::read_to_string(&path).expect("there"),
        "# mine\nbroken = [\n"
    );
    let o = run(dir.path(), &["init", "--force"]);
    assert_eq!(o.status.code(), Some(0), "{}", said(&o));
    let left: Vec<String> = std::fs::read_dir(dir.path())
        .expect("a folder")
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn nothing_to_write_about() {
    let dir = tempfile::tempdir().expect("a folder");
    let o = run(dir.path(), &["init"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(
        said(&o).contains("no .metal file in this folder"),
        "{}",
        said(&o)
    );
    assert!(!dir.path().join("unbarrier.toml").exists());
    let o = run(dir.path(), &["init", "nowhere"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(said(&o).contains("nowhere: is no folder"), "{}", said(&o));
}
