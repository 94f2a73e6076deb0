//! Unit tests of the preprocessor.

use super::*;
use std::path::PathBuf;

fn run_with(source: &str, opts: &PreprocessOptions) -> (SourceMap, PreprocessOutput) {
    let mut map = SourceMap::new();
    let id = map.add_file("t.metal", PathBuf::new(), source);
    let out = preprocess(&mut map, id, opts);
    (map, out)
}

fn texts(source: &str) -> String {
    let (_, out) = run_with(source, &PreprocessOptions::default());
    assert!(!out.has_errors(), "{:?}", out.diagnostics);
    join(&out)
}

fn join(out: &PreprocessOutput) -> String {
    let all: Vec<&str> = out.tokens.iter().map(|t| &*t.text).collect();
    all.join(" ")
}

fn messages(source: &str) -> Vec<String> {
    let (_, out) = run_with(source, &PreprocessOptions::default());
    out.diagnostics.into_iter().map(|d| d.message).collect()
}

#[test]
fn tokens_of_a_macro_lead_to_the_invocation_and_to_the_body() {
    let source = "#define INNER(x) barrier(x);\n#define OUTER INNER(flag)\nvoid f() { OUTER }\n";
    let (map, out) = run_with(source, &PreprocessOptions::default());
    let token = out.tokens.iter().find(|t| t.is_ident("barrier")).cloned();
    let Some(token) = token else {
        panic!("no barrier");
    };
    assert_eq!(map.text(token.span), "OUTER");
    let chain = map.expansion_chain(token.span);
    let names: Vec<&str> = chain.iter().map(|e| &*e.macro_name).collect();
    assert_eq!(names, ["OUTER", "INNER"]);
    assert_eq!(map.text(chain[0].call_span), "OUTER");
    assert_eq!(map.text(chain[0].def_span), "INNER");
    assert_eq!(map.text(chain[1].call_span), "INNER(flag)");
    assert_eq!(map.text(chain[1].def_span), "barrier");
    assert_eq!(map.place(map.spelling(token.span)), "t.metal:1:18");
    let argument = out.tokens.iter().find(|t| t.is_ident("flag")).cloned();
    let spelled = argument.map(|t| map.place(map.spelling(t.span)));
    assert_eq!(spelled.as_deref(), Some("t.metal:2:21"));
}

#[test]
fn an_invocation_over_lines_is_covered_through_its_parenthesis() {
    let source = "#define F(a, b) a + b\nint x = F(1,\n  G(2)\n);\n";
    let (map, out) = run_with(source, &PreprocessOptions::default());
    let plus = out.tokens.iter().find(|t| t.is_punct("+")).cloned();
    let text = plus.map(|t| map.text(t.span).to_owned());
    assert_eq!(text.as_deref(), Some("F(1,\n  G(2)\n)"));
}

#[test]
fn macros_in_arguments_keep_their_chain() {
    let source = "#define G(x) [x]\n#define F(x) {x}\nF(G(1))\n";
    let (map, out) = run_with(source, &PreprocessOptions::default());
    assert_eq!(join(&out), "{ [ 1 ] }");
    let chain = map.expansion_chain(out.tokens[1].span);
    let names: Vec<&str> = chain.iter().map(|e| &*e.macro_name).collect();
    assert_eq!(names, ["F", "G"]);
    assert!(out.tokens.iter().all(|t| map.text(t.span) == "F(G(1))"));
}

#[test]
fn optional_variable_arguments() {
    let define = "#define L(f, ...) g(f __VA_OPT__(, __VA_ARGS__))\n";
    assert_eq!(texts(&format!("{define}L(1)")), "g ( 1 )");
    assert_eq!(texts(&format!("{define}L(1,)")), "g ( 1 )");
    assert_eq!(texts(&format!("{define}L(1,2,3)")), "g ( 1 , 2 , 3 )");
    let paste = "#define P(x, ...) x##__VA_OPT__(b)##c #__VA_OPT__(x y)\n";
    assert_eq!(texts(&format!("{paste}P(a,1) P(a)")), "abc \"a y\" ac \"\"");
}

#[test]
fn conditions_compute_in_64_bits() {
    for (expression, expected) in [
        ("1 + 2 * 3 == 7 && 8 >> 1 == 4", true),
        ("-1 > 0u", true),
        ("-1 < 0", true),
        ("0xFFFFFFFFFFFFFFFF == -1", true),
        ("18446744073709551615 > 0", true),
        ("(2 ? 3 : 1/0) == 3", true),
        ("0 && 1/0", false),
        ("1 || 1/0", true),
        (
            "'a' == 97 && '\\n' == 10 && '\\x41' == 65 && '\\0' == 0",
            true,
        ),
        ("'\\377' < 0 && L'\\377' > 0", true),
        ("'ab' == 24930", true),
        ("0b101 == 5 && 017 == 15 && 1'000 == 1000 && 0u == 0", true),
        ("1 << 62 > 0 && ~0 == -1 && !0", true),
        ("not 0 and (1 xor 0) and 1 bitor 2", true),
        ("undefined_name", false),
        ("true && !false", true),
        ("defined X || defined(__METAL_VERSION__)", true),
        ("__METAL_VERSION__ >= 310", true),
        ("7 % 4 == 3 && -7 / 2 == -3 && -7 % 2 == -1", true),
        ("(1, 2) == 2", true),
        (
            "__has_include(<metal_stdlib>) && !__has_include(\"no_such_file.h\")",
            true,
        ),
        (
            "__has_attribute(always_inline) && defined(__has_include)",
            true,
        ),
        ("1 ? 2 ? 0 : 1 : 1", false),
    ] {
        let got = texts(&format!("#if {expression}\nyes\n#else\nno\n#endif\n"));
        assert_eq!(got == "yes", expected, "{expression}");
    }
}

#[test]
fn bad_conditions_are_errors_and_false() {
    for (expression, part) in [
        ("1/0", "division by zero"),
        ("1 +", "ends where"),
        ("(1", "missing `)`"),
        ("1 2", "unexpected `2`"),
        ("F(1)", "function-like macro `F` is not defined"),
        ("1.5", "floating-point"),
        ("\"a\"", "cannot stand"),
        ("", "no expression"),
        ("1 ? 2", "expected `:`"),
        ("99999999999999999999", "64 bits"),
        ("1q", "not an integer"),
        ("defined", "must be followed"),
    ] {
        let (_, out) = run_with(
            &format!("#if {expression}\nyes\n#endif\n"),
            &PreprocessOptions::default(),
        );
        assert_eq!(join(&out), "", "{expression}");
        let all: Vec<&str> = out.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert!(
            all.iter().any(|m| m.contains(part)),
            "{expression}: {all:?}"
        );
    }
}

#[test]
fn groups_and_their_errors() {
    assert_eq!(
        texts(
            "#if 0\na don't\n#if 1\nb\n#else\nc\n#endif\n#elif 1\nd\n#elif 1/0\ne\n#else\nf\n#endif\ng"
        ),
        "d g"
    );
    assert_eq!(
        texts("#define A\n#if 0\n#elifdef A\nx\n#endif\n#ifndef A\n#elifndef B\ny\n#endif"),
        "x y"
    );
    assert_eq!(messages("#if 1\nx"), ["unterminated conditional directive"]);
    assert_eq!(messages("#endif"), ["`#endif` without `#if`"]);
    assert_eq!(
        messages("#else\n#elif 1\n"),
        ["`#else` without `#if`", "`#elif` without `#if`"]
    );
    assert_eq!(
        messages("#if 1\n#else\n#else\n#endif"),
        ["`#else` after `#else`"]
    );
    assert_eq!(
        messages("#if 0\n#else\n#elif 1\n#endif"),
        ["`#elif` after `#else`"]
    );
    assert_eq!(
        messages("#if 0\n#bogus 'x\n#error no\n#endif"),
        Vec::<String>::new()
    );
}

#[test]
fn definitions_that_are_wrong_are_reported() {
    for (source, part) in [
        ("#define", "needs a macro name"),
        ("#define 1x", "needs a macro name"),
        ("#define defined 1", "cannot be defined"),
        ("#define F(a,a) a", "duplicate"),
        ("#define F(a", "missing `)`"),
        ("#define F(a b) a", "invalid token"),
        ("#define F(..., a) a", "invalid token"),
        ("#define F(a) #b", "not followed by a macro parameter"),
        ("#define X ## a", "either end"),
        ("#define A 1\n#define A 2", "redefined"),
        ("#define P(a,b) a##b\nP(+,/)", "does not make a token"),
        (
            "#define F(a) a\nF(1,2)",
            "takes 1 argument, but 2 are given",
        ),
        (
            "#define F(a, ...) a\n#define G(a,b,...) a\nG(1)",
            "takes at least 2 arguments, but 1 is given",
        ),
        ("#define F(a) a\nF(1", "unterminated invocation"),
        ("#bogus", "unknown preprocessing directive"),
        ("#error some text", "#error: some text"),
        ("#include <nope>", "cannot find include file `nope`"),
        ("#include nope", "needs `\"FILE\"`"),
        ("_Pragma(1)", "string literal"),
        ("#line x", "line number"),
    ] {
        let all = messages(source);
        assert!(all.iter().any(|m| m.contains(part)), "{source}: {all:?}");
    }
    assert_eq!(
        messages("#define A 1 + 2\n#define A 1  +\t2"),
        Vec::<String>::new()
    );
}

#[test]
fn options_define_and_undefine() {
    let opts = PreprocessOptions {
        defines: vec![
            ("N".into(), Some("3 + \\".into())),
            ("FLAG".into(), None),
            ("__METAL_VERSION__".into(), Some("240".into())),
            ("GONE".into(), None),
        ],
        undefines: vec!["GONE".into(), "__METAL_MACOS__".into()],
        include_dirs: Vec::new(),
    };
    let (_, out) = run_with("N FLAG __METAL_VERSION__ GONE __METAL_MACOS__", &opts);
    assert_eq!(join(&out), "3 + \\ 1 240 GONE __METAL_MACOS__");
    assert!(out.diagnostics.is_empty(), "{:?}", out.diagnostics);
    for bad in ["", "1X", "a b", "F(x)", "defined", "a-b"] {
        let opts = PreprocessOptions {
            defines: vec![(bad.into(), None)],
            undefines: vec![bad.into()],
            include_dirs: Vec::new(),
        };
        let (_, out) = run_with("x", &opts);
        assert_eq!(out.diagnostics.len(), 2, "{bad}");
        assert_eq!(join(&out), "x");
    }
}

#[test]
fn pragmas_are_dropped_and_recorded() {
    let source = "a\n#pragma unroll\nb _Pragma(\"clang loop unroll(full)\") c\n\
        #define P _Pragma(\"unroll\") d\nP\n#pragma clang loop unroll(full) \\\n x\ne";
    let (_, out) = run_with(source, &PreprocessOptions::default());
    assert_eq!(join(&out), "a b c d e");
    let all: Vec<(&str, usize)> = out
        .pragmas
        .iter()
        .map(|p| (p.text.as_str(), p.before_token))
        .collect();
    assert_eq!(
        all,
        [
            ("unroll", 1),
            ("clang loop unroll(full)", 2),
            ("unroll", 3),
            ("clang loop unroll(full)  x", 4)
        ]
    );
}

#[test]
fn pushed_macros_come_back() {
    let source = "#define A 1\n#pragma push_macro(\"A\")\n#undef A\n#define A 2\nA\n#pragma pop_macro(\"A\")\nA";
    assert_eq!(texts(source), "2 1");
}

#[test]
fn line_and_counter() {
    assert_eq!(
        texts("__LINE__\n__LINE__ __COUNTER__ __COUNTER__"),
        "1 2 0 1"
    );
    assert_eq!(
        texts("#line 40 \"other\"\n__LINE__ __FILE__"),
        "40 \"other\""
    );
    assert_eq!(texts("__FILE__"), "\"t.metal\"");
}

#[test]
fn bombs_end_with_an_error() {
    let mut doubling = String::from("#define A0 x x\n");
    for i in 1..60 {
        doubling.push_str(&format!("#define A{i} A{} A{}\n", i - 1, i - 1));
    }
    doubling.push_str("A59\n");
    let mut strings = String::from("#define S0(x) #x\n#define P(x) Q(x##x)\n#define Q(x) x\n");
    strings.push_str("#define D(x) x##x\n#define E(x) D(x)\n");
    let nested = format!("{strings}{}a{}", "E(".repeat(100), ")".repeat(100));
    let deep = format!("#define F(x) x\n{}{}", "F(".repeat(5000), ")".repeat(5000));
    let parens = format!(
        "#if {}1{}\n#endif",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    let nots = format!("#if {}1\n#endif", "!".repeat(100_000));
    for source in [doubling, nested, deep, parens, nots] {
        let (_, out) = run_with(&source, &PreprocessOptions::default());
        assert!(out.has_errors());
    }
}
