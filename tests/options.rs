//! One engine under all commands: an option has one name and one effect, and all commands read sources alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .current_dir(dir)
        .env("UNBARRIER_CACHE", "off")
        .args(args)
        .output()
        .expect("the program runs")
}

fn said(o: &Output) -> String {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    text(&o.stdout) + &text(&o.stderr)
}

/// The long options that the help of a command names, each with its value's name.
fn options(command: &str) -> BTreeSet<(String, String)> {
    let help = said(&run(Path::new("."), &[command, "--help"]));
    let mut out = BTreeSet::new();
    for line in help.lines() {
        let line = line.trim_start();
        if !line.starts_with('-') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|w| w.starts_with("--")) else {
            continue;
        };
        let value = words.get(at + 1).filter(|w| w.starts_with('<'));
        out.insert((
            words[at].trim_end_matches(',').to_string(),
            value.map_or(String::new(), |v| v.trim_end_matches("...").to_string()),
        ));
    }
    assert!(out.iter().any(|o| o.0 == "--help"), "{command}: {help}");
    out
}

/// Options of `prove` that make no sense for another command, and why.
const LEFT_OUT: &[(&str, &[&str], &str)] = &[
    (
        "check",
        &["--remove"],
        "the change itself says which barriers go",
    ),
    (
        "check",
        &["--show", "--explain", "--verbose"],
        "its findings are changes; its exit code says the worst of them",
    ),
    (
        "check",
        &["--stats", "--emit-smt"],
        "about proofs that `prove` makes of the new version",
    ),
    ("optimize", &["--remove"], "it chooses what goes"),
    (
        "optimize",
        &[
            "--deny",
            "--show",
            "--explain",
            "--verbose",
            "--quiet",
            "--output",
        ],
        "its output is a patch",
    ),
    (
        "optimize",
        &["--stats", "--emit-smt"],
        "about proofs that `prove` makes",
    ),
    (
        "confirm",
        &[
            "--deny",
            "--show",
            "--explain",
            "--verbose",
            "--quiet",
            "--output",
        ],
        "it reports runs, one line per barrier",
    ),
    (
        "confirm",
        &["--stats", "--emit-smt"],
        "about proofs that `prove` makes",
    ),
];

#[test]
fn commands_that_prove_have_the_options_of_prove() {
    let prove = options("prove");
    for command in ["check", "optimize", "confirm"] {
        let own = options(command);
        let left_out: BTreeSet<&str> = LEFT_OUT
            .iter()
            .filter(|l| l.0 == command)
            .flat_map(|l| l.1.iter().copied())
            .collect();
        for o in &prove {
            let here = own.contains(o);
            let named = own.iter().any(|x| x.0 == o.0);
            if left_out.contains(o.0.as_str()) {
                assert!(!here, "{command} has {}: take it off the list", o.0);
            } else {
                assert!(named, "{command} lacks {}", o.0);
            }
        }
    }
}

/// Options on how sources are read.
const SOURCE: &[&str] = &[
    "--define",
    "--include",
    "--instantiate",
    "--contracts",
    "--assume-distinct-pointers",
    "--color",
];

#[test]
fn commands_that_read_sources_read_them_with_the_same_options() {
    for command in [
        "prove", "check", "optimize", "confirm", "fuzz", "launch", "graph", "parse",
    ] {
        let own = options(command);
        for o in SOURCE {
            // -D and -I are short.
            let long = own.iter().any(|x| x.0 == *o);
            let short = said(&run(Path::new("."), &[command, "--help"]));
            let letter = match *o {
                "--define" => "-D <NAME",
                "--include" => "-I <DIR>",
                _ => "--",
            };
            assert!(
                long || (letter != "--" && short.contains(letter)),
                "{command} lacks {o}"
            );
        }
    }
}

const KERNEL: &str = "#include <metal_stdlib>
#include \"size.h\"
using namespace metal;
kernel void k(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float a[SIZE * COUNT];
    a[t] = out[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[t] = a[SIZE * COUNT - 1 - t];
}
";

const ENTRY: &str = "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [64]\ndefines = [\"COUNT=2\"]\n";

/// A kernel that can be read only with what an `unbarrier.toml` says.
fn project(toml: &str, name: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let put = |p: &str, text: &str| fs::write(dir.path().join(p), text).expect("written");
    fs::create_dir(dir.path().join("inc")).expect("a folder");
    put("inc/size.h", "#define SIZE 32\n");
    put("k.metal", KERNEL);
    put(name, toml);
    dir
}

/// Every command that reads a source, on `k.metal`.
const READERS: &[&[&str]] = &[
    &["prove", "k.metal"],
    &["parse", "k.metal"],
    &["graph", "k.metal"],
    &["launch", "k.metal"],
    &["fuzz", "k.metal", "--runs", "3"],
    &["optimize", "k.metal"],
    &["confirm", "--all", "k.metal"],
    &["check", "--from", "k.metal", "--to", "k.metal"],
    &["parse", "--cross-check", "k.metal"],
];

#[test]
fn include_and_defines_hold_for_all_commands() {
    let dir = project(&format!("include = [\"inc\"]\n{ENTRY}"), "unbarrier.toml");
    for args in READERS {
        let o = run(dir.path(), args);
        assert_eq!(o.status.code(), Some(0), "{args:?}: {}", said(&o));
    }
}

#[test]
fn contracts_hold_for_all_commands_and_in_the_place_of_the_nearest() {
    let dir = project("nonsense", "unbarrier.toml");
    let other = format!("include = [\"inc\"]\n{ENTRY}");
    fs::write(dir.path().join("other.toml"), other).expect("written");
    for args in READERS {
        let all: Vec<&str> = [args, &["--contracts", "other.toml"][..]].concat();
        let o = run(dir.path(), &all);
        assert_eq!(o.status.code(), Some(0), "{all:?}: {}", said(&o));
    }
}

#[test]
fn a_broken_file_of_contracts_is_said_by_all_commands() {
    for (toml, place) in [
        ("include = [\"nowhere\"]\n", "broken.toml:1:12"),
        ("[[kernel]]\nfile = 3\n", "broken.toml:2:8"),
    ] {
        let dir = project(toml, "broken.toml");
        for args in READERS {
            let all: Vec<&str> = [args, &["--contracts", "broken.toml"][..]].concat();
            let o = run(dir.path(), &all);
            assert_ne!(o.status.code(), Some(0), "{all:?}: {}", said(&o));
            assert!(said(&o).contains(place), "{all:?}: {}", said(&o));
        }
    }
}

#[test]
fn errors_have_codes_in_every_format_for_programs() {
    let dir = project(&format!("include = [\"inc\"]\n{ENTRY}"), "unbarrier.toml");
    let put = |p: &str, text: &str| fs::write(dir.path().join(p), text).expect("written");
    put("bad.metal", "kernel void b( {\n");
    for (args, code) in [
        (&["prove", "none.metal", "--format", "json"][..], "io"),
        (
            &["prove", "k.metal", "--kernel", "x", "--format", "json"],
            "request",
        ),
        (
            &["prove", "k.metal", "--assume", "x <", "--format", "json"],
            "assumption",
        ),
        (
            &["prove", "bad.metal", "--format", "json"],
            "parse::bracket",
        ),
        (
            &["prove", "bad.metal", "--format", "sarif"],
            "parse::bracket",
        ),
        (&["fuzz", "none.metal", "--format", "json"], "io"),
        (
            &["parse", "bad.metal", "--format", "json"],
            "parse::bracket",
        ),
        (&["optimize", "none.metal", "--format", "json"], "io"),
        (
            &[
                "check",
                "--from",
                "none.metal",
                "--to",
                "k.metal",
                "--format",
                "json",
            ],
            "io",
        ),
        (
            &["confirm", "--all", "none.metal", "--format", "json"],
            "io",
        ),
    ] {
        let o = run(dir.path(), args);
        assert_eq!(o.status.code(), Some(2), "{args:?}: {}", said(&o));
        let v: serde_json::Value = serde_json::from_slice(&o.stdout)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", said(&o)));
        let text = v.to_string();
        let wanted = [format!("\"code\":\"{code}\""), format!("\"id\":\"{code}\"")];
        assert!(wanted.iter().any(|w| text.contains(w)), "{args:?}: {text}");
    }
}
