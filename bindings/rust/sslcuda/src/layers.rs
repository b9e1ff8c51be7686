//! What layers share: precision, activation, the gradients of a backward.

use crate::arguments::output;
use crate::context::Context;
use crate::error::Result;
use crate::memory::Buffer;
use sslcuda_sys as sys;
use std::os::raw::c_void;

/// How products of float32 are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// In float32 accuracy.
    #[default]
    F32,
    /// From factors that may be rounded to 10 bits of mantissa.
    Tf32,
}

impl Precision {
    pub(crate) fn dtype(self) -> i32 {
        match self {
            Self::F32 => sys::SSLCUDA_F32,
            Self::Tf32 => sys::SSLCUDA_TF32,
        }
    }
}

/// What follows a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// max(x, 0)
    Relu,
    /// 1 / (1 + exp(-x)); not in convolutions.
    Sigmoid,
}

impl Activation {
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::None => sys::SSLCUDA_ACTIVATION_NONE,
            Self::Relu => sys::SSLCUDA_ACTIVATION_RELU,
            Self::Sigmoid => sys::SSLCUDA_ACTIVATION_SIGMOID,
        }
    }
}

/// The forward's activation and its output, apart.
pub(crate) fn split(
    activated: Option<(Activation, &Buffer<f32>)>,
) -> (Activation, Option<&Buffer<f32>>) {
    activated.map_or((Activation::None, None), |(activation, y)| {
        (activation, Some(y))
    })
}

/// Which gradients a layer's backward gives.
#[derive(Default)]
pub(crate) struct Gradients<'a> {
    pub(crate) x: Option<&'a mut Buffer<f32>>,
    pub(crate) weight: Option<&'a mut Buffer<f32>>,
    pub(crate) bias: Option<&'a mut Buffer<f32>>,
}

/// Their addresses, null where they are not wanted.
pub(crate) struct GradientAddresses {
    pub(crate) x: *mut c_void,
    pub(crate) weight: *mut c_void,
    pub(crate) bias: *mut c_void,
}

impl Gradients<'_> {
    pub(crate) fn addresses(self, ctx: &Context, lens: [usize; 3]) -> Result<GradientAddresses> {
        let [x, weight, bias] = lens;
        Ok(GradientAddresses {
            x: output(ctx, "grad_x", self.x, x)?.cast(),
            weight: output(ctx, "grad_weight", self.weight, weight)?.cast(),
            bias: output(ctx, "grad_bias", self.bias, bias)?.cast(),
        })
    }
}

macro_rules! gradient_setters {
    () => {
        /// Output, as x.
        pub fn grad_x(mut self, grad_x: &'a mut Buffer<f32>) -> Self {
            self.gradients.x = Some(grad_x);
            self
        }

        /// Output, as weight.
        pub fn grad_weight(mut self, grad_weight: &'a mut Buffer<f32>) -> Self {
            self.gradients.weight = Some(grad_weight);
            self
        }

        /// Output, as bias.
        pub fn grad_bias(mut self, grad_bias: &'a mut Buffer<f32>) -> Self {
            self.gradients.bias = Some(grad_bias);
            self
        }
    };
}
