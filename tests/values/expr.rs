//! Expressions without side effects, of a known type.

use super::rng::Rng;
use super::types::{INTS, Ty, WHOLE};

/// An expression, in brackets where needed, and its type.
#[derive(Clone, Debug)]
pub struct Expr {
    pub text: String,
    pub ty: Ty,
}

/// A variable that can be read; written, too, if `free`.
#[derive(Clone, Debug)]
pub struct Var {
    pub name: String,
    pub ty: Ty,
    /// Whether statements may change it.
    pub free: bool,
}

/// A function without side effects: one best match for arguments of exactly these types.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub params: Vec<Ty>,
    pub result: Ty,
}

/// What can be named.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub vars: Vec<Var>,
    pub calls: Vec<Call>,
    /// Arrays of eight, by name and element.
    pub arrays: Vec<(String, Ty)>,
    /// Whether `in[]` is there.
    pub input: bool,
    /// Whether the last two operands of `?:` may be of two types.
    pub mixed_conditionals: bool,
}

fn made(text: String, ty: Ty) -> Expr {
    Expr { text, ty }
}

/// A literal. Small, near a power of two, or any.
pub fn literal(r: &mut Rng) -> Expr {
    let ty = r.pick(&[Ty::Int, Ty::Int, Ty::UInt, Ty::Long, Ty::ULong]);
    let bits = if matches!(ty, Ty::Long | Ty::ULong) {
        62
    } else {
        30
    };
    let v = match r.below(4) {
        0 | 1 => r.below(20) as u64,
        2 => {
            let near = r.below(3) as u64;
            (1u64 << (2 + r.below(bits - 2))) + near - 1
        }
        _ => r.next() & ((1 << bits) - 1),
    };
    let hex = r.chance(25);
    let digits = if hex {
        format!("0x{v:x}")
    } else {
        v.to_string()
    };
    let suffix = match ty {
        Ty::UInt => "u",
        Ty::Long => "l",
        Ty::ULong => "ul",
        _ => "",
    };
    if matches!(ty, Ty::Int | Ty::Long) && r.chance(30) {
        return made(format!("(-{digits}{suffix})"), ty);
    }
    made(format!("{digits}{suffix}"), ty)
}

/// A leaf.
fn leaf(r: &mut Rng, s: &Scope) -> Expr {
    if !s.vars.is_empty() && r.chance(70) {
        let v = &s.vars[r.below(s.vars.len())];
        return made(v.name.clone(), v.ty);
    }
    if !s.arrays.is_empty() && r.chance(40) {
        let (name, ty) = s.arrays[r.below(s.arrays.len())].clone();
        let at = match s.vars.len() {
            0 => r.below(8).to_string(),
            n => format!("{} & 7", s.vars[r.below(n)].name),
        };
        return made(format!("{name}[{at}]"), ty);
    }
    if s.input && r.chance(40) {
        return made(format!("in[{}]", r.below(16)), Ty::UInt);
    }
    literal(r)
}

/// Any expression of an integer type.
pub fn expr(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    if depth == 0 || r.chance(12) {
        return leaf(r, s);
    }
    match r.below(20) {
        0..=6 => arithmetic(r, s, depth),
        7 | 8 => shift(r, s, depth),
        9 | 10 => divide(r, s, depth),
        11 | 12 => comparison(r, s, depth),
        13 => conditional(r, s, depth),
        14 | 15 => unary(r, s, depth),
        16 | 17 => {
            let ty = r.pick(WHOLE);
            cast(r, s, ty, depth)
        }
        18 => builtin(r, s, depth),
        _ => call(r, s, depth),
    }
}

fn arithmetic(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let op = r.pick(&["+", "-", "*", "&", "|", "^", "+", "-"]);
    let (a, b) = (expr(r, s, depth - 1), expr(r, s, depth - 1));
    made(format!("({} {op} {})", a.text, b.text), a.ty.with(b.ty))
}

fn shift(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let op = r.pick(&["<<", ">>"]);
    let (a, b) = (expr(r, s, depth - 1), expr(r, s, depth - 1));
    let mask = a.ty.most_shift();
    let u = r.pick(&["", "u"]);
    made(
        format!("({} {op} ({} & {mask}{u}))", a.text, b.text),
        a.ty.promoted(),
    )
}

/// The divisor is 1 to 15, or, for `%` and `/` of other signs, -15 to -1.
fn divide(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let op = r.pick(&["/", "%"]);
    let (a, b) = (expr(r, s, depth - 1), expr(r, s, depth - 1));
    let divisor = made(format!("(({} & 15) | 1)", b.text), b.ty.with(Ty::Int));
    // The least value of a type divided by -1 has no value: then the dividend is made small.
    if r.chance(20) && matches!(divisor.ty, Ty::Int | Ty::Long) {
        let text = format!("((int)({} & 0xffff) {op} -{})", a.text, divisor.text);
        return made(text, Ty::Int.with(divisor.ty));
    }
    made(
        format!("({} {op} {})", a.text, divisor.text),
        a.ty.with(divisor.ty),
    )
}

fn comparison(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let op = r.pick(&["<", ">", "<=", ">=", "==", "!=", "&&", "||"]);
    let (a, b) = (expr(r, s, depth - 1), expr(r, s, depth - 1));
    made(format!("({} {op} {})", a.text, b.text), Ty::Bool)
}

/// [expr.cond]: of one type, no promotion.
fn conditional(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let c = expr(r, s, depth - 1);
    let (a, b) = (expr(r, s, depth - 1), expr(r, s, depth - 1));
    let ty = if a.ty == b.ty { a.ty } else { a.ty.with(b.ty) };
    let side = |e: Expr| match e.ty == ty || s.mixed_conditionals {
        true => e.text,
        false => format!("({})({})", ty.name(), e.text),
    };
    let (a, b) = (side(a), side(b));
    made(format!("({} ? {a} : {b})", c.text), ty)
}

fn unary(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let e = expr(r, s, depth - 1);
    match r.below(4) {
        0 => made(format!("(-{})", e.text), e.ty.promoted()),
        1 => made(format!("(~{})", e.text), e.ty.promoted()),
        2 => made(format!("(!{})", e.text), Ty::Bool),
        _ => made(format!("(+{})", e.text), e.ty.promoted()),
    }
}

/// Whether a type is the first word: `(uchar(short(v))) - 1` is a cast to a function type ([dcl.ambig.res]).
fn type_first(text: &str) -> bool {
    let inner = text.trim_start_matches('(');
    let end = inner
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    WHOLE.iter().any(|t| t.name() == &inner[..end])
}

/// A conversion that is written out.
pub fn cast(r: &mut Rng, s: &Scope, ty: Ty, depth: u32) -> Expr {
    let e = expr(r, s, depth.saturating_sub(1));
    let t = ty.name();
    let text = match r.below(3) {
        0 => format!("(({t})({}))", e.text),
        1 if !type_first(&e.text) => format!("({t}({}))", e.text),
        _ => format!("static_cast<{t}>({})", e.text),
    };
    made(text, ty)
}

fn builtin(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    let ty = r.pick(&[Ty::Int, Ty::UInt]);
    let a = cast(r, s, ty, depth).text;
    let b = cast(r, s, ty, depth).text;
    match r.below(5) {
        0 => made(format!("popcount({a})"), ty),
        1 => made(format!("min({a}, {b})"), ty),
        2 => made(format!("max({a}, {b})"), ty),
        3 => {
            let to = if ty == Ty::Int { Ty::UInt } else { Ty::Int };
            made(format!("as_type<{}>({a})", to.name()), to)
        }
        _ => {
            let to = r.pick(INTS);
            made(format!("sizeof({})", to.name()), Ty::ULong)
        }
    }
}

fn call(r: &mut Rng, s: &Scope, depth: u32) -> Expr {
    if s.calls.is_empty() {
        return arithmetic(r, s, depth);
    }
    let c = s.calls[r.below(s.calls.len())].clone();
    let args: Vec<String> = c.params.iter().map(|&t| cast(r, s, t, 1).text).collect();
    made(format!("{}({})", c.name, args.join(", ")), c.result)
}
