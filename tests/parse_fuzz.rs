//! No input makes the parser panic, hang or contradict itself.
//!
//! Inputs are the case files with tokens changed, and random tokens. `UNBARRIER_FUZZ_RUNS` sets
//! the number of inputs (500).

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use unbarrier::front::ast::ItemKind;
use unbarrier::front::parse::{dump, parse};
use unbarrier::source::{FileId, PreprocessOptions, SourceMap, Token, lex_all, preprocess};

static CASES: LazyLock<Vec<Vec<Token>>> = LazyLock::new(|| {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/parse");
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|x| x == "metal"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|p| {
            let mut map = SourceMap::new();
            let main = map.load(p).unwrap();
            preprocess(&mut map, main, &PreprocessOptions::default()).tokens
        })
        .collect()
});

/// Words that matter to the grammar.
const WORDS: &str = "( ) [ ] { } < > << >> <= >= == != && || & * + - / % ^ | ~ ! = += <<= ++ -- -> . ... :: : ; , ? \
    [[ ]] if else for while do switch case default break continue return goto sizeof alignof decltype static_assert \
    using typedef namespace template operator public true nullptr this static_cast as_type alignas noexcept \
    __attribute__ asm const constexpr static inline extern device constant threadgroup thread kernel friend \
    typename struct class union enum auto unsigned long int float float4 vec T N x y f g 0 1u 2.5f 'c' \"s\" \
    coherent override final @ $ \\ # `";

static VOCABULARY: LazyLock<Vec<Token>> = LazyLock::new(|| lex_all(FileId(0), WORDS).0);

#[derive(Clone, Debug)]
enum Edit {
    Delete(prop::sample::Index, usize),
    Insert(prop::sample::Index, prop::sample::Index),
    Replace(prop::sample::Index, prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index, usize),
    Truncate(prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let i = any::<prop::sample::Index>;
    prop_oneof![
        (i(), 1..4usize).prop_map(|(a, n)| Edit::Delete(a, n)),
        (i(), i()).prop_map(|(a, b)| Edit::Insert(a, b)),
        (i(), i()).prop_map(|(a, b)| Edit::Replace(a, b)),
        (i(), i()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (i(), i(), 1..40usize).prop_map(|(a, b, n)| Edit::Copy(a, b, n)),
        i().prop_map(Edit::Truncate),
    ]
}

fn apply(tokens: &mut Vec<Token>, e: &Edit) {
    if tokens.is_empty() {
        return;
    }
    let len = tokens.len();
    match e {
        Edit::Delete(a, n) => {
            let a = a.index(len);
            tokens.drain(a..(a + n).min(len));
        }
        Edit::Insert(a, b) => tokens.insert(a.index(len), b.get(&VOCABULARY).clone()),
        Edit::Replace(a, b) => tokens[a.index(len)] = b.get(&VOCABULARY).clone(),
        Edit::Swap(a, b) => tokens.swap(a.index(len), b.index(len)),
        Edit::Copy(a, b, n) => {
            let a = a.index(len);
            let part = tokens[a..(a + n).min(len)].to_vec();
            let b = b.index(len);
            tokens.splice(b..b, part);
        }
        Edit::Truncate(a) => tokens.truncate(a.index(len)),
    }
}

fn input() -> impl Strategy<Value = Vec<Token>> {
    let i = any::<prop::sample::Index>;
    prop_oneof![
        4 => (i(), prop::collection::vec(edit(), 1..12)).prop_map(|(case, edits)| {
            let mut tokens = case.get(&CASES).clone();
            for e in &edits {
                apply(&mut tokens, e);
            }
            tokens
        }),
        // A window of a case, so that small inputs are seen often.
        2 => (i(), i(), 1..80usize, prop::collection::vec(edit(), 0..6)).prop_map(|(case, at, n, edits)| {
            let all = case.get(&CASES);
            let at = at.index(all.len());
            let mut tokens = all[at..(at + n).min(all.len())].to_vec();
            for e in &edits {
                apply(&mut tokens, e);
            }
            tokens
        }),
        2 => prop::collection::vec(i(), 0..120)
            .prop_map(|v| v.iter().map(|k| k.get(&VOCABULARY).clone()).collect()),
    ]
}

#[test]
fn nothing_breaks_the_parser() {
    let cases = std::env::var("UNBARRIER_FUZZ_RUNS")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(500);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    });
    let mut slowest = std::time::Duration::ZERO;
    let slow = std::cell::RefCell::new(&mut slowest);
    let result = runner.run(&input(), |tokens| {
        let start = std::time::Instant::now();
        let out = parse(&tokens);
        let took = start.elapsed();
        if took > **slow.borrow() {
            **slow.borrow_mut() = took;
        }
        prop_assert!(took.as_secs() < 10, "took {took:?}");
        prop_assert!(
            out.diagnostics
                .iter()
                .all(|d| d.code != Some("parse::internal")),
            "{:?}",
            out.diagnostics
        );
        let text = dump(&out.unit);
        prop_assert!(!text.contains("Rule::"));
        // An error item comes with a message.
        if out
            .unit
            .items
            .iter()
            .any(|i| matches!(i.kind, ItemKind::Error(_)))
        {
            prop_assert!(!out.diagnostics.is_empty());
        }
        for d in &out.diagnostics {
            prop_assert!(d.primary_span().is_some() && d.help.is_some(), "{d:?}");
        }
        Ok(())
    });
    println!("{cases} inputs, slowest {slowest:?}");
    if let Err(e) = result {
        panic!("{e}");
    }
}
