//! The self-test that comes before every use: a racing kernel must be caught, at the right place, and a clean one must be clean.

use std::collections::BTreeMap;

use super::build::{Request, Unit, build};
use super::error::ConfirmError;
use super::program::{Change, Mode, Run, run};
use super::results::Results;
use super::toolchain::{Detector, Toolchain};
use crate::exec::Fill;
use crate::launch::{Buffer, Contents, HostLaunch};

/// Both kernels hand values to the neighbour; the first barrier of each is needed, the second orders nothing.
const SOURCE: &str = "#include <metal_stdlib>
using namespace metal;
kernel void exchange(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup uint tile[64];
    tile[t] = in[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    const uint v = tile[63 - t];
    threadgroup_barrier(mem_flags::mem_device);
    out[t] = v;
}
kernel void racing(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup uint tile[64];
    tile[t] = in[t];
    out[t] = tile[63 - t];
}
";
/// Line of the barrier that is needed, and of the one that is not.
const NEEDED: u32 = 6;
const IDLE: u32 = 8;
/// Line of the read in `racing`.
const READ: u32 = 14;

/// Builds and runs the two kernels. The error says what went wrong.
pub fn self_test(tools: &Toolchain) -> Result<(), ConfirmError> {
    let file = tools.folder().join("self_test.metal");
    std::fs::write(&file, SOURCE).map_err(ConfirmError::io("the temporary folder"))?;
    let request = Request {
        file: &file,
        defines: &[],
        includes: &[],
        scalars: BTreeMap::new(),
    };
    let unit = build(tools, &request, 0)?;
    let name = file.display().to_string();
    let go = |kernel: &str, lines: &[u32]| one(&unit, kernel, &name, lines);
    let fail = |what: &str| Err(ConfirmError::SelfTest(what.into()));
    let clean = go("exchange", &[])?;
    if !clean.races.is_empty() {
        return fail("a kernel without races is said to race");
    }
    if clean.wrote.iter().all(|w| w.buffer != "out") {
        return fail("a kernel that writes its output left it unchanged");
    }
    let racing = go("racing", &[])?;
    let caught = racing
        .races
        .iter()
        .any(|r| [r.a.line, r.b.line].contains(&READ));
    if !caught {
        return fail("a kernel with a race is said to be clean, or its line is not known");
    }
    let without = go("exchange", &[NEEDED])?;
    let due = without
        .races
        .iter()
        .any(|r| (r.due || tools.detector() == Detector::Tsan) && r.array_is("tile"));
    if !due {
        return fail("deleting a barrier that is needed shows no race");
    }
    let idle = go("exchange", &[IDLE])?;
    if !idle.races.is_empty() || !idle.differences.is_empty() {
        return fail("deleting a barrier that orders nothing shows a race or changes the output");
    }
    Ok(())
}

fn one(unit: &Unit, kernel: &str, file: &str, lines: &[u32]) -> Result<Results, ConfirmError> {
    let buffer = |fill| Buffer {
        count: 64,
        contents: Contents::Fill(fill),
        optional: false,
        patches: Vec::new(),
    };
    let launch = HostLaunch {
        threadgroup: [64, 1, 1],
        grid: [1; 3],
        groups: vec![[0; 3]],
        scalars: BTreeMap::new(),
        constants: BTreeMap::new(),
        buffers: [
            ("in".to_string(), buffer(Fill::Index)),
            ("out".to_string(), buffer(Fill::Zeros)),
        ]
        .into(),
    };
    let changes: Vec<Change> = lines
        .iter()
        .map(|&line| Change {
            file: file.to_string(),
            line,
            mode: Mode::Deleted,
        })
        .collect();
    let results = run(
        unit,
        &Run {
            kernel,
            launch: &launch,
            changes: &changes,
            schedules: 3,
            seed: 1,
            seconds: 60,
            megabytes: 2048,
        },
    );
    match results.failure {
        Some(f) => Err(ConfirmError::SelfTest(format!("kernel `{kernel}`: {f}"))),
        None => Ok(results),
    }
}
