//! Barriers (MSL specification, section 6.9.1).

use crate::ir::{Barrier, BarrierId, BarrierScope, Expr, MemFlags, ScalarTy, Stmt};
use crate::models::{self, Fenced, Scope};

use super::super::ctx::Lowerer;
use super::super::types::{ENUM_MEM_FLAGS, Ty};
use super::super::value::{Place, Value};
use super::Call;

/// The value of an enumerator of `mem_flags`.
pub fn flag_value(name: &str) -> Option<Value> {
    let bits = models::mem_flag(name)?.bits();
    Some(Value::comps(
        Ty::Enum(ENUM_MEM_FLAGS, ScalarTy::U32),
        vec![Expr::constant(ScalarTy::U32, u64::from(bits))],
    ))
}

impl<'a> Lowerer<'a> {
    /// `threadgroup_barrier(flags)` and `simdgroup_barrier(flags)`.
    pub fn barrier(&mut self, f: &models::BarrierFunction, call: Call<'_, 'a>) -> Place {
        let scope = match f.scope {
            Scope::Threadgroup => BarrierScope::Threadgroup,
            Scope::Simdgroup => BarrierScope::Simdgroup,
            Scope::Quadgroup => return self.unknown_call(call.name, &call.args, true),
        };
        let vals = self.arg_values(call.args);
        let bits = vals
            .first()
            .and_then(|v| v.as_scalar().and_then(Expr::as_int));
        let Some(bits) = bits else {
            self.unsupported("barrier with non-constant flags", true, true, Vec::new());
            return Place::Val(Value::void());
        };
        let fences = |f: Fenced| bits & i128::from(f.bit()) != 0;
        let flags = MemFlags {
            device: fences(Fenced::Device),
            threadgroup: fences(Fenced::Threadgroup),
            texture: fences(Fenced::Texture),
            imageblock: fences(Fenced::Imageblock),
            object_data: fences(Fenced::ObjectData),
        };
        let id = BarrierId(self.barriers.len() as u32);
        self.barriers.push(Barrier {
            scope,
            flags,
            span: self.span,
            path: self.path(),
            loops: self.loop_stack.clone(),
        });
        self.emit(Stmt::Barrier(id));
        Place::Val(Value::void())
    }
}
