//! A launch for the executor.

use super::resolve::{Buffer, Contents, HostLaunch};
use crate::exec;
use crate::exec::{BufferSpec, Fill, ScalarValue};
use crate::ir::{Kernel, Object, VarKind};

/// The launch of one threadgroup as the executor takes it. The error names what the kernel does not have.
pub fn to_launch(l: &HostLaunch, kernel: &Kernel, group: [u32; 3]) -> Result<exec::Launch, String> {
    let mut out = exec::Launch::new(l.threadgroup);
    out.group = group;
    out.groups = l.grid;
    for (name, v) in &l.scalars {
        // A parameter that the kernel never reads may be gone.
        if kernel.scalars.iter().any(|s| s.name == *name) {
            out.scalars.insert(name.clone(), *v);
        } else if !kernel.params.iter().any(|p| is_part(name, &p.name)) {
            return Err(format!("the kernel has no parameter `{name}`"));
        }
    }
    for (name, v) in &l.constants {
        if let Some(n) = constant_number(kernel, name) {
            out.function_constants.insert(n, *v);
        }
    }
    for (name, b) in &l.buffers {
        let object = kernel
            .objects
            .iter()
            .find(|o| o.param.is_some() && o.name == *name);
        let Some(object) = object else {
            if b.optional || kernel.params.iter().any(|p| p.name == *name) {
                continue;
            }
            let known: Vec<&str> = kernel
                .params
                .iter()
                .filter(|p| p.object.is_some())
                .map(|p| p.name.as_str())
                .collect();
            return Err(format!(
                "the kernel has no buffer `{name}`; it has: {}",
                known.join(", ")
            ));
        };
        out.buffers.insert(name.clone(), buffer(b, object));
    }
    Ok(out)
}

/// `p` or `p.field`.
fn is_part(name: &str, param: &str) -> bool {
    name.split('.').next() == Some(param)
}

/// The number of a function constant by its name or its number.
pub fn constant_number(kernel: &Kernel, name: &str) -> Option<u32> {
    if let Ok(n) = name.parse() {
        return Some(n);
    }
    kernel.vars.iter().find_map(|v| match v.kind {
        VarKind::FunctionConstant(n) if v.name == name => Some(n),
        _ => None,
    })
}

fn buffer(b: &Buffer, o: &Object) -> BufferSpec {
    let size = b.count.saturating_mul(o.elem_size.max(1));
    let (fill, bytes) = match &b.contents {
        Contents::Fill(f) => (*f, Vec::new()),
        // The executor's fills hold integers; fractions do not steer it.
        Contents::Real { seed, low, high } => (
            Fill::Random {
                seed: *seed,
                low: low.floor() as i64,
                high: high.ceil() as i64,
            },
            Vec::new(),
        ),
        Contents::Values(v) => (Fill::Zeros, table(v, b.count, size, o)),
    };
    let bytes = bytes.into_iter().chain(b.patches.iter().cloned()).collect();
    BufferSpec {
        size: Some(size),
        fill,
        bytes,
    }
}

fn table(values: &[ScalarValue], count: u64, size: u64, o: &Object) -> Vec<(u64, Vec<u8>)> {
    let Some(ty) = o.scalar else {
        return Vec::new();
    };
    let width = ty.size().max(1);
    let scalars = (size / width).min(count.saturating_mul(o.elem_size.max(1) / width));
    let mut out = Vec::with_capacity(size as usize);
    for v in values.iter().cycle().take(scalars as usize) {
        let bits = v.encode(ty).unwrap_or(0).to_le_bytes();
        out.extend_from_slice(&bits[..(width as usize).min(8)]);
    }
    vec![(0, out)]
}
