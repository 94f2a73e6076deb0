//! Normal forms: instances that differ in values alone are one kernel, whatever decides where memory is accessed stays, and executions of a
//! kernel and of its normal form show the same conflicts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use unbarrier::exec::{Finding, Launch, RunOptions, run};
use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::normal::normal_form;
use unbarrier::ir::visit::{Visitor, walk_kernel, walk_stmt};
use unbarrier::ir::{Expr, Kernel, ObjectId, Space, Stmt};
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

fn kernels(text: &str) -> Vec<Kernel> {
    let mut map = SourceMap::new();
    let file = map.add_file("case.metal", PathBuf::from("case.metal"), text);
    let pre = preprocess(&mut map, file, &PreprocessOptions::default());
    lower_file(&parse(&pre.tokens).unit, &LowerOptions::default()).kernels
}

/// The normal forms of the kernels of a text, as text, in order.
fn forms(text: &str) -> Vec<String> {
    let all = kernels(text);
    let all = all.iter().map(|k| format!("{:?}", normal_form(k)));
    all.collect()
}

/// Kernels `k` with the given parameters and body, for types `T`.
fn instances(body: &str, types: &[&str]) -> Vec<String> {
    let mut text = format!(
        "#include <metal_stdlib>
using namespace metal;
struct Add {{ template <typename T> T operator()(T a, T b) {{ return a + b; }} }};
struct Mul {{ template <typename T> T operator()(T a, T b) {{ return a == b ? a * a : a * b; }} }};
struct Peak {{ template <typename T> T operator()(T a, T b) {{ return simd_max(max(a, b)); }} }};
template <typename T, typename Op>
[[kernel]] void k(device T* out [[buffer(0)]], device const T* in [[buffer(1)]], constant uint& n [[buffer(2)]],
                  uint tid [[thread_index_in_threadgroup]]) {{
    threadgroup T t[64];
    {body}
}}
"
    );
    for (i, t) in types.iter().enumerate() {
        text += &format!(
            "template [[host_name(\"k{i}\")]] [[kernel]] void k<{t}>(device {0}*, device const {0}*, constant uint&, uint);\n",
            t.split(',').next().unwrap_or(t)
        );
    }
    let out = forms(&text);
    assert_eq!(out.len(), types.len(), "{text}");
    out
}

const VALUES: &str = "t[tid] = in[tid]; threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = Op()(t[63 - tid], in[n]);";

#[test]
fn types_of_a_size_and_operations_on_values_are_one() {
    let all = [
        "float, Add",
        "int, Add",
        "uint, Mul",
        "float, Mul",
        "float, Peak",
    ];
    let forms = instances(VALUES, &all);
    for f in &forms {
        assert_eq!(*f, forms[0]);
    }
}

#[test]
fn types_of_other_sizes_are_not() {
    let forms = instances(
        VALUES,
        &["float, Add", "half, Add", "uchar, Add", "long, Add"],
    );
    let different: BTreeSet<&String> = forms.iter().collect();
    assert_eq!(different.len(), 4);
}

#[test]
fn what_decides_an_access_stays() {
    for body in [
        "out[(uint)Op()(in[tid], in[n])] = 0;",
        "if (Op()(in[tid], in[n]) > 0) { out[tid] = 0; }",
        "t[tid] = Op()(in[tid], in[n]); threadgroup_barrier(mem_flags::mem_threadgroup);
         out[(uint)t[63 - tid] & 63] = 0;",
        "T s = 0; for (uint i = 0; i < 4; i++) { s = Op()(s, in[i]); } while (s > 0) { out[tid] = s; s = s - 1; }",
        "T s = Op()(in[tid], in[n]); if (s > 0) { return; } threadgroup_barrier(mem_flags::mem_threadgroup); out[tid] = 0;",
    ] {
        let forms = instances(body, &["int, Add", "int, Mul", "uint, Add", "int, Peak"]);
        let different: BTreeSet<&String> = forms.iter().collect();
        assert_eq!(different.len(), 4, "{body}");
    }
}

#[test]
fn atomics_keep_all_values() {
    let text = |op: &str| {
        format!(
            "#include <metal_stdlib>
using namespace metal;
kernel void k(device atomic_int* a [[buffer(0)]], device int* out [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {{
    int x = out[tid] {op} 3;
    int old = atomic_fetch_add_explicit(&a[0], x, memory_order_relaxed);
    out[tid + 1024] = old {op} 2;
}}
"
        )
    };
    assert_ne!(forms(&text("+")), forms(&text("*")));
}

/// Accesses that others see, barriers and returns of a kernel, in order.
fn effects(k: &Kernel) -> Vec<String> {
    struct All(Vec<String>, Vec<ObjectId>);
    impl Visitor for All {
        fn stmt(&mut self, s: &Stmt) {
            match s {
                Stmt::Barrier(b) => self.0.push(format!("{b:?}")),
                Stmt::Return { span } => self.0.push(format!("return {span:?}")),
                Stmt::Unsupported {
                    construct, effects, ..
                } => self.0.push(format!("{construct} {effects:?}")),
                _ => {}
            }
            if let Some((a, kind)) = s.access().filter(|(a, _)| !self.1.contains(&a.object)) {
                self.0
                    .push(format!("{:?} {kind:?} {:?} {:?}", a.id, a.object, a.span));
            }
            walk_stmt(self, s);
        }
        fn expr(&mut self, _: &Expr) {}
    }
    let ids = k.objects.iter().enumerate();
    let private = ids.filter(|(_, o)| o.space == Space::Thread);
    let private = private.map(|(i, _)| ObjectId(i as u32)).collect();
    let mut all = All(Vec::new(), private);
    walk_kernel(&mut all, k);
    all.0
}

/// Places that conflict in an execution.
fn conflicts(k: &Kernel) -> Option<BTreeSet<String>> {
    let launch = Launch::new([33, 1, 1]);
    // A case that does not end says the same after a while.
    let options = RunOptions {
        step_limit: 2_000_000,
        ..RunOptions::default()
    };
    let out = run(k, &launch, &options).ok()?;
    let cut = |f: &Finding| matches!(f, Finding::StepLimit { .. });
    if out.findings.iter().any(cut) {
        return None;
    }
    let place = |c: &unbarrier::exec::Conflict| {
        let (a, b) = (c.a.span.min(c.b.span), c.a.span.max(c.b.span));
        format!("{:?} {a:?} {b:?}", c.object)
    };
    Some(out.conflicts().map(place).collect())
}

fn cases(folder: &Path, out: &mut Vec<PathBuf>) {
    for e in std::fs::read_dir(folder).expect("a folder") {
        let path = e.expect("an entry").path();
        if path.is_dir() {
            cases(&path, out);
        } else if path.extension().is_some_and(|x| x == "metal") {
            out.push(path);
        }
    }
}

#[test]
fn effects_and_executions_are_the_same_for_all_cases() {
    let mut files = Vec::new();
    cases(Path::new("tests/cases"), &mut files);
    files.sort();
    let (mut seen, mut smaller, mut raced, mut compared) = (0, 0, 0, 0);
    for f in files {
        let text = std::fs::read_to_string(&f).expect("a case");
        for k in kernels(&text) {
            let n = normal_form(&k);
            let name = format!("{}: {}", f.display(), k.name);
            assert_eq!(effects(&k), effects(&n), "{name}");
            assert_eq!(
                format!("{n:?}"),
                format!("{:?}", normal_form(&n)),
                "{name}: not its own normal form"
            );
            let (before, after) = (conflicts(&k), conflicts(&n));
            // One of the two is cut off: the normal form has fewer instructions.
            if let (Some(b), Some(a)) = (&before, &after) {
                assert_eq!(b, a, "{name}");
                compared += 1;
            }
            seen += 1;
            smaller += usize::from(n.vars.len() < k.vars.len());
            raced += usize::from(before.is_some_and(|c| !c.is_empty()));
        }
    }
    // The comparison is about something.
    assert!(
        seen > 300 && smaller > 50 && raced > 30 && compared * 10 > seen * 8,
        "{seen} {smaller} {raced} {compared}"
    );
}
