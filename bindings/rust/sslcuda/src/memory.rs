//! Device memory.

use crate::context::Inner;
use crate::error::{Error, Result, Status};
use sslcuda_sys as sys;
use std::fmt;
use std::marker::PhantomData;
use std::mem::size_of;
use std::os::raw::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

mod sealed {
    pub trait Sealed {}
}

/// What a [`Buffer`] can hold: numbers of which any bits are a value.
pub trait Element: sealed::Sealed + Copy + Default {}

macro_rules! elements {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {}
    )*};
}
elements!(f32, f64, i8, i16, i32, i64, u8, u16, u32, u64);

/// Elements in the memory of a context's device. Made by [`Context::upload`](crate::Context::upload)
/// and [`Context::zeros`](crate::Context::zeros), freed when dropped.
pub struct Buffer<T> {
    inner: Arc<Inner>,
    memory: *mut c_void,
    len: usize,
    elements: PhantomData<T>,
}

// SAFETY: the memory is reached only through the library, under the context's lock.
unsafe impl<T: Send> Send for Buffer<T> {}
unsafe impl<T: Sync> Sync for Buffer<T> {}

impl<T> Buffer<T> {
    pub(crate) fn allocate(inner: &Arc<Inner>, len: usize) -> Result<Self> {
        let bytes = len.checked_mul(size_of::<T>()).ok_or_else(|| {
            Error::new(
                Status::SizeOverflow,
                format!("{len} elements do not fit in memory"),
            )
        })?;
        let mut memory = null_mut();
        // SAFETY: the place is valid for the call.
        inner.call(|ctx| unsafe { sys::sslcuda_alloc(ctx, bytes, &mut memory) })?;
        Ok(Self {
            inner: Arc::clone(inner),
            memory,
            len,
            elements: PhantomData,
        })
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address, on the device.
    pub fn as_ptr(&self) -> *const T {
        self.memory.cast()
    }

    /// The address, on the device.
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.memory.cast()
    }

    fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }

    fn expect(&self, len: usize) -> Result<()> {
        if len == self.len {
            return Ok(());
        }
        let message = format!("the slice must have {} elements, got {len}", self.len);
        Err(Error::new(Status::InvalidShape, message))
    }
}

impl<T: Element> Buffer<T> {
    /// Copies a slice of the same length in.
    pub fn write(&mut self, values: &[T]) -> Result<()> {
        self.expect(values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        let (source, bytes) = (values.as_ptr().cast(), self.bytes());
        // SAFETY: both sides have `bytes` bytes, and the call returns when the slice has been read.
        self.inner.call(|ctx| unsafe {
            sys::sslcuda_copy(ctx, self.memory, source, bytes, sys::SSLCUDA_HOST_TO_DEVICE)
        })
    }

    /// Copies the elements, after the work that was queued before, into a slice of the same length.
    pub fn read(&self, values: &mut [T]) -> Result<()> {
        self.expect(values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        let (destination, bytes) = (values.as_mut_ptr().cast(), self.bytes());
        // SAFETY: both sides have `bytes` bytes, and the call returns when the data has arrived.
        self.inner.call(|ctx| unsafe {
            let direction = sys::SSLCUDA_DEVICE_TO_HOST;
            sys::sslcuda_copy(ctx, destination, self.memory, bytes, direction)
        })
    }

    /// The elements as a vector.
    pub fn to_vec(&self) -> Result<Vec<T>> {
        let mut values = vec![T::default(); self.len];
        self.read(&mut values)?;
        Ok(values)
    }

    /// Queues that all elements become zero. Not public without a context: while one is captured,
    /// another thread's call would be recorded.
    pub(crate) fn clear(&mut self) -> Result<()> {
        let (memory, bytes) = (self.memory, self.bytes());
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: the memory has `bytes` bytes.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_fill(ctx, memory, 0, bytes) })
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        state.dropped_memory.push(self.memory);
        self.inner.sweep(&mut state);
    }
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer of {} at {:p}", self.len, self.memory)
    }
}
