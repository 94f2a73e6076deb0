//! A kernel and its tables: variables, memory objects, barriers, loops, call paths.

use serde::{Deserialize, Serialize};

use super::expr::ScalarTy;
use super::stmt::Stmt;
use crate::source::Span;

macro_rules! id {
    ($(#[$m:meta])* $name:ident) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// As an index into its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A scalar variable, an index into [`Kernel::vars`].
    VarId
);
id!(
    /// A memory object, an index into [`Kernel::objects`].
    ObjectId
);
id!(
    /// A barrier instance, an index into [`Kernel::barriers`].
    BarrierId
);
id!(
    /// A memory access instance; unique within a kernel, dense from 0.
    AccessId
);
id!(
    /// A loop instance, an index into [`Kernel::loops`].
    LoopId
);
id!(
    /// A two-way branch ([`Stmt::If`]); unique within a kernel, dense from 0.
    BranchId
);
id!(
    /// Target of [`Stmt::Leave`]; unique within a kernel.
    LabelId
);
id!(
    /// A call path, an index into [`Kernel::paths`]; 0 is the kernel's own body.
    PathId
);

/// One kernel entry point, fully inlined and instantiated.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The name a host would use: `host_name` where given, else the function's name.
    pub name: String,
    /// The function's own name (equal for all instances of a template).
    pub function: String,
    /// Where its name is written (for an explicit instantiation: the instantiation).
    pub span: Span,
    /// Where the name of its definition is written.
    pub definition: Span,
    /// Its template arguments are a guess, because nothing instantiates the template; in the words of a report.
    pub guess: Option<String>,
    /// `[[max_total_threads_per_threadgroup(n)]]`, threads.
    pub max_threads: Option<u64>,
    /// Variables.
    pub vars: Vec<Var>,
    /// Memory objects.
    pub objects: Vec<Object>,
    /// Kernel parameters in order, for launches and messages.
    pub params: Vec<Param>,
    /// Named scalars in `constant` memory that a launch sets: `N`, `p.hidden`.
    pub scalars: Vec<ScalarParam>,
    /// Barrier instances.
    pub barriers: Vec<Barrier>,
    /// Loop instances.
    pub loops: Vec<LoopInfo>,
    /// Call paths; entry 0 is the empty path.
    pub paths: Vec<CallPath>,
    /// Number of access ids in use.
    pub access_count: u32,
    /// Number of labels in use.
    pub label_count: u32,
    /// Number of branch ids in use.
    pub branch_count: u32,
    /// Something asks for memory to be looked at each time: `volatile`, `coherent`, a fence.
    pub coherent: bool,
    /// Pointers in memory.
    pub pointers: Pointers,
    /// The body.
    pub body: Vec<Stmt>,
    /// What was not understood, in source order, for the report.
    pub unsupported: Vec<Unsupported>,
}

/// Pointers that are kept in memory, as numbers of 8 bytes. One that the host puts there is an offset into the object
/// that all host pointers into its address space share; one that the kernel stores holds an object's number plus one
/// in its upper 16 bits, and the offset below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// Where kernel arguments hold pointers: object and byte offset.
    pub host: Vec<(ObjectId, u64)>,
    /// By assumption, each of these that is never written points to an object of its own.
    pub distinct: bool,
}

/// A construct that could not be represented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where.
    pub span: Span,
    /// What, in the words of the field: `texture.gather`, `virtual call`, …
    pub construct: String,
}

/// A scalar variable, private to each thread.
#[derive(Clone, Debug)]
pub struct Var {
    /// Source name with components, `acc.x`, or `%12` for temporaries.
    pub name: String,
    /// Type.
    pub ty: ScalarTy,
    /// How it starts.
    pub kind: VarKind,
    /// Where declared.
    pub span: Span,
}

/// What a variable holds when the kernel starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarKind {
    /// Nothing in particular; lowering assigns it (possibly [`super::ExprKind::Undef`]) before use.
    Local,
    /// A built-in position or size; never assigned. Its type is always `uint`.
    Builtin(Builtin),
    /// A function constant; never assigned, the same for all threads.
    FunctionConstant(u32),
    /// Whether function constant *n* is defined; never assigned, uniform.
    FunctionConstantDefined(u32),
    /// Whether the buffer of parameter *n* is bound (its pointer is not null); never assigned,
    /// uniform.
    ArgumentBound(u32),
}

/// Built-in inputs (MSL specification, section 5.2.3.6). Components are 0, 1, 2 for x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Builtin {
    ThreadIndexInThreadgroup,
    ThreadPositionInThreadgroup(u8),
    ThreadPositionInGrid(u8),
    ThreadgroupPositionInGrid(u8),
    ThreadsPerThreadgroup(u8),
    DispatchThreadsPerThreadgroup(u8),
    ThreadsPerGrid(u8),
    ThreadgroupsPerGrid(u8),
    ThreadIndexInSimdgroup,
    SimdgroupIndexInThreadgroup,
    ThreadsPerSimdgroup,
    SimdgroupsPerThreadgroup,
    DispatchSimdgroupsPerThreadgroup,
    ThreadIndexInQuadgroup,
    QuadgroupIndexInThreadgroup,
    QuadgroupsPerThreadgroup,
    GridOrigin(u8),
    GridSize(u8),
}

/// Where memory lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Space {
    /// Shared by the threadgroup.
    Threadgroup,
    /// Shared by the grid.
    Device,
    /// Read-only during the launch, or a program constant.
    Constant,
    /// One instance per thread.
    Thread,
    /// A texture; offsets are opaque.
    Texture,
}

/// A memory object. Objects are disjoint.
#[derive(Clone, Debug)]
pub struct Object {
    /// Source name.
    pub name: String,
    /// Where it lives.
    pub space: Space,
    /// Size in bytes where it is known.
    pub size: Option<u64>,
    /// Element type as written, `half`, `float4`, `Item`; for messages.
    pub elem: String,
    /// Element size in bytes (stride between array elements), for messages and launches.
    pub elem_size: u64,
    /// The scalar type that fills it, where there is one; for launches and the executor.
    pub scalar: Option<ScalarTy>,
    /// Extents of a declared array, outermost first (`B[2][16][68]` → 2, 16, 68).
    pub dims: Vec<u64>,
    /// The parameter it is bound to.
    pub param: Option<u32>,
    /// Declared `const` (device const) or constant.
    pub read_only: bool,
    /// Contents of a program constant.
    pub init: Option<Vec<u8>>,
    /// Where declared.
    pub span: Span,
}

/// A kernel parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name.
    pub name: String,
    /// Its type as written.
    pub ty: String,
    /// The memory object it names, if it does.
    pub object: Option<ObjectId>,
    /// `[[buffer(n)]]` / `[[threadgroup(n)]]`.
    pub index: Option<u32>,
    /// Where.
    pub span: Span,
}

/// A scalar that a launch sets through a `constant T&` parameter (or a field of one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalarParam {
    /// `N` or `p.hidden_dim`.
    pub name: String,
    /// Object of space [`Space::Constant`].
    pub object: ObjectId,
    /// Byte offset in it.
    pub offset: u64,
    /// Type.
    pub ty: ScalarTy,
}

/// Scope of a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BarrierScope {
    /// `threadgroup_barrier`
    Threadgroup,
    /// `simdgroup_barrier`
    Simdgroup,
}

/// `mem_flags`, as a set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct MemFlags {
    /// `mem_device`
    pub device: bool,
    /// `mem_threadgroup`
    pub threadgroup: bool,
    /// `mem_texture`
    pub texture: bool,
    /// `mem_threadgroup_imageblock`
    pub imageblock: bool,
    /// `mem_object_data`
    pub object_data: bool,
}

impl MemFlags {
    /// Whether accesses to this space are ordered.
    pub fn orders(self, space: Space) -> bool {
        match space {
            Space::Threadgroup => self.threadgroup,
            Space::Device => self.device,
            Space::Texture => self.texture,
            Space::Constant | Space::Thread => true,
        }
    }

    /// MSL names, in a fixed order; `mem_none` when empty.
    pub fn names(self) -> Vec<&'static str> {
        let mut v = Vec::new();
        for (on, name) in [
            (self.device, "mem_device"),
            (self.threadgroup, "mem_threadgroup"),
            (self.texture, "mem_texture"),
            (self.imageblock, "mem_threadgroup_imageblock"),
            (self.object_data, "mem_object_data"),
        ] {
            if on {
                v.push(name);
            }
        }
        if v.is_empty() {
            v.push("mem_none");
        }
        v
    }
}

/// A barrier instance: one source position reached by one call path.
#[derive(Clone, Debug)]
pub struct Barrier {
    /// Scope.
    pub scope: BarrierScope,
    /// Flags.
    pub flags: MemFlags,
    /// The call (the place a person would edit).
    pub span: Span,
    /// How it was reached.
    pub path: PathId,
    /// Enclosing loops, outermost first.
    pub loops: Vec<LoopId>,
}

/// Facts about a loop.
#[derive(Clone, Debug)]
pub struct LoopInfo {
    /// Where its header is.
    pub span: Span,
    /// The loop around it.
    pub parent: Option<LoopId>,
    /// Call path.
    pub path: PathId,
}

/// How an inlined statement was reached, outermost call first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallPath {
    /// The frames.
    pub frames: Vec<CallFrame>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallFrame {
    /// The callee, with template arguments.
    pub function: String,
    /// The call expression.
    pub call: Span,
}
