//! Prints the IR of the file named by `UNBARRIER_DUMP`; a tool for people who work on lowering.

use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::text::to_text;
use unbarrier::source::{PreprocessOptions, SourceMap, Span, preprocess};

#[test]
fn dump() {
    let Some(path) = std::env::var_os("UNBARRIER_DUMP") else {
        println!("dump: skipped (UNBARRIER_DUMP is not set)");
        return;
    };
    let mut map = SourceMap::new();
    let Ok(main) = map.load(path.as_ref()) else {
        panic!("cannot read the file");
    };
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let unit = parse(&pre.tokens).unit;
    let out = lower_file(&unit, &LowerOptions::default());
    let line_of = |s: Span| map.line_col(s.file, s.start);
    for k in &out.kernels {
        println!("{}", to_text(k, &line_of));
    }
    for d in &out.diagnostics {
        println!("{}", d.message);
    }
}
