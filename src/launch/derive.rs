//! A specification for a kernel that has none, from running it in the executor.
//!
//! Scalars get values that satisfy the assumptions; then the buffers grow until no access falls outside. What comes out fits this one launch of
//! one threadgroup; it is a start for a person, and is printed as such.

use std::collections::BTreeMap;

use super::spec::{BufferSpec, Number, Spec};
use crate::exec;
use crate::exec::{Finding, RunOptions, ScalarValue, run};
use crate::ir::{Kernel, Object, Space};

/// Values that are tried for integer parameters, in this order.
const VALUES: &[i64] = &[64, 32, 128, 16, 8, 4, 2, 1, 256, 1024];
/// Largest buffer that is tried, bytes.
const LARGEST: u64 = 1 << 26;
/// Most runs of one derivation.
const MAX_RUNS: u32 = 120;
/// Most steps of one run.
const STEPS: u64 = 20_000_000;

/// A specification that fits. `accepts` says whether the assumptions hold for a launch. The error says what failed.
pub fn derive(
    kernel: &Kernel,
    threadgroup: [u32; 3],
    accepts: &dyn Fn(&exec::Launch) -> bool,
) -> Result<Spec, String> {
    let objects: Vec<&Object> = kernel
        .objects
        .iter()
        .filter(|o| o.param.is_some() && o.space != Space::Texture)
        .filter(|o| {
            !kernel
                .scalars
                .iter()
                .any(|s| is(kernel, o, s.object.index()))
        })
        .collect();
    let mut why = "no simple values of the parameters satisfy the assumptions".to_string();
    let mut found = None;
    for v in VALUES {
        let mut launch = exec::Launch::new(threadgroup);
        let scalars = choose(kernel, &mut launch, *v);
        if !accepts(&launch) {
            continue;
        }
        match sizes(kernel, &mut launch, &objects) {
            Ok(counts) => {
                found = Some((scalars, counts));
                break;
            }
            // Smaller values may take fewer steps.
            Err(e) => why = e,
        }
        if kernel.scalars.is_empty() {
            break;
        }
    }
    let Some((scalars, counts)) = found else {
        return Err(why);
    };
    let mut spec = Spec {
        grid: vec![Number::Int(1)],
        params: scalars,
        ..Spec::default()
    };
    for (o, count) in objects.iter().zip(counts) {
        let real = o.scalar.is_some_and(|s| s.is_float());
        let fill = if real { "real:1:-1:1" } else { "random:1:0:7" };
        spec.buffers.insert(
            o.name.clone(),
            BufferSpec {
                count: Number::Int(count as i64),
                fill: (o.space != Space::Threadgroup).then(|| fill.to_string()),
                each: None,
                values: None,
                optional: false,
            },
        );
    }
    Ok(spec)
}

fn is(kernel: &Kernel, o: &Object, index: usize) -> bool {
    kernel
        .objects
        .get(index)
        .is_some_and(|other| std::ptr::eq(other, o))
}

/// Values for the scalars: one for all integers that can hold it.
fn choose(kernel: &Kernel, launch: &mut exec::Launch, v: i64) -> BTreeMap<String, Number> {
    let mut chosen = BTreeMap::new();
    for s in &kernel.scalars {
        let (number, value) = if s.ty.is_float() {
            (Number::Real(1.0), ScalarValue::Float(1.0))
        } else {
            let bits = s.ty.bits();
            let fits = i128::from(v) < 1i128 << (bits - u32::from(s.ty.is_signed()));
            let v = if fits { v } else { 1 };
            (Number::Int(v), ScalarValue::Int(i128::from(v)))
        };
        chosen.insert(s.name.clone(), number);
        launch.scalars.insert(s.name.clone(), value);
    }
    chosen
}

/// Elements that each buffer needs: doubled until nothing falls outside, then halved in between.
fn sizes(
    kernel: &Kernel,
    launch: &mut exec::Launch,
    objects: &[&Object],
) -> Result<Vec<u64>, String> {
    let element = |o: &Object| o.elem_size.max(1);
    let mut low: Vec<u64> = vec![0; objects.len()];
    let mut high: Vec<u64> = vec![1; objects.len()];
    let mut runs = 0;
    loop {
        let outside = try_sizes(kernel, launch, objects, &high)?;
        runs += 1;
        if !outside.contains(&true) {
            break;
        }
        for (i, out) in outside.iter().enumerate() {
            if *out {
                low[i] = high[i];
                high[i] *= 2;
                if high[i].saturating_mul(element(objects[i])) > LARGEST || runs > MAX_RUNS {
                    return Err(format!(
                        "`{}` would need more than {} bytes; write a launch by hand",
                        objects[i].name,
                        low[i].saturating_mul(element(objects[i]))
                    ));
                }
            }
        }
    }
    while (0..objects.len()).any(|i| high[i] - low[i] > 1) && runs < MAX_RUNS {
        let middle: Vec<u64> = (0..objects.len())
            .map(|i| low[i] + (high[i] - low[i]).div_ceil(2))
            .collect();
        // One at a time would be exact; all at once may overshoot where sizes steer control flow, never undershoot.
        let outside = try_sizes(kernel, launch, objects, &middle)?;
        runs += 1;
        for (i, out) in outside.iter().enumerate() {
            if high[i] - low[i] > 1 {
                if *out {
                    low[i] = middle[i];
                } else {
                    high[i] = middle[i];
                }
            }
        }
    }
    Ok(high)
}

/// Which buffers are too small.
fn try_sizes(
    kernel: &Kernel,
    launch: &mut exec::Launch,
    objects: &[&Object],
    counts: &[u64],
) -> Result<Vec<bool>, String> {
    for (o, n) in objects.iter().zip(counts) {
        let size = n.saturating_mul(o.elem_size.max(1));
        launch
            .buffers
            .insert(o.name.clone(), exec::BufferSpec::sized(size));
    }
    let options = RunOptions {
        step_limit: STEPS,
        ..RunOptions::default()
    };
    let outcome = run(kernel, launch, &options).map_err(|e| e.to_string())?;
    let mut out = vec![false; objects.len()];
    for f in &outcome.findings {
        match f {
            Finding::OutOfBounds { object, offset, .. } if *offset >= 0 => {
                for (i, o) in objects.iter().enumerate() {
                    out[i] |= is(kernel, o, object.index());
                }
            }
            Finding::StepLimit { .. } => {
                return Err("the kernel takes too many steps with these parameters".into());
            }
            _ => {}
        }
    }
    Ok(out)
}
