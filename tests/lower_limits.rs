//! Lowering ends, in bounded time, on code that is made to hurt; and says so in the IR.

use std::path::Path;
use std::time::{Duration, Instant};

use unbarrier::front::lower::{LowerOptions, LowerOutput, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

fn lower(text: &str) -> LowerOutput {
    let mut map = SourceMap::new();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("case.metal");
    std::fs::write(&path, text).expect("writable");
    let main = map.load(Path::new(&path)).expect("readable");
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    lower_file(&parse(&pre.tokens).unit, &LowerOptions::default())
}

#[test]
fn doubling_calls_are_cut_off() {
    let mut text = String::from("inline int f0(int x) { return x; }\n");
    for i in 1..40 {
        let p = i - 1;
        text += &format!("inline int f{i}(int x) {{ return f{p}(f{p}(x)); }}\n");
    }
    text += "kernel void k(device int* o [[buffer(0)]]) { o[0] = f39(1); }\n";
    let start = Instant::now();
    let out = lower(&text);
    assert!(start.elapsed() < Duration::from_secs(60));
    let k = out.kernels.first().expect("the kernel is there");
    assert!(!k.unsupported.is_empty());
}

#[test]
fn what_is_cut_off_is_unknown_on_every_path() {
    // The limit is reached in one branch; the barrier after it must not vanish silently.
    let mut text = String::from("inline int f0(int x) { return x; }\n");
    for i in 1..30 {
        let p = i - 1;
        text += &format!("inline int f{i}(int x) {{ return f{p}(f{p}(x)); }}\n");
    }
    text += "kernel void k(device int* o [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
             if (t == 0) { o[0] = f29(1); }\n\
             threadgroup_barrier(mem_flags::mem_device); o[1] = 2; }\n";
    let out = lower(&text);
    let last = out.kernels[0].body.last();
    assert!(matches!(
        last,
        Some(unbarrier::ir::Stmt::Unsupported { effects, .. }) if effects.memory && effects.control
    ));
}

#[test]
fn bit_fields_put_the_kernel_in_doubt() {
    let out = lower(
        "struct B { uint a : 4; uint b : 28; };\n\
         kernel void k(device B* o [[buffer(0)]]) { o[1].b = 1; }\n",
    );
    assert!(matches!(
        out.kernels[0].body.first(),
        Some(unbarrier::ir::Stmt::Unsupported { effects, .. }) if effects.memory
    ));
}

#[test]
fn mutual_recursion_is_named() {
    let out = lower(
        "int g(int x);\nint f(int x) { return g(x); }\nint g(int x) { return f(x); }\n\
         kernel void k(device int* o [[buffer(0)]]) { o[0] = f(1); }\n",
    );
    assert!(
        out.diagnostics
            .iter()
            .any(|d| d.message.contains("recursive"))
    );
    assert_eq!(out.kernels.len(), 1);
}

#[test]
fn endless_constant_loop_is_no_constant() {
    let out = lower(
        "constexpr int spin() { int i = 0; while (true) { i = i + 1; } return i; }\n\
         kernel void k(device int* o [[buffer(0)]]) { threadgroup int s[spin()]; s[0] = 1; }\n",
    );
    assert!(!out.kernels[0].unsupported.is_empty());
}

#[test]
fn an_endless_template_is_cut_off() {
    let out = lower(
        "template <int N> struct S { static constant constexpr int v = S<N + 1>::v; };\n\
         kernel void k(device int* o [[buffer(0)]]) { o[0] = S<0>::v; }\n",
    );
    assert_eq!(out.kernels.len(), 1);
}
