//! A device that runs nothing and refuses everything that Metal forbids: order of calls, unbound buffers, limits.

use std::collections::{BTreeMap, BTreeSet};

use super::gpu::{Constant, Device, Gpu, Handle, PipelineLimits};

/// Where the command buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Encoding,
    Ended,
    Committed,
}

/// What a fake kernel does to the buffers when it runs: by index.
pub type Effect = Box<dyn FnMut(&str, &mut BTreeMap<usize, Vec<u8>>)>;

/// The fake.
pub struct Fake {
    stage: Stage,
    sources: Vec<String>,
    pipelines: Vec<(usize, String)>,
    buffers: Vec<Vec<u8>>,
    bound: BTreeMap<usize, usize>,
    local: BTreeSet<usize>,
    local_bytes: usize,
    pipeline: Option<usize>,
    dispatched: bool,
    /// Buffer indices that the kernel uses.
    pub uses: BTreeSet<usize>,
    /// What pipelines allow.
    pub limits: PipelineLimits,
    /// Called with the source of the running kernel.
    pub effect: Effect,
    /// Commands that ran.
    pub runs: usize,
    clock: f64,
}

const BUFFER_BYTES: usize = 1 << 30;
const THREADGROUP_BYTES: usize = 32 << 10;
const INDICES: usize = 31;

impl Fake {
    /// A device whose kernels use these buffer indices and do this.
    pub fn new(uses: impl IntoIterator<Item = usize>, effect: Effect) -> Fake {
        Fake {
            stage: Stage::Idle,
            sources: Vec::new(),
            pipelines: Vec::new(),
            buffers: Vec::new(),
            bound: BTreeMap::new(),
            local: BTreeSet::new(),
            local_bytes: 0,
            pipeline: None,
            dispatched: false,
            uses: uses.into_iter().collect(),
            limits: PipelineLimits {
                threads: 1024,
                static_bytes: 0,
            },
            effect,
            runs: 0,
            clock: 0.0,
        }
    }

    fn at(&self, wanted: Stage, what: &str) -> Result<(), String> {
        if self.stage == wanted {
            Ok(())
        } else {
            Err(format!("{what} while {:?}", self.stage))
        }
    }

    fn quiet(&self, what: &str) -> Result<(), String> {
        self.at(Stage::Idle, what)
    }
}

impl Gpu for Fake {
    fn device(&self) -> Device {
        Device {
            name: "fake".into(),
            buffer_bytes: BUFFER_BYTES,
            threadgroup_bytes: THREADGROUP_BYTES,
        }
    }

    fn compile(&mut self, source: &str, _defines: &[(String, String)]) -> Result<Handle, String> {
        if !source.contains("kernel") {
            return Err("no kernel in the source".into());
        }
        self.sources.push(source.into());
        Ok(Handle(self.sources.len() - 1))
    }

    fn pipeline(
        &mut self,
        library: Handle,
        kernel: &str,
        _constants: &[Constant],
    ) -> Result<Handle, String> {
        let source = self.sources.get(library.0).ok_or("no such library")?;
        if !source.contains(kernel) {
            return Err(format!("no function {kernel}"));
        }
        self.pipelines.push((library.0, kernel.into()));
        Ok(Handle(self.pipelines.len() - 1))
    }

    fn limits(&self, pipeline: Handle) -> Result<PipelineLimits, String> {
        self.pipelines.get(pipeline.0).ok_or("no such pipeline")?;
        Ok(self.limits)
    }

    fn buffer(&mut self, bytes: usize) -> Result<Handle, String> {
        if bytes == 0 || bytes > BUFFER_BYTES {
            return Err(format!("a buffer of {bytes} bytes"));
        }
        self.buffers.push(vec![0; bytes]);
        Ok(Handle(self.buffers.len() - 1))
    }

    fn write(&mut self, buffer: Handle, bytes: &[u8]) -> Result<(), String> {
        self.quiet("write")?;
        let b = self.buffers.get_mut(buffer.0).ok_or("no such buffer")?;
        let slot = b.get_mut(..bytes.len()).ok_or("more than the buffer has")?;
        slot.copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, buffer: Handle) -> Result<Vec<u8>, String> {
        self.quiet("read")?;
        Ok(self.buffers.get(buffer.0).ok_or("no such buffer")?.clone())
    }

    fn begin(&mut self) -> Result<(), String> {
        self.quiet("begin")?;
        self.stage = Stage::Encoding;
        self.bound.clear();
        self.local.clear();
        self.local_bytes = 0;
        self.pipeline = None;
        self.dispatched = false;
        Ok(())
    }

    fn set_pipeline(&mut self, pipeline: Handle) -> Result<(), String> {
        self.at(Stage::Encoding, "set_pipeline")?;
        self.pipelines.get(pipeline.0).ok_or("no such pipeline")?;
        self.pipeline = Some(pipeline.0);
        Ok(())
    }

    fn set_buffer(&mut self, buffer: Handle, index: usize) -> Result<(), String> {
        self.at(Stage::Encoding, "set_buffer")?;
        self.buffers.get(buffer.0).ok_or("no such buffer")?;
        if index >= INDICES {
            return Err(format!("buffer index {index}"));
        }
        self.bound.insert(index, buffer.0);
        Ok(())
    }

    fn set_threadgroup_memory(&mut self, bytes: usize, index: usize) -> Result<(), String> {
        self.at(Stage::Encoding, "set_threadgroup_memory")?;
        if bytes == 0 || !bytes.is_multiple_of(16) || index >= INDICES || !self.local.insert(index)
        {
            return Err(format!("{bytes} bytes of threadgroup memory at {index}"));
        }
        self.local_bytes += bytes;
        Ok(())
    }

    fn dispatch(&mut self, groups: [usize; 3], threads: [usize; 3]) -> Result<(), String> {
        self.at(Stage::Encoding, "dispatch")?;
        if self.pipeline.is_none() {
            return Err("dispatch without a pipeline".into());
        }
        if groups.contains(&0) || threads.contains(&0) {
            return Err("an empty dispatch".into());
        }
        if threads.iter().product::<usize>() > self.limits.threads {
            return Err("more threads than the pipeline allows".into());
        }
        if self.local_bytes + self.limits.static_bytes > THREADGROUP_BYTES {
            return Err("more threadgroup memory than the device has".into());
        }
        if let Some(i) = self.uses.iter().find(|i| !self.bound.contains_key(i)) {
            return Err(format!("buffer {i} is not bound"));
        }
        self.dispatched = true;
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.at(Stage::Encoding, "end")?;
        self.stage = Stage::Ended;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), String> {
        self.at(Stage::Ended, "commit")?;
        if !self.dispatched {
            return Err("nothing was dispatched".into());
        }
        self.stage = Stage::Committed;
        Ok(())
    }

    fn wait(&mut self) -> Result<f64, String> {
        self.at(Stage::Committed, "wait")?;
        self.stage = Stage::Idle;
        self.runs += 1;
        self.clock += 1e-6;
        let library = self
            .pipeline
            .and_then(|p| self.pipelines.get(p))
            .map(|p| p.0);
        let source = library
            .and_then(|l| self.sources.get(l))
            .cloned()
            .unwrap_or_default();
        let mut seen: BTreeMap<usize, Vec<u8>> = self
            .bound
            .iter()
            .filter_map(|(i, b)| Some((*i, self.buffers.get(*b)?.clone())))
            .collect();
        (self.effect)(&source, &mut seen);
        for (i, bytes) in seen {
            if let Some(slot) = self.bound.get(&i).and_then(|b| self.buffers.get_mut(*b)) {
                *slot = bytes;
            }
        }
        Ok(self.clock)
    }
}
