//! Kernels for self-supervised learning, on CUDA and on the CPU: the safe layer over libsslcuda.
//!
//! A [`Context`] is a device. [`Buffer`]s are memory of that device. An op is a value that names its
//! tensors; what it does is queued when it is [run](Contrastive::run) on a context. Outputs that are
//! not asked for are not computed.
//!
//! ```
//! use sslcuda::{Context, Contrastive};
//!
//! # fn main() -> sslcuda::Result<()> {
//! let ctx = Context::new()?; // a GPU if there is one, else the CPU
//! let views = ctx.upload(&[1.0f32, 0.0, 0.0, 1.0, 0.9, 0.1, 0.2, 1.0])?; // two images, twice
//! let mut loss = ctx.zeros(1)?;
//! let mut grad = ctx.zeros(views.len())?;
//! Contrastive::ntxent(&views, 4, 2)
//!     .normalize(true)
//!     .tau(0.5)
//!     .loss(&mut loss)
//!     .grad_a(&mut grad)
//!     .run(&ctx)?;
//! assert!(loss.to_vec()?[0] > 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Failures
//!
//! Every call that can fail returns a [`Result`]; an [`Error`] has the library's status and its message,
//! which names argument, value and rule. What the library cannot see, such as the length of a buffer,
//! is checked here, and refused in the same way.
//!
//! # Ownership
//!
//! Buffers and graphs own a share of their context: they may outlive the `Context` value, in any
//! order, and need no lifetime, so that a struct can hold a context and its buffers. Memory that is
//! dropped while a [`Graph`] of its context lives is freed with the last graph, because a graph may
//! still write to it. An output is a `&mut Buffer` and an input a `&Buffer`, so the borrow checker
//! refuses most overlaps, and the library the rest.
//!
//! # Threads
//!
//! A `Context` is `Send` and not `Sync`: it can move to another thread, but is used from one at a time,
//! because capture and planning are a state of the whole context. For several threads, take a context
//! for each, or a `Mutex<Context>`. `Buffer` and `Graph` are `Send` and `Sync`; their own calls take
//! turns with those of the context.
//!
//! # Beyond this crate
//!
//! Ops here take float32, the matrix products also [TF32](Precision). For everything else of `sslcuda.h`
//! there is [`Context::call`], with the functions of [`sys`].
#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

#[macro_use]
mod arguments;
#[macro_use]
mod layers;
mod context;
mod contrastive;
mod conv2d;
mod error;
mod graph;
mod linear;
mod losses;
mod memory;
mod normalize;
mod optimizer;
mod options;

pub use context::{device_count, version, Context};
pub use contrastive::{Contrastive, Part};
pub use conv2d::{Conv2d, Conv2dBackward, Conv2dShape};
pub use error::{Error, Result, Status};
pub use graph::Graph;
pub use layers::{Activation, Precision};
pub use linear::{Linear, LinearBackward, Matmul};
pub use losses::{CrossEntropy, Infonce, Mse};
pub use memory::{Buffer, Element};
pub use normalize::{L2Normalize, L2NormalizeBackward};
pub use optimizer::{Adam, AdamTensor};
pub use options::{Device, Options};

/// The C functions, for [`Context::call`].
pub use sslcuda_sys as sys;
