//! `sslcuda.h` in Rust, as it is: every function, struct and constant, nothing added. The header's
//! rules hold unchanged, so nearly everything is unsafe; the crate `sslcuda` is the safe layer.
//!
//! The declarations are checked in and need no bindgen. `build.rs` finds the library by
//! `SSLCUDA_LIB_DIR`, else by pkg-config. A program that links a library outside the system's folders
//! also needs that folder in `LD_LIBRARY_PATH`, or as rpath (`RUSTFLAGS=-Clink-arg=-Wl,-rpath,...`).
//!
//! ```
//! let version = unsafe { sslcuda_sys::sslcuda_version() };
//! assert_eq!(version / 10000, sslcuda_sys::SSLCUDA_VERSION_MAJOR);
//! ```
#![allow(non_camel_case_types)]

mod bindings;
pub use bindings::*;
