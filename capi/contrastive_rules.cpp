// contrastive_rules.cpp - which fields belong to which kind and to one another, and what they may
// hold.
#include <cmath>
#include <type_traits>

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

bool is_one_of(const Raw& raw, unsigned kinds) { return (bit(raw.kind) & kinds) != 0; }

// The field must be as SSLCUDA_CONTRASTIVE_INIT leaves it where `when` and `what` say so.
template <class T>
void refuse(T field, const char* name, const char* when, const char* what = "") {
  if (field == T{}) return;
  const char* const rule = std::is_pointer_v<T> ? " must be NULL " : " must be 0 ";
  fail(SSLCUDA_INVALID_VALUE, name, rule, when, what, ", got ", field);
}

void require(bool is_set, const char* name, const char* when) {
  if (!is_set) fail(SSLCUDA_NULL_POINTER, name, " must not be NULL ", when);
}

// Fields that are set although their kind has none of that name.
void check_fields(const Raw& r) {
  const auto only = [&](unsigned kinds, const char* name, auto field) {
    if (!is_one_of(r, kinds)) refuse(field, name, "in ", kNames[r.kind]);
  };
  only(kInfoNce | kSupCon, "labels", r.labels);
  only(kSupCon, "column_labels", r.column_labels);
  only(kInfoNce, "positives", r.positives);
  only(kInfoNce | kClip, "negatives", r.negatives);
  only(kSampled, "indices", r.indices);
  only(kSampled, "sampled", r.sampled);
  only(kAll & ~kSampled, "row_ids", r.row_ids);
  only(kAll & ~kSampled, "column_ids", r.column_ids);
  only(kAll & ~kSampled, "mask", r.mask);
  only(kInfoNce | kClip, "margin", r.margin);
  only(kSigLip, "bias", r.bias);
  only(kSigLip, "bias_device", r.bias_device);
  only(kInfoNce, "column_bias", r.column_bias);
  only(kInfoNce, "smoothing", r.smoothing);
  only(kInfoNce, "z_loss", r.z_loss);
  only(kAll & ~kSampled, "first_row", r.first_row);
  only(kAll & ~kSampled, "first_column", r.first_column);
  only(kAll & ~kSampled, "total_rows", r.total_rows);
  only(kAll & ~kSampled, "total_columns", r.total_columns);
  only(kAll & ~(kSigLip | kSampled), "given_row_lse", r.given_row_lse);
  only(kClip, "given_column_lse", r.given_column_lse);
  only(kAll & ~kSigLip, "row_lse", r.row_lse);
  only(kClip, "column_lse", r.column_lse);
  only(kAll & ~kSigLip, "row_positive", r.row_positive);
  only(kAll & ~kSigLip, "row_entropy", r.row_entropy);
  only(kAll & ~kSigLip, "top1", r.top1);
  only(kInfoNce, "grad_positives", r.grad_positives);
  only(kInfoNce | kClip, "grad_negatives", r.grad_negatives);
  only(kSigLip, "grad_bias", r.grad_bias);
  only(kInfoNce, "grad_column_bias", r.grad_column_bias);
}

// Of the whole matrix: its extents are n and m unless total_rows and total_columns are given.
void check_whole(const Raw& r, const ContrastiveArgs& c) {
  const char* const rows = r.total_rows ? "total_rows" : "n";
  const char* const columns = r.total_columns ? "total_columns" : "m";
  if (c.n > c.total_rows - c.first_row) {
    fail(SSLCUDA_INVALID_SHAPE, "first_row + n must be <= total_rows = ", c.total_rows, ", got ",
         c.first_row, " + ", c.n);
  }
  if (c.m > c.total_columns - c.first_column) {
    fail(SSLCUDA_INVALID_SHAPE, "first_column + m must be <= total_columns = ", c.total_columns,
         ", got ", c.first_column, " + ", c.m);
  }
  if (is_one_of(r, kNtXent) && c.total_rows % 2 != 0) {
    fail(SSLCUDA_INVALID_SHAPE, rows, " must be even in NTXENT, two views of each sample, got ",
         c.total_rows);
  }
  if (is_one_of(r, kClip) && c.total_columns != c.total_rows) {
    fail(SSLCUDA_INVALID_SHAPE, columns, " must be ", rows, " = ", c.total_rows, " in CLIP, got ",
         c.total_columns);
  }
  const bool has_places =
      is_one_of(r, kSigLip | kNtXent) || (is_one_of(r, kInfoNce) && !r.labels && !r.positives);
  if (has_places && c.total_columns < c.total_rows) {
    fail(SSLCUDA_INVALID_SHAPE, columns, " must be >= ", rows, " = ", c.total_rows,
         ", as each row has its positive among the columns, got ", c.total_columns);
  }
}

void check_shape(Rules& rules, const Raw& r, const ContrastiveArgs& c) {
  rules.extent("n", c.n, 1)
      .extent("m", c.m, r.positives ? 0 : 1)
      .extent("d", c.d, 1)
      .extent("negatives_per_row", r.negatives_per_row)
      .extent("sampled", r.sampled, is_one_of(r, kSampled) ? 1 : 0)
      .extent("first_row", r.first_row)
      .extent("first_column", r.first_column)
      .extent("total_rows", r.total_rows)
      .extent("total_columns", r.total_columns)
      .stride("lda", r.lda, "d", c.d);
  if (!c.self && c.m > 0) rules.stride("ldb", r.ldb, "d", c.d);
  if (r.positives) rules.stride("ld_positives", r.ld_positives, "d", c.d);
  if (r.mask) rules.stride("ld_mask", r.ld_mask, "the words of m columns", mask_words(c.m));
  check_whole(r, c);
}

void check_scalars(Rules& rules, const Raw& r) {
  rules.flag("normalize", r.normalize)
      .value("max_scale", r.max_scale, std::isfinite(r.max_scale) && r.max_scale >= 0,
             "must be finite and >= 0")
      .value("margin", r.margin, std::isfinite(r.margin) && r.margin >= 0,
             "must be finite and >= 0")
      .value("smoothing", r.smoothing, r.smoothing >= 0 && r.smoothing < 1, "must be in [0, 1)")
      .value("z_loss", r.z_loss, std::isfinite(r.z_loss) && r.z_loss >= 0,
             "must be finite and >= 0");
  if (!r.bias_device) rules.value("bias", r.bias, std::isfinite(r.bias), "must be finite");
  if (!r.log_scale && !r.tau_device) {
    rules.value("tau", r.tau, std::isfinite(r.tau) && r.tau > 0, "must be finite and > 0");
  }
}

// Rules between fields.
void check_combinations(const Raw& r, const ContrastiveArgs& c) {
  if (c.self) {
    refuse(r.grad_b, "grad_b", "where b is NULL: grad_a has both sides");
    refuse(r.column_labels, "column_labels", "where b is NULL: labels are theirs too");
    if (c.total_rows != c.n) refuse(r.total_rows, "total_rows", "where b is NULL");
    if (c.total_columns != c.n) refuse(r.total_columns, "total_columns", "where b is NULL");
  } else if (is_one_of(r, kSupCon)) {
    require(r.column_labels, "column_labels", "where b is given");
  }
  if (is_one_of(r, kSupCon)) {
    require(r.labels, "labels", "in SUPCON and SUPCON_IN");
    if (c.total_columns != c.m) refuse(r.total_columns, "total_columns", "in ", kNames[r.kind]);
  }
  if (r.row_ids) require(r.column_ids, "column_ids", "where row_ids are given");
  if (r.column_ids) require(r.row_ids, "row_ids", "where column_ids are given");
  if (r.positives) refuse(r.labels, "labels", "where positives are given");
  if (r.negatives_per_row > 0) {
    require(r.negatives, "negatives", "where negatives_per_row is not 0");
  } else {
    refuse(r.negatives, "negatives", "where negatives_per_row is 0");
  }
  if (!r.positives) refuse(r.grad_positives, "grad_positives", "without positives");
  if (!r.negatives) refuse(r.grad_negatives, "grad_negatives", "without negatives");
  if (r.smoothing > 0) {
    const char* const kWhen = "with smoothing, which takes in every column of b";
    refuse(r.positives, "positives", kWhen);
    refuse(r.negatives, "negatives", kWhen);
    refuse(r.row_ids, "row_ids", kWhen);
    refuse(r.mask, "mask", kWhen);
    refuse(r.margin, "margin", kWhen);
    if (c.total_columns != c.m) refuse(r.total_columns, "total_columns", kWhen);
  }
}

// What a part of a larger matrix can tell, and what it has to be told.
void check_parts(const Raw& r, const ContrastiveArgs& c) {
  const bool missing_columns = c.total_columns != c.m, missing_rows = c.total_rows != c.n;
  const bool clip = is_one_of(r, kClip), clip_part = clip && (missing_rows || missing_columns);
  if (!is_one_of(r, kSigLip) &&
      (missing_columns || clip_part || r.given_row_lse || r.given_column_lse)) {
    const char* const kWhen = "in a part, or where log-sum-exps are given";
    refuse(r.loss, "loss", kWhen);
    refuse(r.row_loss, "row_loss", kWhen);
    refuse(r.row_entropy, "row_entropy", kWhen);
    refuse(r.top1, "top1", kWhen);
  }
  if (r.given_row_lse) {
    refuse(r.row_lse, "row_lse", "where given_row_lse is given");
    refuse(r.row_positive, "row_positive", "where given_row_lse is given");
  }
  if (r.given_column_lse) refuse(r.column_lse, "column_lse", "where given_column_lse is given");
  if (clip_part) {
    refuse(r.weights, "weights", "in a part of CLIP");
    refuse(r.grad_row_loss, "grad_row_loss", "in a part of CLIP");
    refuse(r.margin, "margin", "in a part of CLIP");
    refuse(r.negatives, "negatives", "in a part of CLIP");
  }
  if (missing_columns) {
    refuse(r.margin, "margin", "in a part");
    refuse(r.positives, "positives", "in a part");
    refuse(r.negatives, "negatives", "in a part");
  }
  if (!c.needs_scores_gradient() || is_one_of(r, kSigLip)) return;
  if (missing_columns) require(r.given_row_lse, "given_row_lse", "for the gradients of a part");
  if (clip && missing_rows) {
    require(r.given_column_lse, "given_column_lse", "for the gradients of a part");
  }
}

}  // namespace

void check_contrastive_rules(Rules& rules, const Raw& raw, const ContrastiveArgs& args) {
  check_shape(rules, raw, args);
  check_scalars(rules, raw);
  check_fields(raw);
  check_combinations(raw, args);
  check_parts(raw, args);
}

}  // namespace sslcuda
