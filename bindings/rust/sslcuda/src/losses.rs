//! Losses: InfoNCE, cross-entropy, mean squared error.

use crate::arguments::{elements, extent, input, optional, output};
use crate::context::Context;
use crate::error::Result;
use crate::memory::Buffer;
use sslcuda_sys as sys;
use std::os::raw::c_void;

/// InfoNCE of n pairs: row i of `a` finds row i of `b` among all rows of `b`.
///
/// ```text
/// s[i,j] = <a[i], b[j]> / tau
/// loss   = mean over i of ( log sum_j exp(s[i,j]) - s[i,i] )
/// ```
///
/// [`Contrastive`](crate::Contrastive) has the rest of the family.
#[must_use = "nothing is computed before run()"]
pub struct Infonce<'a> {
    n: usize,
    d: usize,
    a: &'a Buffer<f32>,
    b: &'a Buffer<f32>,
    tau: f32,
    tau_device: Option<&'a Buffer<f32>>,
    grad_loss: Option<&'a Buffer<f32>>,
    loss: Option<&'a mut Buffer<f32>>,
    row_loss: Option<&'a mut Buffer<f32>>,
    grad_a: Option<&'a mut Buffer<f32>>,
    grad_b: Option<&'a mut Buffer<f32>>,
    grad_tau: Option<&'a mut Buffer<f32>>,
}

impl<'a> Infonce<'a> {
    /// Of the rows of `a` and `b`, both `[n, d]`; the temperature is 1 until it is set.
    pub fn new(a: &'a Buffer<f32>, b: &'a Buffer<f32>, n: usize, d: usize) -> Self {
        Self {
            n,
            d,
            a,
            b,
            tau: 1.0,
            tau_device: None,
            grad_loss: None,
            loss: None,
            row_loss: None,
            grad_a: None,
            grad_b: None,
            grad_tau: None,
        }
    }

    setters! {
        optional {
            /// The temperature as one number in device memory.
            tau_device: &'a Buffer<f32>,
            /// The upstream gradient, one number.
            grad_loss: &'a Buffer<f32>,
            /// Output, one number.
            loss: &'a mut Buffer<f32>,
            /// Output `[n]`.
            row_loss: &'a mut Buffer<f32>,
            /// Output `[n, d]`.
            grad_a: &'a mut Buffer<f32>,
            /// Output `[n, d]`.
            grad_b: &'a mut Buffer<f32>,
            /// Output, one number.
            grad_tau: &'a mut Buffer<f32>,
        }
        plain {
            /// The temperature.
            tau: f32,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let (n, d, all) = (self.n, extent(self.d), elements(&[self.n, self.d]));
        let a = input(ctx, "a", self.a, all)?;
        let b = input(ctx, "b", self.b, all)?;
        let tau_device = optional(ctx, "tau_device", self.tau_device, 1)?;
        let grad_loss = optional(ctx, "grad_loss", self.grad_loss, 1)?;
        let loss = output(ctx, "loss", self.loss, 1)?;
        let row_loss = output(ctx, "row_loss", self.row_loss, n)?;
        let grad_a = output(ctx, "grad_a", self.grad_a, all)?;
        let grad_b = output(ctx, "grad_b", self.grad_b, all)?;
        let grad_tau = output(ctx, "grad_tau", self.grad_tau, 1)?;
        // SAFETY: each address has the elements that n and d say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_infonce(
                raw,
                sys::SSLCUDA_F32,
                extent(n),
                d,
                a.cast(),
                d,
                b.cast(),
                d,
                self.tau,
                tau_device,
                grad_loss,
                loss,
                row_loss,
                grad_a.cast(),
                grad_b.cast(),
                grad_tau,
            )
        })
    }
}

/// What the rows of [`CrossEntropy`] should be.
enum Targets<'a> {
    Labels(&'a Buffer<i64>),
    Probabilities(&'a Buffer<f32>),
}

/// Softmax cross-entropy on logits, the mean over the rows that count.
///
/// ```
/// # fn main() -> sslcuda::Result<()> {
/// use sslcuda::{Context, CrossEntropy};
/// let ctx = Context::new()?;
/// let logits = ctx.zeros::<f32>(6)?;
/// let labels = ctx.upload(&[0i64, 2])?;
/// let mut loss = ctx.zeros(1)?;
/// CrossEntropy::labels(&logits, &labels, 2, 3).loss(&mut loss).run(&ctx)?;
/// assert!((loss.to_vec()?[0] - 3f32.ln()).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is computed before run()"]
pub struct CrossEntropy<'a> {
    n: usize,
    v: usize,
    logits: &'a Buffer<f32>,
    targets: Targets<'a>,
    ignore_index: i64,
    smoothing: f32,
    grad_loss: Option<&'a Buffer<f32>>,
    loss: Option<&'a mut Buffer<f32>>,
    row_loss: Option<&'a mut Buffer<f32>>,
    grad_logits: Option<&'a mut Buffer<f32>>,
}

impl<'a> CrossEntropy<'a> {
    fn new(logits: &'a Buffer<f32>, targets: Targets<'a>, n: usize, v: usize) -> Self {
        Self {
            n,
            v,
            logits,
            targets,
            ignore_index: -100,
            smoothing: 0.0,
            grad_loss: None,
            loss: None,
            row_loss: None,
            grad_logits: None,
        }
    }

    /// Logits `[n, v]` against `[n]` labels.
    pub fn labels(logits: &'a Buffer<f32>, labels: &'a Buffer<i64>, n: usize, v: usize) -> Self {
        Self::new(logits, Targets::Labels(labels), n, v)
    }

    /// Logits `[n, v]` against probabilities `[n, v]`.
    pub fn probabilities(
        logits: &'a Buffer<f32>,
        targets: &'a Buffer<f32>,
        n: usize,
        v: usize,
    ) -> Self {
        Self::new(logits, Targets::Probabilities(targets), n, v)
    }

    setters! {
        optional {
            /// The upstream gradient, one number.
            grad_loss: &'a Buffer<f32>,
            /// Output, one number.
            loss: &'a mut Buffer<f32>,
            /// Output `[n]`.
            row_loss: &'a mut Buffer<f32>,
            /// Output `[n, v]`.
            grad_logits: &'a mut Buffer<f32>,
        }
        plain {
            /// Rows with this label do not count; -100 until it is set.
            ignore_index: i64,
            /// Label smoothing, 0 to less than 1.
            smoothing: f32,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let all = elements(&[self.n, self.v]);
        let logits = input(ctx, "logits", self.logits, all)?;
        let (labels, targets) = match self.targets {
            Targets::Labels(labels) => (Some(labels), None),
            Targets::Probabilities(targets) => (None, Some(targets)),
        };
        let labels = optional(ctx, "labels", labels, self.n)?;
        let targets = optional(ctx, "targets", targets, all)?;
        let grad_loss = optional(ctx, "grad_loss", self.grad_loss, 1)?;
        let loss = output(ctx, "loss", self.loss, 1)?;
        let row_loss = output(ctx, "row_loss", self.row_loss, self.n)?;
        let grad_logits = output(ctx, "grad_logits", self.grad_logits, all)?;
        // SAFETY: each address has the elements that n and v say.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_cross_entropy(
                raw,
                sys::SSLCUDA_F32,
                extent(self.n),
                extent(self.v),
                logits.cast(),
                extent(self.v),
                labels,
                targets.cast(),
                self.ignore_index,
                self.smoothing,
                grad_loss,
                loss,
                row_loss,
                grad_logits.cast(),
            )
        })
    }
}

/// Mean squared error, `mean (x - target)^2`, or of `sigmoid(x)`.
#[must_use = "nothing is computed before run()"]
pub struct Mse<'a> {
    x: &'a Buffer<f32>,
    target: &'a Buffer<f32>,
    sigmoid: bool,
    grad_loss: Option<&'a Buffer<f32>>,
    loss: Option<&'a mut Buffer<f32>>,
    grad_x: Option<&'a mut Buffer<f32>>,
}

impl<'a> Mse<'a> {
    /// Over all elements of `x`.
    pub fn new(x: &'a Buffer<f32>, target: &'a Buffer<f32>) -> Self {
        Self {
            x,
            target,
            sigmoid: false,
            grad_loss: None,
            loss: None,
            grad_x: None,
        }
    }

    setters! {
        optional {
            /// The upstream gradient, one number.
            grad_loss: &'a Buffer<f32>,
            /// Output, one number.
            loss: &'a mut Buffer<f32>,
            /// Output, as long as x.
            grad_x: &'a mut Buffer<f32>,
        }
        plain {
            /// Whether sigmoid(x) is compared.
            sigmoid: bool,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let count = self.x.len();
        let x: *const c_void = input(ctx, "x", self.x, count)?.cast();
        let target: *const c_void = input(ctx, "target", self.target, count)?.cast();
        let grad_loss = optional(ctx, "grad_loss", self.grad_loss, 1)?;
        let loss = output(ctx, "loss", self.loss, 1)?;
        let grad_x: *mut c_void = output(ctx, "grad_x", self.grad_x, count)?.cast();
        let (dtype, count) = (sys::SSLCUDA_F32, extent(count));
        let sigmoid = i32::from(self.sigmoid);
        // SAFETY: each address has `count` elements, or one.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_mse(
                raw, dtype, count, x, target, sigmoid, grad_loss, loss, grad_x,
            )
        })
    }
}
