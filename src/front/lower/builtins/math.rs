//! Mathematical functions, component by component (MSL specification, sections 6.3 to 6.5).

use crate::ir::{BinOp, Expr, ExprKind, MathFn, ScalarTy, UnOp};

use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// How a function is computed from its components.
#[derive(Clone, Copy)]
pub enum Rule {
    /// One IR function on floats.
    Float(MathFn, usize),
    /// One IR function on integers or floats.
    Any(MathFn, usize),
    /// `isnan` and the like: result `bool`.
    Test(MathFn),
    /// Composed from others.
    Composed(usize),
}

/// The rule of a function.
pub fn lookup(name: &str) -> Option<Rule> {
    use MathFn as M;
    Some(match name {
        "sqrt" => Rule::Float(M::Sqrt, 1),
        "rsqrt" => Rule::Float(M::Rsqrt, 1),
        "exp" => Rule::Float(M::Exp, 1),
        "exp2" => Rule::Float(M::Exp2, 1),
        "exp10" => Rule::Float(M::Exp10, 1),
        "log" => Rule::Float(M::Log, 1),
        "log2" => Rule::Float(M::Log2, 1),
        "log10" => Rule::Float(M::Log10, 1),
        "sin" => Rule::Float(M::Sin, 1),
        "cos" => Rule::Float(M::Cos, 1),
        "tan" => Rule::Float(M::Tan, 1),
        "asin" => Rule::Float(M::Asin, 1),
        "acos" => Rule::Float(M::Acos, 1),
        "atan" => Rule::Float(M::Atan, 1),
        "sinh" => Rule::Float(M::Sinh, 1),
        "cosh" => Rule::Float(M::Cosh, 1),
        "tanh" => Rule::Float(M::Tanh, 1),
        "asinh" => Rule::Float(M::Asinh, 1),
        "acosh" => Rule::Float(M::Acosh, 1),
        "atanh" => Rule::Float(M::Atanh, 1),
        "floor" => Rule::Float(M::Floor, 1),
        "ceil" => Rule::Float(M::Ceil, 1),
        "round" => Rule::Float(M::Round, 1),
        "rint" => Rule::Float(M::Rint, 1),
        "trunc" => Rule::Float(M::Trunc, 1),
        "fract" => Rule::Float(M::Fract, 1),
        "saturate" => Rule::Float(M::Saturate, 1),
        "sign" => Rule::Float(M::Sign, 1),
        "fabs" => Rule::Float(M::Abs, 1),
        "pow" | "powr" => Rule::Float(M::Pow, 2),
        "atan2" => Rule::Float(M::Atan2, 2),
        "fmod" => Rule::Float(M::Fmod, 2),
        "copysign" => Rule::Float(M::CopySign, 2),
        "step" => Rule::Float(M::Step, 2),
        "fmin" => Rule::Float(M::Min, 2),
        "fmax" => Rule::Float(M::Max, 2),
        "fma" => Rule::Float(M::Fma, 3),
        "min" => Rule::Any(M::Min, 2),
        "max" => Rule::Any(M::Max, 2),
        "abs" => Rule::Any(M::Abs, 1),
        "isnan" => Rule::Test(M::IsNan),
        "isinf" => Rule::Test(M::IsInf),
        "isfinite" | "isnormal" | "signbit" | "sinpi" | "cospi" | "tanpi" => Rule::Composed(1),
        "fdim" | "divide" | "ldexp" | "isunordered" | "isordered" => Rule::Composed(2),
        "clamp" | "mix" | "smoothstep" | "min3" | "max3" | "median3" | "fmin3" | "fmax3"
        | "fmedian3" | "mad" => Rule::Composed(3),
        _ => return None,
    })
}

/// The number of arguments of a function.
pub fn arity(rule: Rule) -> usize {
    match rule {
        Rule::Float(_, n) | Rule::Any(_, n) | Rule::Composed(n) => n,
        Rule::Test(_) => 1,
    }
}

impl<'a> Lowerer<'a> {
    /// Calls a mathematical function.
    pub fn math_call(&mut self, rule: Rule, call: Call<'_, 'a>) -> Place {
        if call.args.len() != arity(rule) {
            return self.unknown_call(call.name, &call.args, true);
        }
        let name = call.name;
        let vals = self.arg_values(call.args);
        if name == "ldexp" {
            return self.ldexp(vals);
        }
        let any = matches!(rule, Rule::Any(..))
            || matches!(name, "clamp" | "min3" | "max3" | "median3" | "mad");
        let Some((elem, ty, args)) = self.align_args(vals, !any) else {
            self.note(format!("`{name}` of this type"));
            return Place::Val(Value::scalar(Expr::undef(ScalarTy::F32)));
        };
        // `abs` of an integer has its type; unsigned is itself.
        let width = args.first().map_or(0, Vec::len);
        let mut out = Vec::new();
        for i in 0..width {
            let a: Vec<Expr> = args.iter().map(|v| v[i].clone()).collect();
            let e = match rule {
                Rule::Any(MathFn::Abs, _) if elem.is_int() && !elem.is_signed() => a[0].clone(),
                Rule::Float(f, _) | Rule::Any(f, _) => fold::math(f, elem, a),
                Rule::Test(f) => Expr {
                    ty: ScalarTy::Bool,
                    kind: ExprKind::Math(f, a),
                },
                Rule::Composed(_) => self.composed(name, elem, a),
            };
            out.push(e);
        }
        let ty = match out.first().map(|e| e.ty) {
            Some(t) if t != elem => Ty::vector(t, width as u8),
            _ => ty,
        };
        Place::Val(Value::comps(ty, out))
    }

    fn ldexp(&mut self, vals: Vec<Value>) -> Place {
        let (Some(x), Some(k)) = (vals.first(), vals.get(1)) else {
            return Place::Val(Value::void());
        };
        let s =
            x.ty.element()
                .filter(|s| s.is_float())
                .unwrap_or(ScalarTy::F32);
        let ks = k.scalars();
        let out: Vec<Expr> = x
            .scalars()
            .into_iter()
            .enumerate()
            .map(|(i, e)| {
                let k = ks.get(i).or(ks.first()).cloned();
                let k = k.unwrap_or_else(|| Expr::constant(ScalarTy::I32, 0));
                fold::math(
                    MathFn::Ldexp,
                    s,
                    vec![fold::cast(e, s), fold::cast(k, ScalarTy::I32)],
                )
            })
            .collect();
        let ty = Ty::vector(s, out.len() as u8);
        Place::Val(Value::comps(ty, out))
    }

    fn composed(&mut self, name: &str, s: ScalarTy, a: Vec<Expr>) -> Expr {
        let a: Vec<Expr> = a.into_iter().map(|e| self.short(e)).collect();
        let bin = |op, x: &Expr, y: &Expr| fold::binary(op, x.clone(), y.clone());
        let m2 = |f, x: &Expr, y: &Expr| fold::math(f, s, vec![x.clone(), y.clone()]);
        let test = |f, x: &Expr| Expr {
            ty: ScalarTy::Bool,
            kind: ExprKind::Math(f, vec![x.clone()]),
        };
        let c = |v: f64| fold::floatc(s, v);
        match (name, a.as_slice()) {
            ("isfinite", [x]) => fold::not(fold::binary(
                BinOp::Or,
                test(MathFn::IsNan, x),
                test(MathFn::IsInf, x),
            )),
            ("isunordered", [x, y]) => {
                fold::binary(BinOp::Or, test(MathFn::IsNan, x), test(MathFn::IsNan, y))
            }
            ("isordered", [x, y]) => fold::not(fold::binary(
                BinOp::Or,
                test(MathFn::IsNan, x),
                test(MathFn::IsNan, y),
            )),
            ("signbit", [x]) => {
                let i = match s.size() {
                    2 => ScalarTy::I16,
                    _ => ScalarTy::I32,
                };
                fold::binary(BinOp::Lt, fold::bitcast(x.clone(), i), Expr::constant(i, 0))
            }
            ("sinpi" | "cospi" | "tanpi", [x]) => {
                let f = match name {
                    "sinpi" => MathFn::Sin,
                    "cospi" => MathFn::Cos,
                    _ => MathFn::Tan,
                };
                let r = bin(BinOp::Mul, x, &c(std::f64::consts::PI));
                fold::math(f, s, vec![r])
            }
            ("fdim", [x, y]) => {
                let d = bin(BinOp::Sub, x, y);
                fold::select(bin(BinOp::Gt, x, y), d, c(0.0))
            }
            ("divide", [x, y]) => bin(BinOp::Div, x, y),
            ("clamp", [x, lo, hi]) => m2(MathFn::Min, &m2(MathFn::Max, x, lo), hi),
            ("mad", [x, y, z]) => bin(BinOp::Add, &bin(BinOp::Mul, x, y), z),
            ("mix", [x, y, t]) => {
                let d = bin(BinOp::Sub, y, x);
                bin(BinOp::Add, x, &bin(BinOp::Mul, &d, t))
            }
            ("smoothstep", [lo, hi, x]) => {
                let t = bin(
                    BinOp::Div,
                    &bin(BinOp::Sub, x, lo),
                    &bin(BinOp::Sub, hi, lo),
                );
                let t = self.atom(fold::math(MathFn::Saturate, s, vec![t]));
                let tt = bin(BinOp::Mul, &t, &t);
                let u = bin(BinOp::Sub, &c(3.0), &bin(BinOp::Mul, &c(2.0), &t));
                bin(BinOp::Mul, &tt, &u)
            }
            ("min3" | "fmin3", [x, y, z]) => m2(MathFn::Min, &m2(MathFn::Min, x, y), z),
            ("max3" | "fmax3", [x, y, z]) => m2(MathFn::Max, &m2(MathFn::Max, x, y), z),
            ("median3" | "fmedian3", [x, y, z]) => {
                let lo = m2(MathFn::Min, x, y);
                let hi = m2(MathFn::Max, x, y);
                m2(MathFn::Max, &lo, &m2(MathFn::Min, &hi, z))
            }
            ("isnormal", _) => Expr::undef(ScalarTy::Bool),
            _ => {
                let _ = UnOp::Neg;
                Expr::undef(s)
            }
        }
    }
}
