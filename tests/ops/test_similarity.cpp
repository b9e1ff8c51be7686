// test_similarity.cpp - sslcuda_similarity_forward and _backward.
#include "tests/ops/number.hpp"
#include "tests/reference/similarity.hpp"

namespace sslcuda::test {
namespace {

using reference::SimilarityShape;

class Similarity : public OpTest {};

struct Options {
  int64_t padding = 0;  // elements from the end of a row to the next; twice that for b
  bool tau_in_memory = false;
  bool grad_a = true, grad_b = true, grad_tau = true;
  int32_t dtype = SSLCUDA_F32;
};

constexpr SimilarityShape kShapes[] = {
    {1, 1, 1, false, 1},        {2, 3, 7, true, 0.5},       {7, 1, 31, false, 0.1},
    {31, 33, 2, true, 0.07},    {33, 65, 64, false, 2},     {65, 129, 33, true, 0.1},
    {129, 64, 257, false, 0.3}, {127, 257, 65, true, 0.01}, {257, 31, 33, true, 0.2},
    {5, 6, 10, false, 1},
};

// tau as float32 sees it.
SimilarityShape with_float_tau(SimilarityShape s) {
  s.tau = static_cast<float>(s.tau);
  return s;
}

Floats forward(const Context& context, const SimilarityShape& s, const Floats& a, const Floats& b,
               const Options& o = {}) {
  const int64_t lda = s.d + o.padding, ldb = lda + o.padding, lds = s.m + o.padding;
  const Tensor da(context, o.dtype, s.n, s.d, lda, a), db(context, o.dtype, s.m, s.d, ldb, b);
  const Buffer<float> tau(context, {static_cast<float>(s.tau)});
  const Tensor scores(context, o.dtype, s.n, s.m, lds);
  context.run([&] {
    return sslcuda_similarity_forward(context, o.dtype, s.n, s.m, s.d, da, lda, db, ldb,
                                      s.normalize, o.tau_in_memory ? -1 : static_cast<float>(s.tau),
                                      if_wanted(o.tau_in_memory, tau), scores, lds);
  });
  return scores.download();
}

struct Gradients {
  Floats a, b, tau;
};

Gradients backward(const Context& context, const SimilarityShape& s, const Floats& a,
                   const Floats& b, const Floats& grad_s, const Options& o = {}) {
  const int64_t lda = s.d + o.padding, ldb = lda + o.padding, lds = s.m + o.padding;
  const Tensor da(context, o.dtype, s.n, s.d, lda, a), db(context, o.dtype, s.m, s.d, ldb, b),
      ds(context, o.dtype, s.n, s.m, lds, grad_s);
  const Buffer<float> tau(context, {static_cast<float>(s.tau)}), grad_tau(context, 1);
  const Tensor grad_a(context, o.dtype, s.n, s.d, lda), grad_b(context, o.dtype, s.m, s.d, ldb);
  context.run([&] {
    return sslcuda_similarity_backward(
        context, o.dtype, s.n, s.m, s.d, da, lda, db, ldb, s.normalize,
        o.tau_in_memory ? kNaN : static_cast<float>(s.tau), if_wanted(o.tau_in_memory, tau), ds,
        lds, if_wanted(o.grad_a, grad_a), if_wanted(o.grad_b, grad_b),
        if_wanted(o.grad_tau, grad_tau));
  });
  return {grad_a.download(), grad_b.download(), grad_tau.download()};
}

// Scales a gradient's S through the normalisation: (S + |y| <|y|, S>) / |x|.
Vector normalized_scale(int64_t n, int64_t d, const Vector& x, const Vector& scale) {
  const auto unit = reference::l2_normalize_forward(n, d, x);
  Vector result = scale;
  for (int64_t i = 0; i < n; ++i) {
    double along = 0;
    for (int64_t k = i * d; k < (i + 1) * d; ++k) along += std::fabs(unit.y[k]) * scale[k];
    for (int64_t k = i * d; k < (i + 1) * d; ++k) {
      result[k] = (scale[k] + std::fabs(unit.y[k]) * along) / unit.norms[i];
    }
  }
  return result;
}

constexpr double kRoundings = 16;  // of unit rows, 1 / tau and the way back through |x|

void expect_gradients(const SimilarityShape& s, const Floats& a, const Floats& b,
                      const Floats& grad_s, const Gradients& actual, const Options& o = {}) {
  const Vector wa = wide(a), wb = wide(b), g = wide(grad_s);
  const auto expected = similarity_backward(s, wa, wb, g);
  const Vector ua =
      reference::absolute(s.normalize ? reference::l2_normalize_forward(s.n, s.d, wa).y : wa);
  const Vector ub =
      reference::absolute(s.normalize ? reference::l2_normalize_forward(s.m, s.d, wb).y : wb);
  auto scale = scores_backward(s, ua, ub, reference::absolute(g));
  if (s.normalize) {
    scale.a = normalized_scale(s.n, s.d, wa, scale.a);
    scale.b = normalized_scale(s.m, s.d, wb, scale.b);
  }
  // Unit rows are rounded where they are a factor, and on the way back through the norm.
  const double inexact = s.normalize && is_16_bit(o.dtype) ? 3 * storage_roundoff(o.dtype) : 0;
  if (o.grad_a) {
    expect_within(
        "grad_a", actual.a, expected.a,
        stored_sum_tolerance(o.dtype, s.m + s.d, scale.a, expected.a, kRoundings, inexact));
  }
  if (o.grad_b) {
    expect_within(
        "grad_b", actual.b, expected.b,
        stored_sum_tolerance(o.dtype, s.n + s.d, scale.b, expected.b, kRoundings, inexact));
  }
  if (o.grad_tau) {
    const Vector size = {std::fabs(scale.tau)};
    const double tolerance = sum_tolerance(s.m + s.d, size, kRoundings)[0];
    expect_near("grad_tau", actual.tau[0], expected.tau,
                tolerance + (product_roundoff(o.dtype) + inexact) * size[0]);
  }
}

void expect_scores(const SimilarityShape& s, const Floats& a, const Floats& b, const Floats& actual,
                   int32_t dtype = SSLCUDA_F32) {
  Vector wa = wide(a), wb = wide(b);
  if (s.normalize) {
    wa = reference::l2_normalize_forward(s.n, s.d, wa).y;
    wb = reference::l2_normalize_forward(s.m, s.d, wb).y;
  }
  const Vector scale = scores(s, reference::absolute(wa), reference::absolute(wb));
  const Vector expected = scores(s, wa, wb);
  expect_within("s", actual, expected,
                stored_sum_tolerance(dtype, s.d, scale, expected, kRoundings));
}

TEST_P(Similarity, MatchesReference) {
  for (const SimilarityShape& shape : kShapes) {
    const SimilarityShape s = with_float_tau(shape);
    const Floats a = normal(s.n * s.d, 1), b = normal(s.m * s.d, 2), g = normal(s.n * s.m, 3);
    for (const Options& o : {Options{}, Options{1, true}, Options{6}}) {
      SCOPED_TRACE(std::to_string(s.n) + " x " + std::to_string(s.m) + " x " + std::to_string(s.d) +
                   ", padding " + std::to_string(o.padding));
      expect_scores(s, a, b, forward(context(), s, a, b, o));
      expect_gradients(s, a, b, g, backward(context(), s, a, b, g, o), o);
    }
  }
}

TEST_P(Similarity, EveryDType) {
  for (const SimilarityShape& shape :
       {SimilarityShape{2, 3, 7, true, 0.5}, {33, 65, 64, false, 2}, {65, 31, 33, true, 0.1}}) {
    const SimilarityShape s = with_float_tau(shape);
    for (const int32_t dtype : {SSLCUDA_TF32, SSLCUDA_BF16, SSLCUDA_F16}) {
      SCOPED_TRACE(std::to_string(s.n) + " rows, " + dtype_name(dtype));
      const Floats a = rounded(dtype, normal(s.n * s.d, 1)),
                   b = rounded(dtype, normal(s.m * s.d, 2)),
                   g = rounded(dtype, normal(s.n * s.m, 3));
      for (Options o : {Options{}, Options{1, true}}) {
        o.dtype = dtype;
        expect_scores(s, a, b, forward(context(), s, a, b, o), dtype);
        expect_gradients(s, a, b, g, backward(context(), s, a, b, g, o), o);
        o.grad_tau = false;
        expect_gradients(s, a, b, g, backward(context(), s, a, b, g, o), o);
      }
    }
  }
}

TEST_P(Similarity, EverySubsetOfGradients) {
  for (const bool normalize : {false, true}) {
    const SimilarityShape s = with_float_tau({33, 65, 31, normalize, 0.3});
    const Floats a = normal(s.n * s.d, 1), b = normal(s.m * s.d, 2), g = normal(s.n * s.m, 3);
    for (int subset = 0; subset < 8; ++subset) {
      SCOPED_TRACE(subset);
      const Options o{3, false, (subset & 1) != 0, (subset & 2) != 0, (subset & 4) != 0};
      expect_gradients(s, a, b, g, backward(context(), s, a, b, g, o), o);
    }
  }
}

TEST_P(Similarity, IntegersAreExact) {
  const SimilarityShape s{65, 33, 257, false, 0.5};
  const Floats a = integers(s.n * s.d, 1, 8), b = integers(s.m * s.d, 2, 8),
               g = integers(s.n * s.m, 3, 8);
  EXPECT_EQ(wide(forward(context(), s, a, b)), similarity_forward(s, wide(a), wide(b)));
  const Gradients actual = backward(context(), s, a, b, g);
  const auto expected = similarity_backward(s, wide(a), wide(b), wide(g));
  EXPECT_EQ(wide(actual.a), expected.a);
  EXPECT_EQ(wide(actual.b), expected.b);
}

TEST_P(Similarity, BothSidesMayBeOneTensor) {
  const SimilarityShape s = with_float_tau({33, 33, 65, true, 0.1});
  const Floats a = normal(s.n * s.d, 1);
  const Buffer<float> da(context(), a), scores(context(), s.n * s.n);
  context().run([&] {
    return sslcuda_similarity_forward(context(), SSLCUDA_F32, s.n, s.n, s.d, da, s.d, da, s.d, 1,
                                      0.1f, nullptr, scores, s.n);
  });
  expect_scores(s, a, a, scores.download());
}

// Unit rows come from rows of any length that the type has; a zero row scores 0 and has gradient 0.
TEST_P(Similarity, TinyHugeAndZeroRows) {
  const SimilarityShape s = with_float_tau({7, 5, 33, true, 0.1});
  for (const int32_t dtype : kDTypes) {
    const float tiny = dtype == SSLCUDA_F16 ? 0x1p-20f : 1e-30f;
    const float huge = dtype == SSLCUDA_F16 ? 1e4f : 1e29f;
    Floats a = normal(s.n * s.d, 1), b = normal(s.m * s.d, 2);
    for (int64_t k = 0; k < s.d; ++k) {
      a[k] *= tiny;
      a[s.d + k] *= huge;
      a[2 * s.d + k] = 0;
      b[k] *= tiny;
      b[s.d + k] *= huge;
    }
    a = rounded(dtype, a);
    b = rounded(dtype, b);
    Options o;
    o.dtype = dtype;
    expect_scores(s, a, b, forward(context(), s, a, b, o), dtype);
    const Gradients grad = backward(context(), s, a, b, rounded(dtype, normal(s.n * s.m, 3)), o);
    EXPECT_EQ(row_of(grad.a, s.d, 2), Floats(s.d, 0));
    EXPECT_FALSE(row_spoilt(grad.a, s.d, 1)) << dtype_name(dtype);
    EXPECT_TRUE(dtype == SSLCUDA_F16 || !row_spoilt(grad.b, s.d, 0));  // 1 / norm is too large
  }
}

TEST_P(Similarity, SpoiltRowsStayAlone) {
  for (const bool normalize : {false, true}) {
    for (const float value : {kNaN, kInf}) {
      const SimilarityShape s = with_float_tau({33, 31, 65, normalize, 0.1});
      Floats a = normal(s.n * s.d, 1), g = normal(s.n * s.m, 3);
      const Floats b = normal(s.m * s.d, 2);
      const Floats scores = forward(context(), s, a, b);
      const Gradients grad = backward(context(), s, a, b, g);
      a[9 * s.d + 2] = value;
      expect_other_rows_equal("s", forward(context(), s, a, b), scores, s.m, 9);
      EXPECT_TRUE(row_spoilt(forward(context(), s, a, b), s.m, 9));
      g[9 * s.m + 4] = value;
      const Gradients spoilt = backward(context(), s, a, b, g);
      expect_other_rows_equal("grad_a", spoilt.a, grad.a, s.d, 9);
      EXPECT_TRUE(row_spoilt(spoilt.a, s.d, 9));
    }
  }
}

TEST_P(Similarity, NoRows) {
  EXPECT_TRUE(forward(context(), {0, 2, 3, false, 1}, {}, Floats(6)).empty());
  EXPECT_TRUE(forward(context(), {2, 0, 3, true, 1}, Floats(6), {}).empty());
}

TEST_P(Similarity, IsRepeatable) {
  const SimilarityShape s = with_float_tau({129, 257, 65, true, 0.1});
  const Floats a = normal(s.n * s.d, 1), b = normal(s.m * s.d, 2), g = normal(s.n * s.m, 3);
  expect_repeatable([&](const Context& c) {
    const Gradients grad = backward(c, s, a, b, g);
    return joined(joined(forward(c, s, a, b), grad.a), joined(grad.b, grad.tau));
  });
}

INSTANTIATE_TEST_SUITE_P(, Similarity, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
