//! What the Metal Shading Language specification says about built-in functions and inputs, as tables.
//!
//! Purpose: the one place where a name of the language gets its meaning for barriers. The tables are
//! written in `models/*.toml`, each entry with the section it rests on, and checked by `build.rs`.
//! Soundness direction: exact; what is in no table is unknown.

/// A group of threads that act together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The threads of a threadgroup.
    Threadgroup,
    /// The threads of a simdgroup.
    Simdgroup,
    /// Four neighbouring threads.
    Quadgroup,
}

/// The largest group of threads for which a value is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uniform {
    /// A threadgroup.
    Threadgroup,
    /// A simdgroup.
    Simdgroup,
    /// A quadgroup.
    Quadgroup,
    /// One thread.
    Thread,
}

/// A function that makes threads wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierFunction {
    /// Name.
    pub name: &'static str,
    /// Whose threads wait.
    pub scope: Scope,
    /// The section of the specification.
    pub cites: &'static str,
}

/// An address space that a barrier can fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Fenced {
    Device,
    Threadgroup,
    Texture,
    Imageblock,
    ObjectData,
}

impl Fenced {
    /// Its bit in a set of flags.
    pub fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// An enumerator of `mem_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemFlag {
    /// Name.
    pub name: &'static str,
    /// What it fences.
    pub fences: &'static [Fenced],
    /// The section of the specification.
    pub cites: &'static str,
}

impl MemFlag {
    /// The set of what it fences.
    pub fn bits(&self) -> u32 {
        self.fences.iter().fold(0, |b, f| b | f.bit())
    }
}

/// A position or size that a kernel can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Input {
    ThreadIndexInThreadgroup,
    ThreadPositionInThreadgroup,
    ThreadPositionInGrid,
    ThreadgroupPositionInGrid,
    ThreadsPerThreadgroup,
    DispatchThreadsPerThreadgroup,
    ThreadsPerGrid,
    ThreadgroupsPerGrid,
    ThreadIndexInSimdgroup,
    SimdgroupIndexInThreadgroup,
    ThreadsPerSimdgroup,
    SimdgroupsPerThreadgroup,
    DispatchSimdgroupsPerThreadgroup,
    ThreadIndexInQuadgroup,
    QuadgroupIndexInThreadgroup,
    QuadgroupsPerThreadgroup,
    GridOrigin,
    GridSize,
}

/// An attribute that names an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputAttribute {
    /// Name.
    pub name: &'static str,
    /// Which input.
    pub input: Input,
    /// It has up to three components.
    pub vector: bool,
    /// For whom it is the same.
    pub uniform: Uniform,
    /// The section of the specification.
    pub cites: &'static str,
}

/// What lanes exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Exchange {
    Broadcast,
    BroadcastFirst,
    Shuffle,
    ShuffleXor,
    ShuffleUp,
    ShuffleDown,
    ShuffleRotateUp,
    ShuffleRotateDown,
    ShuffleAndFillUp,
    ShuffleAndFillDown,
    Sum,
    Product,
    Min,
    Max,
    And,
    Or,
    Xor,
    PrefixInclusiveSum,
    PrefixExclusiveSum,
    PrefixInclusiveProduct,
    PrefixExclusiveProduct,
    All,
    Any,
    Ballot,
    ActiveThreadsMask,
    IsFirst,
}

/// A function that exchanges registers between lanes; it orders no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimdFunction {
    /// Name.
    pub name: &'static str,
    /// What it does.
    pub op: Exchange,
    /// Number of arguments.
    pub args: usize,
    /// Between whom.
    pub lanes: Scope,
    /// What a lane gets, in words.
    pub exchanges: &'static str,
    /// For whom the result is the same.
    pub uniform: Uniform,
    /// The section of the specification.
    pub cites: &'static str,
}

/// What an atomic function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Atomic {
    Load,
    Store,
    Exchange,
    CompareExchange,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Min,
    Max,
}

/// An atomic function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicFunction {
    /// Name.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// What it does.
    pub op: Atomic,
    /// It reads the object.
    pub reads: bool,
    /// It writes the object.
    pub writes: bool,
    /// Memory orders it accepts.
    pub orders: &'static [&'static str],
    /// For whom the result is the same.
    pub uniform: Uniform,
    /// The section of the specification.
    pub cites: &'static str,
}

/// Limits of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Name.
    pub name: &'static str,
    /// Threads of a simdgroup.
    pub simd_width: u32,
    /// Most threads of a threadgroup.
    pub max_threads: u64,
    /// Most bytes of threadgroup memory.
    pub threadgroup_bytes: u64,
    /// Where this is written.
    pub cites: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// The barrier function of a name.
pub fn barrier(name: &str) -> Option<&'static BarrierFunction> {
    BARRIERS.iter().find(|b| b.name == name)
}

/// The flag of a name.
pub fn mem_flag(name: &str) -> Option<&'static MemFlag> {
    MEM_FLAGS.iter().find(|f| f.name == name)
}

/// The input that an attribute names.
pub fn input(name: &str) -> Option<&'static InputAttribute> {
    INPUTS.iter().find(|i| i.name == name)
}

/// The lane exchange function of a name.
pub fn simd_function(name: &str) -> Option<&'static SimdFunction> {
    SIMD_FUNCTIONS.iter().find(|f| f.name == name)
}

/// The atomic function of a name.
pub fn atomic_function(name: &str) -> Option<&'static AtomicFunction> {
    ATOMIC_FUNCTIONS
        .iter()
        .find(|f| f.name == name || f.aliases.contains(&name))
}
