//! A file of 12,000 lines parses in far less than 1.5 seconds (optimised), and in time that grows
//! with its length, not faster.

use std::time::{Duration, Instant};

use unbarrier::front::parse::parse;
use unbarrier::source::{FileId, Token, lex_all};

/// One function of 24 lines; `n` makes its name unique.
fn function(n: usize) -> String {
    let mut s = format!(
        "template <typename T, int N>\nvoid f{n}(device T *out, const device float4 *in, uint tid) {{\n"
    );
    for k in 0..10 {
        s.push_str(&format!(
            "    threadgroup float tile{k}[N][{k} + 1], *p{k} = (threadgroup float *)(&tile{k}[0][tid & 3]);\n    \
             for (uint i = tid; i < N * {k}; i += 32) {{ p{k}[i] += dot(in[i + {k}].xyz, float3(1, 2, 3)) * 0.5f; }}\n"
        ));
    }
    s.push_str("    out[tid] = static_cast<T>(tile0[0][0]) > T(0) ? T(1) : T(2);\n}\n");
    s
}

fn source(functions: usize) -> (Vec<Token>, usize, usize) {
    let text: String = (0..functions).map(function).collect();
    let lines = text.lines().count();
    (lex_all(FileId(0), &text).0, lines, text.len())
}

fn time(tokens: &[Token]) -> Duration {
    let start = Instant::now();
    let out = parse(tokens);
    assert!(out.diagnostics.is_empty(), "{:?}", out.diagnostics);
    start.elapsed()
}

#[test]
fn speed() {
    let (small, ..) = source(125);
    let (large, lines, bytes) = source(500);
    let (a, b) = (time(&small), time(&large));
    println!(
        "{lines} lines, {bytes} bytes, {} tokens: {b:?} (a quarter of it: {a:?})",
        large.len()
    );
    let limit = if cfg!(debug_assertions) { 15.0 } else { 1.5 };
    assert!(b.as_secs_f64() < limit, "{b:?}");
    assert!(b < a * 10 + Duration::from_millis(200), "{a:?} then {b:?}");
}

/// One item as long as a file: nothing is linear in items only.
#[test]
fn one_long_function() {
    let body = "if (a < b && c > d) { x[i] = (T)(y) + f<4>(z, w); } else { g(x * y); }\n";
    let (small, large): (String, String) = (
        format!("void f() {{\n{}}}", body.repeat(1000)),
        format!("void f() {{\n{}}}", body.repeat(6000)),
    );
    let (a, b) = (
        time(&lex_all(FileId(0), &small).0),
        time(&lex_all(FileId(0), &large).0),
    );
    println!("one function of 1,000 lines: {a:?}, of 6,000 lines: {b:?}");
    assert!(b < a * 15 + Duration::from_millis(200), "{a:?} then {b:?}");
}
