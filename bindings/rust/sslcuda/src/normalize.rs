//! L2 normalisation.

use crate::arguments::{elements, extent, input, output};
use crate::context::Context;
use crate::error::Result;
use crate::memory::Buffer;
use sslcuda_sys as sys;

/// L2 normalisation of rows, `y[i] = x[i] / |x[i]|`; a zero row gives a zero row.
#[must_use = "nothing is computed before run()"]
pub struct L2Normalize<'a> {
    nd: [usize; 2],
    x: &'a Buffer<f32>,
    y: &'a mut Buffer<f32>,
    norms: Option<&'a mut Buffer<f32>>,
}

impl<'a> L2Normalize<'a> {
    /// `x` `[n, d]` gives `y` `[n, d]`.
    pub fn new(x: &'a Buffer<f32>, y: &'a mut Buffer<f32>, n: usize, d: usize) -> Self {
        Self {
            nd: [n, d],
            x,
            y,
            norms: None,
        }
    }

    setters! {
        optional {
            /// Output `[n]`: the lengths, for the backward.
            norms: &'a mut Buffer<f32>,
        }
        plain {}
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let x = input(ctx, "x", self.x, elements(&self.nd))?.cast();
        let y = output(ctx, "y", Some(self.y), elements(&self.nd))?.cast();
        let norms = output(ctx, "norms", self.norms, self.nd[0])?;
        let (dtype, [n, d]) = (sys::SSLCUDA_F32, self.nd.map(extent));
        // SAFETY: each address has the elements that the extents say.
        ctx.inner
            .call(|raw| unsafe { sys::sslcuda_l2_normalize_forward(raw, dtype, n, d, x, y, norms) })
    }
}

/// The gradient of [`L2Normalize`].
#[must_use = "nothing is computed before run()"]
pub struct L2NormalizeBackward<'a> {
    nd: [usize; 2],
    y: &'a Buffer<f32>,
    norms: &'a Buffer<f32>,
    grad_y: &'a Buffer<f32>,
    grad_x: &'a mut Buffer<f32>,
}

impl<'a> L2NormalizeBackward<'a> {
    /// From the forward's outputs and the gradient of y, into `grad_x` `[n, d]`.
    pub fn new(
        y: &'a Buffer<f32>,
        norms: &'a Buffer<f32>,
        grad_y: &'a Buffer<f32>,
        grad_x: &'a mut Buffer<f32>,
        n: usize,
        d: usize,
    ) -> Self {
        Self {
            nd: [n, d],
            y,
            norms,
            grad_y,
            grad_x,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let y = input(ctx, "y", self.y, elements(&self.nd))?.cast();
        let norms = input(ctx, "norms", self.norms, self.nd[0])?;
        let grad_y = input(ctx, "grad_y", self.grad_y, elements(&self.nd))?.cast();
        let grad_x = output(ctx, "grad_x", Some(self.grad_x), elements(&self.nd))?.cast();
        let (dtype, [n, d]) = (sys::SSLCUDA_F32, self.nd.map(extent));
        // SAFETY: each address has the elements that the extents say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_l2_normalize_backward(raw, dtype, n, d, y, norms, grad_y, grad_x)
        })
    }
}
