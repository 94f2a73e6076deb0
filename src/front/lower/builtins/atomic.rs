//! Atomic functions (MSL specification, section 6.15).

use crate::ir::{AtomicOp, Expr, ScalarTy, Shape, Stmt};
use crate::models::{Atomic, AtomicFunction};

use super::super::call::Arg;
use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, PtrVal, Value};
use super::Call;

/// The operation of a function.
fn operation(a: Atomic) -> AtomicOp {
    match a {
        Atomic::Load => AtomicOp::Load,
        Atomic::Store => AtomicOp::Store,
        Atomic::Exchange => AtomicOp::Exchange,
        Atomic::CompareExchange => AtomicOp::CompareExchange,
        Atomic::Add => AtomicOp::Add,
        Atomic::Sub => AtomicOp::Sub,
        Atomic::And => AtomicOp::And,
        Atomic::Or => AtomicOp::Or,
        Atomic::Xor => AtomicOp::Xor,
        Atomic::Min => AtomicOp::Min,
        Atomic::Max => AtomicOp::Max,
    }
}

impl<'a> Lowerer<'a> {
    /// Calls an atomic function.
    pub fn atomic_call(&mut self, f: &AtomicFunction, call: Call<'_, 'a>) -> Place {
        let op = operation(f.op);
        let name = call.name;
        let mut args = call.args.into_iter();
        let Some(Arg::Place(p)) = args.next() else {
            return self.unknown_call(name, &[Arg::List(&[])], true);
        };
        let Some((ptr, pointee)) = self.as_pointer(p.clone()) else {
            return self.unknown_call(name, &[Arg::Place(p), Arg::List(&[])], true);
        };
        let Some(s) = pointee.scalar() else {
            self.unsupported("atomic operation on this type", true, false, Vec::new());
            return Place::Val(Value::scalar(Expr::undef(ScalarTy::U32)));
        };
        let ty = Ty::Scalar(s);
        if op == AtomicOp::CompareExchange {
            return self.compare_exchange(ptr, s, args);
        }
        let mut operands = Vec::new();
        if op != AtomicOp::Load
            && let Some(Arg::Place(v)) = args.next()
        {
            let v = self.load(v);
            let v = self.convert(v, &ty);
            operands.extend(v.as_scalar().cloned());
        }
        let dst = (op != AtomicOp::Store).then(|| self.temp_var(s));
        let clobbers: Vec<_> = dst.into_iter().collect();
        self.for_targets(
            &ptr,
            &mut |l, o, off| {
                let access = l.access(o, off, Shape::Bytes(s.size()));
                l.emit(Stmt::Atomic {
                    dst,
                    observed: None,
                    op,
                    operands: operands.clone(),
                    ty: s,
                    access,
                });
            },
            "atomic operation through a pointer of unknown target",
            &clobbers,
        );
        Place::Val(match dst {
            Some(d) => Value::scalar(Expr::var(s, d)),
            None => Value::void(),
        })
    }

    fn compare_exchange(
        &mut self,
        ptr: PtrVal,
        s: ScalarTy,
        mut args: impl Iterator<Item = Arg<'a>>,
    ) -> Place {
        let (Some(Arg::Place(expected)), Some(Arg::Place(desired))) = (args.next(), args.next())
        else {
            let name = "atomic_compare_exchange_weak_explicit";
            return self.unknown_call(name, &[Arg::List(&[])], true);
        };
        let ty = Ty::Scalar(s);
        let slot = match expected.ty() {
            Ty::Pointer(..) | Ty::Array(..) => self.deref_place(expected),
            _ => expected,
        };
        let old = self.load(slot.clone());
        let old = self.convert(old, &ty);
        let desired = self.load(desired);
        let desired = self.convert(desired, &ty);
        let operands: Vec<Expr> = old.scalars().into_iter().chain(desired.scalars()).collect();
        let ok = self.temp_var(ScalarTy::Bool);
        let seen = self.temp_var(s);
        self.for_targets(
            &ptr,
            &mut |l, o, off| {
                let access = l.access(o, off, Shape::Bytes(s.size()));
                l.emit(Stmt::Atomic {
                    dst: Some(ok),
                    observed: Some(seen),
                    op: AtomicOp::CompareExchange,
                    operands: operands.clone(),
                    ty: s,
                    access,
                });
            },
            "atomic operation through a pointer of unknown target",
            &[ok, seen],
        );
        let v = Value::scalar(Expr::var(s, seen));
        let t = slot.ty().clone();
        let v = self.convert(v, &t);
        self.store(&slot, v);
        Place::Val(Value::scalar(fold::truthy(Expr::var(ScalarTy::Bool, ok))))
    }
}
