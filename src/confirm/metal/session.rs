//! Two versions of a kernel in turn on a device, outputs compared bit for bit.

use super::gpu::{Constant, Gpu, Handle};
use crate::confirm::Difference;

/// Memory of a launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// A buffer.
    Buffer {
        /// Parameter.
        name: String,
        /// Index.
        index: usize,
        /// Contents before each run.
        bytes: Vec<u8>,
        /// Compared after each run.
        compared: bool,
    },
    /// Threadgroup memory.
    Threadgroup {
        /// Index.
        index: usize,
        /// Size.
        bytes: usize,
    },
}

/// A launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Kernel.
    pub kernel: String,
    /// Threadgroups.
    pub groups: [usize; 3],
    /// Threads of each.
    pub threads: [usize; 3],
    /// Function constants.
    pub constants: Vec<Constant>,
    /// Memory.
    pub memory: Vec<Memory>,
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Outputs of the original that differ from its first ones.
    pub unstable: Vec<Difference>,
    /// Outputs of the edited version that differ from the first ones of the original.
    pub differences: Vec<Difference>,
    /// Median time of the original, seconds.
    pub original: f64,
    /// Median time of the edited version, seconds.
    pub edited: f64,
}

/// Most bytes of one buffer index that Metal takes.
const INDICES: usize = 31;

/// A compiled version.
pub struct Version(Handle);

/// Compiles a version and checks that the launch fits it.
pub fn prepare(
    gpu: &mut dyn Gpu,
    source: &str,
    defines: &[(String, String)],
    job: &Job,
) -> Result<Version, String> {
    let library = gpu.compile(source, defines)?;
    let pipeline = gpu.pipeline(library, &job.kernel, &job.constants)?;
    let limits = gpu.limits(pipeline)?;
    let device = gpu.device();
    let threads: usize = job.threads.iter().product();
    if threads == 0 || threads > limits.threads || job.groups.contains(&0) {
        return Err(format!(
            "{threads} threads in a threadgroup; the compiled kernel allows {}",
            limits.threads
        ));
    }
    let mut local = limits.static_bytes;
    for m in &job.memory {
        let index = match m {
            Memory::Buffer {
                name, index, bytes, ..
            } => {
                if bytes.is_empty() || bytes.len() > device.buffer_bytes {
                    return Err(format!("buffer `{name}` of {} bytes", bytes.len()));
                }
                *index
            }
            Memory::Threadgroup { index, bytes } => {
                local += bytes;
                *index
            }
        };
        if index >= INDICES {
            return Err(format!("index {index}; Metal has {INDICES}"));
        }
    }
    if local > device.threadgroup_bytes {
        return Err(format!(
            "{local} bytes of threadgroup memory; the device has {}",
            device.threadgroup_bytes
        ));
    }
    Ok(Version(pipeline))
}

/// Buffers of a job on the device.
pub struct Bound(Vec<Option<Handle>>);

/// Makes the buffers.
pub fn bind(gpu: &mut dyn Gpu, job: &Job) -> Result<Bound, String> {
    let all: Result<Vec<Option<Handle>>, String> = job
        .memory
        .iter()
        .map(|m| match m {
            Memory::Buffer { bytes, .. } => gpu.buffer(bytes.len()).map(Some),
            Memory::Threadgroup { .. } => Ok(None),
        })
        .collect();
    all.map(Bound)
}

/// One run: outputs and seconds.
fn once(
    gpu: &mut dyn Gpu,
    v: &Version,
    job: &Job,
    bound: &Bound,
) -> Result<(Vec<Vec<u8>>, f64), String> {
    for (m, b) in job.memory.iter().zip(&bound.0) {
        if let (Memory::Buffer { bytes, .. }, Some(b)) = (m, b) {
            gpu.write(*b, bytes)?;
        }
    }
    gpu.begin()?;
    gpu.set_pipeline(v.0)?;
    for (m, b) in job.memory.iter().zip(&bound.0) {
        match (m, b) {
            (Memory::Buffer { index, .. }, Some(b)) => gpu.set_buffer(*b, *index)?,
            (Memory::Threadgroup { index, bytes }, _) => {
                gpu.set_threadgroup_memory(*bytes, *index)?
            }
            (Memory::Buffer { .. }, None) => {}
        }
    }
    gpu.dispatch(job.groups, job.threads)?;
    gpu.end()?;
    gpu.commit()?;
    let seconds = gpu.wait()?;
    let mut out = Vec::new();
    for (m, b) in job.memory.iter().zip(&bound.0) {
        if let (Memory::Buffer { compared: true, .. }, Some(b)) = (m, b) {
            out.push(gpu.read(*b)?);
        }
    }
    Ok((out, seconds))
}

/// Runs both versions in turn, `repeats` times each.
pub fn compare(
    gpu: &mut dyn Gpu,
    original: &Version,
    edited: &Version,
    job: &Job,
    bound: &Bound,
    repeats: u32,
) -> Result<Comparison, String> {
    let (reference, _) = once(gpu, original, job, bound)?;
    let mut out = Comparison::default();
    let mut times = [Vec::new(), Vec::new()];
    for i in 0..repeats {
        // Neither version always comes first.
        for which in if i % 2 == 0 { [0, 1] } else { [1, 0] } {
            let v = if which == 0 { original } else { edited };
            let (outputs, seconds) = once(gpu, v, job, bound)?;
            times[which].push(seconds);
            let found = differences(job, &reference, &outputs, i);
            if which == 0 {
                out.unstable.extend(found);
            } else {
                out.differences.extend(found);
            }
        }
    }
    let [a, b] = times;
    out.original = median(a);
    out.edited = median(b);
    Ok(out)
}

fn differences(job: &Job, expected: &[Vec<u8>], got: &[Vec<u8>], repeat: u32) -> Vec<Difference> {
    let names = job.memory.iter().filter_map(|m| match m {
        Memory::Buffer {
            name,
            compared: true,
            ..
        } => Some(name),
        _ => None,
    });
    let mut out = Vec::new();
    for ((name, a), b) in names.zip(expected).zip(got) {
        let changed: Vec<usize> = (0..a.len().min(b.len()))
            .filter(|&i| a[i] != b[i])
            .collect();
        if let Some(first) = changed.first() {
            out.push(Difference {
                schedule: repeat,
                buffer: name.clone(),
                byte: *first as u64,
                bytes: changed.len() as u64,
                size: a.len() as u64,
            });
        }
    }
    out
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;

    const WITH: &str = "kernel void k() { threadgroup_barrier(x); }";
    const WITHOUT: &str = "kernel void k() { ((void)0); }";

    fn job() -> Job {
        Job {
            kernel: "k".into(),
            groups: [1; 3],
            threads: [32, 1, 1],
            constants: Vec::new(),
            memory: vec![
                Memory::Buffer {
                    name: "out".into(),
                    index: 0,
                    bytes: vec![0; 8],
                    compared: true,
                },
                Memory::Threadgroup {
                    index: 0,
                    bytes: 64,
                },
            ],
        }
    }

    fn fake() -> Fake {
        // Without the barrier, the third byte comes out wrong.
        Fake::new(
            [0],
            Box::new(|source, buffers| {
                if let Some(b) = buffers.get_mut(&0) {
                    b[1] += 1;
                    b[2] = u8::from(!source.contains("threadgroup_barrier"));
                }
            }),
        )
    }

    fn both(gpu: &mut Fake, job: &Job) -> Result<Comparison, String> {
        let a = prepare(gpu, WITH, &[], job)?;
        let b = prepare(gpu, WITHOUT, &[], job)?;
        let bound = bind(gpu, job)?;
        compare(gpu, &a, &b, job, &bound, 3)
    }

    #[test]
    fn a_planted_difference_is_found_and_order_is_kept() {
        let mut gpu = fake();
        let c = both(&mut gpu, &job()).expect("Metal's rules are kept");
        assert_eq!(c.unstable, []);
        assert_eq!(c.differences.len(), 3);
        assert_eq!((c.differences[0].byte, c.differences[0].bytes), (2, 1));
        assert_eq!(gpu.runs, 7);
        assert!(c.original > 0.0 && c.edited > 0.0);
    }

    #[test]
    fn equal_outputs_are_equal() {
        let mut gpu = Fake::new([0], Box::new(|_, b| b.values_mut().for_each(|v| v[0] = 7)));
        let c = both(&mut gpu, &job()).expect("Metal's rules are kept");
        assert_eq!((c.unstable, c.differences), (vec![], vec![]));
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_launched() {
        let refused = |change: &dyn Fn(&mut Job, &mut Fake)| {
            let (mut j, mut gpu) = (job(), fake());
            change(&mut j, &mut gpu);
            let e = both(&mut gpu, &j).expect_err("it does not fit");
            assert_eq!(gpu.runs, 0, "{e}");
            e
        };
        assert!(refused(&|j, _| j.threads = [2048, 1, 1]).contains("allows 1024"));
        assert!(refused(&|j, _| j.threads = [0, 1, 1]).contains("0 threads"));
        assert!(refused(&|_, g| g.limits.static_bytes = 32 << 10).contains("threadgroup memory"));
        assert!(refused(&|j, _| j.kernel = "other".into()).contains("no function"));
        assert!(
            refused(&|_, g| {
                g.uses.insert(4);
            })
            .contains("buffer 4 is not bound")
        );
        assert!(
            refused(&|j, _| j.memory[0] = Memory::Buffer {
                name: "out".into(),
                index: 31,
                bytes: vec![0],
                compared: true
            })
            .contains("index 31")
        );
        assert!(
            refused(&|j, _| j.memory[0] = Memory::Buffer {
                name: "out".into(),
                index: 0,
                bytes: vec![],
                compared: true
            })
            .contains("0 bytes")
        );
    }

    #[test]
    fn the_fake_refuses_what_metal_forbids() {
        let mut g = fake();
        let b = g.buffer(8).expect("a buffer");
        let lib = g.compile(WITH, &[]).expect("a library");
        let p = g.pipeline(lib, "k", &[]).expect("a pipeline");
        assert!(g.commit().is_err(), "commit before encoding");
        g.begin().expect("begins");
        assert!(g.begin().is_err(), "two encoders");
        assert!(g.dispatch([1; 3], [1; 3]).is_err(), "no pipeline");
        g.set_pipeline(p).expect("sets");
        assert!(g.dispatch([1; 3], [1; 3]).is_err(), "no buffer");
        g.set_buffer(b, 0).expect("binds");
        assert!(g.set_threadgroup_memory(8, 0).is_err(), "no multiple of 16");
        assert!(g.commit().is_err(), "commit before end");
        assert!(g.read(b).is_err(), "read while encoding");
        g.dispatch([1; 3], [1; 3]).expect("dispatches");
        g.end().expect("ends");
        assert!(g.set_buffer(b, 0).is_err(), "bind after end");
        g.commit().expect("commits");
        assert!(g.read(b).is_err(), "read before completion");
        assert!(g.write(b, &[1]).is_err(), "write before completion");
        g.wait().expect("completes");
        assert!(g.wait().is_err(), "nothing to wait for");
        assert!(g.read(b).is_ok());
    }
}
