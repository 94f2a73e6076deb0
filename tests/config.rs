//! `unbarrier.toml` and folders: includes, exclusions, accepted findings, entries that name nothing; each error with its place.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The barrier on line 8 is needed, that on line 10 is not.
const NEEDS: &str = "#include <metal_stdlib>
using namespace metal;
#include \"shared.h\"
kernel void needs(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];

    buf[tid] = float(tid);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = buf[63 - tid] * SCALE;
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
";

/// A race between lines 3 and 4, twice.
const RACES: &str =
    "kernel void races(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float own[64];
    own[tid] = float(tid);
    out[tid] = own[63 - tid];
}
kernel void again(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float own[64];
    own[tid] = float(tid);
    out[tid] = own[63 - tid];
}
";

struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

fn project(toml: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for d in ["include", "src/deep", "third_party", "build"] {
        std::fs::create_dir_all(dir.path().join(d)).expect("a folder");
    }
    for (name, text) in [
        ("include/shared.h", "#define SCALE 2.0f\n"),
        ("src/needs.metal", NEEDS),
        ("src/deep/races.metal", RACES),
        ("third_party/theirs.metal", "not metal at all {"),
        ("build/made.metal", "nor this {"),
        (".gitignore", "build/\n"),
        ("unbarrier.toml", toml),
    ] {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

fn run(dir: &Path, args: &[&str]) -> Outcome {
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program starts");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let o = Outcome {
        code: o.status.code(),
        out: text(&o.stdout),
        err: text(&o.stderr),
    };
    assert!(!o.err.contains("panicked"), "{}", o.err);
    o
}

fn json(o: &Outcome) -> Value {
    serde_json::from_str(&o.out).unwrap_or_else(|e| panic!("{e}: {}{}", o.out, o.err))
}

const BASE: &str = "include = [\"include\"]\nexclude = [\"third_party/\"]\n";

fn prove(dir: &Path, more: &[&str]) -> Outcome {
    let mut args = vec!["prove", ".", "--threadgroup", "64"];
    args.extend(more);
    run(dir, &args)
}

/// Exit code 2 and one error that begins with this place and has these words and the line of the file.
fn refused(toml: &str, place: &str, words: &[&str]) {
    let dir = project(toml);
    let o = prove(dir.path(), &[]);
    assert_eq!(o.code, Some(2), "{}{}", o.out, o.err);
    let errors: Vec<&str> = o.err.lines().filter(|l| l.starts_with("error")).collect();
    assert_eq!(errors.len(), 1, "{}", o.err);
    assert!(
        errors[0].contains(&format!("unbarrier.toml:{place}: ")),
        "{place}: {}",
        o.err
    );
    for w in words {
        assert!(o.err.contains(w), "`{w}`: {}", o.err);
    }
    let line: usize = place
        .split(':')
        .next()
        .and_then(|l| l.parse().ok())
        .expect("a line");
    let shown = toml.lines().nth(line - 1).expect("a line");
    assert!(
        o.err.contains(&format!("\n{line} | {shown}\n")),
        "{}",
        o.err
    );
    assert!(o.err.contains('^'), "{}", o.err);
    // In JSON, the place has fields of its own.
    let v = json(&prove(dir.path(), &["--format", "json"]));
    let e = &v["errors"][0];
    assert_eq!(
        format!("{}:{}", e["line"], e["column"]),
        place,
        "{}",
        v["errors"]
    );
}

#[test]
fn a_folder_is_walked_and_what_is_excluded_left_out() {
    let dir = project(BASE);
    let o = prove(dir.path(), &["--format", "json"]);
    assert_eq!(o.code, Some(0), "{}", o.err);
    let paths = |o: &Outcome| -> Vec<String> {
        let v = json(o);
        let files = v["files"].as_array().cloned().unwrap_or_default();
        files
            .iter()
            .filter_map(|f| f["path"].as_str().map(str::to_string))
            .collect()
    };
    assert_eq!(paths(&o), ["src/deep/races.metal", "src/needs.metal"]);
    // A file that is named is analysed all the same, and only once.
    let o = run(
        dir.path(),
        &[
            "prove",
            "src",
            "third_party/theirs.metal",
            "src/needs.metal",
            "--format",
            "json",
        ],
    );
    assert_eq!(o.code, Some(2));
    assert_eq!(
        paths(&o),
        [
            "src/deep/races.metal",
            "src/needs.metal",
            "third_party/theirs.metal"
        ]
    );
    let o = run(dir.path(), &["prove", "third_party"]);
    assert_eq!(o.code, Some(2));
    assert!(
        o.err
            .contains("third_party: no .metal file in this folder (1 excluded by unbarrier.toml)"),
        "{}",
        o.err
    );
}

#[test]
fn the_order_of_files_does_not_depend_on_workers() {
    let dir = project(BASE);
    for i in 0..6 {
        std::fs::write(dir.path().join(format!("src/k{i}.metal")), RACES).expect("a file");
    }
    let text = |jobs: &str| {
        let o = prove(dir.path(), &["--jobs", jobs, "--color", "never"]);
        assert_eq!(o.code, Some(0), "{}", o.err);
        o.out
    };
    let one = text("1");
    assert!(one.find("src/k0.metal:").expect("there") < one.find("src/k5.metal:").expect("there"));
    assert_eq!(one, text("2"));
    assert_eq!(one, text("3"));
}

#[test]
fn includes_are_found_and_must_be_there() {
    let dir = project("exclude = [\"third_party/\"]\n");
    let o = prove(dir.path(), &[]);
    assert_eq!(o.code, Some(2));
    assert!(o.err.contains("shared.h"), "{}", o.err);
    let dir = project("include = [\"nowhere\"]\nexclude = [\"third_party/\", \"src/deep\"]\n");
    let o = prove(dir.path(), &[]);
    assert_eq!(o.code, Some(2));
    assert!(
        o.err
            .contains("unbarrier.toml:1:12: `nowhere` is no folder"),
        "{}",
        o.err
    );
}

#[test]
fn entries_that_name_nothing_are_errors() {
    refused(
        &format!("{BASE}[[kernel]]\nfile = \"src/gone.metal\"\n"),
        "4:8",
        &["`src/gone.metal` is no file; expected a source file"],
    );
    refused(
        &format!("{BASE}[[kernel]]\nfile = \"src/needs.metal\"\nname = \"nedes\"\n"),
        "5:8",
        &["no kernel `nedes` in src/needs.metal; expected one of its kernels: needs"],
    );
    refused(
        &format!(
            "{BASE}[[accept]]\nfile = \"src/needs.metal\"\nkernel = \"x\"\nfinding = \"race\"\nline = 3\nreason = \"r\"\n"
        ),
        "5:10",
        &["no kernel `x`"],
    );
    // Only when the file is looked at.
    let dir = project(&format!(
        "{BASE}[[kernel]]\nfile = \"src/needs.metal\"\nname = \"nedes\"\n"
    ));
    assert_eq!(run(dir.path(), &["prove", "src/deep"]).code, Some(0));
}

fn accept(rest: &str) -> String {
    format!("{BASE}\n[[accept]]\nfile = \"src/deep/races.metal\"\n{rest}")
}

#[test]
fn acceptances_are_checked() {
    refused(
        &accept("finding = \"raec\"\nline = 3\nreason = \"r\"\n"),
        "6:11",
        &["`raec` is no finding that can be accepted; expected one of race, flags"],
    );
    refused(
        &accept("finding = \"race\"\nreason = \"r\"\n"),
        "4:1",
        &["expected `line` or `text`"],
    );
    refused(
        &accept("finding = \"race\"\nline = 3\nreason = \" \"\n"),
        "8:10",
        &["the reason is empty"],
    );
    refused(
        &accept("finding = \"race\"\nline = 3\n"),
        "4:1",
        &["missing field `reason`"],
    );
    refused(
        &accept("finding = \"race\"\nline = 0\nreason = \"r\"\n"),
        "7:8",
        &["counted from 1"],
    );
    refused(
        &accept("finding = \"race\"\ntext = \"\"\nreason = \"r\"\n"),
        "7:8",
        &["an empty text is on every line"],
    );
    refused(
        "exclude = [\"[z-a]\"]\n",
        "1:12",
        &["`[z-a]` is no pattern", ".gitignore"],
    );
    // What matches nothing any more.
    refused(
        &accept("finding = \"race\"\nline = 12\nreason = \"r\"\n"),
        "4:1",
        &[
            "no finding `race` of src/deep/races.metal is on line 12",
            "are on lines 3, 8",
        ],
    );
    refused(
        &accept("finding = \"divergent\"\nline = 3\nreason = \"r\"\n"),
        "4:1",
        &["there is no finding `divergent` at all"],
    );
    refused(
        &accept("finding = \"race\"\nkernel = \"again\"\nline = 3\nreason = \"r\"\n"),
        "4:1",
        &["in kernel again"],
    );
    // What matches in two places.
    refused(
        &accept("finding = \"race\"\ntext = \"own[tid]=float(tid);\"\nreason = \"r\"\n"),
        "4:1",
        &["more than one place", "on lines 3, 8", "add `line`"],
    );
}

#[test]
fn accepted_findings_are_listed_as_accepted() {
    let toml = accept(
        "kernel = \"races\"\nfinding = \"race\"\ntext = \"own[tid] = float(tid)\"\nreason = \"a demonstration\"\n",
    );
    let dir = project(&toml);
    let o = prove(dir.path(), &["--format", "json"]);
    assert_eq!(o.code, Some(0), "{}{}", o.out, o.err);
    let v = json(&o);
    let a = &v["files"][0]["accepted"];
    assert_eq!(a.as_array().map(Vec::len), Some(1));
    assert_eq!(a[0]["finding"], "race");
    assert_eq!(a[0]["line"], 3);
    assert_eq!(a[0]["reason"], "a demonstration");
    assert_eq!(a[0]["accepted_at"], "unbarrier.toml:4:1");
    assert_eq!(
        v["files"][0]["kernels"][0]["races"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    let o = prove(dir.path(), &["--color", "never"]);
    assert!(
        o.out.contains("accepted: src/deep/races.metal:3:5: race: "),
        "{}",
        o.out
    );
    assert!(
        o.out
            .contains("because: a demonstration (unbarrier.toml:4:1)"),
        "{}",
        o.out
    );

    let v = json(&prove(dir.path(), &["--format", "sarif"]));
    let results = v["runs"][0]["results"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let suppressed: Vec<&Value> = results
        .iter()
        .filter(|r| r["suppressions"].is_array())
        .collect();
    assert_eq!(suppressed.len(), 1);
    let s = &suppressed[0]["suppressions"][0];
    assert_eq!(
        (&s["kind"], &s["status"]),
        (&"external".into(), &"accepted".into())
    );
    assert_eq!(s["justification"], "a demonstration (unbarrier.toml:4:1)");

    let o = prove(dir.path(), &["--format", "markdown"]);
    assert!(o.out.contains("Accepted in unbarrier.toml"), "{}", o.out);
    assert!(o.out.contains("a demonstration"));
    let o = prove(dir.path(), &["--format", "html"]);
    assert!(o.out.contains("Accepted: a demonstration"));

    // It survives edits elsewhere, but not the end of the finding.
    let races = dir.path().join("src/deep/races.metal");
    std::fs::write(&races, format!("// one\n// two\n{RACES}")).expect("a file");
    assert_eq!(prove(dir.path(), &[]).code, Some(0));
    std::fs::write(&races, RACES.replacen("own[63 - tid]", "own[tid]", 1)).expect("a file");
    let o = prove(dir.path(), &[]);
    assert_eq!(o.code, Some(2));
    assert!(
        o.err
            .contains("unbarrier.toml:4:1: this accepts what is not there"),
        "{}",
        o.err
    );
    // A kernel that is not looked at is not missed.
    assert_eq!(
        prove(dir.path(), &["--kernel", "again"]).code,
        Some(2),
        "`again` is in one file only"
    );
    let o = run(
        dir.path(),
        &[
            "prove",
            "src/deep/races.metal",
            "--kernel",
            "again",
            "--threadgroup",
            "64",
        ],
    );
    assert_eq!(o.code, Some(0), "{}", o.err);
}

#[test]
fn a_broken_file_is_one_error_and_has_its_place() {
    refused("[[kernel]]\nfile = 3\n", "2:8", &["invalid type"]);
    refused(
        "[[kernal]]\n",
        "1:3",
        &["unknown field `kernal`, expected one of"],
    );
    // Said once, however many files it is met by.
    let dir = project("include = 3\n");
    let two = ["prove", "src/needs.metal", "src/deep/races.metal"];
    let o = run(dir.path(), &two);
    assert_eq!(o.code, Some(2));
    assert_eq!(o.err.matches("error").count(), 1, "{}", o.err);
}
