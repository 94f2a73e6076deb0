//! Unit tests of the lexer.

use super::*;

fn texts(source: &str) -> Vec<String> {
    let (tokens, _) = lex_all(FileId(0), source);
    tokens.iter().map(|t| t.text.to_string()).collect()
}

#[test]
fn numbers_of_all_spellings_are_one_token() {
    for n in [
        "0",
        "1'000'000u",
        "0x1.8p+3f",
        "0x1.8p-3h",
        "1e-5f",
        "1.0bf",
        ".5h",
        "0b1010ul",
        "1.e+3",
        "0xFFull",
        "0x1'0000",
    ] {
        assert_eq!(texts(n), [n]);
    }
    assert_eq!(texts("1p+3"), ["1p", "+", "3"]);
    assert_eq!(texts("1+2"), ["1", "+", "2"]);
    assert_eq!(texts("a.b.5"), ["a", ".", "b", ".5"]);
    assert_eq!(texts("1..2"), ["1..2"]);
}

#[test]
fn longest_punctuator_wins() {
    assert_eq!(texts("a+++++b"), ["a", "++", "++", "+", "b"]);
    assert_eq!(texts("x<<=y>>=z"), ["x", "<<=", "y", ">>=", "z"]);
    assert_eq!(
        texts("...->*.*::##%:%:"),
        ["...", "->*", ".*", "::", "##", "%:%:"]
    );
    assert_eq!(texts("v<::X>"), ["v", "<", "::", "X", ">"]);
    assert_eq!(texts("v<:::X"), ["v", "<:", "::", "X"]);
    assert_eq!(texts("[[kernel]]"), ["[", "[", "kernel", "]", "]"]);
    assert_eq!(texts(".."), [".", "."]);
}

#[test]
fn splices_and_comments_vanish() {
    assert_eq!(texts("fo\\\no ba\\\r\nr"), ["foo", "bar"]);
    assert_eq!(texts("a/\\\n/ gone \\\n too\nb"), ["a", "b"]);
    assert_eq!(texts("a/* x \n * / */b"), ["a", "b"]);
    let (tokens, _) = lex_all(FileId(0), "a /* \n */ b\nc");
    assert!(!tokens[1].line_start && tokens[1].space_before && tokens[2].line_start);
    let (tokens, _) = lex_all(FileId(0), "x\\\ny");
    assert_eq!((tokens[0].span.start, tokens[0].span.end), (0, 4));
}

#[test]
fn strings_characters_and_raw_strings() {
    assert_eq!(
        texts(r#""a\"b" 'c' '\'' u8"x" L'y'"#),
        [r#""a\"b""#, "'c'", r"'\''", "u8\"x\"", "L'y'"]
    );
    assert_eq!(texts("R\"x(a\\\n)\")x\" b"), ["R\"x(a\\\n)\")x\"", "b"]);
    assert_eq!(texts("R \"a\""), ["R", "\"a\""]);
    assert_eq!(texts("\"a\"_suffix"), ["\"a\"_suffix"]);
}

#[test]
fn what_is_unterminated_is_reported_with_its_place() {
    for (source, start) in [("x \"abc\ny", 2), ("'a", 0), ("a /* b", 2), ("R\"(abc", 0)] {
        let (_, diagnostics) = lex_all(FileId(0), source);
        assert_eq!(diagnostics.len(), 1, "{source}");
        assert_eq!(diagnostics[0].labels[0].span.start, start, "{source}");
    }
}

#[test]
fn odd_characters_are_tokens_of_their_own() {
    let (tokens, _) = lex_all(FileId(0), "é @ ` \u{1f600}\\");
    let kinds: Vec<_> = tokens.iter().map(|t| t.kind).collect();
    assert_eq!(kinds[0], TokenKind::Ident);
    assert!(kinds[1..].iter().all(|k| *k == TokenKind::Other));
}
