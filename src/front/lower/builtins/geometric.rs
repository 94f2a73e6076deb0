//! Geometric, relational and matrix functions (MSL specification, sections 6.4, 6.6, 6.7).

use crate::ir::{BinOp, Expr, MathFn, ScalarTy};

use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// Whether the name is one of these functions.
pub fn is_name(name: &str) -> bool {
    matches!(
        name,
        "dot"
            | "length"
            | "length_squared"
            | "distance"
            | "distance_squared"
            | "normalize"
            | "cross"
            | "reflect"
            | "any"
            | "all"
            | "select"
            | "transpose"
            | "determinant"
    )
}

fn sum_of_products(a: &[Expr], b: &[Expr]) -> Expr {
    a.iter()
        .zip(b)
        .map(|(x, y)| fold::binary(BinOp::Mul, x.clone(), y.clone()))
        .reduce(|x, y| fold::binary(BinOp::Add, x, y))
        .unwrap_or_else(|| Expr::undef(ScalarTy::F32))
}

impl<'a> Lowerer<'a> {
    /// Calls one of these functions.
    pub fn geometric_call(&mut self, call: Call<'_, 'a>) -> Place {
        let name = call.name;
        let vals = self.arg_values(call.args);
        Place::Val(match (name, vals.as_slice()) {
            ("any" | "all", [v]) => {
                let op = if name == "any" { BinOp::Or } else { BinOp::And };
                let e = v
                    .scalars()
                    .into_iter()
                    .map(fold::truthy)
                    .reduce(|x, y| fold::binary(op, x, y));
                Value::scalar(e.unwrap_or_else(|| fold::boolc(false)))
            }
            ("select", [a, b, c]) => {
                // `select(a, b, c)` is `c ? b : a`.
                let c = self.freeze_value(c.clone());
                self.select_values(&c, b.clone(), a.clone())
            }
            ("transpose", [m]) => match m.ty {
                Ty::Matrix(s, c, r) => {
                    let x = m.scalars();
                    let (cn, rn) = (usize::from(c), usize::from(r));
                    let mut out = Vec::new();
                    for i in 0..rn {
                        for j in 0..cn {
                            out.push(x[j * rn + i].clone());
                        }
                    }
                    Value::comps(Ty::Matrix(s, r, c), out)
                }
                _ => self.undef(&m.ty.clone()),
            },
            ("determinant", [m]) => {
                self.note("determinant");
                Value::scalar(Expr::undef(m.ty.element().unwrap_or(ScalarTy::F32)))
            }
            _ => self.vector_function(name, vals),
        })
    }

    fn vector_function(&mut self, name: &str, vals: Vec<Value>) -> Value {
        let Some((s, ty, args)) = self.align_args(vals, name != "dot") else {
            self.note(format!("`{name}` of this type"));
            return Value::scalar(Expr::undef(ScalarTy::F32));
        };
        let args: Vec<Vec<Expr>> = args
            .into_iter()
            .map(|v| v.into_iter().map(|e| self.short(e)).collect())
            .collect();
        let sqrt = |e: Expr| fold::math(MathFn::Sqrt, s, vec![e]);
        let diff = |a: &[Expr], b: &[Expr]| -> Vec<Expr> {
            a.iter()
                .zip(b)
                .map(|(x, y)| fold::binary(BinOp::Sub, x.clone(), y.clone()))
                .collect()
        };
        match (name, args.as_slice()) {
            ("dot", [a, b]) => Value::scalar(sum_of_products(a, b)),
            ("length", [a]) => Value::scalar(sqrt(sum_of_products(a, a))),
            ("length_squared", [a]) => Value::scalar(sum_of_products(a, a)),
            ("distance", [a, b]) => {
                let d = diff(a, b);
                Value::scalar(sqrt(sum_of_products(&d, &d)))
            }
            ("distance_squared", [a, b]) => {
                let d = diff(a, b);
                Value::scalar(sum_of_products(&d, &d))
            }
            ("normalize", [a]) => {
                let inv = fold::math(MathFn::Rsqrt, s, vec![sum_of_products(a, a)]);
                let inv = self.short(inv);
                let out = a
                    .iter()
                    .map(|x| fold::binary(BinOp::Mul, x.clone(), inv.clone()))
                    .collect();
                Value::comps(ty, out)
            }
            ("cross", [a, b]) if a.len() == 3 && b.len() == 3 => {
                let m = |i: usize, j: usize| {
                    fold::binary(
                        BinOp::Sub,
                        fold::binary(BinOp::Mul, a[i].clone(), b[j].clone()),
                        fold::binary(BinOp::Mul, a[j].clone(), b[i].clone()),
                    )
                };
                Value::comps(ty, vec![m(1, 2), m(2, 0), m(0, 1)])
            }
            ("reflect", [i, n]) => {
                let two = fold::floatc(s, 2.0);
                let k = self.short(fold::binary(BinOp::Mul, two, sum_of_products(n, i)));
                let out = i
                    .iter()
                    .zip(n)
                    .map(|(x, y)| {
                        let p = fold::binary(BinOp::Mul, k.clone(), y.clone());
                        fold::binary(BinOp::Sub, x.clone(), p)
                    })
                    .collect();
                Value::comps(ty, out)
            }
            _ => {
                self.note(format!("`{name}` with these arguments"));
                Value::scalar(Expr::undef(s))
            }
        }
    }
}
