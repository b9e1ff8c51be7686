// contrastive_args.cpp - sslcuda_contrastive_args as the backends take them: what stands for a
// default, and what the tensors must be.
#include <cmath>

#include "capi/contrastive.hpp"

namespace sslcuda {
namespace {

using Raw = sslcuda_contrastive_args;

// Kinds that may have b = a.
bool is_within_a(int32_t kind) {
  return kind == SSLCUDA_NTXENT || kind == SSLCUDA_SUPCON || kind == SSLCUDA_SUPCON_IN;
}

ContrastiveArgs converted(int32_t dtype, const Raw& r) {
  ContrastiveArgs c{};
  c.kind = static_cast<ContrastiveKind>(r.kind);
  c.dtype = static_cast<DType>(dtype);
  c.normalize = r.normalize != 0;
  c.self = is_within_a(r.kind) && !r.b;
  c.n = r.n, c.m = c.self ? r.n : r.m, c.d = r.d;
  c.a = r.a, c.lda = r.lda;
  c.b = c.self ? r.a : r.b, c.ldb = c.self ? r.lda : r.ldb;
  c.temperature = {r.log_scale, r.tau_device, r.tau, r.max_scale};
  c.labels = r.labels, c.column_labels = c.self ? r.labels : r.column_labels;
  c.ignore_index = r.ignore_index, c.weights = r.weights;
  c.positives = r.positives, c.ld_positives = r.ld_positives;
  c.negatives = r.negatives, c.negatives_per_row = r.negatives_per_row;
  c.indices = r.indices, c.sampled = r.sampled;
  c.row_ids = r.row_ids, c.column_ids = r.column_ids;
  c.mask = r.mask, c.ld_mask = r.ld_mask, c.margin = r.margin;
  c.bias = {r.bias, r.bias_device}, c.column_bias = r.column_bias;
  c.smoothing = r.smoothing, c.z_loss = r.z_loss;
  c.first_row = r.first_row, c.first_column = r.first_column;
  c.total_rows = r.total_rows == 0 ? c.n : r.total_rows;
  c.total_columns = r.total_columns == 0 ? c.m : r.total_columns;
  c.mean_over_total = r.total_rows != 0;
  c.given_row_lse = r.given_row_lse, c.given_column_lse = r.given_column_lse;
  c.grad_loss = r.grad_loss, c.grad_row_loss = r.grad_row_loss;
  c.workspace_limit = r.workspace_limit == 0 ? kDefaultWorkspaceLimit : r.workspace_limit;
  c.loss = r.loss, c.row_loss = r.row_loss;
  c.row_lse = r.row_lse, c.column_lse = r.column_lse;
  c.row_positive = r.row_positive, c.row_entropy = r.row_entropy, c.top1 = r.top1;
  c.grad_a = r.grad_a, c.grad_b = r.grad_b;
  c.grad_positives = r.grad_positives, c.grad_negatives = r.grad_negatives;
  c.grad_temperature = r.grad_temperature, c.grad_bias = r.grad_bias;
  c.grad_column_bias = r.grad_column_bias;
  return c;
}

void check_inputs(Rules& rules, int32_t dtype, const Raw& r, const ContrastiveArgs& c) {
  const bool is_sampled = c.kind == ContrastiveKind::kSampled;
  rules.input("a", r.a, Rules::rows(dtype, c.n, c.d, r.lda))
      .input("b", r.b, Rules::rows(dtype, c.self ? 0 : c.m, c.d, r.ldb))
      .optional_input("tau_device", r.tau_device, Rules::f32({1}))
      .optional_input("log_scale", r.log_scale, Rules::f32({1}))
      .optional_input("labels", r.labels, Rules::i64({c.n}))
      .optional_input("column_labels", r.column_labels, Rules::i64({c.m}))
      .optional_input("weights", r.weights, Rules::f32({c.n}))
      .optional_input("positives", r.positives, Rules::rows(dtype, c.n, c.d, r.ld_positives))
      .optional_input("negatives", r.negatives,
                      Rules::tensor(dtype, {c.n, r.negatives_per_row, c.d}))
      .input("indices", r.indices, Rules::i64({c.n, r.sampled}), is_sampled)
      .optional_input("row_ids", r.row_ids, Rules::i64({c.n}))
      .optional_input("column_ids", r.column_ids, Rules::i64({c.m}))
      .optional_input("mask", r.mask, Rules::u32_rows(c.n, mask_words(c.m), r.ld_mask))
      .optional_input("bias_device", r.bias_device, Rules::f32({1}))
      .optional_input("column_bias", r.column_bias, Rules::f32({c.m}))
      .optional_input("given_row_lse", r.given_row_lse, Rules::f32({c.n}))
      .optional_input("given_column_lse", r.given_column_lse, Rules::f32({c.m}))
      .optional_input("grad_loss", r.grad_loss, Rules::f32({1}))
      .optional_input("grad_row_loss", r.grad_row_loss, Rules::f32({c.n}));
}

void check_outputs(Rules& rules, int32_t dtype, const Raw& r, const ContrastiveArgs& c) {
  rules.optional_output("loss", r.loss, Rules::f32({1}))
      .optional_output("row_loss", r.row_loss, Rules::f32({c.n}))
      .optional_output("row_lse", r.row_lse, Rules::f32({c.n}))
      .optional_output("column_lse", r.column_lse, Rules::f32({c.m}))
      .optional_output("row_positive", r.row_positive, Rules::f32({c.n}))
      .optional_output("row_entropy", r.row_entropy, Rules::f32({c.n}))
      .optional_output("top1", r.top1, Rules::f32({1}))
      .optional_output("grad_a", r.grad_a, Rules::rows(dtype, c.n, c.d, r.lda))
      .optional_output("grad_b", r.grad_b, Rules::rows(dtype, c.m, c.d, r.ldb))
      .optional_output("grad_positives", r.grad_positives,
                       Rules::rows(dtype, c.n, c.d, r.ld_positives))
      .optional_output("grad_negatives", r.grad_negatives,
                       Rules::tensor(dtype, {c.n, r.negatives_per_row, c.d}))
      .optional_output("grad_temperature", r.grad_temperature, Rules::f32({1}))
      .optional_output("grad_bias", r.grad_bias, Rules::f32({1}))
      .optional_output("grad_column_bias", r.grad_column_bias, Rules::f32({c.m}));
}

// Looks into tensors on the host, where that can be done.
void check_contents(const ContrastiveArgs& c) {
  if (c.kind == ContrastiveKind::kInfoNce && c.labels) {
    for (int64_t i = 0; i < c.n; ++i) {
      const int64_t label = c.labels[i];
      if (label != c.ignore_index && (label < 0 || label >= c.total_columns)) {
        fail(SSLCUDA_INVALID_VALUE, "labels[", i, "] must be in 0..", c.total_columns - 1,
             " or ignore_index = ", c.ignore_index, ", got ", label);
      }
    }
  }
  for (int64_t i = 0; c.weights && i < c.n; ++i) {
    if (!(c.weights[i] >= 0) || !std::isfinite(c.weights[i])) {
      fail(SSLCUDA_INVALID_VALUE, "weights[", i, "] must be finite and >= 0, got ", c.weights[i]);
    }
  }
  for (int64_t i = 0; i < c.n * c.sampled; ++i) {
    if (c.indices[i] < 0 || c.indices[i] >= c.m) {
      fail(SSLCUDA_INVALID_VALUE, "indices[", i / c.sampled, ",", i % c.sampled, "] must be in 0..",
           c.m - 1, ", got ", c.indices[i]);
    }
  }
}

}  // namespace

ContrastiveArgs check_contrastive(Context& context, int32_t dtype, const Raw* raw) {
  if (!raw) fail(SSLCUDA_NULL_POINTER, "args must not be NULL");
  if (raw->size != sizeof(Raw)) {
    fail(SSLCUDA_VERSION_MISMATCH, "args->size must be ", sizeof(Raw), ", got ", raw->size);
  }
  Rules rules(context);
  rules.any_dtype(dtype);
  if (raw->kind < SSLCUDA_INFONCE || raw->kind > SSLCUDA_SAMPLED) {
    fail(SSLCUDA_UNSUPPORTED, "kind must be SSLCUDA_INFONCE (0) to SSLCUDA_SAMPLED (6), got ",
         raw->kind);
  }
  const ContrastiveArgs args = converted(dtype, *raw);
  check_contrastive_rules(rules, *raw, args);
  check_inputs(rules, dtype, *raw, args);
  check_outputs(rules, dtype, *raw, args);
  rules.finish();
  if (context.contents_readable()) check_contents(args);
  return args;
}

bool has_outputs(const ContrastiveArgs& c) {
  return c.loss || c.row_loss || c.row_lse || c.column_lse || c.row_positive || c.row_entropy ||
         c.top1 || c.needs_scores_gradient();
}

}  // namespace sslcuda
