//! The metal back end: original and edited source on a GPU, outputs compared bit for bit, GPU times of both.
//!
//! [`Gpu`] is all of Metal that is used, one call each, without logic. There are two of it: the device (macOS, `device.rs`) and a fake that only checks
//! that Metal's rules are kept ([`fake`]). Everything that can be wrong without a Mac is in [`session`] and [`edit`], and is tested with the fake.

#[cfg(target_os = "macos")]
mod device;
pub mod edit;
pub mod fake;
mod gpu;
pub mod session;

pub use gpu::{Constant, ConstantType, Device, Gpu, Handle, PipelineLimits};

/// The system's Metal device. The error says why there is none.
#[cfg(target_os = "macos")]
pub fn open() -> Result<Box<dyn Gpu>, String> {
    device::System::open().map(|d| Box::new(d) as Box<dyn Gpu>)
}

/// The system's Metal device. The error says why there is none.
#[cfg(not(target_os = "macos"))]
pub fn open() -> Result<Box<dyn Gpu>, String> {
    Err("no Metal device: the metal back end needs macOS".into())
}
