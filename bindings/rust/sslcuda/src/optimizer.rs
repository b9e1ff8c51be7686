//! Adam.

use crate::arguments::{extent, input, optional, output};
use crate::context::Context;
use crate::error::Result;
use crate::memory::Buffer;
use sslcuda_sys as sys;

/// A parameter tensor with its gradient and Adam's state, all of the same length; the state is zeros
/// before the first step.
pub struct AdamTensor<'a> {
    /// Is changed.
    pub param: &'a mut Buffer<f32>,
    /// Its gradient.
    pub grad: &'a Buffer<f32>,
    /// Is changed.
    pub moment: &'a mut Buffer<f32>,
    /// Is changed.
    pub variance: &'a mut Buffer<f32>,
}

/// Adam, as PyTorch computes it, over many tensors in one launch.
///
/// ```
/// # fn main() -> sslcuda::Result<()> {
/// use sslcuda::{Adam, AdamTensor, Context};
/// let ctx = Context::new()?;
/// let (mut param, grad) = (ctx.zeros(1)?, ctx.upload(&[2.0f32])?);
/// let (mut moment, mut variance) = (ctx.zeros(1)?, ctx.zeros(1)?);
/// let tensor = AdamTensor {
///     param: &mut param,
///     grad: &grad,
///     moment: &mut moment,
///     variance: &mut variance,
/// };
/// Adam::new(0.1).step(&ctx, vec![tensor], 1)?;
/// assert!((param.to_vec()?[0] + 0.1).abs() < 1e-6); // the first step is of length lr
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Adam<'a> {
    lr: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    lr_device: Option<&'a Buffer<f32>>,
    step_device: Option<&'a Buffer<i64>>,
}

impl<'a> Adam<'a> {
    /// With the custom of 0.9, 0.999 and 1e-8.
    pub fn new(lr: f64) -> Self {
        Self {
            lr,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            lr_device: None,
            step_device: None,
        }
    }

    setters! {
        optional {
            /// The learning rate as one number in device memory, for graphs.
            lr_device: &'a Buffer<f32>,
            /// Steps done before this one, in device memory, for graphs.
            step_device: &'a Buffer<i64>,
        }
        plain {
            /// Decay of the moment.
            beta1: f64,
            /// Decay of the variance.
            beta2: f64,
            /// Added to the root.
            eps: f64,
        }
    }

    /// Queues step number `step`, from 1.
    pub fn step(&self, ctx: &Context, tensors: Vec<AdamTensor<'_>>, step: i64) -> Result<()> {
        let mut counts = Vec::new();
        let (mut params, mut grads) = (Vec::new(), Vec::new());
        let (mut moments, mut variances) = (Vec::new(), Vec::new());
        for tensor in tensors {
            let len = tensor.param.len();
            counts.push(extent(len));
            params.push(output(ctx, "param", Some(tensor.param), len)?.cast());
            grads.push(input(ctx, "grad", tensor.grad, len)?.cast());
            moments.push(output(ctx, "moment", Some(tensor.moment), len)?.cast());
            variances.push(output(ctx, "variance", Some(tensor.variance), len)?.cast());
        }
        let lr_device = optional(ctx, "lr_device", self.lr_device, 1)?;
        let step_device = optional(ctx, "step_device", self.step_device, 1)?;
        // SAFETY: the lists have as many entries as `counts`, each with as many elements as it says.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_adam_step(
                raw,
                sys::SSLCUDA_F32,
                extent(counts.len()),
                counts.as_ptr(),
                params.as_ptr(),
                grads.as_ptr(),
                moments.as_ptr(),
                variances.as_ptr(),
                self.lr,
                lr_device,
                self.beta1,
                self.beta2,
                self.eps,
                step,
                step_device,
            )
        })
    }
}
