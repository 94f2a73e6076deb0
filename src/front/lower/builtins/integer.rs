//! Integer functions (MSL specification, section 6.3).

use crate::ir::{BinOp, Expr, MathFn, ScalarTy};

use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// Whether the name is an integer function.
pub fn is_name(name: &str) -> bool {
    arity(name).is_some()
}

fn arity(name: &str) -> Option<usize> {
    Some(match name {
        "popcount" | "clz" | "ctz" | "reverse_bits" => 1,
        "absdiff" | "addsat" | "subsat" | "mulhi" | "rotate" | "hadd" | "rhadd" | "mul24" => 2,
        "extract_bits" | "mad24" | "madhi" => 3,
        "insert_bits" => 4,
        _ => return None,
    })
}

impl<'a> Lowerer<'a> {
    /// Calls an integer function.
    pub fn integer_call(&mut self, call: Call<'_, 'a>) -> Place {
        if arity(call.name) != Some(call.args.len()) {
            return self.unknown_call(call.name, &call.args, true);
        }
        let name = call.name;
        let mut vals = self.arg_values(call.args);
        // Counts and positions keep their own type.
        let shared = match name {
            "extract_bits" => 1,
            "insert_bits" => 2,
            _ => vals.len(),
        };
        let rest = vals.split_off(shared);
        let Some((elem, ty, args)) = self.align_args(vals, false) else {
            self.note(format!("`{name}` of this type"));
            return Place::Val(Value::scalar(Expr::undef(ScalarTy::U32)));
        };
        if elem.is_float() {
            self.note(format!("`{name}` of a floating type"));
            return Place::Val(self.undef(&ty));
        }
        let rest: Vec<Expr> = rest
            .iter()
            .filter_map(|v| v.scalars().into_iter().next())
            .map(|e| fold::cast(e, elem))
            .collect();
        let rest: Vec<Expr> = rest.into_iter().map(|e| self.short(e)).collect();
        let width = args.first().map_or(0, Vec::len);
        let mut out = Vec::new();
        for i in 0..width {
            let a: Vec<Expr> = args.iter().map(|v| v[i].clone()).collect();
            let a: Vec<Expr> = a.into_iter().map(|e| self.short(e)).collect();
            out.push(self.integer_op(name, elem, &a, &rest));
        }
        let t = out.first().map_or(elem, |e| e.ty);
        Place::Val(Value::comps(Ty::vector(t, width as u8), out))
    }

    fn integer_op(&mut self, name: &str, s: ScalarTy, a: &[Expr], rest: &[Expr]) -> Expr {
        let m = |f| fold::math(f, s, a.to_vec());
        let bin = |op, x: &Expr, y: &Expr| fold::binary(op, x.clone(), y.clone());
        let c = |v: u64| Expr::constant(s, v);
        match (name, a, rest) {
            ("popcount", ..) => m(MathFn::Popcount),
            ("clz", ..) => m(MathFn::Clz),
            ("ctz", ..) => m(MathFn::Ctz),
            ("reverse_bits", ..) => m(MathFn::ReverseBits),
            ("rotate", ..) => m(MathFn::Rotate),
            ("mulhi", ..) => m(MathFn::MulHi),
            ("addsat", ..) => m(MathFn::AddSat),
            ("subsat", ..) => m(MathFn::SubSat),
            ("absdiff", ..) => {
                let u = match s {
                    ScalarTy::I8 => ScalarTy::U8,
                    ScalarTy::I16 => ScalarTy::U16,
                    ScalarTy::I32 => ScalarTy::U32,
                    ScalarTy::I64 => ScalarTy::U64,
                    other => other,
                };
                fold::math(MathFn::AbsDiff, u, a.to_vec())
            }
            ("mul24", [x, y], _) => bin(BinOp::Mul, x, y),
            ("mad24", [x, y, z], _) => bin(BinOp::Add, &bin(BinOp::Mul, x, y), z),
            ("madhi", [x, y, z], _) => {
                let h = fold::math(MathFn::MulHi, s, vec![x.clone(), y.clone()]);
                bin(BinOp::Add, &h, z)
            }
            ("hadd", [x, y], _) => {
                let half = bin(BinOp::Shr, &bin(BinOp::Xor, x, y), &c(1));
                bin(BinOp::Add, &bin(BinOp::And, x, y), &half)
            }
            ("rhadd", [x, y], _) => {
                let half = bin(BinOp::Shr, &bin(BinOp::Xor, x, y), &c(1));
                bin(BinOp::Sub, &bin(BinOp::Or, x, y), &half)
            }
            ("extract_bits", [x], [offset, bits]) => {
                // Shift up to the top, then down: sign- or zero-extends; no bits give 0.
                let w = u64::from(s.bits());
                let up = bin(BinOp::Sub, &bin(BinOp::Sub, &c(w), bits), offset);
                let down = bin(BinOp::Sub, &c(w), bits);
                let v = bin(BinOp::Shr, &bin(BinOp::Shl, x, &up), &down);
                fold::select(bin(BinOp::Eq, bits, &c(0)), c(0), v)
            }
            ("insert_bits", [base, insert], [offset, bits]) => {
                let w = u64::from(s.bits());
                let u = |e: &Expr| e.clone();
                let all = c(u64::MAX);
                let ones = bin(BinOp::Sub, &bin(BinOp::Shl, &c(1), bits), &c(1));
                let mask = fold::select(bin(BinOp::Eq, bits, &c(w)), all, ones);
                let mask = self.short(bin(BinOp::Shl, &mask, offset));
                let keep = bin(
                    BinOp::And,
                    base,
                    &fold::unary(crate::ir::UnOp::BitNot, mask.clone()),
                );
                let put = bin(BinOp::And, &bin(BinOp::Shl, &u(insert), offset), &mask);
                bin(BinOp::Or, &keep, &put)
            }
            _ => Expr::undef(s),
        }
    }
}
