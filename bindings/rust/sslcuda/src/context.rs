//! Contexts, and who frees what they own.

use crate::arguments::output;
use crate::error::{check, text, Error, Result, Status};
use crate::memory::{Buffer, Element};
use crate::options::{Device, Options};
use sslcuda_sys as sys;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What waits to be freed. While a graph lives, any memory of the context may be written by it; while
/// a capture or a plan is under way, the library frees nothing.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) recording: bool,
    pub(crate) graphs: usize,
    pub(crate) dropped_graphs: Vec<*mut sys::sslcuda_graph>,
    pub(crate) dropped_memory: Vec<*mut c_void>,
}

/// The context itself, shared by everything that belongs to it.
pub(crate) struct Inner {
    pub(crate) handle: *mut sys::sslcuda_context,
    state: Mutex<State>,
}

// SAFETY: the library keeps nothing in threads, and every call on the handle is made under the lock.
unsafe impl Send for Inner {}
unsafe impl Sync for Inner {}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a function of the library on the handle.
    pub(crate) fn call(
        &self,
        function: impl FnOnce(*mut sys::sslcuda_context) -> sys::sslcuda_status,
    ) -> Result<()> {
        let _turn = self.lock();
        check(self.handle, function(self.handle))
    }

    /// Frees what can be freed by now. A failure has nobody to go to; the context frees the rest.
    pub(crate) fn sweep(&self, state: &mut State) {
        if state.recording {
            return;
        }
        for graph in state.dropped_graphs.drain(..) {
            // SAFETY: the graph is this context's, and its only owner has dropped it.
            unsafe { sys::sslcuda_graph_destroy(self.handle, graph) };
        }
        if state.graphs == 0 {
            for memory in state.dropped_memory.drain(..) {
                // SAFETY: as above; and no graph is left that could write to it.
                unsafe { sys::sslcuda_free(self.handle, memory) };
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: no buffer and no graph of the context is left.
        unsafe { sys::sslcuda_context_destroy(self.handle) };
    }
}

/// A device with its stream and its workspace. See [the crate](crate) for ownership and threads.
///
/// ```compile_fail
/// fn must_be_sync<T: Sync>() {}
/// must_be_sync::<sslcuda::Context>();
/// ```
pub struct Context {
    pub(crate) inner: Arc<Inner>,
    not_sync: PhantomData<Cell<()>>,
}

impl Context {
    pub(crate) fn of(handle: *mut sys::sslcuda_context) -> Self {
        let state = Mutex::default();
        Self {
            inner: Arc::new(Inner { handle, state }),
            not_sync: PhantomData,
        }
    }

    /// On a GPU if there is one, else on the CPU.
    pub fn new() -> Result<Self> {
        Options::default().create()
    }

    /// On this device.
    pub fn on(device: Device) -> Result<Self> {
        Options::default().device(device).create()
    }

    /// [`Device::Cpu`] or [`Device::Cuda`].
    pub fn device(&self) -> Result<Device> {
        let (mut device, mut ordinal) = (0, 0);
        self.inner.call(|ctx| unsafe {
            // SAFETY: both places are valid for the call.
            sys::sslcuda_context_device(ctx, &mut device, &mut ordinal)
        })?;
        Ok(match device {
            sys::SSLCUDA_DEVICE_CUDA => Device::Cuda(ordinal),
            _ => Device::Cpu,
        })
    }

    /// One line for people: "cuda:0 NVIDIA H100 80GB HBM3 (sm_90)" or "cpu (2 threads)".
    pub fn describe(&self) -> Result<String> {
        let mut code = sys::SSLCUDA_OK;
        let mut words = String::new();
        self.inner.call(|ctx| {
            words = text(|buffer, capacity| {
                // SAFETY: the buffer has `capacity` bytes.
                code = unsafe { sys::sslcuda_context_describe(ctx, buffer, capacity) };
                code
            });
            code
        })?;
        Ok(words)
    }

    /// Waits until all that was queued is done; errors of queued work surface here.
    pub fn synchronize(&self) -> Result<()> {
        // SAFETY: takes the handle alone.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_synchronize(ctx) })
    }

    /// A copy of the slice in the device's memory.
    pub fn upload<T: Element>(&self, values: &[T]) -> Result<Buffer<T>> {
        let mut buffer = Buffer::allocate(&self.inner, values.len())?;
        buffer.write(values)?;
        Ok(buffer)
    }

    /// `len` zeros in the device's memory.
    pub fn zeros<T: Element>(&self, len: usize) -> Result<Buffer<T>> {
        let mut buffer = Buffer::allocate(&self.inner, len)?;
        buffer.clear()?;
        Ok(buffer)
    }

    /// Queues that all elements become zero.
    pub fn clear<T: Element>(&self, buffer: &mut Buffer<T>) -> Result<()> {
        self.owns(buffer, "buffer")?;
        buffer.clear()
    }

    /// Adds to a counter of one element. With it a graph counts its own replays, for
    /// [`Adam::step_device`](crate::Adam::step_device).
    pub fn counter_add(&self, counter: &mut Buffer<i64>, delta: i64) -> Result<()> {
        let counter = output(self, "counter", Some(counter), 1)?;
        // SAFETY: the counter has an element.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_counter_add(ctx, counter, delta) })
    }

    /// The largest workspace that an op of `body` needs, in bytes; nothing is run.
    pub fn plan(&self, body: impl FnOnce() -> Result<()>) -> Result<usize> {
        let mut bytes = 0;
        self.record(
            |ctx| unsafe { sys::sslcuda_plan_begin(ctx) },
            body,
            // SAFETY: the place outlives the call.
            |ctx, _| unsafe { sys::sslcuda_plan_end(ctx, &mut bytes) },
        )?;
        Ok(bytes)
    }

    /// Grows the workspace to at least `bytes`.
    pub fn reserve(&self, bytes: usize) -> Result<()> {
        // SAFETY: takes no pointer besides the handle.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_context_reserve(ctx, bytes) })
    }

    /// Queues ops on the caller's stream; null goes back to the context's own.
    ///
    /// # Safety
    ///
    /// The stream must be of this context's GPU, and outlive its use here.
    pub unsafe fn set_stream(&self, stream: sys::sslcuda_stream) -> Result<()> {
        // SAFETY: the caller's promise.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_context_set_stream(ctx, stream) })
    }

    /// Calls any function of `sslcuda.h` on the context, for what this crate has no words for.
    ///
    /// ```
    /// # fn main() -> sslcuda::Result<()> {
    /// use sslcuda::sys;
    /// let ctx = sslcuda::Context::new()?;
    /// let x = ctx.upload(&[-1.0f32, 2.0])?;
    /// let mut y = ctx.zeros::<f32>(2)?;
    /// let (from, to) = (x.as_ptr().cast(), y.as_mut_ptr().cast());
    /// let direction = sys::SSLCUDA_DEVICE_TO_DEVICE;
    /// unsafe { ctx.call(|raw| sys::sslcuda_copy(raw, to, from, 8, direction))? };
    /// assert_eq!(y.to_vec()?, [-1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Safety
    ///
    /// Pointers must be as `sslcuda.h` wants them, memory that a captured call uses must outlive the
    /// graph, and the context must not be destroyed. The closure must not use the context in any
    /// other way, which would wait for the closure.
    pub unsafe fn call(
        &self,
        function: impl FnOnce(*mut sys::sslcuda_context) -> sys::sslcuda_status,
    ) -> Result<()> {
        self.inner.call(function)
    }

    /// Runs `body` between `begin` and `end`, which follows in any case, a panic included.
    pub(crate) fn record(
        &self,
        begin: impl FnOnce(*mut sys::sslcuda_context) -> sys::sslcuda_status,
        body: impl FnOnce() -> Result<()>,
        end: impl FnOnce(*mut sys::sslcuda_context, &mut State) -> sys::sslcuda_status,
    ) -> Result<()> {
        {
            let mut state = self.inner.lock();
            check(self.inner.handle, begin(self.inner.handle))?;
            state.recording = true;
        }
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        let mut state = self.inner.lock();
        let ended = check(self.inner.handle, end(self.inner.handle, &mut state));
        state.recording = false;
        self.inner.sweep(&mut state);
        drop(state);
        match result {
            Ok(result) => result.and(ended),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    pub(crate) fn owns<T>(&self, buffer: &Buffer<T>, name: &str) -> Result<()> {
        if Arc::ptr_eq(&self.inner, buffer.inner()) {
            return Ok(());
        }
        let message = format!("{name} must be a buffer of this context");
        Err(Error::new(Status::WrongDevice, message))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context at {:p}", self.inner.handle)
    }
}

/// Number of usable GPUs; 0 without one, or without a driver.
pub fn device_count() -> Result<usize> {
    let mut count = 0;
    // SAFETY: the place is valid for the call.
    let code = unsafe { sys::sslcuda_device_count(&mut count) };
    check(null_mut(), code)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Version of the loaded library: major, minor, patch.
pub fn version() -> (i32, i32, i32) {
    // SAFETY: takes nothing.
    let version = unsafe { sys::sslcuda_version() };
    (version / 10000, version / 100 % 100, version % 100)
}
