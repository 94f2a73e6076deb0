//! Two spellings of one type.
//!
//! Purpose: Clang removes aliases from the outside of a type only, and leaves out qualifiers of names where they were left out in the source. Two
//! spellings are the same when their words are, where:
//!
//! * `const`, `volatile` and the words for kinds of classes do not count;
//! * `long long` is `long` and `signed char` is `char`: equal sizes and values;
//! * the aliases of Metal's library mean what they stand for, and `__fp16` and `_Float16` are `half`;
//! * a vector by attribute, `T __attribute__((ext_vector_type(n)))`, is `vec<T, n>`;
//! * of two names with qualifiers, the shorter one may be the end of the longer one.

use std::collections::{BTreeMap, BTreeSet};

/// Most ways to read the aliases in a type.
const MOST: usize = 32;

/// A word of a type: a name with what precedes it, or one character.
type Word = Vec<String>;

/// Whether two spellings name one type.
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (words(&template(a)), words(&template(b)));
    a.len() == b.len()
        && a.iter()
            .zip(&b)
            .all(|(x, y)| x.ends_with(y) || y.ends_with(x))
}

/// The vector that a swizzle of the stand-in is.
pub fn swizzle(t: &str) -> Option<String> {
    let t = t.trim_start_matches("const ");
    let inside = t.strip_prefix("ub::swizzle<")?.strip_suffix('>')?;
    let parts: Vec<&str> = inside.split(", ").collect();
    let n = parts.len().checked_sub(2)?;
    Some(format!("metal::vec<{}, {n}>", parts.first()?))
}

/// The type with `float` for `double`, where it has one.
pub fn single(t: &str) -> Option<String> {
    let has = words(t).iter().any(|w| w == &["double"]);
    has.then(|| t.replace("double", "float"))
}

/// The type with the text's own aliases replaced by what they stand for. An alias of a template stands for as many types as there are instances: each
/// is one way.
pub fn expanded(t: &str, aliases: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut out: Vec<String> = vec![t.to_string()];
    let mut i = 0;
    while let Some(t) = out.get(i).cloned() {
        i += 1;
        for w in words(&t) {
            let Some(all) = w.last().and_then(|name| aliases.get(name)) else {
                continue;
            };
            let written = w.join("::");
            for meaning in all.iter().filter(|m| **m != written) {
                let text = replaced(&t, &written, meaning);
                if out.len() < MOST && !out.contains(&text) {
                    out.push(text);
                }
            }
        }
    }
    out
}

/// The type with a name replaced where it stands as a whole word.
fn replaced(t: &str, name: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = t;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let after = found.get(name.len()..).unwrap_or("");
        let inside = |c: char| is_name(c) || c == ':';
        let whole = !before.ends_with(inside) && !after.starts_with(inside);
        out.push_str(before);
        out.push_str(if whole { by } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Vectors by attribute as those of the library.
fn template(t: &str) -> String {
    const MARK: &str = " __attribute__((ext_vector_type(";
    let Some((before, rest)) = t.split_once(MARK) else {
        return t.to_string();
    };
    let Some((n, after)) = rest.split_once(")))") else {
        return t.to_string();
    };
    let start = before.rfind(['<', ',', '(']).map_or(0, |i| i + 1);
    let (outer, element) = before.split_at(start);
    template(&format!(
        "{outer}metal::vec<{}, {n}>{after}",
        element.trim()
    ))
}

fn words(t: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut rest = t;
    while let Some(c) = rest.chars().next() {
        let len = if is_name(c) {
            rest.find(|c| !is_name(c) && c != ':').unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        let (word, more) = rest.split_at(len);
        rest = more;
        if !c.is_whitespace() {
            add(word, &mut out);
        }
    }
    out
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn add(word: &str, out: &mut Vec<Word>) {
    let chain: Word = word.split("::").map(String::from).collect();
    let last = chain.last().map_or("", String::as_str);
    match word {
        "const" | "volatile" | "signed" | "struct" | "class" | "enum" | "union" => return,
        "long" if out.last().is_some_and(|w| w == &["long"]) => return,
        _ => {}
    }
    match alias(last) {
        Some(text) => {
            for w in text.split(' ') {
                out.push(vec![w.to_string()]);
            }
        }
        None => out.push(chain),
    }
}

/// What an alias of the library stands for, its words apart.
fn alias(name: &str) -> Option<String> {
    let plain = |n: &str| {
        Some(match n {
            "uchar" | "uint8_t" => "unsigned char",
            "ushort" | "uint16_t" => "unsigned short",
            "uint" | "uint32_t" => "unsigned int",
            "ulong" | "uint64_t" | "size_t" | "uintptr_t" => "unsigned long",
            "int8_t" => "char",
            "int16_t" => "short",
            "int32_t" => "int",
            "int64_t" | "ptrdiff_t" | "intptr_t" => "long",
            "__fp16" | "_Float16" => "half",
            _ => return None,
        })
    };
    if let Some(t) = plain(name) {
        return Some(t.to_string());
    }
    if let Some(e) = name
        .strip_prefix("simdgroup_")
        .and_then(|n| n.strip_suffix("8x8"))
    {
        return Some(format!("simdgroup_matrix < {e} , 8 , 8 >"));
    }
    let (template, name) = match name.strip_prefix("packed_") {
        Some(n) => ("packed_vec", n),
        None => ("vec", name),
    };
    let element = |e: &str| {
        let known = [
            "bool", "char", "short", "int", "long", "half", "float", "bfloat",
        ];
        plain(e).or_else(|| known.into_iter().find(|k| *k == e))
    };
    let digit = |c: &str| matches!(c, "2" | "3" | "4");
    let (start, n) = name.split_at_checked(name.len().checked_sub(1)?)?;
    if let (true, Some(e)) = (digit(n), element(start)) {
        return Some(format!("{template} < {e} , {n} >"));
    }
    let (start, c) = start
        .strip_suffix('x')
        .and_then(|s| s.split_at_checked(s.len().checked_sub(1)?))?;
    let e = element(start).filter(|_| digit(n) && digit(c) && template == "vec")?;
    Some(format!("matrix < {e} , {c} , {n} >"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn representations_of_one_type() {
        assert!(same("unsigned char *", "const uchar *"));
        assert!(same("unsigned long", "unsigned long long"));
        assert!(same("metal::vec<half, 2>[4]", "half2[4]"));
        assert!(same("metal::matrix<float, 2, 3>", "float2x3"));
        assert!(same("N::S<char>", "S<const signed char>"));
        assert!(!same("N::S", "M::S"));
        assert!(!same("int", "unsigned int"));
        assert!(!same("metal::vec<float, 3>", "packed_float3"));
        assert!(!same("float[2]", "float[3]"));
        assert_eq!(
            swizzle("ub::swizzle<float, 4, 0, 1>"),
            Some("metal::vec<float, 2>".into())
        );
        assert_eq!(swizzle("float"), None);
        assert!(same(
            "metal::vec<half, 8> *",
            "half __attribute__((ext_vector_type(8))) *"
        ));
        assert_eq!(single("double[2]"), Some("float[2]".into()));
        assert_eq!(single("doubled"), None);
    }

    #[test]
    fn aliases_are_what_they_stand_for() {
        let means = |m: &[&str]| m.iter().map(|t| (*t).to_string()).collect::<BTreeSet<_>>();
        let aliases: BTreeMap<String, BTreeSet<String>> = [
            ("item".to_string(), means(&["half", "float"])),
            ("row".to_string(), means(&["item"])),
        ]
        .into();
        assert!(expanded("row[2]", &aliases).contains(&"half[2]".to_string()));
        assert!(expanded("const item *", &aliases).contains(&"const float *".to_string()));
        assert_eq!(expanded("items", &aliases), ["items"]);
    }
}
