//! Failures.

use sslcuda_sys as sys;
use std::fmt;
use std::os::raw::c_char;
use std::ptr::null;

/// What all calls return.
pub type Result<T> = std::result::Result<T, Error>;

/// Which rule was broken. The numbers are those of `sslcuda.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A required pointer is null.
    NullPointer,
    /// Destroyed, or never a context.
    InvalidContext,
    /// A struct whose size the loaded library does not know.
    VersionMismatch,
    /// A dtype, option or device that the library's build does not serve.
    Unsupported,
    /// An extent out of range, or a buffer that is too short for it.
    InvalidShape,
    /// A product of extents does not fit.
    SizeOverflow,
    /// A leading dimension is smaller than the row.
    InvalidStride,
    /// An output overlaps another argument.
    Aliased,
    /// A scalar out of range.
    InvalidValue,
    /// Memory of another device or context.
    WrongDevice,
    /// The reserved workspace is too small; the message has the bytes needed.
    Workspace,
    /// No GPU, or no driver for it.
    NoDevice,
    /// Nothing was leaked.
    OutOfMemory,
    /// A fatal CUDA error: the process must be restarted to use the GPU.
    ContextLost,
    /// The context is in use by another call.
    Busy,
    /// Not allowed now: capture or planning is, or is not, under way.
    Capture,
    /// Any other error of the device.
    DeviceError,
    /// A defect of the library.
    Internal,
    /// A status that is younger than this crate.
    Other(i32),
}

impl Status {
    pub(crate) fn of(code: sys::sslcuda_status) -> Self {
        match code {
            sys::SSLCUDA_NULL_POINTER => Self::NullPointer,
            sys::SSLCUDA_INVALID_CONTEXT => Self::InvalidContext,
            sys::SSLCUDA_VERSION_MISMATCH => Self::VersionMismatch,
            sys::SSLCUDA_UNSUPPORTED => Self::Unsupported,
            sys::SSLCUDA_INVALID_SHAPE => Self::InvalidShape,
            sys::SSLCUDA_SIZE_OVERFLOW => Self::SizeOverflow,
            sys::SSLCUDA_INVALID_STRIDE => Self::InvalidStride,
            sys::SSLCUDA_ALIASED => Self::Aliased,
            sys::SSLCUDA_INVALID_VALUE => Self::InvalidValue,
            sys::SSLCUDA_WRONG_DEVICE => Self::WrongDevice,
            sys::SSLCUDA_WORKSPACE => Self::Workspace,
            sys::SSLCUDA_NO_DEVICE => Self::NoDevice,
            sys::SSLCUDA_OUT_OF_MEMORY => Self::OutOfMemory,
            sys::SSLCUDA_CONTEXT_LOST => Self::ContextLost,
            sys::SSLCUDA_BUSY => Self::Busy,
            sys::SSLCUDA_CAPTURE => Self::Capture,
            sys::SSLCUDA_DEVICE_ERROR => Self::DeviceError,
            sys::SSLCUDA_INTERNAL => Self::Internal,
            other => Self::Other(other),
        }
    }
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

impl Error {
    pub(crate) fn new(status: Status, message: String) -> Self {
        Self { status, message }
    }

    /// Which rule was broken.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Argument, value and rule, in words.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The result of a call on `ctx`, which no other thread may be calling. What had no usable context
/// left its message in the thread.
pub(crate) fn check(ctx: *const sys::sslcuda_context, code: sys::sslcuda_status) -> Result<()> {
    if code == sys::SSLCUDA_OK {
        return Ok(());
    }
    let in_thread = matches!(code, sys::SSLCUDA_BUSY | sys::SSLCUDA_INVALID_CONTEXT);
    let message = text(|buffer, capacity| {
        let ctx = if in_thread { null() } else { ctx };
        // SAFETY: the buffer has `capacity` bytes; the library looks handles up before it reads them.
        unsafe { sys::sslcuda_last_message(ctx, buffer, capacity) }
    });
    Err(Error::new(Status::of(code), message))
}

/// The string that `write` puts, with a final NUL, into a buffer of the capacity that it is told.
pub(crate) fn text(write: impl FnOnce(*mut c_char, usize) -> sys::sslcuda_status) -> String {
    let mut buffer = [0u8; 1024];
    write(buffer.as_mut_ptr().cast(), buffer.len());
    let length = buffer.iter().position(|&byte| byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}
