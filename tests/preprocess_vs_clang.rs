//! Our preprocessor against Clang's, token by token.
//!
//! The cases in `tests/cases/preprocess` always; all `.metal` files under `UNBARRIER_CORPUS` when
//! that is set. Says so aloud when Clang or the corpus is absent.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use unbarrier::source::{
    FileId, PreprocessOptions, PreprocessOutput, SourceMap, lex_all, preprocess,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// System headers that Clang gets as empty files.
const STUBS: &[&str] = &[
    "metal_stdlib",
    "metal_simdgroup",
    "metal_simdgroup_matrix",
    "metal_atomic",
    "metal_math",
    "metal_integer",
    "metal_limits",
    "metal_tensor",
    "metal_compute",
    "metal_common",
    "metal_types",
    "simd/simd.h",
    "MetalPerformancePrimitives/MetalPerformancePrimitives.h",
];

fn have_clang() -> bool {
    let found = Command::new("clang").arg("--version").output().is_ok();
    if !found {
        println!("skipped: clang not found");
        eprintln!("skipped: clang not found");
    }
    found
}

fn stub_folder() -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    for name in STUBS {
        let path = dir.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, "")?;
    }
    Ok(dir)
}

/// Clang's output as token texts, or its messages when it fails.
fn clang_tokens(
    file: &Path,
    stubs: &Path,
    include_dirs: &[PathBuf],
    standard: &str,
) -> Result<std::result::Result<Vec<String>, String>> {
    let mut command = Command::new("clang");
    command.args(["-E", "-P", "-x", "c++", "-nostdinc", "-undef", "-w"]);
    command.arg(standard);
    command.args(["-D__METAL_VERSION__=320", "-D__METAL__=1"]);
    command.args(["-D__METAL_MACOS__=1", "-D__HAVE_BFLOAT__=1"]);
    command.args(["-U__cplusplus", "-D__cplusplus=201402L"]);
    for dir in include_dirs {
        command.arg("-I").arg(dir);
    }
    let output = command.arg("-I").arg(stubs).arg(file).output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Ok(Err(text));
    }
    let text = String::from_utf8(output.stdout)?;
    let kept: Vec<&str> = text
        .lines()
        .filter(|l| !l.trim_start().starts_with("#pragma"))
        .collect();
    let (tokens, _) = lex_all(FileId(0), &kept.join("\n"));
    Ok(Ok(tokens.iter().map(|t| t.text.to_string()).collect()))
}

fn our_tokens(file: &Path, include_dirs: &[PathBuf]) -> Result<(SourceMap, PreprocessOutput)> {
    let mut map = SourceMap::new();
    let id = map.load(file)?;
    let opts = PreprocessOptions {
        include_dirs: include_dirs.to_vec(),
        ..PreprocessOptions::default()
    };
    let out = preprocess(&mut map, id, &opts);
    Ok((map, out))
}

/// How one file came out.
enum Verdict {
    Same,
    BothFail(String),
    Differs(String),
}

fn verdict(file: &Path, stubs: &Path, dirs: &[PathBuf]) -> Result<Verdict> {
    let first = fs::read_to_string(file)?;
    let standard = first
        .lines()
        .next()
        .and_then(|l| l.strip_prefix("// clang: "))
        .unwrap_or("-std=c++17")
        .to_owned();
    let theirs = clang_tokens(file, stubs, dirs, &standard)?;
    let (map, out) = our_tokens(file, dirs)?;
    let errors: Vec<String> = out
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| unbarrier::source::render(d, &map, false))
        .collect();
    let theirs = match theirs {
        Ok(tokens) => tokens,
        Err(messages) if !errors.is_empty() => {
            let text = format!("{messages}\n{}", errors.join("\n"));
            return Ok(Verdict::BothFail(text));
        }
        Err(messages) => return Ok(Verdict::Differs(format!("only clang fails:\n{messages}"))),
    };
    if !errors.is_empty() {
        return Ok(Verdict::Differs(format!(
            "only we fail:
{}",
            errors.join(
                "
"
            )
        )));
    }
    let ours: Vec<&str> = out.tokens.iter().map(|t| &*t.text).collect();
    if ours == theirs {
        return Ok(Verdict::Same);
    }
    let at = ours
        .iter()
        .zip(&theirs)
        .position(|(a, b)| a != b)
        .unwrap_or(ours.len().min(theirs.len()));
    let from = at.saturating_sub(12);
    let place = out
        .tokens
        .get(at)
        .map_or_else(|| "the end".to_owned(), |t| map.place(t.span));
    let window = |all: &[String]| all.iter().skip(from).take(30).cloned().collect::<Vec<_>>();
    let ours: Vec<String> = ours.iter().map(ToString::to_string).collect();
    Ok(Verdict::Differs(format!(
        "token {at} differs, at {place}\n  ours:  {}\n  clang: {}",
        window(&ours).join(" "),
        window(&theirs).join(" ")
    )))
}

fn metal_files(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)?
        .map(|e| e.map(|e| e.path()))
        .collect::<std::result::Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            metal_files(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "metal") {
            found.push(path);
        }
    }
    Ok(())
}

/// Compares all files under `root`; how many agree, and those that neither side accepts.
fn compare_all(root: &Path, dirs: &[PathBuf]) -> Result<(usize, Vec<String>)> {
    let stubs = stub_folder()?;
    let mut files = Vec::new();
    metal_files(root, &mut files)?;
    let (mut same, mut both_fail, mut bad) = (0, Vec::new(), Vec::new());
    for file in &files {
        match verdict(file, stubs.path(), dirs)? {
            Verdict::Same => same += 1,
            Verdict::BothFail(text) => both_fail.push(format!("{}: {text}", file.display())),
            Verdict::Differs(text) => bad.push(format!("{}: {text}", file.display())),
        }
    }
    assert!(
        bad.is_empty(),
        "{} of {} files differ:\n{}",
        bad.len(),
        files.len(),
        bad.join("\n\n")
    );
    Ok((same, both_fail))
}

#[test]
fn own_cases_agree() -> Result<()> {
    if have_clang() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/preprocess");
        let (same, both_fail) = compare_all(&root, &[])?;
        assert!(both_fail.is_empty(), "{}", both_fail.join("\n"));
        assert!(same >= 8);
    }
    Ok(())
}

#[test]
fn corpus_agrees() -> Result<()> {
    let Some(corpus) = std::env::var_os("UNBARRIER_CORPUS").map(PathBuf::from) else {
        println!("skipped: UNBARRIER_CORPUS is not set");
        eprintln!("skipped: UNBARRIER_CORPUS is not set");
        return Ok(());
    };
    if have_clang() {
        let dirs = [corpus.join("marlin/src"), corpus.join("candle")];
        let (same, both_fail) = compare_all(&corpus, &dirs)?;
        println!(
            "{same} files agree; both sides refuse {}:\n{}",
            both_fail.len(),
            both_fail.join("\n")
        );
    }
    Ok(())
}

/// Every case parses without an error, with or without Clang.
#[test]
fn own_cases_have_no_errors() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/preprocess");
    let mut files = Vec::new();
    metal_files(&root, &mut files)?;
    for file in files {
        let (map, out) = our_tokens(&file, &[])?;
        let errors: Vec<String> = out
            .diagnostics
            .iter()
            .filter(|d| d.is_error())
            .map(|d| unbarrier::source::render(d, &map, false))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
    Ok(())
}

/// A small generator of pseudo-random numbers, so that every run makes the same programs.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap_or(0)
    }

    fn pick(&mut self, from: &[&'static str], count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(from[self.roll(from.len())]);
            if self.roll(3) > 0 {
                text.push(' ');
            }
        }
        text
    }
}

/// A program of macros that use each other in every way.
fn random_program(dice: &mut Dice) -> String {
    const PLAIN: &[&str] = &[
        "A ",
        "B ",
        "C ",
        "A ",
        "B ",
        "F ",
        "G ",
        "H ",
        "(B) ",
        "(1,C) ",
        "F(A)",
        "F(F)(2)",
        "1 ",
        "k ",
        "+",
        "F(1 B)",
        "G(A,B)",
        "G(,F)",
        "H(C)",
        "H(1,2,3)",
        "H(,)",
        "J()",
        "J(A)",
        "J(G(1,H),F)",
        "\"s\" ",
        "ID(A F)",
        "ID(F)(3)",
        "ID(ID(G)(1,H(C)))",
        "S(A B)",
        "S( \"q\" )",
        "E ",
        "ID(E)",
        "ID(C ID)(B)",
    ];
    const BODY: &[&str] = &[
        "x ", "x ", "y ", "#x ", "x##y ", "k##x ", "x##1 ", "#y ", "x,##y ",
    ];
    let mut text = String::from("#define E\n#define ID(x) x\n#define S(x) T(x)\n#define T(x) #x\n");
    for name in ["A", "B", "C"] {
        let size = dice.roll(5);
        text.push_str(&format!("#define {name} {}\n", dice.pick(PLAIN, size)));
    }
    for name in ["F(x, y)", "G(x,y)", "H(x, y...)", "J(x, ...)"] {
        let name = if name == "F(x, y)" { "F(x)" } else { name };
        let mut body = String::new();
        for _ in 0..dice.roll(6) {
            let from = if dice.roll(2) == 0 { PLAIN } else { BODY };
            body.push_str(&dice.pick(from, 1));
        }
        if name == "F(x)" {
            body = body.replace('y', "x");
        }
        if name == "J(x, ...)" {
            body = body.replace('y', "__VA_ARGS__");
        }
        text.push_str(&format!("#define {name} {body}\n"));
    }
    for _ in 0..6 {
        let size = 1 + dice.roll(8);
        let line = dice.pick(PLAIN, size);
        let open = line.matches('(').count();
        let close = line.matches(')').count();
        text.push_str(&line);
        text.push_str(&")".repeat(open.saturating_sub(close)));
        text.push('\n');
    }
    text
}

/// Programs no person would write; those that either side refuses are left out of the comparison.
#[test]
fn random_macros_agree() -> Result<()> {
    if !have_clang() {
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("random.metal");
    let count = std::env::var("UNBARRIER_RANDOM_MACROS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(150);
    let mut dice = Dice(1);
    let (mut same, mut refused) = (0, 0);
    for i in 0..count {
        let program = random_program(&mut dice);
        fs::write(&file, &program)?;
        match verdict(&file, dir.path(), &[])? {
            Verdict::Same => same += 1,
            Verdict::BothFail(_) => refused += 1,
            Verdict::Differs(text) => panic!("program {i}:\n{program}\n{text}"),
        }
    }
    println!("{same} random programs agree, both sides refuse {refused}");
    assert!(same > 0);
    Ok(())
}
