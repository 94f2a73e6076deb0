//! Snapshots of the IR of small kernels: `tests/cases/lower/NAME.metal` and `NAME.ir`.
//!
//! `UPDATE_SNAPSHOTS=1` writes them anew; read the difference before committing it.

use std::path::Path;

use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::text::to_text;
use unbarrier::source::{PreprocessOptions, SourceMap, Span, preprocess};

fn lower_text(path: &Path) -> String {
    let mut map = SourceMap::new();
    let main = map.load(path).expect("the case is readable");
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let parsed = parse(&pre.tokens);
    let out = lower_file(&parsed.unit, &LowerOptions::default());
    let line_of = |s: Span| map.line_col(s.file, s.start);
    let mut text = String::new();
    for d in parsed.diagnostics.iter().chain(&out.diagnostics) {
        text.push_str(&format!("diagnostic: {}\n", d.message));
    }
    for k in &out.kernels {
        text.push_str(&to_text(k, &line_of));
    }
    text
}

#[test]
fn cases_match_their_snapshots() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lower");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut cases: Vec<_> = std::fs::read_dir(&dir)
        .expect("the folder of cases exists")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|x| x == "metal"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 15, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let text = lower_text(&case);
        let again = lower_text(&case);
        assert_eq!(text, again, "{}: not deterministic", case.display());
        let snapshot = case.with_extension("ir");
        if update {
            std::fs::write(&snapshot, &text).expect("the snapshot is writable");
        } else if std::fs::read_to_string(&snapshot).ok().as_deref() != Some(&text) {
            wrong.push(case.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "snapshots differ: {wrong:#?}");
}
