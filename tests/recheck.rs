//! `--emit-smt`: what is written, and whether a second solver agrees with it (`recheck.py`, cvc5).
//!
//! Without cvc5 the tests that need it say `skipped`; with UNBARRIER_RECHECK=required they fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A kernel with a removable barrier, a weakenable one, and a race that few launches show.
const SOURCE: &str = "#include <metal_stdlib>
using namespace metal;
kernel void k(device float* out [[buffer(0)]], constant uint& w [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float a[64];
    threadgroup float b[64];
    for (uint i = tid; i < 64; i += 32) {
        a[i] = 1.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    b[tid] = a[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid * 4 + w % 4096] = b[31 - tid];
    if (w * 3 == 2999997) {
        b[w % 7] = 1.0f;
    }
}
";

fn unbarrier(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry"))
        .map(|e| {
            let text = std::fs::read_to_string(e.path()).expect("text");
            (e.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn export(folder: &TempDir, to: &str, more: &[&str]) -> BTreeMap<String, String> {
    std::fs::write(folder.path().join("k.metal"), SOURCE).expect("writable");
    let mut args = vec!["prove", "k.metal", "--threadgroup", "32", "--emit-smt", to];
    args.extend(more);
    let o = unbarrier(folder.path(), &args);
    assert_eq!(o.status.code(), Some(0), "{o:?}");
    files(&folder.path().join(to))
}

#[test]
fn files_name_what_they_are_about() {
    let folder = TempDir::new().expect("a folder");
    let all = export(&folder, "deep/er", &[]);
    let index = &all["index.tsv"];
    let smt: Vec<_> = all.iter().filter(|(n, _)| n.ends_with(".smt2")).collect();
    assert!(smt.len() >= 4, "{index}");
    for (name, text) in &smt {
        assert!(text.contains("k.metal, kernel k: "), "{text}");
        assert!(text.contains("Launch: threadgroup (32, 1, 1)."), "{text}");
        assert!(text.ends_with("(check-sat)\n(exit)\n"), "{text}");
        assert!(!text.contains("(div ") && !text.contains("(mod "), "{text}");
        let status = if text.contains("(set-info :status sat)") {
            "sat"
        } else {
            assert!(text.contains("(set-info :status unsat)"), "{text}");
            "unsat"
        };
        let line = index.lines().find(|l| l.starts_with(name.as_str()));
        let columns: Vec<_> = line.expect("listed").split('\t').collect();
        assert_eq!(columns[1], status);
    }
    let about = |part: &str, status: &str, text: &str| {
        assert!(
            smt.iter().any(|(n, t)| {
                n.contains(part) && t.contains(&format!(":status {status})")) && t.contains(text)
            }),
            "nothing on {part}, {status}, {text}:\n{index}"
        );
    };
    about("remove-L9", "unsat", "deleting the barrier at line 9");
    about("weaken-L11-", "unsat", "a simdgroup_barrier in place of");
    about(
        "races-b-14x14",
        "sat",
        "`b`, write at line 14:9 and write at line 14:9",
    );
    about("races-", "unsat", "existing races");
    about("range-L6-i", "unsat", "the step of `i` in the loop at 6:");
}

#[test]
fn the_same_files_every_time() {
    let folder = TempDir::new().expect("a folder");
    let one = export(&folder, "one", &["--jobs", "1"]);
    let two = export(&folder, "two", &["--jobs", "2"]);
    assert!(one.len() > 1);
    assert_eq!(one, two);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("k.metal"), SOURCE).expect("writable");
    std::fs::write(folder.path().join("taken"), "").expect("writable");
    let o = unbarrier(
        folder.path(),
        &["prove", "k.metal", "--emit-smt", "taken/x"],
    );
    assert_eq!(o.status.code(), Some(2));
    let err = String::from_utf8_lossy(&o.stderr);
    assert!(
        err.starts_with("error: --emit-smt: cannot make the folder taken/x: "),
        "{err}"
    );
    assert!(o.stdout.is_empty());
}

/// A Python with cvc5: that of `.ci/setup cvc5`, else the first of the path.
fn python() -> Option<PathBuf> {
    let venv = root().join(".ci/venv/bin/python");
    let found = [venv, PathBuf::from("python3")].into_iter().find(|p| {
        Command::new(p)
            .args(["-c", "import cvc5"])
            .output()
            .is_ok_and(|o| o.status.success())
    });
    if found.is_none() {
        let required = std::env::var_os("UNBARRIER_RECHECK").is_some_and(|v| v == "required");
        assert!(
            !required,
            "no Python with the module cvc5; .ci/setup cvc5 installs it"
        );
        println!("skipped: no Python with the module cvc5 (.ci/setup cvc5 installs it)");
        eprintln!("skipped: no Python with the module cvc5 (.ci/setup cvc5 installs it)");
    }
    found
}

fn recheck(python: &Path, folder: &Path) -> (Option<i32>, String) {
    let o = Command::new(python)
        .arg(root().join("tests/recheck.py"))
        .arg(folder)
        .args(["--max-unknown", "5"])
        .output()
        .expect("Python starts");
    let text =
        String::from_utf8_lossy(&o.stdout).into_owned() + &String::from_utf8_lossy(&o.stderr);
    (o.status.code(), text)
}

#[test]
fn cvc5_agrees_on_our_kernels() {
    let Some(python) = python() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let kernels = root().join("kernels");
    let mut sources = Vec::new();
    for e in std::fs::read_dir(&kernels).expect("kernels") {
        let e = e.expect("an entry").path();
        if e.is_dir() {
            let inside = std::fs::read_dir(&e).expect("a folder");
            sources.extend(inside.map(|f| f.expect("an entry").path()));
        }
    }
    sources.retain(|f| f.extension().is_some_and(|x| x == "metal"));
    sources.sort();
    assert!(sources.len() >= 12, "{sources:?}");
    let to = folder.path().join("out");
    let to = to.to_str().expect("plain");
    let mut args = vec!["prove", "--emit-smt", to];
    args.extend(sources.iter().map(|s| s.to_str().expect("plain")));
    let o = unbarrier(root(), &args);
    assert_eq!(
        o.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&o.stderr)
    );
    let (code, text) = recheck(&python, Path::new(to));
    print!("{text}");
    assert_eq!(code, Some(0), "{text}");
}

/// Were an answer of Z3's wrong, it would be noticed: each status turned around is a disagreement.
#[test]
fn a_wrong_answer_is_noticed() {
    let Some(python) = python() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let all = export(&folder, "out", &[]);
    let to = folder.path().join("out");
    let (code, text) = recheck(&python, &to);
    assert_eq!(code, Some(0), "{text}");
    let mut turned = 0;
    for (name, text) in all.iter().filter(|(n, _)| n.ends_with(".smt2")) {
        let other = if text.contains(":status sat)") {
            text.replace(":status sat)", ":status unsat)")
        } else {
            text.replace(":status unsat)", ":status sat)")
        };
        std::fs::write(to.join(name), other).expect("writable");
        turned += 1;
    }
    let (code, text) = recheck(&python, &to);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("{turned} disagree")), "{text}");
}

#[test]
fn what_is_no_obligation_is_refused() {
    let Some(python) = python() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let (code, text) = recheck(&python, folder.path());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("no .smt2 file"), "{text}");
    std::fs::write(folder.path().join("a.smt2"), "(check-sat)\n").expect("writable");
    let (code, text) = recheck(&python, folder.path());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("not exactly one (set-info :status"), "{text}");
    let broken = "(set-info :status sat)\n(set-logic QF_LIA)\n(assert (< x 1))\n(check-sat)\n";
    std::fs::write(folder.path().join("a.smt2"), broken).expect("writable");
    let (code, text) = recheck(&python, folder.path());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cvc5 says error"), "{text}");
}
