// test_matmul.cpp - sslcuda_matmul: every dtype, transpose and kind of edge.
#include "tests/ops/number.hpp"
#include "tests/reference/matmul.hpp"

namespace sslcuda::test {
namespace {

using reference::MatmulShape;

class Matmul : public OpTest {};

// Small ones, edges of tiles and slices, few results with long sums.
constexpr MatmulShape kShapes[] = {
    {1, 1, 1},    {2, 7, 31},   {7, 2, 1},     {31, 65, 2},  {64, 64, 64},   {65, 31, 7},
    {63, 129, 1}, {127, 1, 65}, {129, 130, 5}, {1, 257, 64}, {130, 65, 257}, {2, 3, 1030},
};

struct Options {
  int64_t padding = 0;  // elements from the end of a row of a and c to the next; twice that for b
  float alpha = 1, beta = 0;
  int64_t multiple = 1;  // what lda and ldb are rounded up to
};

int64_t rounded_up(int64_t x, int64_t multiple) { return (x + multiple - 1) / multiple * multiple; }

std::string label(const MatmulShape& s, int32_t dtype) {
  return std::to_string(s.m) + " x " + std::to_string(s.n) + " x " + std::to_string(s.k) + ", " +
         (s.transpose_a ? "T" : "N") + (s.transpose_b ? "T " : "N ") + dtype_name(dtype);
}

// The shape with every combination of transposes.
std::vector<MatmulShape> transposed(const MatmulShape& s) {
  std::vector<MatmulShape> all;
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) all.push_back({s.m, s.n, s.k, a, b});
  }
  return all;
}

// c: what is in memory before, without padding; may be empty.
Floats matmul(const Context& context, const MatmulShape& s, int32_t dtype, const Floats& a,
              const Floats& b, const Options& o = {}, const Floats& c = {}) {
  const int64_t rows_a = s.transpose_a ? s.k : s.m, width_a = s.transpose_a ? s.m : s.k;
  const int64_t rows_b = s.transpose_b ? s.n : s.k, width_b = s.transpose_b ? s.k : s.n;
  const int64_t lda = rounded_up(width_a + o.padding, o.multiple);
  const int64_t ldb = rounded_up(width_b + 2 * o.padding, o.multiple), ldc = s.n + o.padding;
  const Tensor da(context, dtype, rows_a, width_a, lda, a);
  const Tensor db(context, dtype, rows_b, width_b, ldb, b);
  const Tensor dc =
      c.empty() ? Tensor(context, dtype, s.m, s.n, ldc) : Tensor(context, dtype, s.m, s.n, ldc, c);
  context.run([&] {
    return sslcuda_matmul(context, dtype, s.m, s.n, s.k, da, lda, s.transpose_a, db, ldb,
                          s.transpose_b, o.alpha, o.beta, dc, ldc);
  });
  return dc.download();
}

constexpr double kRoundings = 4;  // of F32 factors, which are split into two TF32 numbers

void expect_product(const MatmulShape& s, int32_t dtype, const Floats& a, const Floats& b,
                    const Floats& actual, const Options& o = {}, const Floats& c = {}) {
  using reference::absolute;
  const Vector scale = reference::matmul(s, absolute(wide(a)), absolute(wide(b)),
                                         std::fabs(o.alpha), std::fabs(o.beta), absolute(wide(c)));
  const Vector expected = reference::matmul(s, wide(a), wide(b), o.alpha, o.beta, wide(c));
  expect_within("c", actual, expected,
                stored_sum_tolerance(dtype, s.k, scale, expected, kRoundings));
}

Floats factor(int32_t dtype, int64_t count, uint64_t seed) {
  return rounded(dtype, normal(count, seed));
}

TEST_P(Matmul, MatchesReference) {
  for (const MatmulShape& shape : kShapes) {
    for (const int32_t dtype : kDTypes) {
      const Floats a = factor(dtype, shape.m * shape.k, 1), b = factor(dtype, shape.n * shape.k, 2);
      for (const MatmulShape& s : transposed(shape)) {
        SCOPED_TRACE(label(s, dtype));
        for (const int64_t padding : {0, 1}) {
          expect_product(s, dtype, a, b, matmul(context(), s, dtype, a, b, {padding}));
        }
      }
    }
  }
}

// Rows that begin at multiples of 16, 8, 4 and 2 bytes.
TEST_P(Matmul, EveryAlignment) {
  for (const int32_t dtype : kDTypes) {
    const Floats a = factor(dtype, 72 * 40, 1), b = factor(dtype, 72 * 40, 2);
    for (const MatmulShape& s : transposed({72, 72, 40})) {
      for (const int64_t padding : {0, 1, 2, 4, 8}) {
        SCOPED_TRACE(label(s, dtype) + ", padding " + std::to_string(padding));
        expect_product(s, dtype, a, b, matmul(context(), s, dtype, a, b, {padding}));
      }
    }
  }
}

// The last one has enough results for the largest tiles.
TEST_P(Matmul, IntegersAreExact) {
  for (const MatmulShape& shape : {MatmulShape{65, 33, 257}, {3, 5, 1030}, {129, 8065, 19}}) {
    const Floats a = integers(shape.m * shape.k, 1, 8), b = integers(shape.n * shape.k, 2, 8);
    for (const MatmulShape& s : transposed(shape)) {
      const Floats expected = narrow(reference::matmul(s, wide(a), wide(b)));
      for (const int32_t dtype : kDTypes) {
        SCOPED_TRACE(label(s, dtype));
        EXPECT_EQ(matmul(context(), s, dtype, a, b), rounded(dtype, expected));
      }
    }
  }
}

// What the loop for sm_90 takes, if a GPU has it: 16-bit numbers, rows at multiples of 16 bytes,
// 128 results each way or more. The least; edges; several tiles to a block, in clusters and alone;
// two bands of clusters, the last of which reach below the result; long sums, split and not.
TEST_P(Matmul, TensorCopies) {
  constexpr MatmulShape kLarge[] = {{128, 128, 64},   {130, 264, 72},   {259, 391, 200},
                                    {500, 641, 65},   {2100, 130, 70},  {513, 129, 1100},
                                    {130, 250, 1032}, {300, 500, 1032}, {512, 256, 1024}};
  for (const MatmulShape& shape : kLarge) {
    const Floats a = integers(shape.m * shape.k, 1, 8), b = integers(shape.n * shape.k, 2, 8);
    for (const MatmulShape& s : transposed(shape)) {
      const Floats expected = narrow(reference::matmul(s, wide(a), wide(b)));
      for (const int32_t dtype : {SSLCUDA_BF16, SSLCUDA_F16}) {
        SCOPED_TRACE(label(s, dtype));
        const Floats c = matmul(context(), s, dtype, a, b, {.multiple = 8});
        EXPECT_EQ(c, rounded(dtype, expected));
        if (s.m * s.n * s.k > 128 * 128 * 1024) break;  // one of the two will do
      }
    }
  }
}

TEST_P(Matmul, AlphaAndBeta) {
  for (const MatmulShape& s : {MatmulShape{33, 65, 31}, {7, 5, 520, true, true}}) {
    for (const int32_t dtype : kDTypes) {
      const Floats a = factor(dtype, s.m * s.k, 1), b = factor(dtype, s.n * s.k, 2),
                   c = factor(dtype, s.m * s.n, 3);
      for (const Options& o : {Options{0, -0.75f, 0}, {0, 2.5f, 1}, {0, 1, -0.5f}}) {
        SCOPED_TRACE(label(s, dtype) + ", alpha " + std::to_string(o.alpha));
        expect_product(s, dtype, a, b, matmul(context(), s, dtype, a, b, o, c), o, c);
      }
    }
  }
}

TEST_P(Matmul, BetaOfZeroDoesNotReadC) {
  for (const int32_t dtype : kDTypes) {
    for (const MatmulShape& s : {MatmulShape{5, 7, 3}, {5, 7, 300}}) {
      const Floats a = factor(dtype, s.m * s.k, 1), b = factor(dtype, s.n * s.k, 2);
      const Floats c(s.m * s.n, kNaN);
      expect_product(s, dtype, a, b, matmul(context(), s, dtype, a, b, {}, c));
    }
  }
}

TEST_P(Matmul, NothingToSum) {
  for (const int32_t dtype : kDTypes) {
    EXPECT_EQ(matmul(context(), {2, 3, 0}, dtype, {}, {}), Floats(6, 0));
    EXPECT_EQ(matmul(context(), {1, 2, 0}, dtype, {}, {}, {0, 1, 0.5f}, {4, -8}), (Floats{2, -4}));
    EXPECT_TRUE(matmul(context(), {0, 3, 2}, dtype, {}, Floats(6)).empty());
    EXPECT_TRUE(matmul(context(), {2, 0, 3}, dtype, Floats(6), {}).empty());
  }
}

TEST_P(Matmul, SpoiltRowsStayAlone) {
  constexpr int64_t kSpoilt = 9;
  for (const int32_t dtype : kDTypes) {
    for (const MatmulShape& s : transposed({33, 65, 70})) {
      Floats a = factor(dtype, s.m * s.k, 1);
      const Floats b = factor(dtype, s.n * s.k, 2), c = matmul(context(), s, dtype, a, b);
      for (const float value : {kNaN, kInf}) {
        SCOPED_TRACE(label(s, dtype) + ", " + std::to_string(value));
        a[s.transpose_a ? 2 * s.m + kSpoilt : kSpoilt * s.k + 2] = value;
        const Floats spoilt = matmul(context(), s, dtype, a, b);
        expect_other_rows_equal("c", spoilt, c, s.n, kSpoilt);
        expect_product(s, dtype, a, b, spoilt);
      }
    }
  }
}

TEST_P(Matmul, IsRepeatable) {
  for (const int32_t dtype : kDTypes) {
    const MatmulShape few{17, 9, 600}, many{129, 257, 65};
    const Floats a = factor(dtype, many.m * many.n, 1), b = factor(dtype, many.m * many.n, 2);
    const auto part = [](const Floats& x, int64_t count) {
      return Floats(x.begin(), x.begin() + count);
    };
    expect_repeatable([&](const Context& c) {
      const auto product = [&](const MatmulShape& s) {
        return matmul(c, s, dtype, part(a, s.m * s.k), part(b, s.n * s.k));
      };
      return joined(product(few), product(many));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Matmul, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
