// test_contrastive_rules.cpp - what sslcuda_contrastive_args must hold beyond what holds for every
// op: fields belong to kinds, and some of them to one another. Parts of a larger matrix are in
// test_contrastive_parts_rules.cpp.
#include "tests/abi/contrastive_rules.hpp"

namespace sslcuda::test {
namespace {

class ContrastiveRules : public ContrastiveRulesTest {};

TEST_F(ContrastiveRules, EveryKindIsValidToBeginWith) {
  for (int32_t kind = 0; kind < kKindCount; ++kind) accepted(valid(kind));
}

TEST_F(ContrastiveRules, Struct) {
  EXPECT_EQ(sslcuda_contrastive(context_, SSLCUDA_F32, nullptr), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(last_message(context_), "sslcuda_contrastive: args must not be NULL");
  for (const size_t size : {size_t{0}, sizeof(Args) - 8, sizeof(Args) + 8}) {
    Args args = valid(SSLCUDA_INFONCE);
    args.size = size;
    refused(args, SSLCUDA_VERSION_MISMATCH, "size must be " + std::to_string(sizeof(Args)));
    refused(args, SSLCUDA_VERSION_MISMATCH, "got " + std::to_string(size));
  }
}

TEST_F(ContrastiveRules, InitIsValidButForTheTensors) {
  const Args args = SSLCUDA_CONTRASTIVE_INIT;
  EXPECT_EQ(args.size, sizeof args);
  EXPECT_EQ(args.tau, 1);
  EXPECT_EQ(args.ignore_index, -100);
  EXPECT_EQ(args.workspace_limit, 0u);
  EXPECT_EQ(args.grad_column_bias, nullptr);
}

// A field with the kinds that have it. What it must be elsewhere shows in the message, and so does
// what it was.
struct Field {
  const char* name;
  std::vector<int32_t> kinds;
  std::function<void(Args&)> set;
  std::string got = "";  // of a number; empty: it is a pointer
};

const std::vector<int32_t> kMatrixKinds = {SSLCUDA_INFONCE, SSLCUDA_CLIP,      SSLCUDA_NTXENT,
                                           SSLCUDA_SUPCON,  SSLCUDA_SUPCON_IN, SSLCUDA_SIGLIP};
const std::vector<int32_t> kLseKinds = {SSLCUDA_INFONCE, SSLCUDA_CLIP,      SSLCUDA_NTXENT,
                                        SSLCUDA_SUPCON,  SSLCUDA_SUPCON_IN, SSLCUDA_SAMPLED};

TEST_F(ContrastiveRules, FieldsOfOtherKinds) {
  const std::vector<int32_t> infonce = {SSLCUDA_INFONCE}, siglip = {SSLCUDA_SIGLIP};
  const std::vector<int32_t> with_labels = {SSLCUDA_INFONCE, SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN};
  const std::vector<int32_t> clip = {SSLCUDA_CLIP}, with_margin = {SSLCUDA_INFONCE, SSLCUDA_CLIP};
  std::vector<int32_t> parts_with_lse = kLseKinds;
  parts_with_lse.pop_back();
  auto* const longs = input<const int64_t>();
  auto* const floats = input<const float>();
  auto* const out = output<float>();
  const Field fields[] = {
      {"labels", with_labels, [&](Args& a) { a.labels = longs; }},
      {"column_labels",
       {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN},
       [&](Args& a) { a.column_labels = longs; }},
      {"positives", infonce, [&](Args& a) { a.positives = floats, a.ld_positives = kWidth; }},
      {"negatives", with_margin, [&](Args& a) { a.negatives = floats, a.negatives_per_row = 1; }},
      {"indices", {SSLCUDA_SAMPLED}, [&](Args& a) { a.indices = longs; }},
      {"sampled", {SSLCUDA_SAMPLED}, [&](Args& a) { a.sampled = 2; }, "2"},
      {"row_ids", kMatrixKinds, [&](Args& a) { a.row_ids = a.column_ids = longs; }},
      {"mask", kMatrixKinds, [&](Args& a) { a.mask = input<const uint32_t>(), a.ld_mask = 1; }},
      {"margin", with_margin, [&](Args& a) { a.margin = 0.5f; }, "0.5"},
      {"bias", siglip, [&](Args& a) { a.bias = 1; }, "1"},
      {"bias_device", siglip, [&](Args& a) { a.bias_device = floats; }},
      {"column_bias", infonce, [&](Args& a) { a.column_bias = floats; }},
      {"smoothing", infonce, [&](Args& a) { a.smoothing = 0.1f; }, "0.1"},
      {"z_loss", infonce, [&](Args& a) { a.z_loss = 0.1f; }, "0.1"},
      {"total_rows", kMatrixKinds, [&](Args& a) { a.total_rows = kRows; }, "4"},
      {"total_columns", kMatrixKinds, [&](Args& a) { a.total_columns = kRows; }, "4"},
      {"given_row_lse", parts_with_lse, [&](Args& a) { a.given_row_lse = floats; }},
      {"given_column_lse", clip, [&](Args& a) { a.given_column_lse = floats; }},
      {"row_lse", kLseKinds, [&](Args& a) { a.row_lse = out; }},
      {"column_lse", clip, [&](Args& a) { a.column_lse = out; }},
      {"row_positive", kLseKinds, [&](Args& a) { a.row_positive = out; }},
      {"row_entropy", kLseKinds, [&](Args& a) { a.row_entropy = out; }},
      {"top1", kLseKinds, [&](Args& a) { a.top1 = out; }},
      {"grad_positives", {}, [&](Args& a) { a.grad_positives = out, a.ld_positives = kWidth; }},
      {"grad_negatives", {}, [&](Args& a) { a.grad_negatives = out; }},
      {"grad_bias", siglip, [&](Args& a) { a.grad_bias = out; }},
      {"grad_column_bias", infonce, [&](Args& a) { a.grad_column_bias = out; }},
  };
  for (const Field& field : fields) {
    for (int32_t kind = 0; kind < kKindCount; ++kind) {
      SCOPED_TRACE(field.name);
      Args args = valid(kind);
      field.set(args);
      const bool has = std::find(field.kinds.begin(), field.kinds.end(), kind) != field.kinds.end();
      if (has) {
        accepted(args);
      } else {
        const std::string must_be = field.got.empty() ? " must be NULL " : " must be 0 in ";
        refused(args, SSLCUDA_INVALID_VALUE, field.name + must_be);
        refused(args, SSLCUDA_INVALID_VALUE, ", got " + (field.got.empty() ? "0x" : field.got));
      }
    }
  }
}

TEST_F(ContrastiveRules, ShapesOfKinds) {
  Args args = valid(SSLCUDA_NTXENT);
  args.n = 3;
  refused(args, SSLCUDA_INVALID_SHAPE, "n must be even in NTXENT, two views of each sample, got 3");
  args.b = args.a, args.total_rows = 5, args.total_columns = 6;
  refused(args, SSLCUDA_INVALID_SHAPE, "total_rows must be even in NTXENT");
  args = valid(SSLCUDA_CLIP);
  args.m = 5;
  refused(args, SSLCUDA_INVALID_SHAPE, "m must be n = 4 in CLIP, got 5");
  args.total_columns = 7;
  refused(args, SSLCUDA_INVALID_SHAPE, "total_columns must be n = 4 in CLIP, got 7");
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_SIGLIP}) {
    args = valid(kind);
    args.m = 3;
    refused(args, SSLCUDA_INVALID_SHAPE, "m must be >= n = 4, as each row has its positive");
    refused(args, SSLCUDA_INVALID_SHAPE, "got 3");
    args.total_columns = 5, args.total_rows = 6;
    refused(args, SSLCUDA_INVALID_SHAPE, "total_columns must be >= total_rows = 6");
  }
  args = valid(SSLCUDA_INFONCE);
  args.m = 1;
  args.labels = input<const int64_t>();
  accepted(args);
  args.labels = nullptr;
  args.positives = input<const float>();
  args.ld_positives = kWidth;
  accepted(args);
  args.m = 0;
  args.b = nullptr;
  accepted(args);
  args.ld_positives = 1;
  refused(args, SSLCUDA_INVALID_STRIDE, "ld_positives must be >= d = 2, got 1");
}

TEST_F(ContrastiveRules, MaskStride) {
  Args args = valid(SSLCUDA_INFONCE);
  args.m = 33;
  args.b = input<const float>();
  args.mask = input<const uint32_t>();
  args.ld_mask = 1;
  refused(args, SSLCUDA_INVALID_STRIDE, "ld_mask must be >= ");
  args.ld_mask = 2;
  accepted(args);
}

TEST_F(ContrastiveRules, FieldsThatBelongTogether) {
  auto* const longs = input<const int64_t>();
  Args args = valid(SSLCUDA_INFONCE);
  args.row_ids = longs;
  refused(args, SSLCUDA_NULL_POINTER, "column_ids must not be NULL");
  args.row_ids = nullptr, args.column_ids = longs;
  refused(args, SSLCUDA_NULL_POINTER, "row_ids must not be NULL");
  args = valid(SSLCUDA_INFONCE);
  args.negatives_per_row = 2;
  refused(args, SSLCUDA_NULL_POINTER, "negatives must not be NULL");
  args.negatives_per_row = 0, args.negatives = longs;
  refused(args, SSLCUDA_INVALID_VALUE, "negatives must be NULL where negatives_per_row is 0");
  args = valid(SSLCUDA_INFONCE);
  args.labels = longs, args.positives = longs, args.ld_positives = kWidth;
  refused(args, SSLCUDA_INVALID_VALUE, "labels must be NULL where positives are given");
  args = valid(SSLCUDA_SUPCON);
  args.labels = nullptr;
  refused(args, SSLCUDA_NULL_POINTER, "labels must not be NULL");
  args = valid(SSLCUDA_SUPCON);
  args.column_labels = nullptr;
  refused(args, SSLCUDA_NULL_POINTER, "column_labels must not be NULL");
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_CLIP}) {
    args = valid(kind);
    args.grad_negatives = output<float>();
    refused(args, SSLCUDA_INVALID_VALUE, "grad_negatives must be NULL without negatives, got 0x");
  }
  args = valid(SSLCUDA_INFONCE);
  args.grad_positives = output<float>();
  refused(args, SSLCUDA_INVALID_VALUE, "grad_positives must be NULL without positives, got 0x");
}

TEST_F(ContrastiveRules, RowsAgainstOneAnother) {
  for (const int32_t kind : {SSLCUDA_NTXENT, SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN}) {
    Args args = valid(kind);
    args.b = nullptr, args.column_labels = nullptr;
    args.m = -1;  // not read
    accepted(args);
    refused_with(
        args, [&](Args& a) { a.grad_b = output<float>(); }, "grad_b must be NULL where b is NULL");
    refused_with(
        args, [&](Args& a) { a.total_rows = a.total_columns = kRows + 2; },
        "total_rows must be 0 where b is NULL, got 6");
    if (kind == SSLCUDA_NTXENT) continue;
    refused_with(
        args, [&](Args& a) { a.column_labels = input<const int64_t>(); },
        "column_labels must be NULL where b is NULL");
    refused_with(
        args, [&](Args& a) { a.total_columns = kRows + 2; },
        "total_columns must be 0 where b is NULL, got 6");
  }
}

// Smoothing spreads over all columns of b, so all of them must be there and count.
TEST_F(ContrastiveRules, Smoothing) {
  Args args = valid(SSLCUDA_INFONCE);
  args.smoothing = 0.1f;
  accepted(args);
  const auto no = [&](const std::function<void(Args&)>& set, const char* mentioned) {
    refused_with(args, set, mentioned);
  };
  no([&](Args& a) { a.mask = input<const uint32_t>(), a.ld_mask = 1; }, "mask must be NULL with");
  no([&](Args& a) { a.row_ids = a.column_ids = input<const int64_t>(); }, "row_ids must be NULL");
  no([&](Args& a) { a.margin = 1; }, "margin must be 0 with smoothing");
  no([&](Args& a) { a.negatives = input<const float>(), a.negatives_per_row = 1; },
     "negatives must be NULL with");
  no([&](Args& a) { a.positives = input<const float>(), a.ld_positives = kWidth; },
     "positives must be NULL with");
  no([&](Args& a) { a.total_columns = 5; }, "total_columns must be 0 with smoothing");
}

// What is read from memory may be anything in the struct.
TEST_F(ContrastiveRules, NumbersThatAreNotRead) {
  Args args = valid(SSLCUDA_SIGLIP);
  args.bias = std::nanf("");
  refused(args, SSLCUDA_INVALID_VALUE, "bias must be finite, got nan");
  args.bias_device = input<const float>();
  accepted(args);
  args.tau = -1;
  refused(args, SSLCUDA_INVALID_VALUE, "tau must be finite and > 0, got -1");
  args.log_scale = input<const float>();
  accepted(args);
}

// Contents that the CPU can see before it starts.
TEST_F(ContrastiveRules, Contents) {
  std::array<int64_t, kRows> labels = {0, 1, 4, 2};
  Args args = valid(SSLCUDA_INFONCE);
  args.labels = labels.data();
  refused(args, SSLCUDA_INVALID_VALUE, "labels[2] must be in 0..3");
  refused(args, SSLCUDA_INVALID_VALUE, "got 4");
  args.ignore_index = 4;
  accepted(args);
  for (const float weight : {-1.0f, std::nanf(""), HUGE_VALF}) {
    const std::array<float, kRows> weights = {1, 2, weight, 1};
    args = valid(SSLCUDA_CLIP);
    args.weights = weights.data();
    refused(args, SSLCUDA_INVALID_VALUE, "weights[2] must be finite and >= 0");
  }
  std::array<int64_t, 2 * kRows> indices = {0, 1, 2, 3, 0, -1};
  args = valid(SSLCUDA_SAMPLED);
  args.indices = indices.data();
  refused(args, SSLCUDA_INVALID_VALUE, "indices[2,1] must be in 0..3, got -1");
}

}  // namespace
}  // namespace sslcuda::test
