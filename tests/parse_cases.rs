//! Snapshot tests: every `tests/cases/parse/*.metal` parses to the tree in the `.ast` beside it.
//!
//! `UPDATE_SNAPSHOTS=1` rewrites the snapshots.

use std::path::{Path, PathBuf};

use unbarrier::front::parse::{dump, parse};
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/parse");
    let mut out: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|x| x == "metal"))
        .collect();
    out.sort();
    out
}

#[test]
fn snapshots() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let mut map = SourceMap::new();
        let main = map.load(&path).unwrap();
        let pre = preprocess(&mut map, main, &PreprocessOptions::default());
        assert!(
            !pre.has_errors(),
            "{}: {:?}",
            path.display(),
            pre.diagnostics
        );
        let out = parse(&pre.tokens);
        for d in &out.diagnostics {
            let place = d.primary_span().map_or(String::new(), |s| map.place(s));
            println!("{place}: {}", d.message);
        }
        let text = dump(&out.unit);
        let snapshot = path.with_extension("ast");
        if update {
            std::fs::write(&snapshot, &text).unwrap();
        }
        let want = std::fs::read_to_string(&snapshot).unwrap_or_default();
        if text != want || !out.diagnostics.is_empty() {
            for (i, (a, b)) in text.lines().zip(want.lines()).enumerate() {
                if a != b {
                    println!("{}:{}:\n  got  {a}\n  want {b}", snapshot.display(), i + 1);
                    break;
                }
            }
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "differ or have errors: {wrong:#?}");
}
