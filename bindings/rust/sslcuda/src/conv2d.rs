//! 2-d convolution.

use crate::arguments::{elements, extent, input, optional, output};
use crate::context::Context;
use crate::error::{Error, Result, Status};
use crate::layers::{split, Activation, Gradients};
use crate::memory::Buffer;
use sslcuda_sys as sys;

/// Shape of a 2-d convolution; the default has a stride of 1, no padding and no dilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Images.
    pub n: usize,
    /// Channels, in and out.
    pub channels: [usize; 2],
    /// Height and width of an image.
    pub size: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Vertical and horizontal.
    pub stride: [usize; 2],
    /// Vertical and horizontal.
    pub padding: [usize; 2],
    /// Vertical and horizontal.
    pub dilation: [usize; 2],
}

impl Default for Conv2dShape {
    fn default() -> Self {
        Self {
            n: 0,
            channels: [0; 2],
            size: [0; 2],
            kernel: [1; 2],
            stride: [1; 2],
            padding: [0; 2],
            dilation: [1; 2],
        }
    }
}

impl Conv2dShape {
    /// Height and width of the output; refuses a kernel that does not fit.
    pub fn output_size(&self) -> Result<[usize; 2]> {
        let side = |i: usize| {
            let reach = self.kernel[i]
                .checked_sub(1)?
                .checked_mul(self.dilation[i])?;
            let padded = self.padding[i].checked_mul(2)?.checked_add(self.size[i])?;
            let room = padded.checked_sub(reach.checked_add(1)?)?;
            room.checked_div(self.stride[i])?.checked_add(1)
        };
        match (side(0), side(1)) {
            (Some(height), Some(width)) => Ok([height, width]),
            _ => Err(Error::new(
                Status::InvalidShape,
                format!("the kernel does not fit into the padded image: {self:?}"),
            )),
        }
    }

    /// Elements of x, weight and y.
    fn elements(&self) -> Result<[usize; 3]> {
        let ([c, out], [h, w], [kernel_h, kernel_w]) = (self.channels, self.size, self.kernel);
        let [out_h, out_w] = self.output_size()?;
        Ok([
            elements(&[self.n, c, h, w]),
            elements(&[out, c, kernel_h, kernel_w]),
            elements(&[self.n, out, out_h, out_w]),
        ])
    }

    fn raw(&self) -> sys::sslcuda_conv2d_shape {
        let [h, w] = self.size.map(extent);
        let [kernel_h, kernel_w] = self.kernel.map(extent);
        let [stride_h, stride_w] = self.stride.map(extent);
        let [pad_h, pad_w] = self.padding.map(extent);
        let [dilation_h, dilation_w] = self.dilation.map(extent);
        sys::sslcuda_conv2d_shape {
            n: extent(self.n),
            c: extent(self.channels[0]),
            h,
            w,
            out: extent(self.channels[1]),
            kernel_h,
            kernel_w,
            stride_h,
            stride_w,
            pad_h,
            pad_w,
            dilation_h,
            dilation_w,
            groups: 1,
            ..sys::sslcuda_conv2d_shape::INIT
        }
    }
}

/// 2-d convolution, `y = act(x * weight + bias)`.
#[must_use = "nothing is computed before run()"]
pub struct Conv2d<'a> {
    shape: Conv2dShape,
    x: &'a Buffer<f32>,
    weight: &'a Buffer<f32>,
    y: &'a mut Buffer<f32>,
    bias: Option<&'a Buffer<f32>>,
    activation: Activation,
}

impl<'a> Conv2d<'a> {
    /// `x` `[n, in, h, w]` and `weight` `[out, in, kernel_h, kernel_w]` give `y`
    /// `[n, out, out_h, out_w]`.
    pub fn new(
        x: &'a Buffer<f32>,
        weight: &'a Buffer<f32>,
        y: &'a mut Buffer<f32>,
        shape: Conv2dShape,
    ) -> Self {
        Self {
            shape,
            x,
            weight,
            y,
            bias: None,
            activation: Activation::None,
        }
    }

    setters! {
        optional {
            /// `[out]`
            bias: &'a Buffer<f32>,
        }
        plain {
            /// What follows: nothing, or ReLU.
            activation: Activation,
        }
    }

    /// Queues it.
    pub fn run(self, ctx: &Context) -> Result<()> {
        let [x_len, weight_len, y_len] = self.shape.elements()?;
        let x = input(ctx, "x", self.x, x_len)?.cast();
        let weight = input(ctx, "weight", self.weight, weight_len)?.cast();
        let bias = optional(ctx, "bias", self.bias, self.shape.channels[1])?.cast();
        let y = output(ctx, "y", Some(self.y), y_len)?.cast();
        let (dtype, shape) = (sys::SSLCUDA_F32, self.shape.raw());
        let activation = self.activation.code();
        // SAFETY: each address has the elements that the shape says.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_conv2d_forward(raw, dtype, &shape, x, weight, bias, activation, y)
        })
    }
}

/// The gradients of [`Conv2d`].
#[must_use = "nothing is computed before run()"]
pub struct Conv2dBackward<'a> {
    shape: Conv2dShape,
    x: &'a Buffer<f32>,
    weight: &'a Buffer<f32>,
    grad_y: &'a Buffer<f32>,
    activated: Option<(Activation, &'a Buffer<f32>)>,
    gradients: Gradients<'a>,
}

impl<'a> Conv2dBackward<'a> {
    /// From the gradient of y.
    pub fn new(
        x: &'a Buffer<f32>,
        weight: &'a Buffer<f32>,
        grad_y: &'a Buffer<f32>,
        shape: Conv2dShape,
    ) -> Self {
        Self {
            shape,
            x,
            weight,
            grad_y,
            activated: None,
            gradients: Gradients::default(),
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
        let [x_len, weight_len, y_len] = self.shape.elements()?;
        let x = input(ctx, "x", self.x, x_len)?;
        let weight = input(ctx, "weight", self.weight, weight_len)?;
        let grad_y = input(ctx, "grad_y", self.grad_y, y_len)?;
        let (activation, y) = split(self.activated);
        let y = optional(ctx, "y", y, y_len)?;
        let lens = [x_len, weight_len, self.shape.channels[1]];
        let grad = self.gradients.addresses(ctx, lens)?;
        let shape = self.shape.raw();
        // SAFETY: each address has the elements that the shape says.
        ctx.inner.call(|raw| unsafe {
            sys::sslcuda_conv2d_backward(
                raw,
                sys::SSLCUDA_F32,
                &shape,
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
