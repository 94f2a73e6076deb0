//! Expressions in launch specifications: integers, names, `+ - * / % << >> & | ^ ( )`, `min`, `max`, `ceil_div`.
//!
//! Division rounds toward zero. Overflow of 128 bits, division by zero and unknown names are errors.

/// What names mean; `None` for an unknown name.
pub type Names<'a> = dyn Fn(&str) -> Option<i128> + 'a;

/// The value of an expression. The error says what is wrong.
pub fn evaluate(text: &str, names: &Names<'_>) -> Result<i128, String> {
    let mut p = Parser {
        rest: text,
        names,
        depth: 0,
    };
    let v = p.binary(0)?;
    if p.peek().is_some() {
        return Err(format!("`{text}`: unexpected `{}`", p.rest.trim()));
    }
    Ok(v)
}

struct Parser<'a> {
    rest: &'a str,
    names: &'a Names<'a>,
    depth: u32,
}

/// Operators from the loosest to the tightest.
const LEVELS: &[&[&str]] = &[
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];
const DEEPEST: u32 = 64;

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, mark: &str) -> bool {
        self.peek();
        match self.rest.strip_prefix(mark) {
            Some(r) => {
                self.rest = r;
                true
            }
            None => false,
        }
    }

    fn binary(&mut self, level: usize) -> Result<i128, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut v = self.binary(level + 1)?;
        while let Some(op) = operators.iter().copied().find(|op| self.take(op)) {
            let w = self.binary(level + 1)?;
            v = apply(op, v, w)?;
        }
        Ok(v)
    }

    fn unary(&mut self) -> Result<i128, String> {
        if self.take("-") {
            return self
                .nested(Self::unary)?
                .checked_neg()
                .ok_or_else(|| "overflow".into());
        }
        if self.take("(") {
            let v = self.nested(|p| p.binary(0))?;
            return self.close(v);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(format!("expected a number or a name at `{}`", self.rest));
        }
        self.rest = rest;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word
                .parse()
                .map_err(|_| format!("`{word}` is not an integer"));
        }
        if self.take("(") {
            let a = self.nested(|p| p.binary(0))?;
            if !self.take(",") {
                return Err(format!("`{word}` takes two arguments"));
            }
            let b = self.nested(|p| p.binary(0))?;
            let v = match word {
                "min" => a.min(b),
                "max" => a.max(b),
                "ceil_div" => {
                    let up = b.checked_sub(1).and_then(|b1| a.checked_add(b1));
                    apply("/", up.ok_or("overflow")?, b)?
                }
                _ => {
                    return Err(format!(
                        "no function `{word}`; there are min, max and ceil_div"
                    ));
                }
            };
            return self.close(v);
        }
        (self.names)(word).ok_or_else(|| format!("no parameter `{word}`"))
    }

    fn nested(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<i128, String>,
    ) -> Result<i128, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deeply".into());
        }
        let v = f(self)?;
        self.depth -= 1;
        Ok(v)
    }

    fn close(&mut self, v: i128) -> Result<i128, String> {
        if self.take(")") {
            Ok(v)
        } else {
            Err("expected `)`".into())
        }
    }
}

fn apply(op: &str, a: i128, b: i128) -> Result<i128, String> {
    let shift = || u32::try_from(b).ok().filter(|s| *s < 64);
    let v = match op {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" if b == 0 => return Err("division by zero".into()),
        "%" if b == 0 => return Err("division by zero".into()),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        "<<" => shift().and_then(|s| a.checked_mul(1i128 << s)),
        ">>" => shift().map(|s| a >> s),
        "&" => Some(a & b),
        "^" => Some(a ^ b),
        _ => Some(a | b),
    };
    v.ok_or_else(|| "overflow".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i128, String> {
        evaluate(text, &|n| match n {
            "n" => Some(10),
            "p.rows" => Some(3),
            _ => None,
        })
    }

    #[test]
    fn precedence_and_functions() {
        assert_eq!(value("1 + 2 * n"), Ok(21));
        assert_eq!(value("-(n - 12) % 3"), Ok(2));
        assert_eq!(value("ceil_div(n, 4) * p.rows"), Ok(9));
        assert_eq!(value("1 << 2 + 1 | 1"), Ok(9));
        assert_eq!(value("min(n, 3) - max(1, 2)"), Ok(1));
        assert_eq!(value("10 - 3 - 2"), Ok(5));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(value("m"), Err("no parameter `m`".into()));
        assert_eq!(value("n / (n - 10)"), Err("division by zero".into()));
        assert!(value("n n").is_err_and(|e| e.contains("unexpected `n`")));
        assert!(value("(n").is_err_and(|e| e.contains("`)`")));
        assert!(value("").is_err_and(|e| e.contains("expected a number")));
        assert!(value("max(n)").is_err_and(|e| e.contains("two arguments")));
        assert!(value(&"(".repeat(5000)).is_err());
        assert!(value("170141183460469231731687303715884105727 + 1").is_err());
    }
}
