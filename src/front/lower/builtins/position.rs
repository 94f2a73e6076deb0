//! Built-in inputs (MSL specification, section 5.2.3.6).

use crate::ir::Builtin;
use crate::models::{Input, InputAttribute};

/// The input of one component; scalars have only the first.
pub fn component(a: &InputAttribute, i: u8) -> Option<Builtin> {
    if i > 2 || (i > 0 && !a.vector) {
        return None;
    }
    Some(match a.input {
        Input::ThreadIndexInThreadgroup => Builtin::ThreadIndexInThreadgroup,
        Input::ThreadPositionInThreadgroup => Builtin::ThreadPositionInThreadgroup(i),
        Input::ThreadPositionInGrid => Builtin::ThreadPositionInGrid(i),
        Input::ThreadgroupPositionInGrid => Builtin::ThreadgroupPositionInGrid(i),
        Input::ThreadsPerThreadgroup => Builtin::ThreadsPerThreadgroup(i),
        Input::DispatchThreadsPerThreadgroup => Builtin::DispatchThreadsPerThreadgroup(i),
        Input::ThreadsPerGrid => Builtin::ThreadsPerGrid(i),
        Input::ThreadgroupsPerGrid => Builtin::ThreadgroupsPerGrid(i),
        Input::ThreadIndexInSimdgroup => Builtin::ThreadIndexInSimdgroup,
        Input::SimdgroupIndexInThreadgroup => Builtin::SimdgroupIndexInThreadgroup,
        Input::ThreadsPerSimdgroup => Builtin::ThreadsPerSimdgroup,
        Input::SimdgroupsPerThreadgroup => Builtin::SimdgroupsPerThreadgroup,
        Input::DispatchSimdgroupsPerThreadgroup => Builtin::DispatchSimdgroupsPerThreadgroup,
        Input::ThreadIndexInQuadgroup => Builtin::ThreadIndexInQuadgroup,
        Input::QuadgroupIndexInThreadgroup => Builtin::QuadgroupIndexInThreadgroup,
        Input::QuadgroupsPerThreadgroup => Builtin::QuadgroupsPerThreadgroup,
        Input::GridOrigin => Builtin::GridOrigin(i),
        Input::GridSize => Builtin::GridSize(i),
    })
}
