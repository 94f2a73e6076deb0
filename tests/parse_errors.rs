//! What the parser says about mistakes, where it says it, and that it goes on after them.

use unbarrier::front::ast::{ItemKind, TranslationUnit};
use unbarrier::front::parse::parse;
use unbarrier::source::{Diagnostic, PreprocessOptions, SourceMap, preprocess};

fn run(text: &str) -> (TranslationUnit, Vec<Diagnostic>, SourceMap) {
    let mut map = SourceMap::new();
    let main = map.add_file("t.metal", Default::default(), text);
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let out = parse(&pre.tokens);
    (out.unit, out.diagnostics, map)
}

/// `line:column: message` of each diagnostic, and the kinds of the items (`e` for an error).
fn messages(text: &str) -> (Vec<String>, String) {
    let (unit, diagnostics, map) = run(text);
    let shown = diagnostics
        .iter()
        .map(|d| {
            assert!(d.help.is_some(), "no help: {d:?}");
            let s = d.primary_span().expect("a place");
            let (line, col) = map.line_col(s.file, s.start);
            format!("{line}:{col}: {}", d.message)
        })
        .collect();
    let kinds = unit
        .items
        .iter()
        .map(|i| match i.kind {
            ItemKind::Error(_) => 'e',
            ItemKind::Function(_) => 'f',
            ItemKind::Record(_) => 'r',
            ItemKind::Var(_) => 'v',
            ItemKind::Namespace { .. } => 'n',
            _ => '.',
        })
        .collect();
    (shown, kinds)
}

fn check(text: &str, want: &[&str], kinds: &str) {
    let (got, k) = messages(text);
    assert_eq!(got, want, "for\n{text}");
    assert_eq!(k, kinds, "for\n{text}");
}

#[test]
fn missing_semicolon_in_a_body() {
    check(
        "void f() {\n  int a = 1\n  int b = 2;\n}\nvoid g() {}\n",
        &["3:3: expected `;`, found the name `int`"],
        "ef",
    );
}

#[test]
fn missing_semicolon_after_a_struct() {
    check(
        "struct S { int a; }\nkernel void k() {}\nvoid g() {}\n",
        &["2:1: expected `;` or a name, found the keyword `kernel`"],
        "eff",
    );
}

#[test]
fn missing_parenthesis() {
    check(
        "void f(int a) {\n  g(a;\n}\nvoid h() {}\n",
        &["2:4: this `(` is never closed"],
        "ef",
    );
}

#[test]
fn missing_brace_before_a_kernel() {
    check(
        "void f(int a) {\n  if (a) {\n  g(a);\n}\n[[host_name(\"x\")]] kernel void k() {}\nvoid h() {}\n",
        &["1:15: this `{` is never closed"],
        "eff",
    );
}

#[test]
fn missing_brace_at_the_end() {
    check(
        "void h() {}\nvoid f() {\n  if (1) {\n}\n",
        &["2:10: this `{` is never closed"],
        "fe",
    );
}

#[test]
fn stray_brace() {
    check(
        "void f() {}\n}\nvoid g() {}\n",
        &["2:1: `}` closes nothing"],
        "fef",
    );
}

#[test]
fn bad_expression() {
    check(
        "void f() { int a = 1 + ; }\nint b;",
        &["1:24: expected an expression, found `;`"],
        "ev",
    );
    check(
        "int a[3] = {1, 2 3};\nint b;",
        &["1:18: expected `,` or `}`, found the number `3`"],
        "ev",
    );
}

#[test]
fn bad_list() {
    check(
        "void f(int a int b);\nint b;",
        &["1:14: expected `)` or `,`, found the name `int`"],
        "ev",
    );
    check(
        "void f() { g(a b); }\nint b;",
        &["1:16: expected `)` or `,`, found the name `b`"],
        "ev",
    );
    check(
        "vec<float 4> x;\nint b;",
        &["1:11: expected `,` or `>`, found the number `4`"],
        "ev",
    );
}

#[test]
fn bad_statement() {
    check(
        "void f() { if a > 1 { } }\nint b;",
        &["1:15: expected `(`, found the name `a`"],
        "ev",
    );
    check(
        "void f() { do { } (1); }\nint b;",
        &["1:19: expected `while`, found `(`"],
        "ev",
    );
}

#[test]
fn unknown_macro_is_suggested() {
    let (_, d, _) = run("void f() { int a = 1 FOO_BAR; }");
    assert_eq!(d.len(), 1);
    let help = d[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("`FOO_BAR` is a macro"), "{help}");
}

#[test]
fn errors_do_not_hide_each_other() {
    check(
        "void a() { x x x; }\nint ok;\nvoid b() { = }\nnamespace n { int y }\nint z;",
        &[
            "1:16: expected `;`, found the name `x`",
            "3:12: expected a statement, found `=`",
            "4:21: expected `;`, found `}`",
        ],
        "evenv",
    );
}

#[test]
fn no_rule_names_are_shown() {
    for text in [
        "void f(",
        "int",
        "template <",
        "template <typename T> 3",
        "struct {",
        "enum E { A = }; ",
        "kernel void k(device float *p [[buffer(0)) {}",
        "using A = ;",
        "typedef ;",
        "void f() { for (;;; ) {} }",
        "void f() { switch }",
        "auto x = [&](int a { return a; };",
        "int x = sizeof(int;",
        "int a = b<c>;",
        "int @ 3;",
        "void f() { case: }",
    ] {
        let (_, d, _) = run(text);
        assert!(!d.is_empty(), "no message for {text}");
        for m in d.iter().map(|d| &d.message) {
            assert!(!m.contains('_'), "{text}: {m}");
        }
    }
}

#[test]
fn deep_nesting_is_refused_quickly() {
    for (open, close) in [("(", ")"), ("{", "}"), ("[", "]"), ("f(", ")")] {
        let text = format!(
            "void f() {{ x = {}1{}; }}\nvoid g() {{}}",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        let (m, kinds) = messages(&text);
        assert_eq!(m.len(), 1, "{m:?}");
        assert!(m[0].contains("nested more than 256 levels"), "{m:?}");
        assert_eq!(kinds, "ef");
    }
    let (m, _) = messages(&format!(
        "{}{}int z;",
        "namespace a { ".repeat(10_000),
        "}".repeat(10_000)
    ));
    assert_eq!(m.len(), 1, "{m:?}");
    let text = format!("int x = {}1{};", "(".repeat(250), ")".repeat(250));
    assert_eq!(messages(&text), (vec![], "v".into()));
}

#[test]
fn long_chains_are_refused_or_parsed() {
    let n = 10_000;
    let chains = [
        format!("int x = {}1;", "a + ".repeat(n)),
        format!("int x = {}1;", "- ".repeat(n)),
        format!("int x = {}1;", "!".repeat(n)),
        format!("int x = {}1;", "a ? b : ".repeat(n)),
        format!("int x = {}1;", "a = ".repeat(n)),
        format!("int x = {}1;", "(int)".repeat(n)),
        format!("int x = a{};", "[0]".repeat(n)),
        format!("int x = a{};", "()".repeat(n)),
        format!("int x = a{};", ".b".repeat(n)),
        format!("int x = {}1;", "f<1,2>(3) + ".repeat(n)),
        format!("int x = {}1;", "sizeof ".repeat(n)),
        format!("int {}x;", "* ".repeat(n)),
        format!("int x{};", "[1]".repeat(n)),
        format!("void f() {{ {} ; }}", "if (a) ; else ".repeat(n / 2)),
        format!("void f() {{ {} ; }}", "for (;;) ".repeat(n)),
        format!("void f() {{ {} ; }}", "if (a) ".repeat(n)),
        format!("void f() {{ {} ; }}", "while (a) if (b) {} else ".repeat(n)),
        format!("vec<{}int{};", "vec<".repeat(n), ">".repeat(n)),
        format!("A{} x;", "<A".repeat(n)),
        format!("bool x = {}b;", "min < ".repeat(n)),
        format!("void f() {{ {}a; }}", "a, ".repeat(n)),
        format!("{}void f();", "template <typename T> ".repeat(n)),
        "template < ".repeat(n),
        "typedef ".repeat(n),
        format!("{}{}", "( ".repeat(n), "] ".repeat(n)),
        "( kernel void ".repeat(n),
        format!("struct x; void f() {{ {} }}", "int x; ".repeat(n)),
        format!("int x = {};", "a::".repeat(n) + "b"),
    ];
    for c in chains {
        let start = std::time::Instant::now();
        let (m, _) = messages(&format!("{c}\nint after;"));
        assert!(!c.contains("int x") || m.len() <= 2, "{}: {m:?}", &c[..40]);
        assert!(
            start.elapsed().as_secs() < 5,
            "{} took {:?}",
            &c[..40],
            start.elapsed()
        );
    }
    let fine = format!("int x = {}1;", "a + ".repeat(900));
    assert_eq!(messages(&fine).0, Vec::<String>::new());
    let fine = format!("void f() {{ {} ; }}", "if (a) b(); else ".repeat(900));
    assert_eq!(messages(&fine).0, Vec::<String>::new());
    let fine = format!("int x[] = {{ {} }};", "-1, ".repeat(n));
    assert_eq!(messages(&fine).0, Vec::<String>::new());
    let fine = format!("void f() {{ {} }}", "a = b + c; if (a) { b(); } ".repeat(n));
    assert_eq!(messages(&fine).0, Vec::<String>::new());
}

#[test]
fn reading_is_not_exponential() {
    // Each level could be read in two ways.
    let n = 60;
    for text in [
        format!(
            "int x = {}1{};",
            "f(a, [&]{ return ".repeat(n),
            "; })".repeat(n)
        ),
        format!("int x = {}1{};", "((a)*(b)+".repeat(n), ")".repeat(n)),
        format!("int x = {}1{};", "(T(a)(".repeat(n), "))".repeat(n)),
        format!("A<{}1{}> x;", "B<".repeat(n), ">::v + 1".repeat(n)),
        format!(
            "void f() {{ {} }}",
            "T a = {".repeat(n) + "1" + &"}".repeat(n) + ";"
        ),
        format!("void f() {}{}", "{ if (a * b) ".repeat(n), "}".repeat(n)),
        format!("{}int x;{}", "struct { ".repeat(n), "} a;".repeat(n)),
        format!("void f({}int{});", "void (*p)(".repeat(n), ")".repeat(n)),
        format!("void f() {{ {}a{}; }}", "x = (T)(".repeat(n), ")".repeat(n)),
        format!("void f() {{ {}a{}; }}", "(T(&)[".repeat(n), "])".repeat(n)),
    ] {
        let start = std::time::Instant::now();
        let _ = messages(&text);
        assert!(
            start.elapsed().as_secs() < 3,
            "{} took {:?}",
            &text[..40],
            start.elapsed()
        );
    }
}
