//! Matrix product and linear layer.

use crate::arguments::{elements, extent, input, optional, output};
use crate::context::Context;
use crate::error::Result;
use crate::layers::{split, Activation, Gradients, Precision};
use crate::memory::Buffer;
use sslcuda_sys as sys;

/// Matrix product, `c = a b`, of `a` `[m, k]` and `b` `[k, n]`, each of them transposed where that is
/// set.
#[must_use = "nothing is computed before run()"]
pub struct Matmul<'a> {
    mnk: [usize; 3],
    a: &'a Buffer<f32>,
    b: &'a Buffer<f32>,
    c: &'a mut Buffer<f32>,
    transpose_a: bool,
    transpose_b: bool,
    precision: Precision,
    alpha: f32,
    beta: f32,
}

impl<'a> Matmul<'a> {
    /// Into `c` `[m, n]`.
    pub fn new(
        a: &'a Buffer<f32>,
        b: &'a Buffer<f32>,
        c: &'a mut Buffer<f32>,
        m: usize,
        n: usize,
        k: usize,
    ) -> Self {
        Self {
            mnk: [m, n, k],
            a,
            b,
            c,
            transpose_a: false,
            transpose_b: false,
            precision: Precision::F32,
            alpha: 1.0,
            beta: 0.0,
        }
    }

    setters! {
        optional {}
        plain {
            /// Whether a is stored as `[k, m]`.
            transpose_a: bool,
            /// Whether b is stored as `[n, k]`.
            transpose_b: bool,
            /// How products are taken.
            precision: Precision,
            /// Factor of the product.
            alpha: f32,
            /// Factor of what c holds before.
            beta: f32,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let [m, n, k] = self.mnk;
        let a = input(ctx, "a", self.a, elements(&[m, k]))?;
        let b = input(ctx, "b", self.b, elements(&[k, n]))?;
        let c = output(ctx, "c", Some(self.c), elements(&[m, n]))?;
        let lda = if self.transpose_a { m } else { k };
        let ldb = if self.transpose_b { k } else { n };
        // SAFETY: each address has the elements that the extents say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_matmul(
                raw,
                self.precision.dtype(),
                extent(m),
                extent(n),
                extent(k),
                a.cast(),
                extent(lda),
                i32::from(self.transpose_a),
                b.cast(),
                extent(ldb),
                i32::from(self.transpose_b),
                self.alpha,
                self.beta,
                c.cast(),
                extent(n),
            )
        })
    }
}

/// Linear layer, `y = act(x W^T + bias)`.
#[must_use = "nothing is computed before run()"]
pub struct Linear<'a> {
    extents: [usize; 3],
    x: &'a Buffer<f32>,
    weight: &'a Buffer<f32>,
    y: &'a mut Buffer<f32>,
    bias: Option<&'a Buffer<f32>>,
    activation: Activation,
    precision: Precision,
}

impl<'a> Linear<'a> {
    /// `x` `[n, in]` and `weight` `[out, in]` give `y` `[n, out]`.
    pub fn new(
        x: &'a Buffer<f32>,
        weight: &'a Buffer<f32>,
        y: &'a mut Buffer<f32>,
        n: usize,
        inputs: usize,
        outputs: usize,
    ) -> Self {
        Self {
            extents: [n, inputs, outputs],
            x,
            weight,
            y,
            bias: None,
            activation: Activation::None,
            precision: Precision::F32,
        }
    }

    setters! {
        optional {
            /// `[out]`
            bias: &'a Buffer<f32>,
        }
        plain {
            /// What follows.
            activation: Activation,
            /// How products are taken.
            precision: Precision,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let [n, inputs, outputs] = self.extents;
        let x = input(ctx, "x", self.x, elements(&[n, inputs]))?;
        let weight = input(ctx, "weight", self.weight, elements(&[outputs, inputs]))?;
        let bias = optional(ctx, "bias", self.bias, outputs)?;
        let y = output(ctx, "y", Some(self.y), elements(&[n, outputs]))?;
        // SAFETY: each address has the elements that the extents say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_linear_forward(
                raw,
                self.precision.dtype(),
                extent(n),
                extent(inputs),
                extent(outputs),
                x.cast(),
                weight.cast(),
                bias.cast(),
                self.activation.code(),
                y.cast(),
            )
        })
    }
}

/// The gradients of [`Linear`].
#[must_use = "nothing is computed before run()"]
pub struct LinearBackward<'a> {
    extents: [usize; 3],
    x: &'a Buffer<f32>,
    weight: &'a Buffer<f32>,
    grad_y: &'a Buffer<f32>,
    activated: Option<(Activation, &'a Buffer<f32>)>,
    precision: Precision,
    gradients: Gradients<'a>,
}

impl<'a> LinearBackward<'a> {
    /// From the gradient of y, `[n, out]`.
    pub fn new(
        x: &'a Buffer<f32>,
        weight: &'a Buffer<f32>,
        grad_y: &'a Buffer<f32>,
        n: usize,
        inputs: usize,
        outputs: usize,
    ) -> Self {
        Self {
            extents: [n, inputs, outputs],
            x,
            weight,
            grad_y,
            activated: None,
            precision: Precision::F32,
            gradients: Gradients::default(),
        }
    }

    setters! {
        optional {}
        plain {
            /// How products are taken.
            precision: Precision,
        }
    }

    /// The forward's activation, and its output.
    pub fn activation(mut self, activation: Activation, y: &'a Buffer<f32>) -> Self {
        self.activated = Some((activation, y));
        self
    }

    gradient_setters!();

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let [n, inputs, outputs] = self.extents;
        let x = input(ctx, "x", self.x, elements(&[n, inputs]))?;
        let weight = input(ctx, "weight", self.weight, elements(&[outputs, inputs]))?;
        let grad_y = input(ctx, "grad_y", self.grad_y, elements(&[n, outputs]))?;
        let (activation, y) = split(self.activated);
        let y = optional(ctx, "y", y, elements(&[n, outputs]))?;
        let lens = [
            elements(&[n, inputs]),
            elements(&[outputs, inputs]),
            outputs,
        ];
        let grad = self.gradients.addresses(ctx, lens)?;
        // SAFETY: each address has the elements that the extents say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_linear_backward(
                raw,
                self.precision.dtype(),
                extent(n),
                extent(inputs),
                extent(outputs),
                x.cast(),
                weight.cast(),
                y.cast(),
                grad_y.cast(),
                activation.code(),
                grad.x,
                grad.weight,
                grad.bias,
            )
        })
    }
}
