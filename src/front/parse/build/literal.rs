//! Values of literals.
//!
//! Purpose: number, character and string tokens to the values the tree holds.

use crate::front::ast::ExprKind;

/// A numeric literal.
pub(super) fn number(text: &str) -> ExprKind {
    let clean: String = text
        .chars()
        .filter(|c| *c != '\'')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let kind = if let Some(hex) = clean.strip_prefix("0x") {
        if hex.contains(['.', 'p']) {
            hex_float(hex)
        } else {
            integer(hex, 16)
        }
    } else if let Some(bin) = clean.strip_prefix("0b") {
        integer(bin, 2)
    } else if clean.contains(['.', 'e', 'f', 'h']) {
        float(&clean)
    } else if clean.len() > 1 && clean.starts_with('0') {
        integer(&clean[1..], 8)
    } else {
        integer(&clean, 10)
    };
    kind.unwrap_or_else(|| ExprKind::Unsupported(format!("the number `{text}`")))
}

fn integer(digits: &str, radix: u32) -> Option<ExprKind> {
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    if !matches!(
        suffix,
        "" | "u" | "l" | "ul" | "lu" | "ll" | "ull" | "llu" | "z" | "uz"
    ) {
        return None;
    }
    let value = if digits.is_empty() {
        (radix == 8).then_some(0)?
    } else {
        u64::from_str_radix(digits, radix).ok()?
    };
    let suffix = match suffix {
        "lu" => "ul",
        "llu" => "ull",
        "z" => "l",
        "uz" => "ul",
        s => s,
    };
    Some(ExprKind::Int {
        value,
        suffix: suffix.into(),
        decimal: radix == 10,
    })
}

/// Splits off `f`, `h`, `bf`.
fn float_suffix(text: &str) -> (&str, &str) {
    for s in ["bf16", "bf", "f16", "f32", "f", "h", "l"] {
        if let Some(rest) = text.strip_suffix(s) {
            let suffix = match s {
                "bf16" => "bf",
                "f16" => "h",
                "f32" => "f",
                "l" => "",
                s => s,
            };
            return (rest, suffix);
        }
    }
    (text, "")
}

fn float(text: &str) -> Option<ExprKind> {
    let (digits, suffix) = float_suffix(text);
    let value: f64 = digits.parse().ok()?;
    Some(ExprKind::Float {
        value,
        suffix: suffix.into(),
    })
}

fn hex_float(text: &str) -> Option<ExprKind> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (exponent, suffix) = float_suffix(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0f64;
    for c in whole.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let mut scale = 1.0 / 16.0;
    for c in fraction.chars() {
        value += f64::from(c.to_digit(16)?) * scale;
        scale /= 16.0;
    }
    let exponent: i32 = exponent.parse().ok()?;
    Some(ExprKind::Float {
        value: value * 2f64.powi(exponent),
        suffix: suffix.into(),
    })
}

/// A character literal; several characters are packed as compilers do.
pub(super) fn character(text: &str) -> ExprKind {
    let inner = text
        .split_once('\'')
        .and_then(|(_, rest)| rest.rsplit_once('\''))
        .map_or("", |(inner, _)| inner);
    let mut value = 0u32;
    for c in unescape(inner).chars() {
        value = value.wrapping_shl(8) | u32::from(c);
    }
    ExprKind::Char(value)
}

/// The contents of a string literal.
pub(super) fn string(text: &str) -> String {
    let Some((prefix, rest)) = text.split_once('"') else {
        return String::new();
    };
    let inner = rest.rsplit_once('"').map_or("", |(inner, _)| inner);
    if prefix.ends_with('R') {
        return inner
            .split_once('(')
            .and_then(|(_, r)| r.rsplit_once(')'))
            .map_or(String::new(), |(s, _)| s.into());
    }
    unescape(inner)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(e) = chars.next() else { break };
        match e {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'x' | 'u' | 'U' => {
                let max = match e {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let mut value = 0u32;
                for _ in 0..max {
                    let Some(d) = chars.peek().and_then(|c| c.to_digit(16)) else {
                        break;
                    };
                    value = value.wrapping_mul(16).wrapping_add(d);
                    chars.next();
                }
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
            }
            '0'..='7' => {
                let mut value = u32::from(e) - 48;
                for _ in 0..2 {
                    let Some(d) = chars.peek().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    value = value * 8 + d;
                    chars.next();
                }
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
            }
            other => out.push(other),
        }
    }
    out
}
