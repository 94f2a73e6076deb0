//! Names, calls, types, constants and layouts: our front end against Clang's reading of the same tokens (`parse --cross-check`).
//!
//! Needs Clang 14 or later; without it, and for the corpus without `UNBARRIER_CORPUS`, a test says that it is skipped. `UNBARRIER_CROSSCHECK_PROGRAMS`
//! sets the number of generated programs (default 25).

/// `say!(m.put, "…", …)`: the text is made before `m` is used.
macro_rules! say {
    ($m:ident . $to:ident, $($text:tt)*) => {{
        let text = format!($($text)*);
        $m.$to(text);
    }};
}

#[path = "values/classes.rs"]
mod classes;
#[path = "values/expr.rs"]
mod expr;
#[allow(dead_code)]
#[path = "values/features.rs"]
mod features;
#[path = "values/lookup.rs"]
mod lookup;
#[path = "values/plain.rs"]
mod plain;
#[allow(dead_code)]
#[path = "values/program.rs"]
mod program;
#[allow(dead_code)]
#[path = "values/rng.rs"]
mod rng;
#[path = "values/shapes.rs"]
mod shapes;
#[path = "values/types.rs"]
mod types;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use unbarrier::confirm::{ConfirmError, Detector, Toolchain};
use unbarrier::crosscheck::{Outcome, compare};
use unbarrier::front::lower::{How, Log, LowerOptions, Use, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::front::prelude;
use unbarrier::source::{PreprocessOptions, SourceMap, Token, preprocess};

/// The compiler; without one the test says so.
fn tools(test: &str) -> Option<Toolchain> {
    match Toolchain::find(Detector::Fibers) {
        Ok(t) => Some(t),
        Err(ConfirmError::NoClang { tried }) => {
            eprintln!("{test}: skipped ({tried} was not found)");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

/// A file with its log; the error is why it cannot be read.
fn read(
    map: &mut SourceMap,
    file: unbarrier::source::FileId,
    include: &[PathBuf],
) -> Result<(Vec<Token>, Log), String> {
    let options = PreprocessOptions {
        include_dirs: include.to_vec(),
        ..PreprocessOptions::default()
    };
    let pre = preprocess(map, file, &options);
    // Clang has them in the header that stands for Metal's library.
    let mut tokens = prelude::tokens(map, &pre.tokens);
    tokens.extend(pre.tokens.iter().cloned());
    let parsed = parse(&tokens);
    let mut all = pre.diagnostics.iter().chain(&parsed.diagnostics);
    if let Some(d) = all.find(|d| d.is_error()) {
        return Err(d.message.clone());
    }
    let options = LowerOptions {
        log: true,
        ..LowerOptions::default()
    };
    Ok((pre.tokens, lower_file(&parsed.unit, &options).log))
}

/// Compares a text.
fn outcome(tools: &Toolchain, text: &str) -> (SourceMap, Outcome) {
    let mut map = SourceMap::new();
    let file = map.add_file("t.metal", PathBuf::new(), text);
    let (tokens, log) = read(&mut map, file, &[]).unwrap_or_else(|e| panic!("{e}"));
    let out = compare(tools, &map, &tokens, &log).unwrap_or_else(|e| panic!("{e}"));
    (map, out)
}

fn shown(map: &SourceMap, out: &Outcome) -> Vec<String> {
    let one = |d: &unbarrier::crosscheck::Difference| {
        format!("{}: we: {}, clang: {}", map.place(d.at), d.ours, d.clang)
    };
    out.differences.iter().map(one).collect()
}

/// What many files came to.
#[derive(Default)]
struct Total {
    differences: Vec<String>,
    agreed: BTreeMap<&'static str, u64>,
    skipped: BTreeMap<&'static str, u64>,
    not_compared: Vec<String>,
}

impl Total {
    fn add(&mut self, map: &SourceMap, out: &Outcome) {
        self.differences.extend(shown(map, out));
        for (k, n) in &out.agreed {
            *self.agreed.entry(k).or_default() += n;
        }
        for (k, n) in &out.skipped {
            *self.skipped.entry(k).or_default() += n;
        }
    }

    fn file(&mut self, tools: &Toolchain, path: &Path, include: &[PathBuf]) {
        let mut map = SourceMap::new();
        let file = map.load(path).unwrap_or_else(|e| panic!("{e}"));
        let done = read(&mut map, file, include).and_then(|(tokens, log)| {
            compare(tools, &map, &tokens, &log).map_err(|e| e.to_string())
        });
        match done {
            Ok(out) => self.add(&map, &out),
            Err(e) => {
                let why = e.lines().take(2).collect::<Vec<_>>().join(" ");
                self.not_compared.push(format!("{}: {why}", path.display()));
            }
        }
    }

    fn say(&self, what: &str) {
        eprintln!(
            "{what}: agreed {:?}, not compared {:?}",
            self.agreed, self.skipped
        );
        for f in &self.not_compared {
            eprintln!("{what}: not compared: {f}");
        }
    }

    fn at_least(&self, kind: &str, n: u64) {
        let have = self.agreed.get(kind).copied().unwrap_or(0);
        assert!(have >= n, "{have} {kind} agree; {n} did before");
    }
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = e.expect("a folder entry").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|x| x == "metal") {
            out.push(path);
        }
    }
    out.sort();
}

/// Files of `tests/cases` and `kernels` that may stay out: cases of the parser and preprocessor that are no programs, textures, overloads on address
/// spaces, vectors of eight (2 files), which the stand-in lacks; calls and types that nobody declares, tensors, on purpose (14 files). It may only fall.
const MOST_NOT_COMPARED: usize = 51;

#[test]
fn cases_and_kernels_agree() {
    let Some(tools) = tools("cases_and_kernels_agree") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("tests/cases"), &mut files);
    collect(&root.join("kernels"), &mut files);
    let mut total = Total::default();
    for f in &files {
        total.file(&tools, f, &[]);
    }
    total.say("cases and kernels");
    assert!(
        total.differences.is_empty(),
        "{}",
        total.differences.join("\n")
    );
    assert!(total.not_compared.len() <= MOST_NOT_COMPARED);
    for (kind, n) in [
        ("names", 5000),
        ("types", 11000),
        ("constants", 70),
        ("sizes and offsets", 130),
    ] {
        total.at_least(kind, n);
    }
}

#[test]
fn generated_programs_agree() {
    let Some(tools) = tools("generated_programs_agree") else {
        return;
    };
    let count =
        std::env::var("UNBARRIER_CROSSCHECK_PROGRAMS").map_or(25, |v| v.parse().expect("a number"));
    let mut total = Total::default();
    for n in 0..count {
        let p = program::make(1, n, features::ALL);
        let text = format!("{}{}", program::HEAD, p.text(None));
        let (map, out) = outcome(&tools, &text);
        total.add(&map, &out);
    }
    total.say("generated programs");
    assert!(
        total.differences.is_empty(),
        "{}",
        total.differences.join("\n")
    );
    for kind in [
        "operators",
        "constructors and conversions",
        "constants",
        "sizes and offsets",
    ] {
        total.at_least(kind, count.min(20));
    }
}

#[test]
fn corpus_agrees() {
    let Some(root) = std::env::var_os("UNBARRIER_CORPUS").map(PathBuf::from) else {
        eprintln!("corpus_agrees: skipped (UNBARRIER_CORPUS is not set)");
        return;
    };
    let Some(tools) = tools("corpus_agrees") else {
        return;
    };
    let mut files = Vec::new();
    collect(&root, &mut files);
    let mut total = Total::default();
    for f in &files {
        let include: Vec<PathBuf> = f
            .ancestors()
            .skip(1)
            .take(9)
            .map(Path::to_path_buf)
            .collect();
        total.file(&tools, f, &include);
    }
    total.say("corpus");
    assert!(
        total.differences.is_empty(),
        "{}",
        total.differences.join("\n")
    );
    assert!(
        total.not_compared.len() < files.len(),
        "no file was compared"
    );
}

const SAMPLE: &str = "\
namespace n {
constexpr int width = 4;
struct pair { char a; int b; pair(int x) : a(0), b(x) {} pair(float x) : a(1), b(0) {} };
int pick(int x) { return x; }
int pick(float x) { return 1; }
int operator+(pair a, int b) { return a.b + b; }
int operator+(pair a, float b) { return 7; }
}
kernel void k(device int* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
    n::pair p(3);
    out[i] = n::pick(2) + (p + 1) + n::width + p.b;
}
";

/// Changes the log of the sample; what is found then.
fn planted(tools: &Toolchain, change: impl Fn(&mut Log)) -> Vec<String> {
    let mut map = SourceMap::new();
    let file = map.add_file("t.metal", PathBuf::new(), SAMPLE);
    let (tokens, mut log) = read(&mut map, file, &[]).expect("the sample");
    change(&mut log);
    let out = compare(tools, &map, &tokens, &log).expect("Clang takes the sample");
    shown(&map, &out)
}

/// Lets uses of a name refer to its other declaration.
fn other(log: &mut Log, name: &str, how: How, from: &str, to: &str) {
    let at = |text: &str| SAMPLE.find(text).expect("in the sample") as u32;
    let (from, by) = (at(from), i64::from(at(to)) - i64::from(at(from)));
    let moved = |u: &Use| {
        let mut u = u.clone();
        match &mut u.decl {
            Some(d) if d.name == name && u.how == how && d.span.start == from => {
                d.span.start = (i64::from(d.span.start) + by) as u32;
                d.span.end = (i64::from(d.span.end) + by) as u32;
            }
            _ => {}
        }
        u
    };
    let before = log.uses.clone();
    log.uses = before.iter().map(moved).collect();
    assert_ne!(log.uses, before, "nothing was planted for {name}");
}

#[test]
fn planted_faults_are_found() {
    let Some(tools) = tools("planted_faults_are_found") else {
        return;
    };
    assert_eq!(planted(&tools, |_| {}), Vec::<String>::new());
    let call = planted(&tools, |l| {
        other(l, "pick", How::Name, "pick(int x)", "pick(float x)")
    });
    assert!(
        matches!(call.as_slice(), [d] if d.starts_with("t.metal:11:14: we: `pick` at t.metal:5:5, clang: `pick` at t.metal:4:5")),
        "{call:?}"
    );
    let first = "operator+(pair a, int b)";
    let second = "operator+(pair a, float b)";
    let operator = planted(&tools, |l| {
        other(l, "operator+", How::Operator, first, second)
    });
    assert_eq!(operator.len(), 1, "{operator:?}");
    let constructor = planted(&tools, |l| {
        other(l, "pair", How::Implicit, "pair(int x)", "pair(float x)")
    });
    assert_eq!(constructor.len(), 1, "{constructor:?}");
    let types = planted(&tools, |l| {
        let all = std::mem::take(&mut l.types);
        l.types = all
            .into_iter()
            .map(|(at, t)| (at, t.replace("unsigned int", "int")))
            .collect();
    });
    assert!(
        !types.is_empty()
            && types
                .iter()
                .all(|d| d.contains("clang: type `uint") || d.contains("unsigned int")),
        "{types:?}"
    );
    let constants = planted(&tools, |l| {
        let all = std::mem::take(&mut l.constants);
        assert!(!all.is_empty());
        l.constants = all.into_iter().map(|(at, n, v)| (at, n, v + 1)).collect();
    });
    assert!(
        matches!(constants.as_slice(), [d] if d.contains("we: `width` is 5, clang: 4")),
        "{constants:?}"
    );
    let layouts = planted(&tools, |l| {
        let all = std::mem::take(&mut l.layouts);
        l.layouts = all
            .into_iter()
            .map(|mut x| {
                for (_, offset) in x.fields.iter_mut().filter(|(f, _)| f == "b") {
                    *offset = 1;
                }
                x
            })
            .collect();
    });
    assert!(
        matches!(layouts.as_slice(), [d] if d.contains("__builtin_offsetof(n::pair, b)` is 1, clang: 4")),
        "{layouts:?}"
    );
}

#[test]
fn the_command_says_what_it_did() {
    if tools("the_command_says_what_it_did").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let done = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
            .args(["parse", "--cross-check"])
            .arg(&path)
            .output()
            .expect("the program runs");
        (
            done.status.code(),
            String::from_utf8_lossy(&done.stdout).into_owned(),
        )
    };
    let (code, said) = run("good.metal", SAMPLE);
    assert!(
        code == Some(0) && said.contains("0 differences; agreed: "),
        "{code:?} {said}"
    );
    // C++ has no address spaces: Clang sees one function twice.
    let twice = "int f(device int* p) { return 1; }\nint f(threadgroup int* p) { return 2; }\n";
    let (code, said) = run("spaces.metal", twice);
    assert!(
        code == Some(3) && said.contains("not compared, Clang rejects it: "),
        "{code:?} {said}"
    );
    let (code, said) = run("bad.metal", "kernel void k( {\n");
    assert!(
        code == Some(2) && said.contains("not compared, it cannot be read"),
        "{code:?} {said}"
    );
}
