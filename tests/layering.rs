//! The invariants of `docs/architecture.md` that a machine can check: which module may use which, who knows z3, no `unsafe`, file sizes.

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, besides itself. `front` and `exec` stand beside the chain
/// `source ← ir ← cfg ← analysis ← encode ← smt ← prove ← report ← engine ← cli`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("models", &[]),
    ("ir", &["source"]),
    ("front", &["source", "ir", "models"]),
    ("coverage", &["source", "ir", "models"]),
    ("exec", &["source", "ir", "models"]),
    ("cfg", &["source", "ir"]),
    ("analysis", &["source", "ir", "cfg"]),
    ("encode", &["source", "ir", "cfg", "analysis", "models"]),
    ("smt", &["source", "ir", "cfg", "analysis", "encode"]),
    (
        "prove",
        &[
            "source", "ir", "cfg", "analysis", "encode", "smt", "exec", "models",
        ],
    ),
    (
        "report",
        &[
            "source", "ir", "coverage", "cfg", "analysis", "encode", "smt", "prove", "exec",
        ],
    ),
    ("launch", &["source", "ir", "exec"]),
    ("confirm", &["source", "ir", "exec", "launch", "report"]),
    ("crosscheck", &["source", "front", "confirm"]),
    (
        "engine",
        &[
            "source",
            "ir",
            "front",
            "coverage",
            "exec",
            "cfg",
            "analysis",
            "encode",
            "smt",
            "prove",
            "report",
            "launch",
            "confirm",
            "crosscheck",
        ],
    ),
    ("api", &["engine", "report", "smt"]),
    // What a command needs beside the engine: types of its options and of what it shows.
    (
        "cli",
        &[
            "source", "ir", "encode", "exec", "smt", "report", "confirm", "engine",
        ],
    ),
];

const LONGEST: usize = 500;

/// Files that are still too long. The list may only shrink, and so may the files on it: each has the number of lines it may have at most.
const TOO_LONG: &[(&str, usize)] = &[
    ("src/analysis/eval.rs", 720),
    ("src/analysis/eval/loops.rs", 510),
    ("src/analysis/term.rs", 560),
    ("src/exec/compile.rs", 700),
    ("src/exec/detect.rs", 700),
    ("src/exec/machine.rs", 750),
];

struct Source {
    /// `src/ir/expr.rs`.
    path: String,
    /// `ir`.
    module: String,
    text: String,
}

impl Source {
    /// Lines that are no comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(i, l)| (i + 1, l.split("//").next().unwrap_or("")))
    }
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = e.expect("a folder entry").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|x| x == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    paths
        .iter()
        .map(|p| {
            let inside = p.strip_prefix(root).expect("below the root");
            let mut parts = inside
                .iter()
                .skip(1)
                .map(|c| c.to_string_lossy().into_owned());
            let module = parts
                .next()
                .unwrap_or_default()
                .trim_end_matches(".rs")
                .to_string();
            Source {
                path: inside.display().to_string().replace('\\', "/"),
                module,
                text: fs::read_to_string(p).expect("readable"),
            }
        })
        .collect()
}

fn report(mut wrong: Vec<String>) {
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} findings:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The identifier at the start of a text.
fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

#[test]
fn modules_use_only_what_is_below_them() {
    let mut wrong = Vec::new();
    for s in sources() {
        if matches!(s.module.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, may)) = MAY_USE.iter().find(|(m, _)| *m == s.module) else {
            wrong.push(format!(
                "{}: module `{}` is not in the list of tests/layering.rs",
                s.path, s.module
            ));
            continue;
        };
        for (line, code) in s.code() {
            for (at, _) in code.match_indices("crate::") {
                let used = word(&code[at + "crate::".len()..]);
                if used.is_empty() {
                    wrong.push(format!(
                        "{}:{line}: name the modules one by one, not in a group after `crate::`",
                        s.path
                    ));
                } else if used != s.module
                    && !may.contains(&used)
                    && MAY_USE.iter().any(|(m, _)| *m == used)
                {
                    wrong.push(format!(
                        "{}:{line}: `{}` must not use `{used}`",
                        s.path, s.module
                    ));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn only_smt_knows_z3() {
    let mut wrong = Vec::new();
    for s in sources().iter().filter(|s| s.module != "smt") {
        for (line, code) in s.code() {
            if code.contains("z3::") || code.contains("use z3") {
                wrong.push(format!("{}:{line}: z3 outside smt", s.path));
            }
        }
    }
    report(wrong);
}

#[test]
fn no_unsafe() {
    let mut wrong = Vec::new();
    for s in sources().iter().filter(|s| s.module != "confirm") {
        for (line, code) in s.code() {
            let spelt = code.match_indices("unsafe").any(|(at, _)| {
                word(&code[at..]) == "unsafe"
                    && !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            // A word in a string is no code.
            if spelt && !code.contains('"') {
                wrong.push(format!("{}:{line}: unsafe outside confirm", s.path));
            }
        }
    }
    report(wrong);
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    let all = sources();
    for s in &all {
        let lines = s.text.lines().count();
        let limit = TOO_LONG.iter().find(|(p, _)| *p == s.path).map(|(_, n)| *n);
        match limit {
            None if lines > LONGEST => {
                wrong.push(format!("{}: {lines} lines; at most {LONGEST}", s.path))
            }
            Some(n) if lines > n => wrong.push(format!(
                "{}: {lines} lines; it is to shrink from {n}",
                s.path
            )),
            Some(_) if lines <= LONGEST => {
                wrong.push(format!(
                    "{}: short enough now; take it off the list",
                    s.path
                ));
            }
            _ => {}
        }
    }
    for (p, _) in TOO_LONG {
        if !all.iter().any(|s| s.path == *p) {
            wrong.push(format!("{p}: gone; take it off the list"));
        }
    }
    report(wrong);
}
