// test_contrastive_rules.cpp - what sslcuda_contrastive_args must hold beyond what holds for every
// op: fields belong to kinds, and some of them to one another.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

using Args = sslcuda_contrastive_args;

constexpr int32_t kKindCount = SSLCUDA_SAMPLED + 1;
constexpr const char* kNames[kKindCount] = {"INFONCE",   "CLIP",   "NTXENT", "SUPCON",
                                            "SUPCON_IN", "SIGLIP", "SAMPLED"};
constexpr int64_t kRows = 4, kWidth = 2;

class ContrastiveRules : public testing::Test {
 protected:
  // A valid call of that kind on kRows rows on both sides. Every pointer of a test may point at
  // inputs_, which is large enough for all of them.
  Args valid(int32_t kind) {
    Args args = SSLCUDA_CONTRASTIVE_INIT;
    args.kind = kind;
    args.n = args.m = kRows;
    args.d = args.lda = args.ldb = kWidth;
    args.a = inputs_.data();
    args.b = kind == SSLCUDA_NTXENT ? nullptr : inputs_.data();
    if (kind == SSLCUDA_SUPCON || kind == SSLCUDA_SUPCON_IN) {
      args.labels = args.column_labels = inputs_.data();
    }
    if (kind == SSLCUDA_SAMPLED) {
      args.indices = inputs_.data();
      args.sampled = 2;
    }
    args.grad_a = outputs_.data();
    return args;
  }
  template <class T>
  T* input() {
    return reinterpret_cast<T*>(inputs_.data());
  }
  template <class T>
  T* output() {
    return reinterpret_cast<T*>(outputs_.data() + 16);
  }

  void refused(const Args& args, sslcuda_status status, const std::string& mentioned) {
    SCOPED_TRACE(kNames[args.kind]);
    const auto before = outputs_;
    EXPECT_STREQ(sslcuda_status_name(sslcuda_contrastive(context_, SSLCUDA_F32, &args)),
                 sslcuda_status_name(status));
    const std::string message = last_message(context_);
    EXPECT_EQ(message.rfind("sslcuda_contrastive: ", 0), 0u) << message;
    EXPECT_NE(message.find(mentioned), std::string::npos) << message << " lacks " << mentioned;
    EXPECT_EQ(outputs_, before) << "written";
  }
  void accepted(const Args& args) {
    EXPECT_EQ(sslcuda_contrastive(context_, SSLCUDA_F32, &args), SSLCUDA_OK)
        << kNames[args.kind] << ": " << last_message(context_);
  }

  std::array<int64_t, 64> inputs_{};  // also zeros of every other type
  std::array<int64_t, 64> outputs_{};
  Context context_{SSLCUDA_DEVICE_CPU};
};

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

// A field with the kinds that have it.
struct Field {
  const char* name;
  std::vector<int32_t> kinds;
  std::function<void(Args&)> set;
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
      {"sampled", {SSLCUDA_SAMPLED}, [&](Args& a) { a.sampled = 2; }},
      {"row_ids", kMatrixKinds, [&](Args& a) { a.row_ids = a.column_ids = longs; }},
      {"mask", kMatrixKinds, [&](Args& a) { a.mask = input<const uint32_t>(), a.ld_mask = 1; }},
      {"margin", with_margin, [&](Args& a) { a.margin = 0.5f; }},
      {"bias", siglip, [&](Args& a) { a.bias = 1; }},
      {"bias_device", siglip, [&](Args& a) { a.bias_device = floats; }},
      {"column_bias", infonce, [&](Args& a) { a.column_bias = floats; }},
      {"smoothing", infonce, [&](Args& a) { a.smoothing = 0.1f; }},
      {"z_loss", infonce, [&](Args& a) { a.z_loss = 0.1f; }},
      {"total_rows", kMatrixKinds, [&](Args& a) { a.total_rows = kRows; }},
      {"total_columns", kMatrixKinds, [&](Args& a) { a.total_columns = kRows; }},
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
        refused(args, SSLCUDA_INVALID_VALUE, std::string(field.name) + " must be 0");
      }
    }
  }
}

TEST_F(ContrastiveRules, ShapesOfKinds) {
  Args args = valid(SSLCUDA_NTXENT);
  args.n = 3;
  refused(args, SSLCUDA_INVALID_SHAPE, "n must be even");
  args = valid(SSLCUDA_CLIP);
  args.m = 5;
  refused(args, SSLCUDA_INVALID_SHAPE, "m must be n = 4 in CLIP, got 5");
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_SIGLIP}) {
    args = valid(kind);
    args.m = 3;
    refused(args, SSLCUDA_INVALID_SHAPE, "as many columns as rows");
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
  refused(args, SSLCUDA_INVALID_VALUE, "negatives must be 0 where negatives_per_row is 0");
  args = valid(SSLCUDA_INFONCE);
  args.labels = longs, args.positives = longs, args.ld_positives = kWidth;
  refused(args, SSLCUDA_INVALID_VALUE, "labels must be 0 where positives are given");
  args = valid(SSLCUDA_SUPCON);
  args.labels = nullptr;
  refused(args, SSLCUDA_NULL_POINTER, "labels must not be NULL");
  args = valid(SSLCUDA_SUPCON);
  args.column_labels = nullptr;
  refused(args, SSLCUDA_NULL_POINTER, "column_labels must not be NULL");
  args = valid(SSLCUDA_NTXENT);
  args.grad_b = output<float>();
  refused(args, SSLCUDA_INVALID_VALUE, "grad_b must be 0 where b is NULL");
}

// Smoothing spreads over all columns of b, so all of them must be there and count.
TEST_F(ContrastiveRules, Smoothing) {
  Args args = valid(SSLCUDA_INFONCE);
  args.smoothing = 0.1f;
  accepted(args);
  Args with = args;
  with.mask = input<const uint32_t>(), with.ld_mask = 1;
  refused(with, SSLCUDA_INVALID_VALUE, "mask");
  with = args;
  with.margin = 1;
  refused(with, SSLCUDA_INVALID_VALUE, "margin");
  with = args;
  with.negatives = input<const float>(), with.negatives_per_row = 1;
  refused(with, SSLCUDA_INVALID_VALUE, "negatives");
  with = args;
  with.total_columns = 5;
  refused(with, SSLCUDA_INVALID_VALUE, "total_columns");
}

TEST_F(ContrastiveRules, PlacesOfAPart) {
  for (const auto& [name, field] :
       {std::pair("first_row", &Args::first_row), std::pair("first_column", &Args::first_column),
        std::pair("total_rows", &Args::total_rows),
        std::pair("total_columns", &Args::total_columns),
        std::pair("negatives_per_row", &Args::negatives_per_row)}) {
    Args args = valid(SSLCUDA_INFONCE);
    args.*field = -1;
    refused(args, SSLCUDA_INVALID_SHAPE, std::string(name) + " must be >= 0, got -1");
  }
  Args args = valid(SSLCUDA_SIGLIP);
  args.total_rows = args.total_columns = 10;
  for (const int64_t far : {int64_t{7}, INT64_MAX}) {
    args.first_row = far;
    refused(args, SSLCUDA_INVALID_SHAPE, "first_row + n must be <= total_rows = 10");
    args.first_row = 0, args.first_column = far;
    refused(args, SSLCUDA_INVALID_SHAPE, "first_column + m must be <= total_columns = 10");
    args.first_column = 0;
  }
  args.first_row = args.first_column = 6;
  accepted(args);
  for (const int32_t kind : {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN}) {
    args = valid(kind);
    args.total_columns = 10;
    refused(args, SSLCUDA_INVALID_VALUE, "total_columns must be 0");
  }
}

TEST_F(ContrastiveRules, WhatAPartCanTell) {
  Args part = valid(SSLCUDA_INFONCE);
  part.total_columns = 10;
  refused(part, SSLCUDA_NULL_POINTER, "given_row_lse must not be NULL");
  part.given_row_lse = input<const float>();
  accepted(part);
  part.grad_a = nullptr;
  for (const auto& [name, field] :
       {std::pair("loss", &Args::loss), std::pair("row_loss", &Args::row_loss),
        std::pair("row_lse", &Args::row_lse), std::pair("row_positive", &Args::row_positive),
        std::pair("row_entropy", &Args::row_entropy), std::pair("top1", &Args::top1)}) {
    Args args = part;
    args.*field = output<float>();
    refused(args, SSLCUDA_INVALID_VALUE, std::string(name) + " must be 0");
  }
  part.given_row_lse = nullptr;
  part.row_lse = output<float>();
  accepted(part);

  Args clip = valid(SSLCUDA_CLIP);
  clip.total_rows = clip.total_columns = 10;
  clip.given_row_lse = input<const float>();
  refused(clip, SSLCUDA_NULL_POINTER, "given_column_lse must not be NULL");
  clip.given_column_lse = input<const float>();
  accepted(clip);
  Args args = clip;
  args.weights = input<const float>();
  refused(args, SSLCUDA_INVALID_VALUE, "weights must be 0");
  args = clip;
  args.margin = 1;
  refused(args, SSLCUDA_INVALID_VALUE, "margin must be 0");
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
