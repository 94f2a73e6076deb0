//! The edits that make the text acceptable to a C++ compiler.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::lex::{Kind, Token};
use super::{after_angles, closing};

/// A replacement of a range of bytes.
struct Edit {
    from: usize,
    to: usize,
    text: String,
}

/// The text with all edits.
pub fn rewrite(text: &str, tokens: &[Token<'_>], entries: &[Entry], skip: &[String]) -> String {
    let mut edits = Vec::new();
    let mut constants: BTreeMap<&str, &str> = BTreeMap::new();
    let mut depth = 0usize;
    let mut i = 0;
    while i < tokens.len() {
        let t = &tokens[i];
        match t.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "template" => blank_attributes(tokens, i, &mut edits),
            "threadgroup" if depth > 0 && begins_statement(tokens, i) => {
                variables(tokens, i, &mut edits);
            }
            // Else the attribute would lose its name to the address space's macro.
            "threadgroup"
                if i > 0
                    && matches!(tokens[i - 1].text, "[" | ",")
                    && tokens.get(i + 1).is_some_and(|n| n.text == "(") =>
            {
                edits.push(Edit {
                    from: t.at,
                    to: t.end(),
                    text: "ub_threadgroup".into(),
                });
            }
            "function_constant" if i >= 2 && tokens[i - 1].text == "[" => {
                constant(text, tokens, i, &mut constants, &mut edits);
            }
            "is_function_constant_defined" => {
                let name = tokens.get(i + 2).map_or("", |t| t.text);
                let close = closing(tokens, i + 1);
                if let (Some(number), Some(end)) = (constants.get(name), tokens.get(close)) {
                    edits.push(Edit {
                        from: t.at,
                        to: end.end(),
                        text: format!("(ub::function_constant{{(unsigned)({number})}}.defined())"),
                    });
                }
            }
            _ if t.kind == Kind::Number => literal(t, &mut edits),
            _ => {}
        }
        i += 1;
    }
    for e in entries.iter().filter(|e| skip.contains(&e.function)) {
        for (first, last) in [Some(e.whole), e.template].into_iter().flatten() {
            if let (Some(first), Some(last)) = (tokens.get(first), tokens.get(last))
                && first.at < last.at
            {
                edits.retain(|x| x.from < first.at || x.from >= last.end());
                edits.push(Edit {
                    from: first.at,
                    to: last.end(),
                    text: emptied(&text[first.at..last.end()]),
                });
            }
        }
    }
    apply(text, edits)
}

/// The lines of a text without their contents; line markers stay.
fn emptied(text: &str) -> String {
    let lines: Vec<&str> = text
        .split('\n')
        .map(|l| if l.starts_with('#') { l } else { "" })
        .collect();
    lines.join("\n")
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|e| (e.from, e.to));
    let mut out = String::with_capacity(text.len() + edits.len() * 32);
    let mut at = 0;
    for e in edits {
        if e.from < at {
            continue;
        }
        out.push_str(&text[at..e.from]);
        out.push_str(&e.text);
        // Lines keep their numbers.
        let gone = text[e.from..e.to].matches('\n').count();
        let kept = e.text.matches('\n').count();
        out.push_str(&"\n".repeat(gone.saturating_sub(kept)));
        at = e.to;
    }
    out.push_str(&text[at..]);
    out
}

/// Whether a declaration may begin with the token at `i`.
fn begins_statement(tokens: &[Token<'_>], i: usize) -> bool {
    let Some(before) = i.checked_sub(1).and_then(|j| tokens.get(j)) else {
        return false;
    };
    match before.text {
        "{" | "}" | ";" | ":" => true,
        // `alignas(16) threadgroup …`
        ")" => {
            let mut depth = 0i32;
            let open = (0..i).rev().find(|&j| {
                match tokens[j].text {
                    ")" => depth += 1,
                    "(" => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            open.and_then(|o| o.checked_sub(1))
                .is_some_and(|j| tokens[j].text == "alignas")
        }
        // `[[maybe_unused]] threadgroup …`
        "]" => true,
        _ => false,
    }
}

/// A declaration of threadgroup variables: they get storage and names. Pointers and references to threadgroup memory stay as they are.
fn variables(tokens: &[Token<'_>], at: usize, edits: &mut Vec<Edit>) {
    let mut names: Vec<&str> = Vec::new();
    let mut last: Option<&Token<'_>> = None;
    let mut done = false;
    let mut i = at + 1;
    let end = loop {
        let Some(t) = tokens.get(i) else { return };
        match t.text {
            ";" | "," => {
                match last {
                    Some(name) if !done => names.push(name.text),
                    _ => {}
                }
                if t.text == ";" {
                    break i;
                }
                done = false;
                last = None;
            }
            // An initialiser, a pointer, a reference or a function: no variable in threadgroup memory.
            "*" | "&" | "(" if !done => return,
            "=" => return,
            "[" | "{" => {
                if let (Some(name), false) = (last, done) {
                    names.push(name.text);
                    done = true;
                }
                i = closing(tokens, i);
            }
            "<" if !done => {
                i = after_angles(tokens, i);
                continue;
            }
            "}" | ")" => return,
            _ if t.kind == Kind::Word => last = Some(t),
            _ => {}
        }
        i += 1;
    };
    if names.is_empty() {
        return;
    }
    edits.push(Edit {
        from: tokens[at].at,
        to: tokens[at].at,
        text: "UB_THREADGROUP ".into(),
    });
    let text: String = names
        .iter()
        .map(|n| format!(" ub::name(\"{n}\", {n});"))
        .collect();
    edits.push(Edit {
        from: tokens[end].end(),
        to: tokens[end].end(),
        text,
    });
}

/// `constant T x [[function_constant(n)]];`
fn constant<'a>(
    text: &'a str,
    tokens: &[Token<'a>],
    at: usize,
    constants: &mut BTreeMap<&'a str, &'a str>,
    edits: &mut Vec<Edit>,
) {
    let open = at - 2;
    let close = closing(tokens, open);
    let arguments = closing(tokens, at + 1);
    let (Some(after), Some(name), Some(last)) = (
        tokens.get(close + 1),
        open.checked_sub(1).and_then(|j| tokens.get(j)),
        tokens.get(arguments),
    ) else {
        return;
    };
    let (Some(first), Some(shut)) = (tokens.get(at + 2), tokens.get(close)) else {
        return;
    };
    // On a parameter it says when the parameter exists; only a declaration ends here.
    if after.text != ";" || name.kind != Kind::Word || first.at > last.at {
        return;
    }
    let number = &text[first.at..last.at];
    constants.insert(name.text, number);
    edits.push(Edit {
        from: tokens[open].at,
        to: shut.end(),
        text: format!("= ub::function_constant{{(unsigned)({number})}}"),
    });
}

/// `template [[host_name("x")]] …`: C++ has no attributes there.
fn blank_attributes(tokens: &[Token<'_>], at: usize, edits: &mut Vec<Edit>) {
    let mut i = at + 1;
    while tokens.get(i).is_some_and(|t| t.text == "[") {
        let close = closing(tokens, i);
        let Some(end) = tokens.get(close) else { return };
        edits.push(Edit {
            from: tokens[i].at,
            to: end.end(),
            text: String::new(),
        });
        i = close + 1;
    }
}

/// `1.0h`, `2bf`: literals that C++ does not have.
fn literal(t: &Token<'_>, edits: &mut Vec<Edit>) {
    let hex = t.text.starts_with("0x") || t.text.starts_with("0X");
    let lower = t.text.to_ascii_lowercase();
    let (digits, ty) = match (lower.strip_suffix("bf"), lower.strip_suffix('h')) {
        (Some(d), _) if !hex || d.contains('p') => (d, "bfloat"),
        (_, Some(d)) => (d, "half"),
        _ => return,
    };
    let real = digits.contains(['.', 'p']) || (!hex && digits.contains('e'));
    let suffix = if real { "f" } else { "" };
    edits.push(Edit {
        from: t.at,
        to: t.end(),
        text: format!("(({ty})({digits}{suffix}))"),
    });
}
