//! What ops share: setters, and the check that a buffer is as long as the op takes it to be.

use crate::context::Context;
use crate::error::{Error, Result, Status};
use crate::memory::Buffer;
use std::ptr::{null, null_mut};

/// Setters of a builder: of fields that are an `Option`, and of plain ones.
macro_rules! setters {
    (optional { $($(#[$doc:meta])* $name:ident: $type:ty,)* }
     plain { $($(#[$plain_doc:meta])* $plain:ident: $plain_type:ty,)* }) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = Some($name);
            self
        })*
        $($(#[$plain_doc])*
        pub fn $plain(mut self, $plain: $plain_type) -> Self {
            self.$plain = $plain;
            self
        })*
    };
}

/// Elements of a tensor. What does not fit is longer than any buffer.
pub(crate) fn elements(extents: &[usize]) -> usize {
    if extents.contains(&0) {
        return 0;
    }
    extents.iter().fold(1, |all, &one| all.saturating_mul(one))
}

/// An extent as the library takes it, which refuses what does not fit.
pub(crate) fn extent(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn check<T>(ctx: &Context, name: &str, buffer: &Buffer<T>, len: usize) -> Result<()> {
    ctx.owns(buffer, name)?;
    if buffer.len() >= len {
        return Ok(());
    }
    let message = format!("{name} must have {len} elements, got {}", buffer.len());
    Err(Error::new(Status::InvalidShape, message))
}

/// The address of an input with `len` elements.
pub(crate) fn input<T>(
    ctx: &Context,
    name: &str,
    from: &Buffer<T>,
    len: usize,
) -> Result<*const T> {
    check(ctx, name, from, len)?;
    Ok(from.as_ptr())
}

/// The same, null for `None`.
pub(crate) fn optional<T>(
    ctx: &Context,
    name: &str,
    from: Option<&Buffer<T>>,
    len: usize,
) -> Result<*const T> {
    from.map_or(Ok(null()), |buffer| input(ctx, name, buffer, len))
}

/// The address of an output with `len` elements, null for `None`.
pub(crate) fn output<T>(
    ctx: &Context,
    name: &str,
    to: Option<&mut Buffer<T>>,
    len: usize,
) -> Result<*mut T> {
    to.map_or(Ok(null_mut()), |buffer| {
        check(ctx, name, buffer, len)?;
        Ok(buffer.as_mut_ptr())
    })
}
