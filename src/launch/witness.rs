//! The launch of a witness, for those who run the original source.
//!
//! Direction: exact where it is made; what the original cannot be launched with (a buffer that is not
//! bound, another width of simdgroups) gives none.

use super::resolve::{Buffer, Contents, HostLaunch};
use crate::exec;
use crate::ir::Kernel;

/// Bytes of a buffer whose size neither the witness nor the kernel's own launch says.
const OPEN: u64 = 256 << 10;

/// Most bytes of a buffer.
const MOST: u64 = 64 << 20;

/// From a launch that the executor ran; sizes of buffers that it leaves open are at least those of `base`.
pub fn from_witness(w: &exec::Launch, k: &Kernel, base: &HostLaunch) -> Option<HostLaunch> {
    if !w.unbound.is_empty() || w.simd_width != exec::Launch::default().simd_width {
        return None;
    }
    let mut out = HostLaunch {
        threadgroup: w.threadgroup,
        grid: w.groups,
        groups: vec![w.group],
        scalars: w.scalars.clone(),
        constants: w
            .function_constants
            .iter()
            .map(|(n, v)| (n.to_string(), *v))
            .collect(),
        buffers: base.buffers.clone(),
    };
    for p in &k.params {
        let Some((id, o)) = p
            .object
            .and_then(|id| Some((id, k.objects.get(id.index())?)))
        else {
            continue;
        };
        // A reference is one object, whatever a launch says.
        if o.size.is_some() && !base.buffers.contains_key(&p.name) {
            continue;
        }
        let spec = w.buffers.get(&p.name).cloned().unwrap_or_default();
        let element = o.elem_size.max(1);
        let mut patches = spec.bytes.clone();
        let over = w.overlays.iter().filter(|(x, ..)| *x == id);
        patches.extend(over.map(|(_, at, bytes)| (*at, bytes.clone())));
        let end = patches
            .iter()
            .map(|(at, b)| at.saturating_add(b.len() as u64));
        let end = end.max().unwrap_or(0);
        let given = base.buffers.get(&p.name);
        let least = given.map_or(0, |b| b.count.saturating_mul(element));
        let size = spec.size.unwrap_or_else(|| least.max(OPEN)).max(end);
        if size > MOST {
            return None;
        }
        let buffer = Buffer {
            count: size.div_ceil(element),
            contents: Contents::Fill(spec.fill),
            optional: given.is_some_and(|b| b.optional),
            patches,
        };
        out.buffers.insert(p.name.clone(), buffer);
    }
    Some(out)
}
