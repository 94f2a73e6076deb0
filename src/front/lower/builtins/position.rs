//! Built-in inputs (MSL specification, section 5.2.3.6).

use crate::ir::Builtin;

/// A built-in input that an attribute names.
#[derive(Clone, Copy)]
pub struct Position {
    make: fn(u8) -> Builtin,
    vector: bool,
}

impl Position {
    /// The input of one component; scalars have only the first.
    pub fn component(self, i: u8) -> Option<Builtin> {
        (self.vector && i < 3 || i == 0).then(|| (self.make)(i))
    }
}

/// The input that an attribute names.
pub fn by_attribute(name: &str) -> Option<Position> {
    let vector = |make| Some(Position { make, vector: true });
    let scalar = |make| {
        Some(Position {
            make,
            vector: false,
        })
    };
    match name {
        "thread_position_in_grid" => vector(Builtin::ThreadPositionInGrid),
        "thread_position_in_threadgroup" => vector(Builtin::ThreadPositionInThreadgroup),
        "threadgroup_position_in_grid" => vector(Builtin::ThreadgroupPositionInGrid),
        "threads_per_threadgroup" => vector(Builtin::ThreadsPerThreadgroup),
        "dispatch_threads_per_threadgroup" => vector(Builtin::DispatchThreadsPerThreadgroup),
        "threads_per_grid" => vector(Builtin::ThreadsPerGrid),
        "threadgroups_per_grid" => vector(Builtin::ThreadgroupsPerGrid),
        "grid_origin" => vector(Builtin::GridOrigin),
        "grid_size" => vector(Builtin::GridSize),
        "thread_index_in_threadgroup" => scalar(|_| Builtin::ThreadIndexInThreadgroup),
        "thread_index_in_simdgroup" => scalar(|_| Builtin::ThreadIndexInSimdgroup),
        "simdgroup_index_in_threadgroup" => scalar(|_| Builtin::SimdgroupIndexInThreadgroup),
        "threads_per_simdgroup" | "thread_execution_width" => {
            scalar(|_| Builtin::ThreadsPerSimdgroup)
        }
        "simdgroups_per_threadgroup" => scalar(|_| Builtin::SimdgroupsPerThreadgroup),
        "dispatch_simdgroups_per_threadgroup" => {
            scalar(|_| Builtin::DispatchSimdgroupsPerThreadgroup)
        }
        "thread_index_in_quadgroup" => scalar(|_| Builtin::ThreadIndexInQuadgroup),
        "quadgroup_index_in_threadgroup" => scalar(|_| Builtin::QuadgroupIndexInThreadgroup),
        "quadgroups_per_threadgroup" | "dispatch_quadgroups_per_threadgroup" => {
            scalar(|_| Builtin::QuadgroupsPerThreadgroup)
        }
        _ => None,
    }
}
