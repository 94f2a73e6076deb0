//! The device of the system, through objc2-metal. No logic: each method is one call, or one per line.
//!
//! Safety of the `unsafe` blocks: every pointer is to memory that outlives the call, every index and length was checked by `session`
//! (the fake refuses what Metal would not check), and a buffer's contents are touched only while no command is in flight.

use std::ffi::c_void;
use std::ptr::NonNull;

use objc2::rc::Retained;
use objc2::runtime::{NSObject, ProtocolObject};
use objc2_foundation::{NSDictionary, NSError, NSString};
use objc2_metal::{
    MTLBuffer, MTLCommandBuffer, MTLCommandBufferStatus, MTLCommandEncoder, MTLCommandQueue,
    MTLCompileOptions, MTLComputeCommandEncoder, MTLComputePipelineState,
    MTLCreateSystemDefaultDevice, MTLDataType, MTLDevice, MTLFunctionConstantValues, MTLLibrary,
    MTLMathMode, MTLResourceOptions, MTLSize,
};

use super::gpu::{Constant, ConstantType, Device, Gpu, Handle, PipelineLimits};

/// The default device with one queue and at most one command buffer.
pub struct System {
    device: Retained<ProtocolObject<dyn MTLDevice>>,
    queue: Retained<ProtocolObject<dyn MTLCommandQueue>>,
    libraries: Vec<Retained<ProtocolObject<dyn MTLLibrary>>>,
    pipelines: Vec<Retained<ProtocolObject<dyn MTLComputePipelineState>>>,
    buffers: Vec<Retained<ProtocolObject<dyn MTLBuffer>>>,
    command: Option<Retained<ProtocolObject<dyn MTLCommandBuffer>>>,
    encoder: Option<Retained<ProtocolObject<dyn MTLComputeCommandEncoder>>>,
}

fn text(e: &NSError) -> String {
    e.localizedDescription().to_string()
}

fn get<T>(all: &[T], h: Handle) -> Result<&T, String> {
    all.get(h.0).ok_or_else(|| "no such object".to_string())
}

fn size(v: [usize; 3]) -> MTLSize {
    MTLSize {
        width: v[0],
        height: v[1],
        depth: v[2],
    }
}

impl System {
    /// The default device; the error says that there is none.
    pub fn open() -> Result<System, String> {
        let device = MTLCreateSystemDefaultDevice().ok_or("no Metal device")?;
        let queue = device.newCommandQueue().ok_or("no command queue")?;
        Ok(System {
            device,
            queue,
            libraries: Vec::new(),
            pipelines: Vec::new(),
            buffers: Vec::new(),
            command: None,
            encoder: None,
        })
    }

    fn encoder(&self) -> Result<&ProtocolObject<dyn MTLComputeCommandEncoder>, String> {
        self.encoder.as_deref().ok_or_else(|| "no encoder".into())
    }

    fn command(&self) -> Result<&ProtocolObject<dyn MTLCommandBuffer>, String> {
        self.command.as_deref().ok_or_else(|| "no command".into())
    }
}

impl Gpu for System {
    fn device(&self) -> Device {
        Device {
            name: self.device.name().to_string(),
            buffer_bytes: self.device.maxBufferLength(),
            threadgroup_bytes: self.device.maxThreadgroupMemoryLength(),
        }
    }

    fn compile(&mut self, source: &str, defines: &[(String, String)]) -> Result<Handle, String> {
        let options = MTLCompileOptions::new();
        options.setMathMode(MTLMathMode::Safe);
        let names: Vec<Retained<NSString>> =
            defines.iter().map(|d| NSString::from_str(&d.0)).collect();
        let names: Vec<&NSString> = names.iter().map(|n| &**n).collect();
        let values: Vec<Retained<NSObject>> = defines
            .iter()
            .map(|d| Retained::into_super(NSString::from_str(&d.1)))
            .collect();
        let macros = NSDictionary::from_retained_objects(&names, &values);
        // Safety: the dictionary maps strings to strings, as the call wants.
        unsafe { options.setPreprocessorMacros(Some(&macros)) };
        let library = self
            .device
            .newLibraryWithSource_options_error(&NSString::from_str(source), Some(&options))
            .map_err(|e| text(&e))?;
        self.libraries.push(library);
        Ok(Handle(self.libraries.len() - 1))
    }

    fn pipeline(
        &mut self,
        library: Handle,
        kernel: &str,
        constants: &[Constant],
    ) -> Result<Handle, String> {
        let values = MTLFunctionConstantValues::new();
        for c in constants {
            let bits = c.bits.to_le_bytes();
            let at = NonNull::from(&bits).cast::<c_void>();
            // Safety: eight bytes are as many as any of the types has.
            unsafe { values.setConstantValue_type_atIndex(at, data_type(c.ty), c.index) };
        }
        let function = get(&self.libraries, library)?
            .newFunctionWithName_constantValues_error(&NSString::from_str(kernel), &values)
            .map_err(|e| text(&e))?;
        let pipeline = self
            .device
            .newComputePipelineStateWithFunction_error(&function)
            .map_err(|e| text(&e))?;
        self.pipelines.push(pipeline);
        Ok(Handle(self.pipelines.len() - 1))
    }

    fn limits(&self, pipeline: Handle) -> Result<PipelineLimits, String> {
        let p = get(&self.pipelines, pipeline)?;
        Ok(PipelineLimits {
            threads: p.maxTotalThreadsPerThreadgroup(),
            static_bytes: p.staticThreadgroupMemoryLength(),
        })
    }

    fn buffer(&mut self, bytes: usize) -> Result<Handle, String> {
        let b = self
            .device
            .newBufferWithLength_options(bytes, MTLResourceOptions::StorageModeShared)
            .ok_or("no memory for a buffer")?;
        self.buffers.push(b);
        Ok(Handle(self.buffers.len() - 1))
    }

    fn write(&mut self, buffer: Handle, bytes: &[u8]) -> Result<(), String> {
        let b = get(&self.buffers, buffer)?;
        if bytes.len() > b.length() {
            return Err("more bytes than the buffer has".into());
        }
        let to = b.contents().cast::<u8>().as_ptr();
        // Safety: the buffer has as many bytes, and nobody else uses it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    fn read(&self, buffer: Handle) -> Result<Vec<u8>, String> {
        let b = get(&self.buffers, buffer)?;
        let from = b.contents().cast::<u8>().as_ptr();
        // Safety: the buffer has as many bytes, and the device has finished.
        Ok(unsafe { std::slice::from_raw_parts(from, b.length()) }.to_vec())
    }

    fn begin(&mut self) -> Result<(), String> {
        let command = self.queue.commandBuffer().ok_or("no command buffer")?;
        self.encoder = command.computeCommandEncoder();
        self.command = Some(command);
        self.encoder().map(|_| ())
    }

    fn set_pipeline(&mut self, pipeline: Handle) -> Result<(), String> {
        let p = get(&self.pipelines, pipeline)?;
        self.encoder()?.setComputePipelineState(p);
        Ok(())
    }

    fn set_buffer(&mut self, buffer: Handle, index: usize) -> Result<(), String> {
        let b = get(&self.buffers, buffer)?;
        // Safety: the offset is 0 and the index below 31.
        unsafe { self.encoder()?.setBuffer_offset_atIndex(Some(b), 0, index) };
        Ok(())
    }

    fn set_threadgroup_memory(&mut self, bytes: usize, index: usize) -> Result<(), String> {
        // Safety: the index is below 31.
        unsafe {
            self.encoder()?
                .setThreadgroupMemoryLength_atIndex(bytes, index)
        };
        Ok(())
    }

    fn dispatch(&mut self, groups: [usize; 3], threads: [usize; 3]) -> Result<(), String> {
        self.encoder()?
            .dispatchThreadgroups_threadsPerThreadgroup(size(groups), size(threads));
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.encoder()?.endEncoding();
        self.encoder = None;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), String> {
        self.command()?.commit();
        Ok(())
    }

    fn wait(&mut self) -> Result<f64, String> {
        let c = self.command()?;
        c.waitUntilCompleted();
        let seconds = c.GPUEndTime() - c.GPUStartTime();
        let failed = c.status() == MTLCommandBufferStatus::Error;
        let why = c.error().map(|e| text(&e));
        self.command = None;
        if failed {
            return Err(why.unwrap_or_else(|| "the command failed".into()));
        }
        Ok(seconds)
    }
}

fn data_type(t: ConstantType) -> MTLDataType {
    match t {
        ConstantType::Bool => MTLDataType::Bool,
        ConstantType::Char => MTLDataType::Char,
        ConstantType::UChar => MTLDataType::UChar,
        ConstantType::Short => MTLDataType::Short,
        ConstantType::UShort => MTLDataType::UShort,
        ConstantType::Int => MTLDataType::Int,
        ConstantType::UInt => MTLDataType::UInt,
        ConstantType::Half => MTLDataType::Half,
        ConstantType::Float => MTLDataType::Float,
    }
}
