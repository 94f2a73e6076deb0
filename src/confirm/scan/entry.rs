//! Entry points and their parameters.

use std::collections::BTreeMap;

use super::lex::{Kind, Token};
use super::{after_angles, closing};

/// A kernel that a host can launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name a host uses: `host_name`, else the function's.
    pub name: String,
    /// The function's own name.
    pub function: String,
    /// As an expression: qualified, with template arguments.
    pub callee: String,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// 1-based lines of the function, in its own file.
    pub lines: (u32, u32),
    /// Tokens of the declaration, first and last: a definition, or an instantiation.
    pub(super) whole: (usize, usize),
    /// Tokens of the template's definition, for an instantiation.
    pub(super) template: Option<(usize, usize)>,
}

/// A parameter of an entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its attribute, if it is not `buffer`: `thread_index_in_threadgroup`, `threadgroup`, ….
    pub attribute: Option<String>,
    /// The number in `[[buffer(n)]]` or `[[threadgroup(n)]]`, where it is written as one.
    pub index: Option<u32>,
}

/// A function as it is defined.
struct Function {
    parameters: Vec<Parameter>,
    lines: (u32, u32),
    whole: (usize, usize),
}

/// All entry points, in source order.
pub fn entries(tokens: &[Token<'_>]) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut templates: BTreeMap<String, Function> = BTreeMap::new();
    let mut spaces: Vec<Option<String>> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match tokens[i].text {
            "namespace" => {
                let name = tokens.get(i + 1).filter(|t| t.kind == Kind::Word);
                let open = i + 1 + usize::from(name.is_some());
                if tokens.get(open).is_some_and(|t| t.text == "{") {
                    spaces.push(name.map(|t| t.text.to_string()));
                    i = open;
                }
                i += 1;
            }
            "}" => {
                spaces.pop();
                i += 1;
            }
            "{" | "(" => i = closing(tokens, i) + 1,
            "template" => i = template(tokens, i, &spaces, &mut templates, &mut out),
            _ if is_kernel(tokens, i) => match function(tokens, i) {
                Some((name, f, body)) => {
                    let callee = qualified(&spaces, &name);
                    if body.1 > body.0 {
                        out.push(Entry {
                            name: host_name(tokens, declaration(tokens, i), body.0)
                                .unwrap_or_else(|| name.clone()),
                            function: name,
                            callee,
                            parameters: f.parameters,
                            lines: f.lines,
                            whole: (declaration(tokens, i), body.1),
                            template: None,
                        });
                    }
                    i = body.1 + 1;
                }
                None => i += 1,
            },
            _ => i += 1,
        }
    }
    out
}

fn qualified(spaces: &[Option<String>], name: &str) -> String {
    let mut out = String::new();
    for s in spaces.iter().flatten() {
        out.push_str(s);
        out.push_str("::");
    }
    out + name
}

/// Whether a declaration of a kernel begins here, with `kernel` or `[[kernel]]`.
fn is_kernel(tokens: &[Token<'_>], i: usize) -> bool {
    tokens[i].text == "kernel" && tokens[i].kind == Kind::Word
}

/// `template <…> kernel …` or an explicit instantiation. The index to go on from.
fn template(
    tokens: &[Token<'_>],
    at: usize,
    spaces: &[Option<String>],
    templates: &mut BTreeMap<String, Function>,
    out: &mut Vec<Entry>,
) -> usize {
    let mut i = at + 1;
    if tokens.get(i).is_some_and(|t| t.text == "<") {
        i = after_angles(tokens, i);
        let end = (i..tokens.len())
            .find(|&j| matches!(tokens[j].text, ";" | "{"))
            .unwrap_or(tokens.len());
        let Some(k) = (i..end).find(|&j| is_kernel(tokens, j)) else {
            return i;
        };
        let Some((name, mut f, body)) = function(tokens, k) else {
            return i;
        };
        f.whole = (at, body.1);
        if body.1 > body.0 {
            templates.insert(name, f);
        }
        return body.1 + 1;
    }
    let end = (i..tokens.len())
        .find(|&j| tokens[j].text == ";")
        .unwrap_or(tokens.len());
    let Some(host) = host_name(tokens, i, end) else {
        return end;
    };
    // The last `name<…>` of the declaration, outside parentheses, is what is instantiated.
    let mut found = None;
    while i < end {
        match tokens[i].text {
            "(" | "[" => i = closing(tokens, i),
            "<" if tokens[i - 1].kind == Kind::Word => {
                let after = after_angles(tokens, i);
                found = Some((i - 1, after));
                i = after;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    let Some((name_at, after)) = found else {
        return end;
    };
    let function = tokens[name_at].text.to_string();
    if let Some(f) = templates.get(&function) {
        let arguments: Vec<&str> = tokens[name_at..after].iter().map(|t| t.text).collect();
        out.push(Entry {
            name: host,
            callee: qualified(spaces, &arguments.join(" ").replace(": :", "::")),
            function,
            parameters: f.parameters.clone(),
            lines: f.lines,
            whole: (at, end),
            template: Some(f.whole),
        });
    }
    end
}

/// Name, parameters and body of the function whose declaration has the word `kernel` at `at`.
fn function(tokens: &[Token<'_>], at: usize) -> Option<(String, Function, (usize, usize))> {
    let mut i = at + 1;
    // Attributes in front, then the type, then the name before the parameters.
    let open = loop {
        match tokens.get(i)?.text {
            "(" => break i,
            "[" => i = closing(tokens, i),
            ";" | "{" | "}" => return None,
            "<" => {
                i = after_angles(tokens, i);
                continue;
            }
            _ => {}
        }
        i += 1;
    };
    let name = tokens.get(open.checked_sub(1)?)?;
    if name.kind != Kind::Word {
        return None;
    }
    let close = closing(tokens, open);
    let parameters = parameters(tokens.get(open + 1..close)?);
    let mut brace = close + 1;
    loop {
        match tokens.get(brace)?.text {
            "{" => break,
            ";" => {
                let lines = (tokens[at].line, tokens[brace].line);
                return Some((
                    name.text.into(),
                    Function {
                        parameters,
                        lines,
                        whole: (at, brace),
                    },
                    (brace, brace),
                ));
            }
            "[" | "(" => brace = closing(tokens, brace),
            _ => {}
        }
        brace += 1;
    }
    let end = closing(tokens, brace);
    let last = tokens.get(end).or(tokens.last())?.line;
    let lines = (tokens[at].line, last);
    Some((
        name.text.into(),
        Function {
            parameters,
            lines,
            whole: (at, end),
        },
        (brace, end),
    ))
}

/// Where the declaration around the token at `i` begins.
fn declaration(tokens: &[Token<'_>], i: usize) -> usize {
    (0..i)
        .rev()
        .find(|&j| matches!(tokens[j].text, ";" | "}" | "{"))
        .map_or(0, |j| j + 1)
}

/// The text of `[[host_name("…")]]` in a range.
fn host_name(tokens: &[Token<'_>], from: usize, to: usize) -> Option<String> {
    let range = tokens.get(from..to)?;
    let at = range.iter().rposition(|t| t.text == "host_name")?;
    let text = range.get(at + 2)?.text;
    Some(text.trim_matches('"').to_string())
}

fn parameters(tokens: &[Token<'_>]) -> Vec<Parameter> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut i = 0;
    while i <= tokens.len() {
        let ends = i == tokens.len() || tokens[i].text == ",";
        if ends {
            if let Some(p) = parameter(&tokens[start..i]) {
                out.push(p);
            }
            start = i + 1;
        } else {
            match tokens[i].text {
                "(" | "[" | "{" => i = closing(tokens, i),
                "<" => {
                    i = after_angles(tokens, i);
                    continue;
                }
                _ => {}
            }
        }
        i += 1;
    }
    out
}

fn parameter(tokens: &[Token<'_>]) -> Option<Parameter> {
    let mut name = None;
    let mut attribute = None;
    let mut index = None;
    let mut i = 0;
    while i < tokens.len() {
        let double = tokens[i].text == "[" && tokens.get(i + 1).is_some_and(|t| t.text == "[");
        if double {
            let end = closing(tokens, i);
            for (j, t) in tokens[i..end].iter().enumerate() {
                let argument = || {
                    let n = tokens.get(i + j + 2)?;
                    (tokens.get(i + j + 1)?.text == "(").then(|| n.text.parse().ok())?
                };
                match t.text {
                    "buffer" => index = argument(),
                    "threadgroup" => {
                        index = argument();
                        attribute = Some("threadgroup".to_string());
                    }
                    "function_constant" | "raster_order_group" | "id" => {}
                    w if t.kind == Kind::Word
                        && attribute.is_none()
                        && index.is_none()
                        && plain(&tokens[i..end], j) =>
                    {
                        attribute = Some(w.to_string());
                    }
                    _ => {}
                }
            }
            i = end;
        } else if tokens[i].kind == Kind::Word {
            name = Some(tokens[i].text.to_string());
        } else if matches!(tokens[i].text, "[" | "(") {
            // An extent; `(&x)[N]` has its name inside.
            let end = closing(tokens, i);
            if tokens[i].text == "("
                && let Some(t) = tokens[i..end].iter().rfind(|t| t.kind == Kind::Word)
            {
                name = Some(t.text.to_string());
            }
            i = end;
        }
        i += 1;
    }
    Some(Parameter {
        name: name?,
        attribute,
        index,
    })
}

/// Whether a word of an attribute list stands at its top level (not an argument of another attribute).
fn plain(list: &[Token<'_>], at: usize) -> bool {
    let depth = list[..at].iter().fold(0i32, |d, t| match t.text {
        "(" => d + 1,
        ")" => d - 1,
        _ => d,
    });
    depth == 0
}
