//! What of Metal's library is read as source text.
//!
//! Purpose: class templates of the library that behave like any others (tags, constants as types) are declared in front
//! of a file that names them, so that overloads, deduction and conversions know them by the rules of the language
//! (MSL specification, section 6.3: `metal_type_traits`; C++ [meta.help]). Soundness direction: exact.

use std::path::PathBuf;

use crate::source::{SourceMap, Token, TokenKind, lex_all};

/// Names that the text declares.
const NAMES: [&str; 4] = [
    "integral_constant",
    "bool_constant",
    "true_type",
    "false_type",
];

const TEXT: &str = "namespace metal {
template <typename T, T v> struct integral_constant {
    static constexpr constant T value = v;
    typedef T value_type;
    typedef integral_constant type;
    constexpr operator value_type() const { return value; }
    constexpr value_type operator()() const { return value; }
};
template <bool b> using bool_constant = integral_constant<bool, b>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;
}
";

/// The declarations that stand in front of a file with these tokens.
pub fn tokens(map: &mut SourceMap, file: &[Token]) -> Vec<Token> {
    let named = |t: &Token| t.kind == TokenKind::Ident && NAMES.contains(&&*t.text);
    if !file.iter().any(named) {
        return Vec::new();
    }
    let id = map.add_file("<metal_type_traits>", PathBuf::new(), TEXT);
    lex_all(id, TEXT).0
}
