//! Proves a kernel that is held in a string. `cargo run --example prove_string`

use unbarrier::{Contract, Error, Source, prove};

const KERNEL: &str = "#include <metal_stdlib>
using namespace metal;
kernel void reverse(device float* a [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup float s[128];
    s[t] = a[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    a[t] = s[127 - t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
}";

fn main() -> Result<(), Error> {
    let source = Source::new("reverse.metal", KERNEL);
    let report = prove(&source, &Contract::new().threadgroup([128, 1, 1]))?;
    for b in report.barriers() {
        println!("line {}: {:?}: {}", b.line, b.verdict, b.reason);
    }
    println!("free of races: {}", report.is_race_free());
    Ok(())
}
