//! Syntax errors in words.
//!
//! Purpose: pest knows which rules it would have accepted where it stopped; this says so in the
//! language of the programmer.

use pest::error::{Error, ErrorVariant};

use super::analysis::Analysis;
use super::grammar::Rule;
use super::words::WordKind;
use crate::source::{Diagnostic, Token};

/// At most so many alternatives are listed.
const MAX_EXPECTED: usize = 3;

/// The message for a syntax error in the words `range`, at the word `at` (the end when `None`).
pub(super) fn syntax_error(
    e: &Error<Rule>,
    a: &Analysis,
    tokens: &[Token],
    range: (usize, usize),
    at: Option<usize>,
) -> Diagnostic {
    let rules: &[Rule] = match &e.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let expected = expected(rules);
    // An item that stops too early lacks what the next word is not.
    let at = at.or_else(|| (range.1 < a.words.len()).then_some(range.1));
    let before = at
        .map_or(range.1, |w| w)
        .checked_sub(1)
        .filter(|w| *w >= range.0);
    let shown = at.or(before).unwrap_or(range.0);
    let token = &tokens[a.words[shown].first as usize];
    let found = match at {
        Some(w) => describe(a, w),
        None => "the end of the file".into(),
    };
    let span = if at.is_some() {
        token.span
    } else {
        tokens[a.words[shown].last as usize].span
    };
    let message = match &expected[..] {
        [] => format!("unexpected {found}"),
        list => format!("expected {}, found {found}", join(list)),
    };
    let label = match &expected[..] {
        [] => "this cannot stand here".into(),
        list => format!("expected {}", join(list)),
    };
    let mut d = Diagnostic::error(message)
        .with_code("parse::syntax")
        .with_primary(span, label);
    if let (Some(at), Some(b)) = (at, before)
        && expected.iter().any(|e| e == "`;`")
        && tokens[a.words[at].first as usize].line_start
    {
        d = d.with_secondary(
            tokens[a.words[b].last as usize].span,
            "a `;` may be missing after this",
        );
    }
    d.with_help(help(a, at, &expected))
}

fn help(a: &Analysis, at: Option<usize>, expected: &[String]) -> String {
    if let Some(w) = at.map(|i| &a.words[i]) {
        if w.kind == WordKind::Other {
            return "remove the stray character, or define the macro it belongs to".into();
        }
        if w.is_name()
            && w.text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
        {
            return format!(
                "if `{}` is a macro, define it with -D or include the header that does",
                w.text
            );
        }
    }
    match expected {
        [one] if one.starts_with('`') => format!("insert {one}, or check what stands before"),
        _ => "check the spelling here and just before; this declaration was skipped".into(),
    }
}

fn describe(a: &Analysis, w: usize) -> String {
    let word = &a.words[w];
    match word.kind {
        WordKind::Ident => format!("the name `{}`", word.text),
        WordKind::Keyword | WordKind::Specifier | WordKind::TypeKeyword => {
            format!("the keyword `{}`", word.text)
        }
        WordKind::Number => format!("the number `{}`", word.text),
        WordKind::Str | WordKind::Char => format!("{}", word.text),
        WordKind::Punct => format!("`{}`", word.text),
        WordKind::Other => format!("`{}`, which is not part of the language", word.text),
    }
}

fn join(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// The most telling alternatives.
fn expected(rules: &[Rule]) -> Vec<String> {
    let mut found: Vec<(u8, &'static str)> = rules.iter().filter_map(|r| readable(*r)).collect();
    found.sort_unstable();
    found.dedup();
    let has = |text: &str| found.iter().any(|f| f.1 == text);
    // What is a part of something that is listed already.
    let implied: &[&str] = if has("a statement") {
        &[
            "a block `{ … }`",
            "an expression",
            "a type",
            "a name",
            "`}`",
        ]
    } else if has("an expression") {
        &["a type", "a name", "a block `{ … }`"]
    } else {
        &[]
    };
    found.retain(|f| !implied.contains(&f.1));
    let best = found.first().map_or(0, |f| f.0);
    let mut out: Vec<String> = Vec::new();
    for (rank, text) in found {
        // Operators could always follow; name them only when nothing better is known.
        if rank > best + 2 || out.len() == MAX_EXPECTED {
            break;
        }
        if !out.iter().any(|o| o == text) {
            out.push(text.into());
        }
    }
    out
}

/// A rule in words, with a rank (lower is more telling); `None` for what need not be said.
fn readable(rule: Rule) -> Option<(u8, &'static str)> {
    Some(match rule {
        Rule::semi => (0, "`;`"),
        Rule::rparen | Rule::lambda_params => (0, "`)`"),
        Rule::rbracket => (0, "`]`"),
        Rule::comma => (0, "`,`"),
        Rule::rbrace => (1, "`}`"),
        Rule::angle_close => (0, "`>`"),
        Rule::attr_close => (0, "`]]`"),
        Rule::colon => (0, "`:`"),
        Rule::while_kw => (0, "`while`"),
        Rule::expr
        | Rule::assign_expr
        | Rule::arg
        | Rule::path_expr
        | Rule::number
        | Rule::paren
        | Rule::for_step
        | Rule::for_cond
        | Rule::init_clause
        | Rule::bit_not
        | Rule::string_lit => (1, "an expression"),
        Rule::condition => (1, "a condition"),
        Rule::block => (1, "a block `{ … }`"),
        Rule::sub_stmt | Rule::expr_stmt | Rule::empty_stmt | Rule::decl_stmt => (1, "a statement"),
        Rule::decl_specs
        | Rule::type_id
        | Rule::type_core
        | Rule::decltype_type
        | Rule::record_spec
        | Rule::enum_spec
        | Rule::auto_type => (1, "a type"),
        Rule::param | Rule::params => (1, "a parameter"),
        Rule::tparam | Rule::type_param | Rule::value_param => (1, "a template parameter"),
        Rule::template_arg => (1, "a template argument"),
        Rule::path | Rule::name | Rule::segment | Rule::declared_name | Rule::operator_name => {
            (2, "a name")
        }
        Rule::declarator | Rule::init_declarator | Rule::member_declarator => (2, "a name"),
        Rule::entry
        | Rule::decl_item
        | Rule::ctor_item
        | Rule::template_item
        | Rule::using_alias
        | Rule::typedef_item
        | Rule::empty_item => (2, "a declaration"),
        Rule::enumerator => (1, "an enumerator"),
        Rule::attr | Rule::attr_name => (1, "an attribute"),
        Rule::capture => (1, "a capture"),
        Rule::base => (1, "a base class"),
        Rule::init_assign | Rule::equals => (3, "`=`"),
        Rule::lparen => (0, "`(`"),
        Rule::call => (4, "`(`"),
        Rule::brace_list => (4, "`{`"),
        Rule::add
        | Rule::sub
        | Rule::mul
        | Rule::lt
        | Rule::post_inc
        | Rule::member
        | Rule::index
        | Rule::ternary_tail
        | Rule::assign_tail
        | Rule::assign_op => (4, "an operator"),
        _ => return None,
    })
}
