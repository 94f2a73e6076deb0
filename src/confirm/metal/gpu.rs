//! What is used of Metal. Errors are texts of the system.

/// Something that was made: a library, a pipeline, a buffer. Numbers of one kind count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(pub usize);

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Most bytes of a buffer.
    pub buffer_bytes: usize,
    /// Most bytes of threadgroup memory.
    pub threadgroup_bytes: usize,
}

/// What a compiled kernel allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineLimits {
    /// Most threads of a threadgroup.
    pub threads: usize,
    /// Bytes of threadgroup memory that the kernel itself declares.
    pub static_bytes: usize,
}

/// Type of a function constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstantType {
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `uchar`
    UChar,
    /// `short`
    Short,
    /// `ushort`
    UShort,
    /// `int`
    Int,
    /// `uint`
    UInt,
    /// `half`
    Half,
    /// `float`
    Float,
}

/// A function constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its number.
    pub index: usize,
    /// Its type.
    pub ty: ConstantType,
    /// Its bits, little-endian.
    pub bits: u64,
}

/// A device, one call of Metal each. Between [`Gpu::begin`] and [`Gpu::end`] commands are encoded; [`Gpu::commit`] starts them;
/// nothing is read or written before [`Gpu::wait`] has returned.
pub trait Gpu {
    /// The device.
    fn device(&self) -> Device;
    /// Compiles source text, with floating-point arithmetic as written (no fast math).
    fn compile(&mut self, source: &str, defines: &[(String, String)]) -> Result<Handle, String>;
    /// The pipeline of a kernel of a library.
    fn pipeline(
        &mut self,
        library: Handle,
        kernel: &str,
        constants: &[Constant],
    ) -> Result<Handle, String>;
    /// What the pipeline allows.
    fn limits(&self, pipeline: Handle) -> Result<PipelineLimits, String>;
    /// A shared buffer; at least one byte.
    fn buffer(&mut self, bytes: usize) -> Result<Handle, String>;
    /// Fills a buffer from its start.
    fn write(&mut self, buffer: Handle, bytes: &[u8]) -> Result<(), String>;
    /// A buffer's contents.
    fn read(&self, buffer: Handle) -> Result<Vec<u8>, String>;
    /// A new command buffer with a compute encoder.
    fn begin(&mut self) -> Result<(), String>;
    /// Sets the pipeline of the next dispatch.
    fn set_pipeline(&mut self, pipeline: Handle) -> Result<(), String>;
    /// Binds a buffer.
    fn set_buffer(&mut self, buffer: Handle, index: usize) -> Result<(), String>;
    /// Sizes threadgroup memory; a multiple of 16.
    fn set_threadgroup_memory(&mut self, bytes: usize, index: usize) -> Result<(), String>;
    /// Launches threadgroups.
    fn dispatch(&mut self, groups: [usize; 3], threads: [usize; 3]) -> Result<(), String>;
    /// Ends encoding.
    fn end(&mut self) -> Result<(), String>;
    /// Hands the commands to the device.
    fn commit(&mut self) -> Result<(), String>;
    /// Waits for them; the seconds that the device took.
    fn wait(&mut self) -> Result<f64, String>;
}
