//! Parses real code: every `.metal` file below the folder named by `UNBARRIER_CORPUS`.
//!
//! The files are read where they lie and are no part of this repository. A file counts as parsed
//! when the parser reports no error; errors of the preprocessor (headers that are not there) are
//! counted apart. `UNBARRIER_CORPUS_MIN` sets the share, in percent, that must parse (95).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use unbarrier::front::parse::parse;
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for e in entries.flatten() {
        let path = e.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|x| x == "metal") {
            out.push(path);
        }
    }
}

#[test]
fn corpus_parses() {
    let Some(root) = std::env::var_os("UNBARRIER_CORPUS") else {
        println!("corpus_parses: skipped (UNBARRIER_CORPUS is not set)");
        return;
    };
    let min: f64 = std::env::var("UNBARRIER_CORPUS_MIN")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(95.0);
    let mut files = Vec::new();
    collect(Path::new(&root), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no .metal file below {root:?}");
    let (mut good, mut preprocessed) = (0usize, 0usize);
    let (mut bytes, mut tokens, mut time) = (0usize, 0usize, Duration::ZERO);
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for path in &files {
        let mut map = SourceMap::new();
        let Ok(main) = map.load(path) else {
            println!("{}: not readable", path.display());
            continue;
        };
        bytes += map.file(main).text.len();
        let options = PreprocessOptions {
            include_dirs: path
                .ancestors()
                .skip(1)
                .take(3)
                .map(Path::to_path_buf)
                .collect(),
            ..PreprocessOptions::default()
        };
        let pre = preprocess(&mut map, main, &options);
        preprocessed += usize::from(!pre.has_errors());
        tokens += pre.tokens.len();
        let start = Instant::now();
        let out = parse(&pre.tokens);
        let took = start.elapsed();
        time += took;
        if took > slowest.0 {
            slowest = (took, path.clone());
        }
        if out.diagnostics.is_empty() {
            good += 1;
        }
        for d in out.diagnostics.iter().take(5) {
            let place = d.primary_span().map_or(String::new(), |s| map.place(s));
            println!("{place}: {}", d.message);
        }
    }
    let share = 100.0 * good as f64 / files.len() as f64;
    println!(
        "{good} of {} files without a parse error ({share:.1} %); {preprocessed} without a preprocessor error",
        files.len()
    );
    println!(
        "{bytes} bytes, {tokens} tokens in {time:?}; slowest {:?} {}",
        slowest.0,
        slowest.1.display()
    );
    assert!(share >= min, "only {share:.1} % of the corpus parses");
}
