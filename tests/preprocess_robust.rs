//! The preprocessor on hostile input: it never panics, it ends, and it says what is wrong.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use unbarrier::source::{
    FileId, PreprocessOptions, PreprocessOutput, SourceMap, lex_all, preprocess, render,
};

type TestResult = Result<(), Box<dyn Error>>;

/// Pieces that make preprocessors stumble.
const PIECES: &[&str] = &[
    "#",
    "##",
    "\n#define ",
    "\n#undef ",
    "\n#if ",
    "\n#elif ",
    "\n#else\n",
    "\n#endif\n",
    "\n#ifdef ",
    "\n#include ",
    "\n#line ",
    "\n#pragma ",
    "\n#error ",
    "_Pragma",
    "defined",
    "__VA_ARGS__",
    "__VA_OPT__",
    "__LINE__",
    "__COUNTER__",
    "__FILE__",
    "__has_include",
    "A",
    "B",
    "C",
    "F(",
    "G(",
    "A(",
    "(",
    ")",
    ",",
    "...",
    "F(x)",
    "F(x,y...)",
    "G(...)",
    "x##y",
    "#x",
    "x",
    "y",
    "1",
    "0x",
    "1u",
    "'a'",
    "'",
    "\"",
    "\"s\"",
    "R\"(",
    ")\"",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\\\r\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "<",
    ">",
    "<metal_stdlib>",
    "?",
    ":",
    "&&",
    "||",
    "/",
    "%",
    "<<",
    "-",
    "!",
    "~",
    "\u{e9}",
    "\u{1f600}",
    "\\",
    "@",
    "F",
    "G",
    "%:",
    "and",
    "not",
];

fn run(text: &str) -> (SourceMap, PreprocessOutput) {
    let mut map = SourceMap::new();
    let id = map.add_file("soup.metal", PathBuf::new(), text);
    let out = preprocess(&mut map, id, &PreprocessOptions::default());
    (map, out)
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let (map, out) = run(text);
    for token in &out.tokens {
        let file = map.file(token.span.file);
        prop_assert!(token.span.start <= token.span.end);
        prop_assert!(token.span.end as usize <= file.text.len());
        prop_assert!(!token.text.is_empty());
        prop_assert!(map.expansion_chain(token.span).len() < 1000);
    }
    for diagnostic in out.diagnostics.iter().take(20) {
        prop_assert!(!render(diagnostic, &map, false).is_empty());
    }
    let (_, again) = run(text);
    prop_assert_eq!(again.tokens, out.tokens);
    prop_assert_eq!(again.diagnostics, out.diagnostics);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_soup_never_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..80)) {
        check(&pieces.concat())?;
    }

    #[test]
    fn spaced_token_soup_never_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..80)) {
        check(&pieces.join(" "))?;
    }

    #[test]
    fn macro_soup_never_panics(
        bodies in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..8), 1..8),
        uses in prop::collection::vec(prop::sample::select(PIECES), 0..30),
    ) {
        let names = ["A", "B", "C", "F(x)", "F(x, y...)", "G(...)", "G(x, y)", "x"];
        let mut text = String::new();
        for (name, body) in names.iter().zip(&bodies) {
            text.push_str(&format!("#define {name} {}\n", body.join(" ").replace('\n', " ")));
        }
        text.push_str(&uses.join(" "));
        check(&text)?;
    }

    #[test]
    fn any_text_lexes_and_keeps_its_places(text in "\\PC{0,200}") {
        let (tokens, _) = lex_all(FileId(0), &text);
        for pair in tokens.windows(2) {
            prop_assert!(pair[0].span.end <= pair[1].span.start);
        }
    }
}

fn load(path: &Path, dirs: &[&Path]) -> Result<(SourceMap, PreprocessOutput), Box<dyn Error>> {
    let mut map = SourceMap::new();
    let id = map.load(path)?;
    let opts = PreprocessOptions {
        include_dirs: dirs.iter().map(|d| d.to_path_buf()).collect(),
        ..PreprocessOptions::default()
    };
    let out = preprocess(&mut map, id, &opts);
    Ok((map, out))
}

fn texts(out: &PreprocessOutput) -> String {
    let all: Vec<&str> = out.tokens.iter().map(|t| &*t.text).collect();
    all.join(" ")
}

#[test]
fn includes_are_found_beside_the_includer_then_in_folders() -> TestResult {
    let dir = tempfile::tempdir()?;
    let root = dir.path();
    fs::create_dir_all(root.join("sub"))?;
    fs::create_dir_all(root.join("inc"))?;
    fs::write(
        root.join("sub/a.h"),
        "\u{feff}sub_a\r\n#include \"b.h\"\r\n",
    )?;
    fs::write(root.join("sub/b.h"), "#pragma once\nsub_b\n")?;
    fs::write(root.join("inc/b.h"), "inc_b\n")?;
    fs::write(
        root.join("main.metal"),
        "#include <metal_stdlib>\n#include \"sub/a.h\"\n#include \"sub/b.h\"\n#include <b.h>\n\
         #import \"b.h\"\n#define NAME <b.h>\n#include NAME\n#import \"b.h\"\nend\n",
    )?;
    let (map, out) = load(&root.join("main.metal"), &[&root.join("inc")])?;
    assert!(!out.has_errors(), "{:?}", out.diagnostics);
    assert_eq!(texts(&out), "sub_a sub_b inc_b inc_b end");
    assert_eq!(out.system_headers, ["metal_stdlib"]);
    let names: Vec<_> = out
        .files
        .iter()
        .map(|f| map.file(*f).path.clone())
        .collect();
    assert_eq!(names.len(), 4);
    assert!(names[1].ends_with("sub/a.h") && map.file(out.files[1]).had_bom);
    Ok(())
}

#[test]
fn a_missing_include_names_the_places_searched_and_reading_goes_on() -> TestResult {
    let dir = tempfile::tempdir()?;
    let main = dir.path().join("main.metal");
    fs::write(&main, "#include \"gone.h\"\nend\n")?;
    let (map, out) = load(&main, &[Path::new("some/folder")])?;
    assert_eq!(texts(&out), "end");
    let text = render(&out.diagnostics[0], &map, false);
    assert!(text.contains("cannot find include file `gone.h`"), "{text}");
    assert!(text.contains("main.metal:1:10"), "{text}");
    assert!(text.contains("searched: some/folder/gone.h"), "{text}");
    Ok(())
}

#[test]
fn include_cycles_and_bad_files_are_errors() -> TestResult {
    let dir = tempfile::tempdir()?;
    let main = dir.path().join("main.metal");
    fs::write(&main, "#include \"x.h\"\nend\n")?;
    fs::write(
        dir.path().join("x.h"),
        "#include \"y.h\"\n#include \"y.h\"\n",
    )?;
    fs::write(
        dir.path().join("y.h"),
        "#include \"x.h\"\n#include \"x.h\"\n",
    )?;
    let (_, out) = load(&main, &[])?;
    assert_eq!(out.diagnostics.len(), 1, "{:?}", out.diagnostics);
    let message = &out.diagnostics[0].message;
    assert!(
        message.contains("x.h -> ") && message.contains("cycle"),
        "{message}"
    );

    fs::write(dir.path().join("x.h"), b"a\0b")?;
    let (_, out) = load(&main, &[])?;
    assert!(out.diagnostics[0].message.contains("byte offset 1"));
    assert_eq!(texts(&out), "end");
    Ok(())
}

#[test]
fn wide_include_trees_are_bounded() -> TestResult {
    let dir = tempfile::tempdir()?;
    for i in 0..40 {
        let next = i + 1;
        fs::write(
            dir.path().join(format!("f{i}.h")),
            format!("#include \"f{next}.h\"\n#include \"f{next}.h\"\n"),
        )?;
    }
    fs::write(dir.path().join("f40.h"), "x\n")?;
    let (_, out) = load(&dir.path().join("f0.h"), &[])?;
    assert!(
        out.diagnostics
            .iter()
            .any(|d| d.message.contains("files are included"))
    );
    Ok(())
}

#[test]
fn messages_name_the_macros_they_came_through() {
    let (map, out) = run("#define BAD(x) CAT(x, /)\n#define CAT(a, b) a##b\nint y = BAD(+);\n");
    let text = render(&out.diagnostics[0], &map, false);
    assert!(text.contains("soup.metal:3:9"), "{text}");
    assert!(
        text.contains("in expansion of macro `BAD`, defined at soup.metal:1:9"),
        "{text}"
    );
    assert!(
        text.contains("in expansion of macro `CAT`, defined at soup.metal:2:9"),
        "{text}"
    );
}
