// contrastive_rules.cpp - which fields belong to which kind, and what they may hold.
#include <cmath>

#include "capi/contrastive.hpp"
#include "kernels/math.hpp"

namespace sslcuda {
namespace {

using Raw = sslcuda_contrastive_args;

constexpr const char* kNames[] = {"INFONCE",   "CLIP",   "NTXENT", "SUPCON",
                                  "SUPCON_IN", "SIGLIP", "SAMPLED"};

// Sets of kinds.
constexpr unsigned bit(int32_t kind) { return 1u << kind; }
constexpr unsigned kInfoNce = bit(SSLCUDA_INFONCE), kClip = bit(SSLCUDA_CLIP),
                   kNtXent = bit(SSLCUDA_NTXENT),
                   kSupCon = bit(SSLCUDA_SUPCON) | bit(SSLCUDA_SUPCON_IN),
                   kSigLip = bit(SSLCUDA_SIGLIP), kSampled = bit(SSLCUDA_SAMPLED);
constexpr unsigned kAll = kInfoNce | kClip | kNtXent | kSupCon | kSigLip | kSampled;
constexpr unsigned kSelfKinds = kNtXent | kSupCon;

bool is_one_of(const Raw& raw, unsigned kinds) { return (bit(raw.kind) & kinds) != 0; }

// A field that is set although its kind has none of that name.
struct Field {
  const char* name;
  bool is_set;
  unsigned kinds;
};

void check_fields(const Raw& r) {
  const Field fields[] = {
      {"labels", r.labels != nullptr, kInfoNce | kSupCon},
      {"column_labels", r.column_labels != nullptr, kSupCon},
      {"positives", r.positives != nullptr, kInfoNce},
      {"negatives", r.negatives != nullptr, kInfoNce | kClip},
      {"indices", r.indices != nullptr, kSampled},
      {"sampled", r.sampled != 0, kSampled},
      {"row_ids", r.row_ids != nullptr, kAll & ~kSampled},
      {"column_ids", r.column_ids != nullptr, kAll & ~kSampled},
      {"mask", r.mask != nullptr, kAll & ~kSampled},
      {"margin", r.margin != 0, kInfoNce | kClip},
      {"bias", r.bias != 0, kSigLip},
      {"bias_device", r.bias_device != nullptr, kSigLip},
      {"column_bias", r.column_bias != nullptr, kInfoNce},
      {"smoothing", r.smoothing != 0, kInfoNce},
      {"z_loss", r.z_loss != 0, kInfoNce},
      {"first_row", r.first_row != 0, kAll & ~kSampled},
      {"first_column", r.first_column != 0, kAll & ~kSampled},
      {"total_rows", r.total_rows != 0, kAll & ~kSampled},
      {"total_columns", r.total_columns != 0, kAll & ~kSampled},
      {"given_row_lse", r.given_row_lse != nullptr, kAll & ~(kSigLip | kSampled)},
      {"given_column_lse", r.given_column_lse != nullptr, kClip},
      {"row_lse", r.row_lse != nullptr, kAll & ~kSigLip},
      {"column_lse", r.column_lse != nullptr, kClip},
      {"row_positive", r.row_positive != nullptr, kAll & ~kSigLip},
      {"row_entropy", r.row_entropy != nullptr, kAll & ~kSigLip},
      {"top1", r.top1 != nullptr, kAll & ~kSigLip},
      {"grad_positives", r.grad_positives != nullptr, kInfoNce},
      {"grad_negatives", r.grad_negatives != nullptr, kInfoNce | kClip},
      {"grad_bias", r.grad_bias != nullptr, kSigLip},
      {"grad_column_bias", r.grad_column_bias != nullptr, kInfoNce},
  };
  for (const Field& field : fields) {
    if (field.is_set && !is_one_of(r, field.kinds)) {
      fail(SSLCUDA_INVALID_VALUE, field.name, " must be 0 in ", kNames[r.kind], ", got a value");
    }
  }
}

// `name` must be 0 where `when` says so.
void refuse(bool is_set, const char* name, const char* when) {
  if (is_set) fail(SSLCUDA_INVALID_VALUE, name, " must be 0 ", when, ", got a value");
}

void require(bool is_set, const char* name, const char* when) {
  if (!is_set) fail(SSLCUDA_NULL_POINTER, name, " must not be NULL ", when);
}

// For every m there is, so not by adding to it.
int64_t mask_words(int64_t m) { return m / 32 + (m % 32 > 0); }

void check_shape(Rules& rules, const Raw& r, const ContrastiveArgs& c) {
  rules.extent("n", c.n, 1)
      .extent("m", c.m, r.positives ? 0 : 1)
      .extent("d", c.d, 1)
      .extent("negatives_per_row", r.negatives_per_row)
      .extent("sampled", r.sampled, c.kind == ContrastiveKind::kSampled ? 1 : 0)
      .extent("first_row", r.first_row)
      .extent("first_column", r.first_column)
      .extent("total_rows", r.total_rows)
      .extent("total_columns", r.total_columns)
      .stride("lda", r.lda, "d", c.d);
  if (!c.self && c.m > 0) rules.stride("ldb", r.ldb, "d", c.d);
  if (r.positives) rules.stride("ld_positives", r.ld_positives, "d", c.d);
  if (r.mask) rules.stride("ld_mask", r.ld_mask, "the words of m columns", mask_words(c.m));
  if (c.n > c.total_rows - c.first_row) {
    fail(SSLCUDA_INVALID_SHAPE, "first_row + n must be <= total_rows = ", c.total_rows, ", got ",
         c.first_row, " + ", c.n);
  }
  if (c.m > c.total_columns - c.first_column) {
    fail(SSLCUDA_INVALID_SHAPE, "first_column + m must be <= total_columns = ", c.total_columns,
         ", got ", c.first_column, " + ", c.m);
  }
  if (c.kind == ContrastiveKind::kNtXent && c.total_rows % 2 != 0) {
    fail(SSLCUDA_INVALID_SHAPE, "n must be even in NTXENT, two views of each sample, got ",
         c.total_rows);
  }
  const bool square = is_one_of(r, kClip | kSigLip | kNtXent) ||
                      (is_one_of(r, kInfoNce) && !r.labels && !r.positives);
  if (square && c.total_columns < c.total_rows) {
    fail(SSLCUDA_INVALID_SHAPE, "there must be as many columns as rows, each row's positive among ",
         "them, got ", c.total_columns, " and ", c.total_rows);
  }
  if (is_one_of(r, kClip) && c.total_columns != c.total_rows) {
    fail(SSLCUDA_INVALID_SHAPE, "m must be n = ", c.total_rows, " in CLIP, got ", c.total_columns);
  }
}

void check_scalars(Rules& rules, const Raw& r) {
  rules.flag("normalize", r.normalize)
      .value("max_scale", r.max_scale, std::isfinite(r.max_scale) && r.max_scale >= 0,
             "must be finite and >= 0")
      .value("margin", r.margin, std::isfinite(r.margin) && r.margin >= 0,
             "must be finite and >= 0")
      .value("bias", r.bias, std::isfinite(r.bias), "must be finite")
      .value("smoothing", r.smoothing, r.smoothing >= 0 && r.smoothing < 1, "must be in [0, 1)")
      .value("z_loss", r.z_loss, std::isfinite(r.z_loss) && r.z_loss >= 0,
             "must be finite and >= 0");
  if (!r.log_scale && !r.tau_device) {
    rules.value("tau", r.tau, std::isfinite(r.tau) && r.tau > 0, "must be finite and > 0");
  }
}

// Rules between fields.
void check_combinations(const Raw& r, const ContrastiveArgs& c) {
  if (c.self) {
    refuse(r.grad_b != nullptr, "grad_b", "where b is NULL: grad_a has both sides");
    refuse(r.column_labels != nullptr, "column_labels", "where b is NULL: labels are theirs too");
    refuse(c.total_rows != c.n || c.total_columns != c.n, "total_rows and total_columns",
           "where b is NULL");
  } else if (is_one_of(r, kSupCon)) {
    require(r.column_labels != nullptr, "column_labels", "where b is given");
  }
  if (is_one_of(r, kSupCon)) {
    require(r.labels != nullptr, "labels", "in SUPCON and SUPCON_IN");
    refuse(c.total_columns != c.m, "total_columns", "in SUPCON and SUPCON_IN");
  }
  if ((r.row_ids != nullptr) != (r.column_ids != nullptr)) {
    require(false, r.row_ids ? "column_ids" : "row_ids", "where the other is given");
  }
  refuse(r.positives && r.labels, "labels", "where positives are given");
  refuse(r.negatives && r.negatives_per_row == 0, "negatives", "where negatives_per_row is 0");
  if (r.negatives_per_row > 0) {
    require(r.negatives != nullptr, "negatives", "where negatives_per_row is not 0");
  }
  refuse(r.grad_positives && !r.positives, "grad_positives", "without positives");
  refuse(r.grad_negatives && !r.negatives, "grad_negatives", "without negatives");
  if (r.smoothing > 0) {
    const char* const kWhen = "with smoothing, which takes in every column of b";
    refuse(r.positives != nullptr, "positives", kWhen);
    refuse(r.negatives != nullptr, "negatives", kWhen);
    refuse(r.row_ids || r.mask || r.margin > 0, "row_ids, mask and margin", kWhen);
    refuse(c.total_columns != c.m, "total_columns", kWhen);
  }
}

// What a part of a larger matrix can tell, and what it has to be told.
void check_parts(const Raw& r, const ContrastiveArgs& c) {
  const bool missing_columns = c.total_columns != c.m, missing_rows = c.total_rows != c.n;
  const bool clip = is_one_of(r, kClip), clip_part = clip && (missing_rows || missing_columns);
  if (!is_one_of(r, kSigLip) &&
      (missing_columns || clip_part || r.given_row_lse || r.given_column_lse)) {
    const char* const kWhen = "in a part, or where log-sum-exps are given";
    refuse(r.loss != nullptr, "loss", kWhen);
    refuse(r.row_loss != nullptr, "row_loss", kWhen);
    refuse(r.row_entropy != nullptr, "row_entropy", kWhen);
    refuse(r.top1 != nullptr, "top1", kWhen);
  }
  refuse(r.given_row_lse && r.row_lse, "row_lse", "where given_row_lse is given");
  refuse(r.given_row_lse && r.row_positive, "row_positive", "where given_row_lse is given");
  refuse(r.given_column_lse && r.column_lse, "column_lse", "where given_column_lse is given");
  if (clip_part) {
    refuse(r.weights != nullptr, "weights", "in a part of CLIP");
    refuse(r.grad_row_loss != nullptr, "grad_row_loss", "in a part of CLIP");
    refuse(r.margin > 0, "margin", "in a part of CLIP");
    refuse(r.negatives != nullptr, "negatives", "in a part of CLIP");
  }
  refuse(missing_columns && r.margin > 0, "margin", "in a part");
  refuse(missing_columns && r.positives, "positives", "in a part");
  refuse(missing_columns && r.negatives, "negatives", "in a part");
  if (!c.needs_scores_gradient() || is_one_of(r, kSigLip)) return;
  if (missing_columns) require(r.given_row_lse, "given_row_lse", "for the gradients of a part");
  if (clip && missing_rows) {
    require(r.given_column_lse, "given_column_lse", "for the gradients of a part");
  }
}

void check_inputs(Rules& rules, int32_t dtype, const Raw& r, const ContrastiveArgs& c) {
  const bool is_sampled = is_one_of(r, kSampled);
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

ContrastiveArgs converted(int32_t dtype, const Raw& r) {
  ContrastiveArgs c{};
  c.kind = static_cast<ContrastiveKind>(r.kind);
  c.dtype = static_cast<DType>(dtype);
  c.normalize = r.normalize != 0;
  c.self = is_one_of(r, kSelfKinds) && !r.b;
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
  check_shape(rules, *raw, args);
  check_scalars(rules, *raw);
  check_fields(*raw);
  check_combinations(*raw, args);
  check_parts(*raw, args);
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
