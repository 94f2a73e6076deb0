//! SIMD-group matrix functions (MSL specification, section 6.7).

use crate::ir::{BinOp, Expr, ScalarTy, Shape, Stmt};

use super::super::call::Arg;
use super::super::ctx::Lowerer;
use super::super::fold::{self, i64c};
use super::super::template::TArg;
use super::super::types::Ty;
use super::super::value::{Place, PtrVal, Value};
use super::Call;

/// Whether the name is one of these functions.
pub fn is_name(name: &str) -> bool {
    matches!(
        name,
        "simdgroup_load"
            | "simdgroup_store"
            | "simdgroup_multiply"
            | "simdgroup_multiply_accumulate"
            | "make_filled_simdgroup_matrix"
            | "make_diagonal_simdgroup_matrix"
    )
}

/// Where a tile is.
struct Tile {
    at: PtrVal,
    elem: ScalarTy,
    stride: Expr,
    transpose: bool,
}

impl<'a> Lowerer<'a> {
    /// Calls one of these functions.
    pub fn matrix_call(&mut self, call: Call<'_, 'a>) -> Place {
        let name = call.name;
        match name {
            "make_filled_simdgroup_matrix" | "make_diagonal_simdgroup_matrix" => {
                let s = match call.targs.as_deref() {
                    Some([TArg::Ty(t), ..]) => t.element(),
                    _ => None,
                };
                let vals = self.arg_values(call.args);
                let s = s.or_else(|| vals.first().and_then(|v| v.ty.element()));
                let ty = Ty::Simdgroup(s.unwrap_or(ScalarTy::F32));
                match vals.into_iter().next() {
                    // Which lane holds the diagonal is unspecified.
                    Some(v) if name == "make_filled_simdgroup_matrix" => {
                        Place::Val(self.convert(v, &ty))
                    }
                    _ => Place::Val(self.undef(&ty)),
                }
            }
            "simdgroup_load" | "simdgroup_store" => self.matrix_move(call),
            _ => self.matrix_multiply(call),
        }
    }

    fn matrix_multiply(&mut self, call: Call<'_, 'a>) -> Place {
        let places: Vec<Place> = call
            .args
            .iter()
            .filter_map(|a| match a {
                Arg::Place(p) => Some(p.clone()),
                Arg::List(..) => None,
            })
            .collect();
        let (Some(d), Some(a), Some(b)) = (places.first(), places.get(1), places.get(2)) else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let Ty::Simdgroup(s) = *d.ty() else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let load = |l: &mut Self, p: &Place| l.load(p.clone()).scalars();
        let (va, vb) = (load(self, a), load(self, b));
        let vc = places.get(3).map_or(Vec::new(), |c| load(self, c));
        let dst = vec![self.temp_var(s), self.temp_var(s)];
        let out = dst.iter().map(|v| Expr::var(s, *v)).collect();
        let span = self.span;
        self.emit(Stmt::MatrixMultiplyAccumulate {
            dst,
            a: va,
            b: vb,
            c: vc,
            span,
        });
        self.store(d, Value::comps(Ty::Simdgroup(s), out));
        Place::Val(Value::void())
    }

    fn matrix_move(&mut self, call: Call<'_, 'a>) -> Place {
        let is_load = call.name == "simdgroup_load";
        let mut it = call.args.clone().into_iter();
        let (Some(Arg::Place(m)), Some(Arg::Place(p))) = (it.next(), it.next()) else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let Ty::Simdgroup(s) = *m.ty() else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let Some((ptr, pointee)) = self.as_pointer(p) else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let elem = pointee.element().unwrap_or(s);
        let mut rest = Vec::new();
        for a in it {
            rest.push(match a {
                Arg::Place(p) => self.load(p),
                Arg::List(args) => self.construct(&Ty::Vector(ScalarTy::U64, 2, false), args, true),
            });
        }
        let tile = self.tile(ptr, elem, rest);
        let shape = Shape::Tile {
            rows: 8,
            cols: 8,
            elem: elem.size(),
            stride: tile.stride.clone(),
            transpose: tile.transpose,
        };
        if is_load {
            let dst = vec![self.temp_var(elem), self.temp_var(elem)];
            let out = dst.iter().map(|v| Expr::var(elem, *v)).collect();
            let d = dst.clone();
            self.for_targets(
                &tile.at,
                &mut |l, o, off| {
                    let access = l.access(o, off, shape.clone());
                    l.emit(Stmt::MatrixLoad {
                        dst: d.clone(),
                        ty: tile.elem,
                        access,
                    });
                },
                "simdgroup_load through a pointer of unknown target",
                &dst,
            );
            let v = Value::comps(Ty::Simdgroup(elem), out);
            let v = self.convert(v, &Ty::Simdgroup(s));
            self.store(&m, v);
        } else {
            let v = self.load(m);
            let v = self.convert(v, &Ty::Simdgroup(elem));
            let src = v.scalars();
            self.for_targets(
                &tile.at,
                &mut |l, o, off| {
                    let access = l.access(o, off, shape.clone());
                    l.emit(Stmt::MatrixStore {
                        src: src.clone(),
                        ty: tile.elem,
                        access,
                    });
                },
                "simdgroup_store through a pointer of unknown target",
                &[],
            );
        }
        Place::Val(Value::void())
    }

    /// Row length (default 8 elements), origin (column, row) and transposition.
    fn tile(&mut self, ptr: PtrVal, elem: ScalarTy, rest: Vec<Value>) -> Tile {
        let size = i64c(elem.size() as i64);
        let mut row = i64c(8);
        let mut transpose = false;
        let mut at = ptr;
        let mut seen_row = false;
        for v in rest {
            match v.ty {
                Ty::Vector(..) => {
                    let c = v.scalars();
                    let wide = |e: Option<&Expr>| {
                        e.map_or_else(|| i64c(0), |e| fold::cast(e.clone(), ScalarTy::I64))
                    };
                    let (x, y) = (wide(c.first()), wide(c.get(1)));
                    let elems =
                        fold::binary(BinOp::Add, fold::binary(BinOp::Mul, y, row.clone()), x);
                    at = at.plus_expr(fold::binary(BinOp::Mul, elems, size.clone()));
                }
                Ty::BOOL => {
                    transpose = v
                        .as_scalar()
                        .and_then(fold::const_bool)
                        .unwrap_or(transpose);
                }
                _ if !seen_row => {
                    seen_row = true;
                    if let Some(e) = v.as_scalar() {
                        let e = fold::cast(e.clone(), ScalarTy::I64);
                        row = self.atom(e);
                    }
                }
                // A scalar origin of zero.
                _ => {
                    if let Some(e) = v.as_scalar() {
                        let e = fold::cast(e.clone(), ScalarTy::I64);
                        let both = fold::binary(
                            BinOp::Add,
                            fold::binary(BinOp::Mul, e.clone(), row.clone()),
                            e,
                        );
                        at = at.plus_expr(fold::binary(BinOp::Mul, both, size.clone()));
                    }
                }
            }
        }
        Tile {
            at,
            elem,
            stride: fold::binary(BinOp::Mul, row, size),
            transpose,
        }
    }
}
