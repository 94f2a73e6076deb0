//! Integer constant expressions of `#if`, in 64 bits.
//!
//! Precedence climbing over tokens that are already macro-replaced. Operands that are not
//! evaluated (`0 && 1/0`) raise no errors about their values.

use super::limits;
use super::macros::is_operator_name;
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

/// An `intmax_t` or `uintmax_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub bits: i64,
    pub unsigned: bool,
}

impl Value {
    fn signed(bits: i64) -> Value {
        Value {
            bits,
            unsigned: false,
        }
    }

    fn truth(b: bool) -> Value {
        Value::signed(i64::from(b))
    }

    #[allow(clippy::cast_sign_loss)]
    fn raw(self) -> u64 {
        self.bits as u64
    }
}

/// A place and what is wrong there.
pub(super) type Problem = (Span, String);

/// What an expression comes to.
pub(super) struct Outcome {
    pub value: Result<Value, Problem>,
    pub warnings: Vec<Problem>,
}

/// Evaluates a whole line of tokens; `at` is the directive, for messages.
pub(super) fn evaluate(tokens: &[Token], at: Span) -> Outcome {
    let mut parser = Parser {
        tokens,
        pos: 0,
        at,
        depth: 0,
        warnings: Vec::new(),
    };
    let mut value = if tokens.is_empty() {
        Err((at, "the condition has no expression".to_owned()))
    } else {
        parser.comma(true)
    };
    if value.is_ok()
        && let Some(extra) = tokens.get(parser.pos)
    {
        let text = match tokens.get(parser.pos.wrapping_sub(1)) {
            Some(name) if extra.is_punct("(") && name.kind == TokenKind::Ident => {
                format!("function-like macro `{}` is not defined", name.text)
            }
            _ => format!("unexpected `{}` in a condition", extra.text),
        };
        value = Err((extra.span, text));
    }
    Outcome {
        value,
        warnings: parser.warnings,
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    pos: usize,
    at: Span,
    depth: usize,
    warnings: Vec<Problem>,
}

/// Binary operators with their precedence; higher binds tighter.
fn precedence(op: &str) -> Option<u8> {
    Some(match op {
        "||" | "or" => 1,
        "&&" | "and" => 2,
        "|" | "bitor" => 3,
        "^" | "xor" => 4,
        "&" | "bitand" => 5,
        "==" | "!=" | "not_eq" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "%" => 10,
        _ => return None,
    })
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens
            .get(self.pos)
            .filter(|t| t.kind == TokenKind::Punct || is_operator_name(&t.text))
            .map(|t| &*t.text)
    }

    fn here(&self) -> Span {
        self.tokens
            .get(self.pos)
            .or_else(|| self.tokens.last())
            .map_or(self.at, |t| t.span)
    }

    fn eat(&mut self, op: &str) -> bool {
        let found = self.peek() == Some(op);
        if found {
            self.pos += 1;
        }
        found
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > limits::EXPRESSION_DEPTH {
            return Err((self.here(), "the condition is nested too deeply".to_owned()));
        }
        Ok(())
    }

    fn comma(&mut self, live: bool) -> Result<Value, Problem> {
        let mut value = self.ternary(live)?;
        while self.eat(",") {
            value = self.ternary(live)?;
        }
        Ok(value)
    }

    fn ternary(&mut self, live: bool) -> Result<Value, Problem> {
        self.deeper()?;
        let condition = self.binary(1, live)?;
        let value = if self.eat("?") {
            let truth = condition.bits != 0;
            let yes = self.comma(live && truth)?;
            if !self.eat(":") {
                return Err((self.here(), "expected `:` in a condition".to_owned()));
            }
            let no = self.ternary(live && !truth)?;
            Value {
                bits: if truth { yes.bits } else { no.bits },
                unsigned: yes.unsigned || no.unsigned,
            }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, least: u8, live: bool) -> Result<Value, Problem> {
        let mut left = self.unary(live)?;
        while let Some((op, level)) = self
            .peek()
            .and_then(|op| precedence(op).map(|p| (op.to_owned(), p)))
            .filter(|(_, p)| *p >= least)
        {
            let span = self.here();
            self.pos += 1;
            let right_live = match op.as_str() {
                "||" | "or" => live && left.bits == 0,
                "&&" | "and" => live && left.bits != 0,
                _ => live,
            };
            let right = self.binary(level + 1, right_live)?;
            left = self.apply(&op, left, right, live, span)?;
        }
        Ok(left)
    }

    #[allow(clippy::cast_possible_wrap)]
    fn apply(
        &mut self,
        op: &str,
        l: Value,
        r: Value,
        live: bool,
        at: Span,
    ) -> Result<Value, Problem> {
        let unsigned = l.unsigned || r.unsigned;
        let converts = !matches!(op, "<<" | ">>" | "||" | "or" | "&&" | "and");
        if live && converts && unsigned {
            for v in [l, r] {
                if !v.unsigned && v.bits < 0 {
                    let text = format!("the negative operand of `{op}` is converted to unsigned");
                    self.warnings.push((at, text));
                }
            }
        }
        let arithmetic = |signed: fn(i64, i64) -> (i64, bool), raw: fn(u64, u64) -> u64| {
            if unsigned {
                (raw(l.raw(), r.raw()) as i64, false)
            } else {
                signed(l.bits, r.bits)
            }
        };
        let less = if unsigned {
            l.raw() < r.raw()
        } else {
            l.bits < r.bits
        };
        let equal = l.bits == r.bits;
        let (bits, overflow) = match op {
            "||" | "or" => return Ok(Value::truth(l.bits != 0 || r.bits != 0)),
            "&&" | "and" => return Ok(Value::truth(l.bits != 0 && r.bits != 0)),
            "==" => return Ok(Value::truth(equal)),
            "!=" | "not_eq" => return Ok(Value::truth(!equal)),
            "<" => return Ok(Value::truth(less)),
            "<=" => return Ok(Value::truth(less || equal)),
            ">" => return Ok(Value::truth(!less && !equal)),
            ">=" => return Ok(Value::truth(!less)),
            "|" | "bitor" => (l.bits | r.bits, false),
            "^" | "xor" => (l.bits ^ r.bits, false),
            "&" | "bitand" => (l.bits & r.bits, false),
            "+" => arithmetic(i64::overflowing_add, u64::wrapping_add),
            "-" => arithmetic(i64::overflowing_sub, u64::wrapping_sub),
            "*" => arithmetic(i64::overflowing_mul, u64::wrapping_mul),
            "/" | "%" if r.bits == 0 => {
                if live {
                    return Err((at, "division by zero in a condition".to_owned()));
                }
                (0, false)
            }
            "/" => arithmetic(i64::overflowing_div, u64::wrapping_div),
            "%" => arithmetic(i64::overflowing_rem, u64::wrapping_rem),
            _ => return self.shift(op, l, r, live, at),
        };
        if overflow && live {
            let text = "integer overflow in a condition".to_owned();
            self.warnings.push((at, text));
        }
        Ok(Value { bits, unsigned })
    }

    /// Shifts; an amount outside 0..64 is warned of and taken as the nearest sensible one.
    #[allow(clippy::cast_possible_wrap)]
    fn shift(
        &mut self,
        op: &str,
        l: Value,
        r: Value,
        live: bool,
        at: Span,
    ) -> Result<Value, Problem> {
        let amount = u32::try_from(r.raw()).unwrap_or(u32::MAX);
        if amount >= 64 && live {
            let text = "shift amount outside of 0..64 in a condition".to_owned();
            self.warnings.push((at, text));
        }
        let bits = match op {
            "<<" => l.bits.checked_shl(amount).unwrap_or(0),
            _ if l.unsigned => (l.raw() >> amount.min(63)) as i64,
            _ => l.bits >> amount.min(63),
        };
        Ok(Value {
            bits,
            unsigned: l.unsigned,
        })
    }

    fn unary(&mut self, live: bool) -> Result<Value, Problem> {
        self.deeper()?;
        let op = self.peek().map(str::to_owned);
        let value = match op.as_deref() {
            Some("!" | "not") => {
                self.pos += 1;
                Value::truth(self.unary(live)?.bits == 0)
            }
            Some("~" | "compl") => {
                self.pos += 1;
                let v = self.unary(live)?;
                Value { bits: !v.bits, ..v }
            }
            Some("-") => {
                self.pos += 1;
                let v = self.unary(live)?;
                Value {
                    bits: v.bits.wrapping_neg(),
                    ..v
                }
            }
            Some("+") => {
                self.pos += 1;
                self.unary(live)?
            }
            Some("(") => {
                self.pos += 1;
                let v = self.comma(live)?;
                if !self.eat(")") {
                    return Err((self.here(), "missing `)` in a condition".to_owned()));
                }
                v
            }
            _ => self.primary()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<Value, Problem> {
        let Some(token) = self.tokens.get(self.pos) else {
            let text = "the condition ends where a value is expected".to_owned();
            return Err((self.here(), text));
        };
        self.pos += 1;
        match token.kind {
            TokenKind::Number => {
                number(&token.text).map_err(|why| (token.span, format!("`{}`: {why}", token.text)))
            }
            TokenKind::Char => character(&token.text)
                .map(Value::signed)
                .ok_or_else(|| (token.span, format!("`{}` is not a character", token.text))),
            TokenKind::Ident if token.is_ident("true") => Ok(Value::signed(1)),
            TokenKind::Ident if !is_operator_name(&token.text) => Ok(Value::signed(0)),
            _ => Err((
                token.span,
                format!("`{}` cannot stand in a condition", token.text),
            )),
        }
    }
}

/// The value of an integer literal.
#[allow(clippy::cast_possible_wrap)]
fn number(text: &str) -> Result<Value, &'static str> {
    let plain = text.replace('\'', "").to_ascii_lowercase();
    let (digits, radix) = if let Some(hex) = plain.strip_prefix("0x") {
        (hex, 16)
    } else if let Some(binary) = plain.strip_prefix("0b") {
        (binary, 2)
    } else if plain.len() > 1 && plain.starts_with('0') {
        (plain.get(1..).unwrap_or(""), 8)
    } else {
        (plain.as_str(), 10)
    };
    let split = digits
        .find(|c: char| !c.is_ascii_hexdigit() || (radix != 16 && c.is_ascii_alphabetic()))
        .unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at_checked(split).unwrap_or((digits, ""));
    if suffix.starts_with(['.', 'e', 'p']) {
        return Err("a floating-point number cannot stand in a condition");
    }
    let unsigned = suffix.contains('u');
    let rest = suffix.replacen('u', "", 1);
    if !matches!(rest.as_str(), "" | "l" | "ll" | "z") {
        return Err("is not an integer");
    }
    if digits.is_empty() {
        // Only the octal prefix itself was there: `0u`.
        return if radix == 8 {
            Ok(Value { bits: 0, unsigned })
        } else {
            Err("is not an integer")
        };
    }
    let value =
        u64::from_str_radix(digits, radix).map_err(|_| "is not an integer that fits 64 bits")?;
    Ok(Value {
        bits: value as i64,
        unsigned: unsigned || i64::try_from(value).is_err(),
    })
}

/// The value of a character literal.
fn character(text: &str) -> Option<i64> {
    let (prefix, rest) = text.split_once('\'')?;
    let body = rest.strip_suffix('\'')?;
    let mut chars = body.chars().peekable();
    let mut units: Vec<u32> = Vec::new();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.push(u32::from(c));
            continue;
        }
        let escaped = chars.next()?;
        let value = match escaped {
            'n' => 10,
            't' => 9,
            'r' => 13,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            'e' => 27,
            'x' => {
                let mut value: u32 = 0;
                while let Some(d) = chars.peek().and_then(|c| c.to_digit(16)) {
                    value = value.checked_mul(16)?.checked_add(d)?;
                    chars.next();
                }
                value
            }
            '0'..='7' => {
                let mut value = escaped.to_digit(8)?;
                for _ in 0..2 {
                    if let Some(d) = chars.peek().and_then(|c| c.to_digit(8)) {
                        value = value * 8 + d;
                        chars.next();
                    }
                }
                value
            }
            other => u32::from(other),
        };
        units.push(value);
    }
    match units.as_slice() {
        [] => None,
        // A plain character is a signed byte.
        [one] if prefix.is_empty() && *one < 256 => {
            Some(i64::from(i8::from_ne_bytes([u8::try_from(*one).ok()?])))
        }
        [one] => Some(i64::from(*one)),
        many => {
            let mut value: i32 = 0;
            for unit in many {
                value = value.wrapping_shl(8) | i32::try_from(unit & 0xff).ok()?;
            }
            Some(i64::from(value))
        }
    }
}
