//! Recorded calls.

use crate::context::{Context, Inner};
use crate::error::{Error, Result, Status};
use sslcuda_sys as sys;
use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;

/// Calls that [`Context::capture`] recorded.
pub struct Graph {
    inner: Arc<Inner>,
    graph: *mut sys::sslcuda_graph,
}

// SAFETY: the graph is reached only through the library, under the context's lock.
unsafe impl Send for Graph {}
unsafe impl Sync for Graph {}

impl Graph {
    /// Queues all of them again, on the same memory, which lives as long as the graph.
    pub fn launch(&self) -> Result<()> {
        // SAFETY: the graph is this context's and alive.
        self.inner
            .call(|ctx| unsafe { sys::sslcuda_graph_launch(ctx, self.graph) })
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        state.graphs -= 1;
        state.dropped_graphs.push(self.graph);
        self.inner.sweep(&mut state);
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph at {:p}", self.graph)
    }
}

impl Context {
    /// Records what `body` calls on this context instead of running it.
    ///
    /// ```
    /// # fn main() -> sslcuda::Result<()> {
    /// use sslcuda::{Context, Mse};
    /// let ctx = Context::new()?;
    /// let mut x = ctx.upload(&[1.0f32, 1.0])?;
    /// let target = ctx.zeros(2)?;
    /// let mut loss = ctx.zeros(1)?;
    /// let graph = ctx.capture(|| Mse::new(&x, &target).loss(&mut loss).run(&ctx))?;
    /// x.write(&[3.0, 3.0])?;
    /// graph.launch()?; // reads the contents of this moment
    /// assert_eq!(loss.to_vec()?, [9.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn capture(&self, body: impl FnOnce() -> Result<()>) -> Result<Graph> {
        let mut owner = None;
        self.record(
            |ctx| unsafe { sys::sslcuda_graph_begin(ctx) },
            body,
            |ctx, state| {
                let mut graph = null_mut();
                // SAFETY: the place outlives the call.
                let code = unsafe { sys::sslcuda_graph_end(ctx, &mut graph) };
                if code == sys::SSLCUDA_OK {
                    // Counted before anything that the body dropped could be freed.
                    state.graphs += 1;
                    let inner = Arc::clone(&self.inner);
                    owner = Some(Graph { inner, graph });
                }
                code
            },
        )?;
        owner.ok_or_else(|| Error::new(Status::Internal, "no graph was made".to_string()))
    }
}
