//! How a context is made.

use crate::context::Context;
use crate::error::{check, Result};
use sslcuda_sys as sys;
use std::ptr::null_mut;

/// Where a context computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The first usable GPU, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this number.
    Cuda(i32),
}

/// How a context is made; the default is [`Device::Auto`] with the library's own choices.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    raw: Option<sys::sslcuda_context_options>,
}

impl Options {
    fn edit(mut self, edit: impl FnOnce(&mut sys::sslcuda_context_options)) -> Self {
        edit(self.raw.get_or_insert(sys::sslcuda_context_options::INIT));
        self
    }

    /// Where it computes.
    pub fn device(self, device: Device) -> Self {
        self.edit(|raw| {
            (raw.device, raw.ordinal) = match device {
                Device::Auto => (sys::SSLCUDA_DEVICE_AUTO, 0),
                Device::Cpu => (sys::SSLCUDA_DEVICE_CPU, 0),
                Device::Cuda(ordinal) => (sys::SSLCUDA_DEVICE_CUDA, ordinal),
            }
        })
    }

    /// CPU threads; 0: as many as the process may use.
    pub fn threads(self, threads: i32) -> Self {
        self.edit(|raw| raw.threads = threads)
    }

    /// Workspace that is reserved at creation; 0: 4 MiB.
    pub fn workspace_bytes(self, bytes: usize) -> Self {
        self.edit(|raw| raw.workspace_bytes = bytes)
    }

    /// Makes the context.
    pub fn create(self) -> Result<Context> {
        let options = self.raw.unwrap_or(sys::sslcuda_context_options::INIT);
        let mut handle = null_mut();
        // SAFETY: both pointers are valid for the call.
        let code = unsafe { sys::sslcuda_context_create(&options, &mut handle) };
        check(null_mut(), code)?;
        Ok(Context::of(handle))
    }
}
