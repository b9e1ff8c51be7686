// test_contrastive_options.cpp - sslcuda_contrastive: temperatures, weights, pairs that do not
// count, positives and negatives of one's own, upstream gradients.
#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class ContrastiveOptions : public ContrastiveTest {};

constexpr int32_t kMatrixKinds[] = {SSLCUDA_INFONCE, SSLCUDA_CLIP,      SSLCUDA_NTXENT,
                                    SSLCUDA_SUPCON,  SSLCUDA_SUPCON_IN, SSLCUDA_SIGLIP};
constexpr int32_t kKindsWithinA[] = {SSLCUDA_NTXENT, SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN};
constexpr int32_t kWithMargin[] = {SSLCUDA_INFONCE, SSLCUDA_CLIP};
constexpr int32_t kInfoNceOnly[] = {SSLCUDA_INFONCE};

std::vector<bool> random_mask(const ContrastiveInput& in) {
  std::vector<bool> mask;
  for (const int64_t x : random_integers(in.n * in.m, 10, 7)) mask.push_back(x < 3);
  return mask;
}

void add_ids(ContrastiveInput* in) {
  in->row_ids = random_integers(in->n, 5, 8);
  in->column_ids = random_integers(in->m, 5, 9);
}

TEST_P(ContrastiveOptions, Normalize) {
  for_each(34, 71, 65, [&](ContrastiveInput in, int32_t dtype) {
    in.normalize = true;
    in.a = wide(rounded(dtype, normal(in.n * in.d, 1, 3)));
    if (!in.b.empty()) in.b = wide(rounded(dtype, normal(in.m * in.d, 2, 0.5f)));
    expect_match(in, {.dtype = dtype});
  });
}

TEST_P(ContrastiveOptions, Temperatures) {
  for_each(34, 40, 20, [&](ContrastiveInput in, int32_t dtype) {
    expect_match(in, {.dtype = dtype, .scalars_in_memory = true});
    in.log_scale = 2.5f;
    expect_match(in, {.dtype = dtype});
    in.max_scale = 20;
    expect_match(in, {.dtype = dtype});
    in.max_scale = 7;
    expect_match(in, {.dtype = dtype, .wanted = {"loss", "grad_temperature", "grad_a"}});
    EXPECT_EQ(run(context(), in, {.dtype = dtype}).at("grad_temperature"), Floats{0});
  });
}

TEST_P(ContrastiveOptions, Weights) {
  for_each(34, 40, 20, [&](ContrastiveInput in, int32_t dtype) {
    in.weights = reference::absolute(wide(normal(in.n, 5)));
    in.weights[0] = in.weights[7] = in.weights[33] = 0;
    expect_match(in, {.dtype = dtype});
    EXPECT_EQ(run(context(), in, {.dtype = dtype}).at("row_loss")[7], 0);
  });
}

TEST_P(ContrastiveOptions, IgnoredRows) {
  constexpr int32_t kWithLabels[] = {SSLCUDA_INFONCE, SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN};
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    for (const int64_t ignore_index : {int64_t{-100}, int64_t{3}, INT64_MIN}) {
      in.ignore_index = ignore_index;
      in.labels[0] = in.labels[17] = in.labels[33] = ignore_index;
      expect_match(in, {.dtype = dtype});
      EXPECT_EQ(run(context(), in, {.dtype = dtype}).at("row_loss")[17], 0);
      in.labels[0] = in.labels[17] = in.labels[33] = 1;
    }
  };
  for_each(34, 20, 20, check, kWithLabels);
}

TEST_P(ContrastiveOptions, UpstreamGradients) {
  for_each(34, 40, 20, [&](ContrastiveInput in, int32_t dtype) {
    in.grad_loss = -3;
    expect_match(in, {.dtype = dtype});
    in.grad_row_loss = wide(normal(in.n, 5));
    expect_match(in, {.dtype = dtype});
    in.grad_loss = 1;
    expect_match(in, {.dtype = dtype});
  });
}

TEST_P(ContrastiveOptions, Masks) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.mask = random_mask(in);
    expect_match(in, {.dtype = dtype, .padding = 2});
    add_ids(&in);
    expect_match(in, {.dtype = dtype});
    in.mask.clear();
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 71, 20, check, kMatrixKinds);
  for_each(130, 20, 20, check, kInfoNceOnly);
}

// Whole numbers, so that no rounding decides which pairs are beyond the margin.
TEST_P(ContrastiveOptions, Margin) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.a = wide(integers(in.n * in.d, 1, 2));
    in.b = wide(integers(in.m * in.d, 2, 2));
    in.tau = 2;
    in.margin = 2.5;
    expect_match(in, {.dtype = dtype});
    in.mask = random_mask(in);
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 71, 7, check, kWithMargin);
}

// Only positives are left: the loss is 0, and so is every gradient of the scores.
TEST_P(ContrastiveOptions, AllNegativesMasked) {
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_CLIP, SSLCUDA_NTXENT}) {
    ContrastiveInput in = contrastive_input(kind, SSLCUDA_F32, 34, 40, 20);
    in.mask.assign(in.n * in.m, true);
    expect_match(in);
    EXPECT_EQ(run(context(), in).at("loss"), Floats{0});
  }
}

// Blocks of G find their places among masks, ids, labels and what belongs to columns; rows gather
// over blocks of columns, columns over blocks of rows.
TEST_P(ContrastiveOptions, InManyBlocks) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    if (dtype == SSLCUDA_F16 || dtype == SSLCUDA_TF32) return;
    const CallOptions options{.dtype = dtype, .workspace_limit = 1};
    in.normalize = true;
    in.a = wide(rounded(dtype, normal(in.n * in.d, 1, 3)));
    if (!in.b.empty()) in.b = wide(rounded(dtype, normal(in.m * in.d, 2, 0.5f)));
    if (in.kind == SSLCUDA_INFONCE) in.column_bias = wide(normal(in.m, 7));
    expect_match(in, options);
    in.mask = random_mask(in);
    add_ids(&in);
    expect_match(in, options);
    if (in.kind != SSLCUDA_INFONCE && in.kind != SSLCUDA_CLIP) return;
    in.negatives_per_row = 2;
    in.negatives = unit_rows(dtype, in.n * 2, in.d, 6);
    expect_match(in, options);
  };
  for_each(130, 200, 7, check, kMatrixKinds);
  const auto check_margin = [&](ContrastiveInput in, int32_t dtype) {
    in.a = wide(integers(in.n * in.d, 1, 2));
    in.b = wide(integers(in.m * in.d, 2, 2));
    in.tau = 2;
    in.margin = 2.5;
    expect_match(in, {.dtype = dtype, .workspace_limit = 1});
  };
  for_each(130, 200, 7, check_margin, kWithMargin);
}

// The same in blocks of whole tiles of every main loop, the last of which fill none.
TEST_P(ContrastiveOptions, InBlocksOfManyTiles) {
  constexpr int32_t kLean[] = {SSLCUDA_INFONCE, SSLCUDA_CLIP, SSLCUDA_NTXENT};
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 0.01f;
    expect_match(in, {.dtype = dtype, .workspace_limit = 100000});
  };
  for_each(300, 300, 64, check, kLean);
}

// Rows against those of another tensor, as where one process has all of it.
TEST_P(ContrastiveOptions, OtherColumnsThanA) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    const int64_t n = 10;
    in.b = in.a;
    in.column_labels = in.labels;
    in.n = n;
    in.first_row = 7;
    in.total_rows = in.m;
    in.a = Vector(in.b.begin() + in.first_row * in.d, in.b.begin() + (in.first_row + n) * in.d);
    if (!in.labels.empty()) {
      in.labels = Integers(in.labels.begin() + in.first_row, in.labels.begin() + in.first_row + n);
    }
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 34, 20, check, kKindsWithinA);
}

TEST_P(ContrastiveOptions, PositivesAndNegativesOfOnesOwn) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.labels.clear();
    in.positives = unit_rows(dtype, in.n, in.d, 5);
    expect_match(in, {.dtype = dtype, .padding = 1});
    in.negatives_per_row = 3;
    in.negatives = unit_rows(dtype, in.n * 3, in.d, 6);
    in.normalize = true;
    expect_match(in, {.dtype = dtype});
    in.mask = random_mask(in);
    expect_match(in, {.dtype = dtype});
    in.mask.clear();
    in.m = 0;  // an empty queue
    in.b.clear();
    expect_match(in, {.dtype = dtype});
    in.negatives_per_row = 0;
    in.negatives.clear();
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 20, 33, check, kInfoNceOnly);
  for_each(34, 71, 1, check, kInfoNceOnly);
}

TEST_P(ContrastiveOptions, NegativesOfOnesOwn) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.negatives_per_row = 5;
    in.negatives = unit_rows(dtype, in.n * 5, in.d, 6);
    expect_match(in, {.dtype = dtype});
    if (in.kind == SSLCUDA_INFONCE) in.column_bias = wide(normal(in.m, 7));
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 40, 33, check, kWithMargin);
}

// The gradients of a second call, with what a first one has found: of all of the matrix, whatever
// else the rows have, with and without the gradient of the temperature.
TEST_P(ContrastiveOptions, LogSumExpsOfAnEarlierCall) {
  constexpr int32_t kLseKinds[] = {SSLCUDA_INFONCE, SSLCUDA_CLIP, SSLCUDA_NTXENT, SSLCUDA_SUPCON,
                                   SSLCUDA_SUPCON_IN};
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    const bool is_clip = in.kind == SSLCUDA_CLIP;
    Names names = gradient_outputs(in);
    const Outputs first = run(context(), in, {.dtype = dtype, .wanted = lse_outputs(in)});
    in.given_row_lse = wide(first.at("row_lse"));
    expect_match(in, {.dtype = dtype, .wanted = names});
    if (is_clip) {  // both, then the columns' alone
      in.given_column_lse = wide(first.at("column_lse"));
      expect_match(in, {.dtype = dtype, .wanted = names});
    }
    names.erase("grad_temperature");
    expect_match(in, {.dtype = dtype, .wanted = names});
    if (!is_clip) return;
    in.given_row_lse.clear();
    expect_match(in, {.dtype = dtype, .wanted = names});
  };
  for_each(34, 71, 20, check, kLseKinds);
  const auto check_own = [&](ContrastiveInput in, int32_t dtype) {
    in.negatives_per_row = 3;
    in.negatives = unit_rows(dtype, in.n * 3, in.d, 6);
    in.weights = reference::absolute(wide(normal(in.n, 5)));
    check(in, dtype);
    if (in.kind == SSLCUDA_CLIP) return;
    in.labels.clear();
    in.positives = unit_rows(dtype, in.n, in.d, 5);
    check(in, dtype);
  };
  for_each(34, 71, 20, check_own, kWithMargin);
}

// Upstream gradients beyond what float16 holds, and gradients within: they meet in float32.
TEST_P(ContrastiveOptions, LossScales) {
  for_each(34, 40, 20, [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 8;
    in.grad_loss = 65536;
    expect_match(in, {.dtype = dtype});
    in.grad_loss = 16;
    in.grad_row_loss = wide(normal(in.n, 5, 4e3f));
    expect_match(in, {.dtype = dtype});
  });
}

// A linear layer and cross-entropy over classes.
TEST_P(ContrastiveOptions, Classes) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 1;
    in.labels = random_integers(in.n, in.m, 3);
    in.labels[5] = in.ignore_index;
    in.column_bias = wide(normal(in.m, 4));
    expect_match(in, {.dtype = dtype});
    in.smoothing = 0.1f;
    expect_match(in, {.dtype = dtype});
    in.z_loss = 0.01f;
    in.grad_loss = 2;
    expect_match(in, {.dtype = dtype});
    in.smoothing = 0;
    in.mask = random_mask(in);
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 257, 64, check, kInfoNceOnly);
  for_each(130, 10, 7, check, kInfoNceOnly);
}

// The gradient of a row's scores exceeds the row's weight by far.
TEST_P(ContrastiveOptions, StrongZLoss) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 0.005f;
    in.z_loss = 1;
    in.grad_loss = 0.125f;
    expect_match(in, {.dtype = dtype});
  };
  for_each(34, 40, 20, check, kInfoNceOnly);
}

TEST_P(ContrastiveOptions, SampledVectorsEqualToThePositive) {
  constexpr int32_t kSampledOnly[] = {SSLCUDA_SAMPLED};
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    for (int64_t j = 1; j < in.m; j += 2) {  // pairs of equal rows
      std::copy_n(in.b.begin() + (j - 1) * in.d, in.d, in.b.begin() + j * in.d);
    }
    for (int64_t j = 0; in.d > 1 && j < in.m; ++j) in.b[j * in.d] = j % 2 ? 0.0 : -0.0;  // equal
    for (int64_t i = 0; i < in.n; i += 3) in.indices[i * 6 + 1] = in.indices[i * 6] ^ 1;
    expect_match(in, {.dtype = dtype});
    for (int64_t k = 0; k < in.n * 6; ++k) in.indices[k] = in.indices[k / 6 * 6] ^ (k % 2);
    expect_match(in, {.dtype = dtype});  // no row has a negative
  };
  for_each(34, 20, 33, check, kSampledOnly);
  for_each(7, 4, 1, check, kSampledOnly);
}

INSTANTIATE_TEST_SUITE_P(, ContrastiveOptions, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
