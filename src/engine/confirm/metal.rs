//! The metal back end: what the command line asks of a device.

use std::collections::BTreeMap;
use std::path::Path;

use super::report::{BarrierResult, FileResult, KernelResult};
use super::{ConfirmRequest, beside, compiled, of_kernel, tool};
use crate::confirm::Results;
use crate::confirm::judge::{Observed, Relation, Verdict, relation};
use crate::confirm::metal::session::{Bound, Job, Memory, Version, bind, compare, prepare};
use crate::confirm::metal::{Constant, ConstantType, Gpu, edit};
use crate::engine::error::Error;
use crate::engine::launch::{LaunchPlan, plan};
use crate::engine::load::{Depth, Loaded, configured, load};
use crate::engine::settings::SourceSettings;
use crate::ir::{Kernel, ScalarTy};
use crate::launch::{Binding, bindings, constants, resolve};
use crate::report::model::FileReport;

const SELF_TEST: &str = "#include <metal_stdlib>\nusing namespace metal;\n\
kernel void self_test(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {\n\
    threadgroup uint a[64];\n    a[t] = t;\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = a[63 - t] + 1;\n}\n";

/// A planted bug must be seen, and a version that is the same must be the same. The error says what went wrong.
pub fn self_test(gpu: &mut dyn Gpu) -> Result<(), String> {
    let wrap = |e: String| format!("self-test: {e}");
    let job = Job {
        kernel: "self_test".into(),
        groups: [1; 3],
        threads: [64, 1, 1],
        constants: Vec::new(),
        memory: vec![Memory::Buffer {
            name: "out".into(),
            index: 0,
            bytes: vec![0; 256],
            compared: true,
        }],
    };
    let original = prepare(gpu, SELF_TEST, &[], &job).map_err(wrap)?;
    let same = prepare(gpu, SELF_TEST, &[], &job).map_err(wrap)?;
    let planted = SELF_TEST.replace("+ 1;", "+ 2;");
    let broken = prepare(gpu, &planted, &[], &job).map_err(wrap)?;
    let bound = bind(gpu, &job).map_err(wrap)?;
    let equal = compare(gpu, &original, &same, &job, &bound, 2).map_err(wrap)?;
    let other = compare(gpu, &original, &broken, &job, &bound, 2).map_err(wrap)?;
    if !equal.differences.is_empty() || !equal.unstable.is_empty() {
        return Err("self-test failed: one kernel gives two outputs".into());
    }
    if other.differences.len() != 2 {
        return Err("self-test failed: a planted bug was not noticed".into());
    }
    Ok(())
}

/// One file on a device.
pub fn file(path: &Path, a: &ConfirmRequest, gpu: &mut dyn Gpu) -> FileResult {
    let mut out = FileResult::new(path);
    if let Err(e) = kernels(path, a, gpu, &mut out) {
        out.fail(&e);
    }
    out
}

fn kernels(
    path: &Path,
    a: &ConfirmRequest,
    gpu: &mut dyn Gpu,
    out: &mut FileResult,
) -> Result<(), Error> {
    let source = configured(path, &a.settings.source)?;
    let l = load(path, &source, Depth::Kernels)?;
    let (l, verdicts) = beside(l, path, &source, a, out)?;
    let text = edit::inlined(path, &source.include).map_err(tool)?;
    for k in compiled(&l, a, out)? {
        let one = Asked {
            path,
            a,
            source: &source,
            text: &text,
            verdicts: verdicts.as_ref(),
        };
        match one.kernel(&l, k, gpu) {
            Ok(r) => out.kernels.push(r),
            Err(e) => out.kernels.push(KernelResult::failed(&k.name, e)),
        }
    }
    Ok(())
}

struct Asked<'a> {
    path: &'a Path,
    a: &'a ConfirmRequest,
    source: &'a SourceSettings,
    text: &'a str,
    verdicts: Option<&'a FileReport>,
}

impl Asked<'_> {
    fn kernel(&self, l: &Loaded, k: &Kernel, gpu: &mut dyn Gpu) -> Result<KernelResult, String> {
        let p = plan(
            l,
            k,
            self.path,
            self.source,
            self.a.settings.launch.threadgroup,
        )
        .map_err(|e| e.to_string())?;
        let job = job(k, &p)?;
        let defines: Vec<(String, String)> = self
            .source
            .define
            .iter()
            .map(|d| {
                let (n, v) = d.split_once('=').unwrap_or((d, "1"));
                (n.to_string(), v.to_string())
            })
            .collect();
        let original = prepare(gpu, self.text, &defines, &job)?;
        let bound = bind(gpu, &job)?;
        let mut out = KernelResult {
            name: k.name.clone(),
            derived_launch: p.derived,
            stable: true,
            ..KernelResult::default()
        };
        let verdicts = of_kernel(self.verdicts, &k.name, self.a);
        for (file, line) in sites(l, k) {
            if !(self.a.all || self.a.remove.contains(&line)) {
                continue;
            }
            let verdict = verdicts.get(&line).copied();
            let made =
                edit::delete(self.text, &file, line).and_then(|t| prepare(gpu, &t, &defines, &job));
            let v = Versions {
                original: &original,
                edited: made,
                job: &job,
                bound: &bound,
            };
            let b = self.barrier(gpu, v, (&file, line), verdict, &mut out);
            out.barriers.push(b);
        }
        Ok(out)
    }

    fn barrier(
        &self,
        gpu: &mut dyn Gpu,
        v: Versions<'_>,
        (file, line): (&str, u32),
        verdict: Option<Verdict>,
        kernel: &mut KernelResult,
    ) -> BarrierResult {
        let mut o = Observed {
            reached: true,
            ..Observed::default()
        };
        let compared = v
            .edited
            .and_then(|edited| compare(gpu, v.original, &edited, v.job, v.bound, self.a.runs));
        let mut times = None;
        match compared {
            Ok(c) => {
                o.stable = c.unstable.is_empty();
                if let (Some(d), true) = (c.unstable.first(), kernel.stable) {
                    kernel.stable = false;
                    let text = format!("as written, {} bytes of `{}` vary", d.bytes, d.buffer);
                    kernel.remarks.push(text);
                }
                o.deleted.differences = c.differences;
                times = Some((c.original, c.edited));
            }
            Err(e) => {
                o.deleted = Results {
                    failure: Some(crate::confirm::Failure::Said(e)),
                    ..Results::default()
                };
            }
        }
        let r = verdict.map_or(Relation::DoesNotRefute, |v| relation(v, &o));
        let mut b = BarrierResult::new(file, line, verdict, &o, r);
        b.seconds = times;
        b
    }
}

struct Versions<'a> {
    original: &'a Version,
    edited: Result<Version, String>,
    job: &'a Job,
    bound: &'a Bound,
}

/// The lines of a kernel's barriers.
fn sites(l: &Loaded, k: &Kernel) -> Vec<(String, u32)> {
    let mut out: BTreeMap<(String, u32), ()> = BTreeMap::new();
    for b in &k.barriers {
        let (line, _) = l.map.line_col(b.span.file, b.span.start);
        out.insert((l.map.file(b.span.file).path.clone(), line), ());
    }
    out.into_keys().collect()
}

fn job(k: &Kernel, p: &LaunchPlan) -> Result<Job, String> {
    let launch = resolve(&p.spec, p.threadgroup).map_err(|e| e.to_string())?;
    let memory = bindings(&launch, k)?
        .into_iter()
        .map(|b| match b {
            Binding::Buffer {
                name,
                index,
                bytes,
                writable,
            } => Memory::Buffer {
                name,
                index: index as usize,
                bytes,
                compared: writable,
            },
            Binding::Threadgroup { index, bytes } => Memory::Threadgroup {
                index: index as usize,
                bytes,
            },
        })
        .collect();
    let constants: Result<Vec<Constant>, String> = constants(&launch, k)
        .into_iter()
        .map(|c| {
            Ok(Constant {
                index: c.index as usize,
                ty: constant_type(c.ty)?,
                bits: c.bits,
            })
        })
        .collect();
    Ok(Job {
        kernel: k.name.clone(),
        groups: launch.grid.map(|n| n as usize),
        threads: launch.threadgroup.map(|n| n as usize),
        constants: constants?,
        memory,
    })
}

fn constant_type(t: ScalarTy) -> Result<ConstantType, String> {
    Ok(match t {
        ScalarTy::Bool => ConstantType::Bool,
        ScalarTy::I8 => ConstantType::Char,
        ScalarTy::U8 => ConstantType::UChar,
        ScalarTy::I16 => ConstantType::Short,
        ScalarTy::U16 => ConstantType::UShort,
        ScalarTy::I32 => ConstantType::Int,
        ScalarTy::U32 => ConstantType::UInt,
        ScalarTy::F16 => ConstantType::Half,
        ScalarTy::F32 => ConstantType::Float,
        other => return Err(format!("a function constant of type {}", other.name())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confirm::metal::fake::Fake;
    use crate::engine::confirm::{Backend, Detector};

    fn request(pretend: &[(u32, &str)]) -> ConfirmRequest {
        ConfirmRequest {
            remove: Vec::new(),
            all: true,
            backend: Backend::Metal,
            detector: Detector::Fibers,
            runs: 3,
            seed: 1,
            time: 60.0,
            memory: 4096,
            no_prove: false,
            dump_source: None,
            pretend: pretend.iter().map(|(l, v)| (*l, v.to_string())).collect(),
            settings: crate::engine::settings::Settings::default(),
        }
    }

    const FILE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/kernels/partial_load/can_go.metal"
    );

    /// A device on which the output depends on the barrier that is needed.
    fn device() -> Fake {
        Fake::new(
            [0, 1, 2, 3],
            Box::new(|source, buffers| {
                assert!(buffers[&0].iter().any(|b| *b != 0), "weights are filled");
                if let Some(out) = buffers.get_mut(&3) {
                    out[7] = u8::from(source.contains("((void)0); //~ required"));
                }
            }),
        )
    }

    fn relations(a: &ConfirmRequest) -> Vec<(u32, &'static str)> {
        let f = file(Path::new(FILE), a, &mut device());
        assert_eq!(f.errors, Vec::<String>::new());
        let all = f.kernels.iter().flat_map(|k| &k.barriers);
        all.map(|b| (b.line, b.relation)).collect()
    }

    #[test]
    fn outputs_stand_beside_verdicts() {
        assert_eq!(
            relations(&request(&[])),
            [(31, "does not refute"), (40, "agrees")]
        );
        assert_eq!(
            relations(&request(&[(40, "removable")])),
            [(31, "does not refute"), (40, "contradicts")]
        );
    }

    #[test]
    fn a_device_that_computes_nothing_fails_the_self_test() {
        let mut gpu = Fake::new([0], Box::new(|_, _| ()));
        let e = self_test(&mut gpu).expect_err("the planted bug has no effect");
        assert!(e.contains("planted bug"), "{e}");
        let mut gpu = Fake::new(
            [0],
            Box::new(|source, b| {
                if let Some(out) = b.get_mut(&0) {
                    out[0] = if source.contains("+ 2;") { 2 } else { 1 };
                }
            }),
        );
        assert_eq!(self_test(&mut gpu), Ok(()));
    }
}
