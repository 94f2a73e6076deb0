//! What a run needs to know beside the kernel.
//!
//! Purpose: [`Launch`] describes one threadgroup of one dispatch; [`validate`] rejects what no
//! host could launch, with typed errors. Soundness direction: exact.

use serde::{Deserialize, Serialize};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use super::value::{from_f64, mask};
use crate::ir::{Kernel, ObjectId, ScalarTy, Space, VarKind};
use crate::models::DEVICE;

/// Most threads of a threadgroup.
pub const MAX_THREADS: u64 = DEVICE.max_threads;

/// Most bytes of threadgroup or private memory that a declared or given size may ask for.
pub const MAX_LOCAL_BYTES: u64 = 1 << 20;

/// Most bytes that registers and private arrays of all threads may take.
pub const MAX_THREAD_BYTES: u64 = 1 << 30;

/// One threadgroup of a dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// Threads of the threadgroup in x, y, z; 1 to 1024 together.
    pub threadgroup: [u32; 3],
    /// Which threadgroup of the grid.
    pub group: [u32; 3],
    /// Threadgroups of the grid.
    pub groups: [u32; 3],
    /// Lanes of a simdgroup: 32 on Apple GPUs; 2, 4, 8, 16 and 64 are possible too.
    pub simd_width: u32,
    /// Values for [`Kernel::scalars`], by name; others are 0.
    pub scalars: BTreeMap<String, ScalarValue>,
    /// Contents (and sizes) of buffers, by parameter name; others follow [`BufferSpec::default`].
    pub buffers: BTreeMap<String, BufferSpec>,
    /// Bytes of given contents, applied last, by object.
    pub overlays: Vec<(ObjectId, u64, Vec<u8>)>,
    /// Values of function constants, by number; others are 0 and count as not defined.
    pub function_constants: BTreeMap<u32, ScalarValue>,
    /// Numbers of parameters whose buffer is not bound (null).
    pub unbound: BTreeSet<u32>,
    /// Threadgroup memory holds zeros at first. Otherwise what nothing wrote is unspecified, and what rests on
    /// it is approximate.
    pub zeroed: bool,
    /// Threads keep what they loaded from device memory until a barrier that orders it. Otherwise every load looks
    /// at memory. Both are admitted, and differ only where that memory is raced for.
    pub kept: bool,
}

impl Default for Launch {
    fn default() -> Self {
        Launch {
            threadgroup: [32, 1, 1],
            group: [0; 3],
            groups: [1; 3],
            simd_width: DEVICE.simd_width,
            scalars: BTreeMap::new(),
            buffers: BTreeMap::new(),
            overlays: Vec::new(),
            function_constants: BTreeMap::new(),
            unbound: BTreeSet::new(),
            zeroed: false,
            kept: false,
        }
    }
}

impl Launch {
    /// Threadgroup size, its position, and the whole numbers given to parameters.
    pub fn in_words(&self) -> String {
        let [x, y, z] = self.threadgroup;
        let mut out = format!("threadgroup ({x}, {y}, {z})");
        if self.group != [0; 3] {
            let [x, y, z] = self.group;
            out += &format!(" at ({x}, {y}, {z})");
        }
        for (name, v) in &self.scalars {
            if let ScalarValue::Int(v) = v {
                out += &format!(", {name} = {v}");
            }
        }
        out
    }

    /// A launch of `x * y * z` threads, everything else at its default.
    pub fn new(threadgroup: [u32; 3]) -> Launch {
        Launch {
            threadgroup,
            ..Launch::default()
        }
    }

    /// Sets a scalar.
    pub fn with(mut self, name: &str, value: impl Into<ScalarValue>) -> Launch {
        self.scalars.insert(name.to_string(), value.into());
        self
    }

    /// Sets a buffer.
    pub fn with_buffer(mut self, name: &str, spec: BufferSpec) -> Launch {
        self.buffers.insert(name.to_string(), spec);
        self
    }

    /// Threads of the threadgroup.
    pub fn threads(&self) -> u64 {
        self.threadgroup.iter().map(|&n| u64::from(n)).product()
    }
}

/// The value of a scalar parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ScalarValue {
    /// For integers and `bool` (and floats that hold an integer).
    Int(i128),
    /// For floats.
    Float(f64),
}

impl From<i128> for ScalarValue {
    fn from(v: i128) -> Self {
        ScalarValue::Int(v)
    }
}

impl From<f64> for ScalarValue {
    fn from(v: f64) -> Self {
        ScalarValue::Float(v)
    }
}

impl ScalarValue {
    /// The bit pattern as a scalar of this type; `None` if it is out of range.
    pub fn encode(self, ty: ScalarTy) -> Option<u64> {
        match self {
            ScalarValue::Float(v) if ty.is_float() => Some(from_f64(ty, v)),
            ScalarValue::Float(_) => None,
            ScalarValue::Int(v) if ty.is_float() => Some(from_f64(ty, v as f64)),
            ScalarValue::Int(v) => {
                let w = ty.bits();
                let (lo, hi) = if ty.is_signed() {
                    (-(1i128 << (w - 1)), (1i128 << (w - 1)) - 1)
                } else {
                    (0, (1i128 << w) - 1)
                };
                (lo..=hi).contains(&v).then(|| mask(ty, v as u64))
            }
        }
    }
}

/// Size and contents of a buffer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BufferSpec {
    /// Bytes; without, the buffer is as large as the kernel asks, and no access is out of bounds
    /// on the far side.
    pub size: Option<u64>,
    /// Contents by element.
    pub fill: Fill,
    /// Bytes at offsets, over the fill.
    pub bytes: Vec<(u64, Vec<u8>)>,
}

impl Default for BufferSpec {
    fn default() -> Self {
        BufferSpec {
            size: None,
            fill: Fill::Random {
                seed: 1,
                low: 0,
                high: 7,
            },
            bytes: Vec::new(),
        }
    }
}

impl BufferSpec {
    /// A buffer of a size in bytes with small pseudo-random contents.
    pub fn sized(size: u64) -> BufferSpec {
        BufferSpec {
            size: Some(size),
            ..BufferSpec::default()
        }
    }

    /// A buffer as large as needed with the given contents.
    pub fn filled(fill: Fill) -> BufferSpec {
        BufferSpec {
            fill,
            ..BufferSpec::default()
        }
    }
}

/// Contents of a buffer as a function of the element's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fill {
    /// Zero bytes.
    Zeros,
    /// Element *n* holds *n*.
    Index,
    /// Integers of `low..=high`, as the element's scalar type.
    Random {
        /// Which sequence.
        seed: u64,
        /// Least value.
        low: i64,
        /// Greatest value.
        high: i64,
    },
}

impl fmt::Display for Fill {
    /// `zeros`, `index`, `random:SEED:LOW:HIGH`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fill::Zeros => f.write_str("zeros"),
            Fill::Index => f.write_str("index"),
            Fill::Random { seed, low, high } => write!(f, "random:{seed}:{low}:{high}"),
        }
    }
}

/// Why a launch is impossible.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LaunchError {
    /// A size is zero.
    #[error("the {what} has a dimension of zero")]
    Zero {
        /// Which size.
        what: &'static str,
    },
    /// More threads than a threadgroup can have.
    #[error("{threads} threads in a threadgroup; at most {limit} are possible")]
    TooManyThreads {
        /// Asked for.
        threads: u64,
        /// Allowed by the kernel or the device.
        limit: u64,
    },
    /// The threadgroup is not in the grid.
    #[error("threadgroup {group:?} is outside the grid of {groups:?}")]
    GroupOutside {
        /// Position.
        group: [u32; 3],
        /// Grid.
        groups: [u32; 3],
    },
    /// A simdgroup width that is no power of two from 2 to 64.
    #[error("a simdgroup cannot have {0} lanes")]
    SimdWidth(u32),
    /// No such scalar.
    #[error("the kernel has no scalar parameter `{name}`; it has: {known}")]
    UnknownScalar {
        /// As given.
        name: String,
        /// What there is.
        known: String,
    },
    /// The value does not fit.
    #[error("{value} is out of range for `{name}`, a {ty}")]
    ScalarRange {
        /// Parameter.
        name: String,
        /// As given.
        value: String,
        /// Its type.
        ty: &'static str,
    },
    /// No such buffer.
    #[error("the kernel has no buffer `{name}`; it has: {known}")]
    UnknownBuffer {
        /// As given.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such function constant.
    #[error("the kernel uses no function constant {0}")]
    UnknownFunctionConstant(u32),
    /// No such object.
    #[error("the kernel has no memory object number {0}")]
    UnknownObject(u32),
    /// A size that cannot be simulated.
    #[error("{what} would take {bytes} bytes; at most {limit} are possible")]
    TooLarge {
        /// What.
        what: String,
        /// Bytes asked for.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

/// Checks a launch against its kernel.
pub fn validate(kernel: &Kernel, launch: &Launch) -> Result<(), LaunchError> {
    for (what, v) in [("threadgroup", launch.threadgroup), ("grid", launch.groups)] {
        if v.contains(&0) {
            return Err(LaunchError::Zero { what });
        }
    }
    let threads = launch
        .threadgroup
        .iter()
        .fold(1u64, |n, &d| n.saturating_mul(u64::from(d)));
    let limit = kernel.max_threads.unwrap_or(MAX_THREADS).min(MAX_THREADS);
    if threads > limit {
        return Err(LaunchError::TooManyThreads { threads, limit });
    }
    if (0..3).any(|i| launch.group[i] >= launch.groups[i]) {
        return Err(LaunchError::GroupOutside {
            group: launch.group,
            groups: launch.groups,
        });
    }
    if !launch.simd_width.is_power_of_two() || !(2..=64).contains(&launch.simd_width) {
        return Err(LaunchError::SimdWidth(launch.simd_width));
    }
    for (name, value) in &launch.scalars {
        let Some(s) = kernel.scalars.iter().find(|s| s.name == *name) else {
            return Err(LaunchError::UnknownScalar {
                name: name.clone(),
                known: list(kernel.scalars.iter().map(|s| s.name.as_str())),
            });
        };
        if value.encode(s.ty).is_none() {
            return Err(out_of_range(name, *value, s.ty));
        }
    }
    for (name, spec) in &launch.buffers {
        let Some(object) = buffer_object(kernel, name) else {
            let known = kernel.objects.iter().filter(|o| o.param.is_some());
            return Err(LaunchError::UnknownBuffer {
                name: name.clone(),
                known: list(known.map(|o| o.name.as_str())),
            });
        };
        let o = &kernel.objects[object.index()];
        if let Some(bytes) = spec.size
            && o.space == Space::Threadgroup
            && bytes > MAX_LOCAL_BYTES
        {
            return Err(LaunchError::TooLarge {
                what: format!("`{name}`"),
                bytes,
                limit: MAX_LOCAL_BYTES,
            });
        }
    }
    for (object, _, _) in &launch.overlays {
        if object.index() >= kernel.objects.len() {
            return Err(LaunchError::UnknownObject(object.0));
        }
    }
    for (number, value) in &launch.function_constants {
        let var = kernel.vars.iter().find(|v| {
            matches!(v.kind, VarKind::FunctionConstant(n) | VarKind::FunctionConstantDefined(n) if n == *number)
        });
        let Some(var) = var else {
            return Err(LaunchError::UnknownFunctionConstant(*number));
        };
        if matches!(var.kind, VarKind::FunctionConstant(_)) && value.encode(var.ty).is_none() {
            return Err(out_of_range(&var.name, *value, var.ty));
        }
    }
    Ok(())
}

fn out_of_range(name: &str, value: ScalarValue, ty: ScalarTy) -> LaunchError {
    LaunchError::ScalarRange {
        name: name.to_string(),
        value: match value {
            ScalarValue::Int(v) => v.to_string(),
            ScalarValue::Float(v) => v.to_string(),
        },
        ty: ty.name(),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_string()
    } else {
        names.join(", ")
    }
}

/// The object that a buffer name of a launch means.
pub fn buffer_object(kernel: &Kernel, name: &str) -> Option<ObjectId> {
    kernel
        .objects
        .iter()
        .position(|o| {
            o.param.is_some_and(|p| {
                o.name == name
                    || kernel
                        .params
                        .get(p as usize)
                        .is_some_and(|p| p.name == name)
            })
        })
        .map(|i| ObjectId(i as u32))
}
