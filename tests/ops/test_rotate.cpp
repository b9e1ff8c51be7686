// test_rotate.cpp - sslcuda_rotate90 and sslcuda_rotate.
#include "tests/ops/fixture.hpp"
#include "tests/reference/rotate.hpp"

namespace sslcuda::test {
namespace {

class Rotate : public OpTest {};

Floats rotate90(const Context& context, int64_t n, int64_t c, int64_t h, const Floats& x,
                const std::vector<int64_t>& turns) {
  const Buffer<float> dx(context, x), y(context, n * c * h * h);
  const Buffer<int64_t> dturns(context, turns);
  context.run([&] { return sslcuda_rotate90(context, SSLCUDA_F32, n, c, h, dx, dturns, y); });
  return y.download();
}

struct Images {
  int64_t n, c, h, w;
  int64_t pixels() const { return h * w; }
};

Floats rotate(const Context& context, const Images& s, const Floats& x, const Floats& degrees,
              float fill) {
  const Buffer<float> dx(context, x), ddegrees(context, degrees),
      y(context, s.n * s.c * s.pixels());
  context.run([&] {
    return sslcuda_rotate(context, SSLCUDA_F32, s.n, s.c, s.h, s.w, dx, ddegrees, fill, y);
  });
  return y.download();
}

TEST_P(Rotate, QuarterTurnsAreExact) {
  const std::vector<int64_t> some{0, 1, 2, 3, -1, -2, -3, 4, 5, -4, INT64_MAX, INT64_MIN};
  const auto n = static_cast<int64_t>(some.size());
  for (const int64_t h : {1, 2, 3, 7, 28, 31, 33, 65}) {
    for (const int64_t c : {1, 3}) {
      Floats x = normal(n * c * h * h, 1), expected;
      x[0] = kNaN;
      for (int64_t image = 0; image < n * c; ++image) {
        expected =
            joined(expected, reference::rotate90(h, row_of(x, h * h, image), some[image / c] % 4));
      }
      EXPECT_TRUE(same_bits(rotate90(context(), n, c, h, x, some), expected)) << h << " " << c;
    }
  }
}

TEST_P(Rotate, OppositeTurnsUndo) {
  const std::vector<int64_t> turns{0, 1, 2, 3}, back{0, -1, -2, -3};
  const Floats x = normal(4 * 9 * 9, 1);
  EXPECT_EQ(rotate90(context(), 4, 1, 9, rotate90(context(), 4, 1, 9, x, turns), back), x);
}

TEST_P(Rotate, AnglesMatchReference) {
  const Floats degrees{0, 90, 180, 270, 360, 45, -30, 7.3f, 123.4f, 359.9f, -720.5f, 1e-3f};
  const auto n = static_cast<int64_t>(degrees.size());
  for (const Images& s : {Images{n, 1, 28, 28}, Images{n, 3, 7, 12}, Images{n, 1, 33, 2},
                          Images{n, 2, 1, 1}, Images{n, 1, 31, 65}}) {
    const Floats x = normal(n * s.c * s.pixels(), 1);
    const Floats actual = rotate(context(), s, x, degrees, 0.25f);
    const Vector wide_x = wide(x);
    int64_t compared = 0, i = 0;
    for (int64_t image = 0; image < n * s.c; ++image) {
      for (int64_t p = 0; p < s.h; ++p) {
        for (int64_t q = 0; q < s.w; ++q, ++i) {
          const auto point = reference::rotation_source(s.h, s.w, degrees[image / s.c], p, q);
          if (reference::near_rounding_boundary(point.line)) continue;
          if (reference::near_rounding_boundary(point.column)) continue;
          ++compared;
          const double expected =
              reference::nearest(s.h, s.w, &wide_x[image * s.pixels()], point, 0.25);
          ASSERT_EQ(actual[i], expected) << "image " << image << ", pixel " << p << ", " << q;
        }
      }
    }
    EXPECT_GT(compared, i * 3 / 5) << s.h << " x " << s.w;
  }
}

TEST_P(Rotate, SpoiltImagesStayAlone) {
  const Images s{3, 1, 28, 28};
  Floats x = normal(s.n * s.pixels(), 1);
  const Floats degrees{10, 20, 30}, before = rotate(context(), s, x, degrees, 0);
  std::fill_n(x.begin() + s.pixels(), s.pixels(), kNaN);
  const Floats after = rotate(context(), s, x, degrees, 0);
  expect_other_rows_equal("y", after, before, s.pixels(), 1);
  EXPECT_TRUE(row_spoilt(after, s.pixels(), 1));
}

// An angle that is no number must not read outside the image; the guards and sanitizers watch.
TEST_P(Rotate, AnglesThatAreNone) {
  const Images s{3, 1, 5, 5};
  rotate(context(), s, normal(s.n * s.pixels(), 1), {kNaN, kInf, 3e38f}, 0);
}

TEST_P(Rotate, Empty) {
  EXPECT_TRUE(rotate90(context(), 0, 1, 3, {}, {}).empty());
  EXPECT_TRUE(rotate90(context(), 2, 0, 3, {}, {0, 1}).empty());
  EXPECT_TRUE(rotate90(context(), 2, 1, 0, {}, {0, 1}).empty());
  EXPECT_TRUE(rotate(context(), {0, 1, 3, 3}, {}, {}, 0).empty());
  EXPECT_TRUE(rotate(context(), {1, 1, 0, 3}, {}, {0}, 0).empty());
}

TEST_P(Rotate, IsRepeatable) {
  const Images s{33, 1, 28, 28};
  const Floats x = normal(s.n * s.pixels(), 1), degrees = normal(s.n, 2, 180);
  expect_repeatable([&](const Context& c) { return rotate(c, s, x, degrees, 0); });
}

INSTANTIATE_TEST_SUITE_P(, Rotate, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
