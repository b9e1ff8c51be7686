//! The contrastive family: a call as the library takes it.

use super::Contrastive;
use crate::arguments::{elements, extent, input, optional, output};
use crate::context::Context;
use crate::error::Result;
use sslcuda_sys as sys;

impl Contrastive<'_> {
    /// Queues it.
    pub fn run(mut self, ctx: &Context) -> Result<()> {
        let mut args = sys::sslcuda_contrastive_args::INIT;
        self.set_inputs(ctx, &mut args)?;
        self.set_numbers(&mut args);
        self.set_outputs(ctx, &mut args)?;
        let dtype = self.precision.dtype();
        // SAFETY: each address has the elements that the extents say.
        ctx.inner
            .call(|raw| unsafe { sys::sslcuda_contrastive(raw, dtype, &args) })
    }

    fn set_inputs(&self, ctx: &Context, args: &mut sys::sslcuda_contrastive_args) -> Result<()> {
        let (n, m, d) = (self.n, self.m, self.d);
        args.a = input(ctx, "a", self.a, elements(&[n, d]))?.cast();
        args.b = optional(ctx, "b", self.b, elements(&[m, d]))?.cast();
        args.tau_device = optional(ctx, "tau_device", self.tau_device, 1)?;
        args.log_scale = optional(ctx, "log_scale", self.log_scale, 1)?;
        args.labels = optional(ctx, "labels", self.labels, n)?;
        args.column_labels = optional(ctx, "column_labels", self.column_labels, m)?;
        args.weights = optional(ctx, "weights", self.weights, n)?;
        args.positives = optional(ctx, "positives", self.positives, elements(&[n, d]))?.cast();
        if let Some((negatives, per_row)) = self.negatives {
            let all = elements(&[n, per_row, d]);
            args.negatives = input(ctx, "negatives", negatives, all)?.cast();
            args.negatives_per_row = extent(per_row);
        }
        if let Some((indices, sampled)) = self.indices {
            args.indices = input(ctx, "indices", indices, elements(&[n, sampled]))?;
            args.sampled = extent(sampled);
        }
        if let Some((rows, columns)) = self.ids {
            args.row_ids = input(ctx, "row ids", rows, n)?;
            args.column_ids = input(ctx, "column ids", columns, m)?;
        }
        if let Some(mask) = self.mask {
            let words = m / 32 + usize::from(m % 32 != 0);
            args.mask = input(ctx, "mask", mask, elements(&[n, words]))?;
            args.ld_mask = extent(words);
        }
        args.bias_device = optional(ctx, "bias_device", self.bias_device, 1)?;
        args.column_bias = optional(ctx, "column_bias", self.column_bias, m)?;
        args.given_row_lse = optional(ctx, "row_lse", self.part.row_lse, n)?;
        args.given_column_lse = optional(ctx, "column_lse", self.part.column_lse, m)?;
        args.grad_loss = optional(ctx, "grad_loss", self.grad_loss, 1)?;
        args.grad_row_loss = optional(ctx, "grad_row_loss", self.grad_row_loss, n)?;
        Ok(())
    }

    fn set_numbers(&self, args: &mut sys::sslcuda_contrastive_args) {
        args.kind = self.kind;
        args.normalize = i32::from(self.normalize);
        args.n = extent(self.n);
        args.m = extent(self.m);
        args.d = extent(self.d);
        args.lda = args.d;
        args.ldb = args.d;
        args.ld_positives = if args.positives.is_null() { 0 } else { args.d };
        args.tau = self.tau;
        args.max_scale = self.max_scale;
        args.ignore_index = self.ignore_index;
        args.margin = self.margin;
        args.bias = self.bias;
        args.smoothing = self.smoothing;
        args.z_loss = self.z_loss;
        args.first_row = extent(self.part.first_row);
        args.first_column = extent(self.part.first_column);
        args.total_rows = extent(self.part.total_rows);
        args.total_columns = extent(self.part.total_columns);
        args.workspace_limit = self.workspace_limit;
    }

    fn set_outputs(
        &mut self,
        ctx: &Context,
        args: &mut sys::sslcuda_contrastive_args,
    ) -> Result<()> {
        let (n, m, d) = (self.n, self.m, self.d);
        let own_columns = self.negatives.map_or(0, |(_, per_row)| per_row);
        let to = std::mem::take(&mut self.outputs);
        args.loss = output(ctx, "loss", to.loss, 1)?;
        args.row_loss = output(ctx, "row_loss", to.row_loss, n)?;
        args.row_lse = output(ctx, "row_lse", to.row_lse, n)?;
        args.column_lse = output(ctx, "column_lse", to.column_lse, m)?;
        args.row_positive = output(ctx, "row_positive", to.row_positive, n)?;
        args.row_entropy = output(ctx, "row_entropy", to.row_entropy, n)?;
        args.top1 = output(ctx, "top1", to.top1, 1)?;
        args.grad_a = output(ctx, "grad_a", to.grad_a, elements(&[n, d]))?.cast();
        args.grad_b = output(ctx, "grad_b", to.grad_b, elements(&[m, d]))?.cast();
        let positives = output(ctx, "grad_positives", to.grad_positives, elements(&[n, d]))?;
        args.grad_positives = positives.cast();
        let all = elements(&[n, own_columns, d]);
        args.grad_negatives = output(ctx, "grad_negatives", to.grad_negatives, all)?.cast();
        args.grad_temperature = output(ctx, "grad_temperature", to.grad_temperature, 1)?;
        args.grad_bias = output(ctx, "grad_bias", to.grad_bias, 1)?;
        args.grad_column_bias = output(ctx, "grad_column_bias", to.grad_column_bias, m)?;
        Ok(())
    }
}
