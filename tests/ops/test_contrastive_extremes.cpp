// test_contrastive_extremes.cpp - sslcuda_contrastive where numbers are hard: solved rows, equal
// rows, huge and tiny ones, rows that do not count, NaN.
#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class ContrastiveExtremes : public ContrastiveTest {
 protected:
  static void expect_finite(const Outputs& outputs) {
    for (const auto& [name, values] : outputs) {
      const auto count = static_cast<int64_t>(values.size());
      EXPECT_FALSE(count > 0 && row_spoilt(values, count, 0)) << name;
    }
  }
  // Nothing counts: loss and gradients are 0.
  void expect_zero(const ContrastiveInput& in, int32_t dtype) const {
    SCOPED_TRACE(describe(in, dtype));
    const Outputs actual = run(context(), in, {.dtype = dtype});
    for (const auto& [name, values] : actual) {
      const bool is_zero = name.find("loss") != std::string::npos || name.rfind("grad_", 0) == 0;
      if (!is_zero && name != "top1") continue;
      EXPECT_EQ(values, Floats(values.size(), 0)) << name;
    }
  }
};

// Partners agree, so p - 1 is the difference of nearly equal numbers. Where both sides are one
// tensor, its second half is a noisy copy of the first.
TEST_P(ContrastiveExtremes, NearConvergedRowsAtTau001) {
  for_each(64, 64, 32, [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 0.01f;
    const Floats noise = normal(64 * 32, 5, 0.02f);
    const int64_t shift = in.self() ? 32 * 32 : 0;
    Floats copy = narrow(in.a);
    for (size_t k = shift; k < copy.size(); ++k) copy[k] = copy[k - shift] + noise[k];
    (in.self() ? in.a : in.b) = unit_rows(dtype, 64, 32, copy);
    if (in.self()) in.labels = in.labels.empty() ? Integers{} : Integers(64);
    for (size_t i = 0; i < in.labels.size(); ++i) in.labels[i] = static_cast<int64_t>(i % 32);
    expect_match(in, {.dtype = dtype});
    expect_finite(run(context(), in, {.dtype = dtype}));
  });
}

// All scores are equal, and equal columns are positives too.
TEST_P(ContrastiveExtremes, EqualRows) {
  for_each(34, 34, 16, [&](ContrastiveInput in, int32_t dtype) {
    for (size_t k = 0; k < in.a.size(); ++k) in.a[k] = static_cast<double>(k % 16) / 8 - 1;
    if (!in.b.empty()) in.b = in.a;
    if (!in.labels.empty()) in.labels.assign(in.labels.size(), 1);
    expect_match(in, {.dtype = dtype});
    if (in.kind != SSLCUDA_SIGLIP) {
      EXPECT_EQ(run(context(), in, {.dtype = dtype}).at("top1"), Floats{1});
    }
  });
}

// Unit rows come from rows of any length; a zero row scores 0 and has gradient 0.
TEST_P(ContrastiveExtremes, TinyHugeAndZeroRows) {
  for_each(34, 40, 33, [&](ContrastiveInput in, int32_t dtype) {
    in.normalize = true;
    const bool narrow_range = dtype == SSLCUDA_F16;
    const float tiny = narrow_range ? 1e-3f : 1e-30f, huge = narrow_range ? 1e4f : 1e29f;
    const auto rows = [&](int64_t count, uint64_t seed) {
      Floats x = normal(count * in.d, seed);
      for (int64_t k = 0; k < in.d; ++k) {
        x[k] *= tiny;
        x[in.d + k] *= huge;
        x[2 * in.d + k] = 0;
        x[(count - 1) * in.d + k] *= tiny;
        x[(count - 2) * in.d + k] *= huge;
      }
      return wide(rounded(dtype, x));
    };
    in.a = rows(in.n, 1);
    if (!in.b.empty()) in.b = rows(in.m, 2);
    expect_match(in, {.dtype = dtype});
    const Floats grad_a = run(context(), in, {.dtype = dtype}).at("grad_a");
    EXPECT_EQ(row_of(grad_a, in.d, 2), Floats(in.d, 0));
  });
}

TEST_P(ContrastiveExtremes, ScoresOf1e4) {
  for_each(34, 40, 32, [&](ContrastiveInput in, int32_t dtype) {
    in.tau = 1;
    in.a = wide(rounded(dtype, normal(in.n * in.d, 1, 40)));
    if (!in.b.empty()) in.b = wide(rounded(dtype, normal(in.m * in.d, 2, 40)));
    expect_match(in, {.dtype = dtype});
    expect_finite(run(context(), in, {.dtype = dtype}));
  });
}

// Scores of 8192 and -8192, exact in every storage type.
TEST_P(ContrastiveExtremes, RightAndWrongBy16384) {
  for (const int32_t dtype : kDTypes) {
    ContrastiveInput in{SSLCUDA_INFONCE, 2, 3, 1, {1, 1}, {8192, -8192, -8192}};
    in.labels = {0, 1};
    const Outputs actual = run(context(), in, {.dtype = dtype});
    EXPECT_EQ(actual.at("row_loss"), (Floats{0, 16384}));
    EXPECT_EQ(actual.at("loss"), Floats{8192});
    EXPECT_EQ(actual.at("row_lse"), (Floats{8192, 8192}));
    EXPECT_EQ(actual.at("row_entropy"), (Floats{0, 0}));
    EXPECT_EQ(actual.at("top1"), Floats{0.5f});
    EXPECT_EQ(actual.at("grad_a"), (Floats{0, 8192}));
    EXPECT_EQ(actual.at("grad_b"), (Floats{0.5f, -0.5f, 0}));
  }
}

TEST_P(ContrastiveExtremes, NoRowCounts) {
  for_each(34, 34, 20, [&](ContrastiveInput in, int32_t dtype) {
    ContrastiveInput unweighted = in;
    unweighted.weights.assign(in.n, 0);
    expect_zero(unweighted, dtype);
    const bool has_labels = !in.labels.empty() || in.kind == SSLCUDA_INFONCE;
    if (!has_labels) return;
    in.labels.assign(in.n, in.ignore_index);
    expect_zero(in, dtype);
    if (!in.within_a()) return;
    for (int64_t i = 0; i < in.n; ++i) in.labels[i] = i;  // no row has a positive
    expect_zero(in, dtype);
  });
}

TEST_P(ContrastiveExtremes, RowsWithoutAPositive) {
  constexpr int32_t kSupCon[] = {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN};
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    for (int64_t i = 0; i < in.n; ++i) in.labels[i] = i % 5 == 0 ? 100 + i : i % 3;
    expect_match(in, {.dtype = dtype});
    const Outputs actual = run(context(), in, {.dtype = dtype});
    EXPECT_EQ(actual.at("row_loss")[5], 0);
    EXPECT_EQ(actual.at("row_positive")[5], 0);
  };
  for_each(34, 34, 20, check, kSupCon);
}

// Kinds whose rows have to do with each other only by their columns.
constexpr int32_t kOneSided[] = {SSLCUDA_INFONCE, SSLCUDA_SIGLIP, SSLCUDA_SAMPLED};

// Row `spoilt` is NaN, all others are as they were.
void expect_row_alone(const ContrastiveInput& in, const Outputs& actual, const Outputs& before,
                      int64_t spoilt) {
  expect_other_rows_equal("row_loss", actual.at("row_loss"), before.at("row_loss"), 1, spoilt);
  expect_other_rows_equal("grad_a", actual.at("grad_a"), before.at("grad_a"), in.d, spoilt);
  EXPECT_TRUE(std::isnan(actual.at("row_loss")[spoilt]) && std::isnan(actual.at("loss")[0]));
  const Floats grad = row_of(actual.at("grad_a"), in.d, spoilt);
  EXPECT_TRUE(std::all_of(grad.begin(), grad.end(), [](float g) { return std::isnan(g); }));
}

TEST_P(ContrastiveExtremes, SpoiltRowsStayAlone) {
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    SCOPED_TRACE(describe(in, dtype));
    const Outputs before = run(context(), in, {.dtype = dtype});
    for (const float value : {kNaN, kInf}) {
      if (value == kInf && in.kind != SSLCUDA_INFONCE) continue;  // single scores may be -infinity
      in.a[12 * in.d + 5] = value;
      const Outputs after = run(context(), in, {.dtype = dtype});
      expect_row_alone(in, after, before, 12);
      EXPECT_TRUE(std::isnan(after.at("grad_temperature")[0]));
    }
  };
  for_each(33, 65, 20, check, kOneSided);
}

TEST_P(ContrastiveExtremes, ASpoiltColumnReachesTheRowsThatSampleIt) {
  constexpr int32_t kSampledOnly[] = {SSLCUDA_SAMPLED};
  constexpr int64_t kSpoilt = 7;
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    SCOPED_TRACE(describe(in, dtype));
    const Outputs before = run(context(), in, {.dtype = dtype});
    in.b[kSpoilt * in.d + 5] = kNaN;
    const Outputs after = run(context(), in, {.dtype = dtype});
    const auto of_row = static_cast<int64_t>(in.indices.size()) / in.n;
    for (int64_t i = 0; i < in.n; ++i) {
      const auto* const first = in.indices.data() + i * of_row;
      const bool samples = std::find(first, first + of_row, kSpoilt) != first + of_row;
      const Floats grad = row_of(after.at("grad_a"), in.d, i);
      EXPECT_EQ(std::isnan(after.at("row_loss")[i]), samples) << i;
      if (samples) {
        EXPECT_TRUE(std::isnan(grad[5])) << i;
      } else {
        EXPECT_EQ(grad, row_of(before.at("grad_a"), in.d, i)) << i;
      }
    }
  };
  for_each(33, 65, 20, check, kSampledOnly);
}

// A row without weight changes nothing; in CLIP if its pairs are masked, since columns sum over it.
TEST_P(ContrastiveExtremes, RowsThatDoNotCountMayBeNaN) {
  constexpr int32_t kClipOnly[] = {SSLCUDA_CLIP};
  constexpr int64_t kIdle = 12;
  const auto check = [&](ContrastiveInput in, int32_t dtype) {
    SCOPED_TRACE(describe(in, dtype));
    Names wanted = {"loss", "row_loss", "grad_temperature"};
    if (in.kind != SSLCUDA_CLIP) wanted.insert("grad_a");
    in.weights.assign(in.n, 1);
    in.weights[kIdle] = 0;
    for (int64_t k = 0; in.kind == SSLCUDA_CLIP && k < in.n * in.m; ++k) {
      in.mask.push_back(k / in.m == kIdle || k % in.m == kIdle);
    }
    const Outputs before = run(context(), in, {.dtype = dtype, .wanted = wanted});
    in.a[kIdle * in.d + 5] = kNaN;
    const Outputs after = run(context(), in, {.dtype = dtype, .wanted = wanted});
    expect_finite(after);
    EXPECT_TRUE(same_bits(joined(after), joined(before)));
  };
  for_each(33, 65, 20, check, kOneSided);
  for_each(33, 33, 20, check, kClipOnly);
}

// Refused where they can be seen in time.
TEST_P(ContrastiveExtremes, BadLabels) {
  for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16}) {
    ContrastiveInput in = contrastive_input(SSLCUDA_INFONCE, dtype, 9, 7, 20);
    const Outputs before = run(context(), in, {.dtype = dtype});
    for (const int64_t label : {int64_t{-1}, int64_t{7}, INT64_MAX, INT64_MIN}) {
      in.labels[3] = label;
      const PreparedCall call(context(), in, {.dtype = dtype});
      if (on_cpu()) {
        EXPECT_EQ(call(), SSLCUDA_INVALID_VALUE);
        const std::string message = last_message(context());
        EXPECT_NE(message.find("labels[3]"), std::string::npos) << message;
        EXPECT_NE(message.find(std::to_string(label)), std::string::npos) << message;
      }
      Graph(context(), call).launch();
      expect_row_alone(in, call.download(), before, 3);
    }
  }
}

TEST_P(ContrastiveExtremes, BadIndices) {
  ContrastiveInput in = contrastive_input(SSLCUDA_SAMPLED, SSLCUDA_F32, 9, 7, 20);
  const Outputs before = run(context(), in);
  for (const int64_t at : {0, 4}) {
    for (const int64_t index : {int64_t{-1}, int64_t{7}, INT64_MAX, INT64_MIN}) {
      ContrastiveInput bad = in;
      bad.indices[3 * in.sampled + at] = index;
      const PreparedCall call(context(), bad, {});
      if (on_cpu()) {
        EXPECT_EQ(call(), SSLCUDA_INVALID_VALUE);
        const std::string name = "indices[3," + std::to_string(at) + "]";
        EXPECT_NE(last_message(context()).find(name), std::string::npos);
      }
      Graph(context(), call).launch();
      expect_row_alone(in, call.download(), before, 3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ContrastiveExtremes, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
