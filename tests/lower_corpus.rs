//! Lowers real code: every `.metal` file below the folder named by `UNBARRIER_CORPUS`.
//!
//! The files are read where they lie and are no part of this repository. Prints, per file with
//! `UNBARRIER_VERBOSE`, the kernels and what was not understood, and a summary by construct.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use unbarrier::front::lower::{LowerOptions, lower_file};
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
fn corpus_lowers() {
    let Some(root) = std::env::var_os("UNBARRIER_CORPUS") else {
        println!("corpus_lowers: skipped (UNBARRIER_CORPUS is not set)");
        return;
    };
    let verbose = std::env::var_os("UNBARRIER_VERBOSE").is_some();
    let only = std::env::var("UNBARRIER_ONLY").ok();
    let mut files = Vec::new();
    collect(Path::new(&root), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no .metal file below {root:?}");
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    let (mut kernels, mut clean, mut barriers) = (0, 0, 0);
    let (mut with_barriers, mut clean_with_barriers) = (0, 0);
    let mut total = Duration::ZERO;
    let mut slowest = (Duration::ZERO, PathBuf::new());
    for path in &files {
        if only
            .as_ref()
            .is_some_and(|o| !path.to_string_lossy().contains(o.as_str()))
        {
            continue;
        }
        let mut map = SourceMap::new();
        let Ok(main) = map.load(path) else {
            continue;
        };
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
        let unit = parse(&pre.tokens).unit;
        if verbose {
            println!("{}", path.display());
        }
        let start = Instant::now();
        let out = lower_file(&unit, &LowerOptions::default());
        let took = start.elapsed();
        total += took;
        if took > slowest.0 {
            slowest = (took, path.clone());
        }
        let (mut bad, mut n) = (0, 0);
        for k in &out.kernels {
            n += 1;
            barriers += k.barriers.len();
            bad += usize::from(!k.unsupported.is_empty());
            with_barriers += usize::from(!k.barriers.is_empty());
            clean_with_barriers += usize::from(!k.barriers.is_empty() && k.unsupported.is_empty());
            for u in &k.unsupported {
                *by_kind.entry(u.construct.clone()).or_default() += 1;
                if verbose {
                    println!("    {} {}: {}", map.place(u.span), k.name, u.construct);
                }
            }
        }
        for d in &out.diagnostics {
            *by_kind.entry(format!("! {}", d.message)).or_default() += 1;
        }
        kernels += n;
        clean += n - bad;
        if verbose {
            println!("  {n} kernels, {bad} with unsupported constructs, {took:?}");
        }
    }
    println!(
        "{kernels} kernels, {clean} without unsupported constructs; {with_barriers} with barriers, \
         {clean_with_barriers} of them clean; {barriers} barrier instances; {total:?}, slowest {slowest:?}"
    );
    let mut kinds: Vec<_> = by_kind.into_iter().collect();
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    for (k, n) in kinds.iter().take(60) {
        println!("{n:6}  {k}");
    }
}
