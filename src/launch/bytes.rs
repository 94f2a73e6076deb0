//! A launch as bytes: what a host would put into buffers.
//!
//! Sizes and layouts come from the IR; contents follow the same rules as the executor's and the cpu back end's.

use super::execute::constant_number;
use super::resolve::{Buffer, Contents, HostLaunch};
use crate::exec::{Fill, ScalarValue};
use crate::ir::{Kernel, Object, ScalarTy, Space, VarKind};

/// What is bound to an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A buffer with contents.
    Buffer {
        /// The parameter.
        name: String,
        /// `[[buffer(n)]]`.
        index: u32,
        /// Contents; never empty.
        bytes: Vec<u8>,
        /// Kernels may write it.
        writable: bool,
    },
    /// Threadgroup memory.
    Threadgroup {
        /// `[[threadgroup(n)]]`.
        index: u32,
        /// Its size.
        bytes: usize,
    },
}

/// A function constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantBits {
    /// Its number.
    pub index: u32,
    /// Its type.
    pub ty: ScalarTy,
    /// Its bits.
    pub bits: u64,
}

/// Bindings of all parameters with an index. The error says what the launch lacks.
pub fn bindings(l: &HostLaunch, k: &Kernel) -> Result<Vec<Binding>, String> {
    let mut out = Vec::new();
    for p in &k.params {
        let (Some(index), Some(id)) = (p.index, p.object) else {
            continue;
        };
        let Some(o) = k.objects.get(id.index()) else {
            continue;
        };
        let given = l.buffers.get(&p.name);
        if o.space == Space::Threadgroup {
            let Some(b) = given else {
                return Err(format!("the launch does not say how large `{}` is", p.name));
            };
            let bytes = b.count.saturating_mul(o.elem_size.max(1));
            // Metal wants multiples of 16.
            let bytes = usize::try_from(bytes.next_multiple_of(16)).map_err(|e| e.to_string())?;
            out.push(Binding::Threadgroup { index, bytes });
            continue;
        }
        let mut bytes = match (given, o.size) {
            (Some(b), _) => contents(b, o)?,
            (None, Some(n)) => vec![0; usize::try_from(n).map_err(|e| e.to_string())?],
            (None, None) => {
                return Err(format!("the launch does not say how large `{}` is", p.name));
            }
        };
        for s in k.scalars.iter().filter(|s| s.object == id) {
            let value = l.scalars.get(&s.name).copied();
            let value = value.unwrap_or(ScalarValue::Int(0));
            let bits = value
                .encode(s.ty)
                .ok_or_else(|| format!("the value of `{}` does not fit its type", s.name))?;
            let (at, n) = (s.offset as usize, s.ty.size() as usize);
            match bytes.get_mut(at..at + n) {
                Some(slot) => slot.copy_from_slice(&bits.to_le_bytes()[..n]),
                None => return Err(format!("`{}` lies outside of its buffer", s.name)),
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
        out.push(Binding::Buffer {
            name: p.name.clone(),
            index,
            bytes,
            writable: !o.read_only && o.space == Space::Device,
        });
    }
    Ok(out)
}

/// Function constants that the launch defines.
pub fn constants(l: &HostLaunch, k: &Kernel) -> Vec<ConstantBits> {
    let mut out = Vec::new();
    for (name, v) in &l.constants {
        let Some(index) = constant_number(k, name) else {
            continue;
        };
        let var = k
            .vars
            .iter()
            .find(|v| v.kind == VarKind::FunctionConstant(index));
        if let Some((ty, bits)) = var.and_then(|x| Some((x.ty, v.encode(x.ty)?))) {
            out.push(ConstantBits { index, ty, bits });
        }
    }
    out
}

fn contents(b: &Buffer, o: &Object) -> Result<Vec<u8>, String> {
    let size = b.count.saturating_mul(o.elem_size.max(1));
    let size = usize::try_from(size).map_err(|e| e.to_string())?;
    let ty = o.scalar.unwrap_or(ScalarTy::U32);
    let width = ty.size().max(1) as usize;
    let mut out = Vec::with_capacity(size);
    for i in 0..(size / width) as u64 {
        let bits = value(&b.contents, i).encode(ty).unwrap_or_else(|| {
            // Integers wrap, as they do in the executor.
            match value(&b.contents, i) {
                ScalarValue::Int(v) => v as u64,
                ScalarValue::Float(v) => v as i64 as u64,
            }
        });
        out.extend_from_slice(&bits.to_le_bytes()[..width.min(8)]);
    }
    out.resize(size, 0);
    for (at, bytes) in &b.patches {
        let at = usize::try_from(*at).map_err(|e| e.to_string())?;
        for (slot, byte) in out.iter_mut().skip(at).zip(bytes) {
            *slot = *byte;
        }
    }
    Ok(out)
}

/// A well-mixed 64-bit number (splitmix64), as in the executor.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn value(c: &Contents, i: u64) -> ScalarValue {
    match c {
        Contents::Fill(Fill::Zeros) => ScalarValue::Int(0),
        Contents::Fill(Fill::Index) => ScalarValue::Int(i128::from(i)),
        Contents::Fill(Fill::Random { seed, low, high }) => {
            let span = (high.max(low).wrapping_sub(*low) as u64).wrapping_add(1);
            let r = mix(mix(*seed) ^ i);
            let r = if span == 0 { r } else { r % span };
            ScalarValue::Int(i128::from(low.wrapping_add(r as i64)))
        }
        Contents::Real { seed, low, high } => {
            let unit = (mix(mix(*seed) ^ i) >> 40) as f64 / 16_777_216.0;
            ScalarValue::Float(low + (high - low) * unit)
        }
        Contents::Values(v) => v
            .get((i % v.len().max(1) as u64) as usize)
            .copied()
            .unwrap_or(ScalarValue::Int(0)),
    }
}
