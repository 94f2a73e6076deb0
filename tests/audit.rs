//! `unbarrier audit`: the document, its check, bad claims; and that ours is up to date where the files it is about are at hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const KERNEL: &str = "#include <metal_stdlib>
using namespace metal;
kernel void k(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float a[64];
    a[tid] = 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = a[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] += 1.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
";

const CLAIMS: &str = "[corpus]
name = 'somebody/something'
commit = 'abc'
[[run]]
id = 'r'
file = 'sub/k.metal'
options = ['--threadgroup', '64']
[[claim]]
id = 'one'
kind = 'removable'
says = 'Both can go.'
stated = '1, 2'
run = 'r'
lines = [6, 8]
[[claim]]
id = 'two'
kind = 'needed'
says = 'It must stay.'
run = 'r'
lines = [6]
[[claim]]
id = 'three'
kind = 'some'
says = 'Two of three.'
run = 'r'
lines = [6, 8, 10]
count = 2
[[claim]]
id = 'four'
kind = 'total'
says = 'All.'
least = 3
most = 3
[[claim]]
id = 'five'
kind = 'needed'
says = 'It must stay.'
run = 'r'
lines = [8]
[[claim]]
id = 'six'
kind = 'scope'
says = 'Too few threads.'
run = 'r'
lines = [6]
";

fn folder() -> TempDir {
    let f = TempDir::new().expect("a folder");
    std::fs::create_dir(f.path().join("sub")).expect("writable");
    std::fs::write(f.path().join("sub/k.metal"), KERNEL).expect("writable");
    std::fs::write(f.path().join("claims.toml"), CLAIMS).expect("writable");
    f
}

fn audit(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let o: Output = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .arg("audit")
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (o.status.code(), text(&o.stdout), text(&o.stderr))
}

#[test]
fn claims_are_held_against_verdicts() {
    let f = folder();
    let corpus = f.path().display().to_string();
    let (code, text, err) = audit(f.path(), &["claims.toml", "--corpus", &corpus]);
    assert_eq!(code, Some(0), "{err}");
    for part in [
        "| one | can go | 1, 2 | 6, 8 | in part |",
        "| two | must stay | all | 6 | yes |",
        "| three | 2 of 3 can go | all | 6, 8, 10 | yes |",
        "| four | 3 to 3 can go | all | - | no |",
        "| five | must stay | all | 8 | no |",
        "| six | scope too small | all | 6 | no |",
        "Barriers claimed removable, line by line: 2. Of these 1 removable, 0 weakenable, 1 required, 0 unknown.",
        "Claimed as so many of a group: 2. Found to go: 2.",
        "| sub/k.metal | 3 | 2 | 0 | 1 | 0 | 2 |",
        "    unbarrier prove sub/k.metal --threadgroup 64\n",
        "    unbarrier fuzz sub/k.metal --kernel k --disable 6 ",
        "race: `a[",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains(&corpus), "{text}");
    let (_, again, _) = audit(
        f.path(),
        &["claims.toml", "--corpus", &corpus, "--jobs", "1"],
    );
    assert_eq!(text, again);
}

#[test]
fn the_check_notices_a_change() {
    let f = folder();
    let out = audit(f.path(), &["claims.toml", "--corpus", ".", "-o", "a.md"]);
    assert_eq!(out, (Some(0), String::new(), String::new()));
    let check = ["claims.toml", "--corpus", ".", "--check", "a.md"];
    assert_eq!(
        audit(f.path(), &check),
        (Some(0), String::new(), String::new())
    );
    let text = std::fs::read_to_string(f.path().join("a.md")).expect("written");
    let other = text.replace("| 8 | removable |", "| 8 | required |");
    assert_ne!(text, other);
    std::fs::write(f.path().join("a.md"), other).expect("writable");
    let (code, _, err) = audit(f.path(), &check);
    assert_eq!(code, Some(1));
    assert!(err.contains("a.md is not up to date, from line "), "{err}");
    assert!(err.contains("there: | 8 | required |"), "{err}");
}

#[test]
fn bad_claims_are_refused() {
    let f = folder();
    let run = |claims: &str| {
        std::fs::write(f.path().join("c.toml"), claims).expect("writable");
        audit(f.path(), &["c.toml", "--corpus", "."])
    };
    for (claims, part) in [
        (
            CLAIMS.replace("lines = [8]", "lines = [7]"),
            "claim `five`: sub/k.metal has no barrier on line 7",
        ),
        (CLAIMS.replace("sub/k.metal", "sub/no.metal"), "run `r`: "),
        (
            CLAIMS.replace("'--threadgroup', '64'", "'--threadgroup', 'x'"),
            "run `r`: ",
        ),
        (
            CLAIMS.replace("kind = 'scope'", "kind = 'hope'"),
            "c.toml: ",
        ),
    ] {
        let (code, out, err) = run(&claims);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with("error: ") && err.contains(part), "{err}");
    }
}

/// The folder with all files of our claims: the corpus, or one directly below it.
fn corpus() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("UNBARRIER_CORPUS")?);
    let below = std::fs::read_dir(&root).ok()?.flatten().map(|e| e.path());
    let mut all: Vec<PathBuf> = below.filter(|p| p.is_dir()).collect();
    all.sort();
    all.insert(0, root);
    let claims = std::fs::read_to_string("docs/analysis_claims.toml").expect("our claims");
    let files: Vec<&str> = claims
        .lines()
        .filter_map(|l| l.strip_prefix("file = \"")?.strip_suffix('"'))
        .collect();
    assert!(files.len() >= 4);
    all.into_iter()
        .find(|d| files.iter().all(|f| d.join(f).is_file()))
}

#[test]
fn our_audit_is_up_to_date() {
    let Some(dir) = corpus() else {
        println!("skipped: UNBARRIER_CORPUS names no folder with the audited files");
        eprintln!("skipped: UNBARRIER_CORPUS names no folder with the audited files");
        return;
    };
    let dir = dir.display().to_string();
    let args = [
        "docs/analysis_claims.toml",
        "--corpus",
        &dir,
        "--check",
        "docs/analysis_audit.md",
    ];
    let (code, out, err) = audit(Path::new(env!("CARGO_MANIFEST_DIR")), &args);
    assert_eq!(code, Some(0), "{out}{err}");
}
