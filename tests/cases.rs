//! Runs the program on `tests/cases` and `kernels` and compares its verdicts with the comments in the sources.
//!
//! What the comments mean and how to add a case is in `tests/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use unbarrier::engine::config;
use unbarrier::engine::settings::SourceSettings;

/// Accept a conflict that was found but not replayed where `required` or a race is expected. To be switched off once the executor replays.
const ACCEPT_UNREPLAYED: bool = false;

/// Places where the program does not come to a decision yet: file, line, why. An entry excuses the verdict `unknown` (or a race that is
/// reported without a witness), nothing else. The list may only shrink: an entry that is no longer needed fails the test.
const KNOWN_UNKNOWN: &[(&str, u32, &str)] = &[
    (
        "tests/cases/required/strided_bounded_fail.metal",
        8,
        "the counter wraps after 44 million iterations, too far to replay",
    ),
    (
        "tests/cases/required/strided_bounded_fail.metal",
        9,
        "the counter wraps after 44 million iterations, too far to replay",
    ),
    (
        "tests/cases/required/strided_bounded_fail.metal",
        10,
        "the counter wraps after 44 million iterations, too far to replay",
    ),
    (
        "kernels/loop_carried_tile/can_go.metal",
        68,
        "8x8 tiles under a symbolic row stride",
    ),
    (
        "kernels/loop_carried_tile/must_stay.metal",
        64,
        "8x8 tiles under a symbolic row stride",
    ),
];

/// Files whose verdicts come down to the time limit of a query: there a barrier may also come out `unknown` or `weakenable` where `removable` is
/// expected, and a race may be reported undecided. The list may only shrink.
const AT_THE_LIMIT: &[(&str, &str)] = &[
    (
        "tests/cases/removable/xor_slot.metal",
        "xor with a symbolic mask: two different threads, same mask",
    ),
    (
        "tests/cases/required/xor_slot_fail.metal",
        "xor with a symbolic mask: two different threads, same mask",
    ),
];

/// Verdicts that contradict the expectation although they should not, while the cause is being fixed: file, line, verdict given.
/// Like [`KNOWN_UNKNOWN`], but every entry is a bug.
const KNOWN_WRONG: &[(&str, u32, &str)] = &[];

const VERDICTS: [&str; 4] = ["removable", "required", "weakenable", "unknown"];

/// What the comments of a file ask for.
#[derive(Debug, Default)]
struct Expected {
    options: Vec<String>,
    verdicts: BTreeMap<u32, String>,
    races: BTreeSet<u32>,
    divergent: BTreeSet<u32>,
    unsupported: BTreeSet<u32>,
    jointly: Option<usize>,
    /// Sets of lines that can go one by one but not together; given at all, they are all of them.
    exclusive: Option<BTreeSet<Vec<u32>>>,
    /// Lines of races that hinge on the flags of a barrier.
    flags: BTreeSet<u32>,
}

/// A disagreement.
struct Mismatch {
    line: u32,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Splits an options line as a shell would, with double quotes only.
fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    assert!(!quoted, "a quote is not closed in: {text}");
    out.extend(word);
    out
}

fn expectations(source: &str) -> Result<Expected, String> {
    let mut e = Expected::default();
    for (line, text) in (1u32..).zip(source.lines()) {
        if let Some(o) = text.strip_prefix("// unbarrier:") {
            if line != 1 {
                return Err(format!("{line}: options belong on the first line"));
            }
            e.options = split(o);
        }
        if let Some(n) = text.trim().strip_prefix("// jointly:") {
            let n = n
                .trim()
                .parse()
                .map_err(|_| format!("{line}: `jointly` takes a number"))?;
            e.jointly = Some(n);
        }
        if let Some(n) = text.trim().strip_prefix("// exclusive:") {
            let lines: Result<Vec<u32>, _> = n.split_whitespace().map(str::parse).collect();
            let lines = lines.map_err(|_| format!("{line}: `exclusive` takes line numbers"))?;
            e.exclusive.get_or_insert_default().insert(lines);
        }
        let Some((_, words)) = text.split_once("//~") else {
            continue;
        };
        for word in words.split_whitespace() {
            match word {
                "race" => drop(e.races.insert(line)),
                "flags" => drop(e.flags.insert(line)),
                "divergent" => drop(e.divergent.insert(line)),
                "unsupported" => drop(e.unsupported.insert(line)),
                v if VERDICTS.contains(&v) => {
                    if e.verdicts.insert(line, v.to_string()).is_some() {
                        return Err(format!("{line}: two verdicts"));
                    }
                }
                other => return Err(format!("{line}: `{other}` is no expectation")),
            }
        }
    }
    Ok(e)
}

fn line_of(v: &Value) -> u32 {
    v["line"]
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(0)
}

fn list<'v>(v: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    v[key].as_array().into_iter().flatten()
}

/// Runs `prove` and gives its report; the error is what went wrong.
fn prove(file: &Path, options: &[String]) -> Result<Value, String> {
    let out = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["prove", "--format", "json", "--jobs", "1"])
        .args(options)
        .arg(file)
        .current_dir(root())
        .output()
        .map_err(|e| format!("cannot run the program: {e}"))?;
    let stderr = String::from_utf8_lossy(&out.stderr);
    if out.status.code() != Some(0) {
        let stdout = String::from_utf8_lossy(&out.stdout);
        return Err(format!("{}: {stderr}{stdout}", out.status));
    }
    serde_json::from_slice(&out.stdout).map_err(|e| format!("no JSON: {e}"))
}

/// A kernel's barriers of a line that carry a witness.
fn has_witness(report: &Value, line: u32) -> bool {
    list(report, "kernels")
        .flat_map(|k| list(k, "barriers"))
        .any(|b| line_of(b) == line && !b["witness"].is_null())
}

fn compare(e: &Expected, report: &Value) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let mut miss = |line, text: String| out.push(Mismatch { line, text });
    let mut seen = BTreeSet::new();
    for b in list(report, "barriers") {
        let line = line_of(b);
        seen.insert(line);
        let got = b["verdict"].as_str().unwrap_or("nothing");
        let Some(want) = e.verdicts.get(&line) else {
            miss(
                line,
                format!("got {got} for a barrier without an expectation"),
            );
            continue;
        };
        let found = ACCEPT_UNREPLAYED
            && want == "required"
            && got == "unknown"
            && has_witness(report, line);
        if got != want && !found {
            let reason = b["reason"].as_str().unwrap_or("");
            miss(line, format!("expected {want}, got {got}: {reason}"));
        }
    }
    for (line, want) in &e.verdicts {
        if !seen.contains(line) {
            miss(
                *line,
                format!("expected {want}, but the report knows no barrier here"),
            );
        }
    }
    let mut races = BTreeSet::new();
    for r in list(report, "kernels").flat_map(|k| list(k, "races")) {
        let lines: Vec<u32> = list(r, "accesses").map(line_of).collect();
        let first = lines.first().copied().unwrap_or(0);
        let found = r["status"] == "confirmed" || (ACCEPT_UNREPLAYED && !r["witness"].is_null());
        if !found && lines.iter().any(|l| e.unsupported.contains(l)) {
            // What is not understood may touch what it reaches.
            continue;
        }
        if !lines.iter().any(|l| e.races.contains(l)) {
            let how = if found { "" } else { " (undecided)" };
            miss(
                first,
                format!("unexpected race{how} between lines {lines:?}"),
            );
        } else if !found {
            miss(
                first,
                format!("the race between lines {lines:?} has no witness"),
            );
        }
        races.extend(lines);
    }
    for line in e.races.difference(&races) {
        miss(*line, "expected a race".into());
    }
    for (key, what, want) in [
        ("divergent_barriers", "divergent barrier", &e.divergent),
        ("unsupported", "unsupported construct", &e.unsupported),
    ] {
        let got: BTreeSet<u32> = list(report, "kernels")
            .flat_map(|k| list(k, key))
            .map(line_of)
            .collect();
        for line in want.difference(&got) {
            miss(*line, format!("expected a {what}"));
        }
        for line in got.difference(want) {
            miss(*line, format!("unexpected {what}"));
        }
    }
    let labelled = |r: &&Value| list(r, "labels").any(|l| l == "flags");
    let flags: BTreeSet<u32> = list(report, "kernels")
        .flat_map(|k| list(k, "races"))
        .filter(labelled)
        .flat_map(|r| list(r, "accesses").map(line_of).collect::<Vec<_>>())
        .collect();
    for line in e.flags.difference(&flags) {
        miss(*line, "expected a race with the label `flags`".into());
    }
    if let Some(want) = &e.exclusive {
        let sets = list(report, "kernels").flat_map(|k| list(k, "exclusive"));
        let refuted = sets.filter(|s| s["status"] == "refuted");
        let got: BTreeSet<Vec<u32>> = refuted
            .map(|s| {
                let lines = list(s, "lines").filter_map(Value::as_u64);
                lines.filter_map(|l| u32::try_from(l).ok()).collect()
            })
            .collect();
        if got != *want {
            miss(
                1,
                format!("expected lines {want:?} to exclude each other, got {got:?}"),
            );
        }
    }
    if let Some(want) = e.jointly {
        for k in list(report, "kernels") {
            let got = list(k, "jointly_removable").count();
            if got != want {
                miss(
                    line_of(k),
                    format!("expected {want} jointly removable, got {got}"),
                );
            }
        }
    }
    out
}

/// The options that an `unbarrier.toml` asks for, per kernel of the file (all at once when they agree).
fn contracts(file: &Path, source: &str) -> Vec<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find("kernel void ") {
        rest = &rest[at + "kernel void ".len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let name = rest[..end].to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let defines =
        config::defines(&SourceSettings::default(), file).unwrap_or_else(|e| panic!("{e}"));
    names
        .iter()
        .map(|name| {
            let c = config::contract(&SourceSettings::default(), file, name)
                .unwrap_or_else(|e| panic!("{e}"))
                .unwrap_or_else(|| panic!("{}: no contract for {name}", file.display()));
            let mut out = vec!["--kernel".to_string(), name.clone()];
            if let Some([x, y, z]) = c.threadgroup {
                out.extend(["--threadgroup".to_string(), format!("{x},{y},{z}")]);
            }
            out.extend(
                c.assume
                    .iter()
                    .flat_map(|a| ["--assume".to_string(), a.clone()]),
            );
            out.extend(defines.iter().map(|d| format!("-D{d}")));
            out
        })
        .collect()
}

fn metal_files(folder: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|e| e.expect("a folder entry").path())
        .filter(|p| p.extension().is_some_and(|x| x == "metal"))
        .collect();
    out.sort();
    out
}

/// Runs one file; the mismatches that nothing excuses, and the places that were excused.
fn run(file: &Path, with_contract: bool) -> (Vec<String>, BTreeSet<(String, u32)>) {
    let shown = file
        .strip_prefix(root())
        .unwrap_or(file)
        .display()
        .to_string()
        .replace('\\', "/");
    let source = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{shown}: {e}"));
    let mut failed = Vec::new();
    let mut excused = BTreeSet::new();
    let expected = match expectations(&source) {
        Ok(e) => e,
        Err(e) => return (vec![format!("{shown}:{e}")], excused),
    };
    let runs = if with_contract {
        contracts(file, &source)
    } else {
        vec![expected.options.clone()]
    };
    for options in runs {
        let report = match prove(Path::new(&shown), &options) {
            Ok(r) => r,
            Err(e) => {
                failed.push(format!("{shown}: {e}"));
                continue;
            }
        };
        let Some(r) = list(&report, "files").next() else {
            failed.push(format!("{shown}: the report is empty"));
            continue;
        };
        for m in compare(&expected, r) {
            let unknown = KNOWN_UNKNOWN.iter().any(|k| k.0 == shown && k.1 == m.line)
                && (m.text.contains("got unknown")
                    || m.text.contains("undecided")
                    || m.text.contains("has no witness"));
            let wrong = KNOWN_WRONG
                .iter()
                .any(|k| k.0 == shown && k.1 == m.line && m.text.contains(&format!("got {}", k.2)));
            let at_the_limit = AT_THE_LIMIT.iter().any(|k| k.0 == shown)
                && [
                    "got unknown",
                    "expected removable, got weakenable",
                    "undecided",
                ]
                .iter()
                .any(|w| m.text.contains(w));
            if at_the_limit {
                continue;
            }
            if unknown || wrong {
                excused.insert((shown.clone(), m.line));
            } else {
                failed.push(format!("{shown}:{}: {}", m.line, m.text));
            }
        }
    }
    (failed, excused)
}

/// Runs the files on two threads; fails with all mismatches at once.
fn check(files: &[PathBuf], prefix: &str, with_contract: bool) {
    let next = AtomicUsize::new(0);
    let all = Mutex::new((Vec::new(), BTreeSet::new()));
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while let Some(f) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (failed, excused) = run(f, with_contract);
                    let mut all = all.lock().expect("no panic elsewhere");
                    all.0.extend(failed);
                    all.1.extend(excused);
                }
            });
        }
    });
    let (mut failed, excused) = all.into_inner().expect("no panic elsewhere");
    let listed = KNOWN_UNKNOWN.iter().chain(KNOWN_WRONG);
    for (file, line, _) in listed.filter(|k| k.0.starts_with(prefix)) {
        if !excused.contains(&(file.to_string(), *line)) {
            failed.push(format!(
                "{file}:{line}: decided now; take it off the list in tests/cases.rs"
            ));
        }
    }
    failed.sort();
    let mut text = String::new();
    for f in &failed {
        let _ = writeln!(text, "{f}");
    }
    assert!(
        failed.is_empty(),
        "{} mismatches in {} files:\n{text}",
        failed.len(),
        files.len()
    );
}

const FOLDERS: [&str; 6] = [
    "removable",
    "required",
    "weakenable",
    "unknown",
    "race",
    "divergent",
];

#[test]
fn cases() {
    let files: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|f| metal_files(&root().join("tests/cases").join(f)))
        .collect();
    check(&files, "tests/cases/", false);
}

#[test]
fn kernels() {
    let mut files = Vec::new();
    for e in std::fs::read_dir(root().join("kernels")).expect("kernels") {
        let path = e.expect("a folder entry").path();
        if path.is_dir() {
            for twin in ["can_go.metal", "must_stay.metal"] {
                assert!(
                    path.join(twin).is_file(),
                    "{} has no {twin}",
                    path.display()
                );
            }
            files.extend(metal_files(&path));
        }
    }
    files.sort();
    assert_eq!(files.len(), 12);
    check(&files, "kernels/", true);
}

/// A case in a folder has what the folder is named after; a removable or weakenable case has a twin.
#[test]
fn folders_and_twins() {
    let cases = root().join("tests/cases");
    let mut failed = Vec::new();
    for folder in FOLDERS {
        for f in metal_files(&cases.join(folder)) {
            let source = std::fs::read_to_string(&f).expect("readable");
            let e = expectations(&source).unwrap_or_else(|e| panic!("{}:{e}", f.display()));
            let fits = match folder {
                "race" => !e.races.is_empty(),
                "divergent" => !e.divergent.is_empty(),
                verdict => e.verdicts.values().any(|v| v == verdict),
            };
            if !fits {
                failed.push(format!("{}: nothing in it is {folder}", f.display()));
            }
            let stem = f
                .file_stem()
                .and_then(|s| s.to_str())
                .expect("a name")
                .to_string();
            if matches!(folder, "removable" | "weakenable") {
                let twin = format!("{stem}_fail.metal");
                if !FOLDERS.iter().any(|o| cases.join(o).join(&twin).is_file()) {
                    failed.push(format!("{}: no twin {twin}", f.display()));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn options_lines() {
    assert_eq!(
        split(" --threadgroup 64 --assume \"n < 4\""),
        ["--threadgroup", "64", "--assume", "n < 4"]
    );
    let e = expectations("// unbarrier: --threadgroup 8\nx; //~ divergent unknown\ny; //~ race\n")
        .expect("sound");
    assert_eq!(e.options, ["--threadgroup", "8"]);
    assert_eq!(e.verdicts.get(&2).map(String::as_str), Some("unknown"));
    assert!(e.divergent.contains(&2) && e.races.contains(&3));
    assert!(expectations("x; //~ removeable\n").is_err());
}
