//! Barriers (MSL specification, section 6.9.1).

use crate::ir::{Barrier, BarrierId, BarrierScope, Expr, MemFlags, ScalarTy, Stmt};

use super::super::ctx::Lowerer;
use super::super::types::{ENUM_MEM_FLAGS, Ty};
use super::super::value::{Place, Value};
use super::Call;

/// The scope of a barrier function.
pub fn scope(name: &str) -> Option<BarrierScope> {
    match name {
        "threadgroup_barrier" => Some(BarrierScope::Threadgroup),
        "simdgroup_barrier" => Some(BarrierScope::Simdgroup),
        _ => None,
    }
}

/// The value of an enumerator of `mem_flags`.
pub fn flag_value(name: &str) -> Option<Value> {
    let bit = match name {
        "mem_none" => 0,
        "mem_device" => 1,
        "mem_threadgroup" => 2,
        "mem_texture" => 4,
        "mem_threadgroup_imageblock" => 8,
        "mem_object_data" => 16,
        "mem_device_and_threadgroup" => 3,
        _ => return None,
    };
    Some(Value::comps(
        Ty::Enum(ENUM_MEM_FLAGS, ScalarTy::U32),
        vec![Expr::constant(ScalarTy::U32, bit)],
    ))
}

impl<'a> Lowerer<'a> {
    /// `threadgroup_barrier(flags)` and `simdgroup_barrier(flags)`.
    pub fn barrier(&mut self, scope: BarrierScope, call: Call<'_, 'a>) -> Place {
        let vals = self.arg_values(call.args);
        let bits = vals
            .first()
            .and_then(|v| v.as_scalar().and_then(Expr::as_int));
        let Some(bits) = bits else {
            self.unsupported("barrier with non-constant flags", true, true, Vec::new());
            return Place::Val(Value::void());
        };
        let flags = MemFlags {
            device: bits & 1 != 0,
            threadgroup: bits & 2 != 0,
            texture: bits & 4 != 0,
            imageblock: bits & 8 != 0,
            object_data: bits & 16 != 0,
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
