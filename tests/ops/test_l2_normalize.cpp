// test_l2_normalize.cpp - sslcuda_l2_normalize_forward and _backward.
#include "tests/ops/fixture.hpp"
#include "tests/reference/l2_normalize.hpp"

namespace sslcuda::test {
namespace {

class L2Normalize : public OpTest {};

struct Shape {
  int64_t n, d;
};

constexpr Shape kShapes[] = {{1, 1},  {2, 3},   {3, 2},    {7, 31},    {33, 65},
                             {65, 7}, {2, 257}, {1, 1030}, {129, 127}, {64, 128}};

struct Outputs {
  Floats y, norms;
};

Outputs forward(const Context& context, const Shape& s, const Floats& x, bool in_place = false,
                bool with_norms = true) {
  const Buffer<float> dx(context, x), dy(context, s.n * s.d), norms(context, s.n);
  const Buffer<float>& y = in_place ? dx : dy;
  context.run([&] {
    return sslcuda_l2_normalize_forward(context, SSLCUDA_F32, s.n, s.d, dx, y,
                                        if_wanted(with_norms, norms));
  });
  return {y.download(), norms.download()};
}

Floats backward(const Context& context, const Shape& s, const Outputs& out, const Floats& grad_y,
                bool in_place = false) {
  const Buffer<float> y(context, out.y), norms(context, out.norms), dgrad_y(context, grad_y);
  const Buffer<float> dgrad_x(context, s.n * s.d);
  const Buffer<float>& grad_x = in_place ? dgrad_y : dgrad_x;
  context.run([&] {
    return sslcuda_l2_normalize_backward(context, SSLCUDA_F32, s.n, s.d, y, norms, dgrad_y, grad_x);
  });
  return grad_x.download();
}

void expect_forward(const Shape& s, const Floats& x, const Outputs& actual) {
  const auto expected = reference::l2_normalize_forward(s.n, s.d, wide(x));
  const double relative = (8 + 4 * std::sqrt(s.d)) * kU;
  Vector y_tolerance = reference::absolute(expected.y), norms_tolerance = expected.norms;
  constexpr double kTiny = std::numeric_limits<float>::denorm_min();
  for (double& t : y_tolerance) t = t * relative + kTiny;
  for (double& t : norms_tolerance) t *= relative;
  expect_within("y", actual.y, expected.y, y_tolerance);
  expect_within("norms", actual.norms, expected.norms, norms_tolerance);
}

void expect_backward(const Shape& s, const Outputs& out, const Floats& grad_y,
                     const Floats& actual) {
  const Vector y = wide(out.y), norms = wide(out.norms), g = wide(grad_y);
  Vector tolerance;
  for (int64_t i = 0; i < s.n; ++i) {
    double along = 0;
    for (int64_t k = i * s.d; k < (i + 1) * s.d; ++k) along += std::fabs(y[k] * g[k]);
    for (int64_t k = i * s.d; k < (i + 1) * s.d; ++k) {
      const double scale = std::fabs(g[k]) + std::fabs(y[k]) * along;
      tolerance.push_back((8 + 4 * std::sqrt(s.d)) * kU * scale / norms[i]);
    }
  }
  expect_within("grad_x", actual, reference::l2_normalize_backward(s.n, s.d, y, norms, g),
                tolerance);
}

TEST_P(L2Normalize, MatchesReference) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(std::to_string(s.n) + " x " + std::to_string(s.d));
    const Floats x = normal(s.n * s.d, 1), grad_y = normal(s.n * s.d, 2);
    const Outputs out = forward(context(), s, x);
    expect_forward(s, x, out);
    expect_backward(s, out, grad_y, backward(context(), s, out, grad_y));
  }
}

TEST_P(L2Normalize, InPlaceAndWithoutNorms) {
  const Shape s{33, 65};
  const Floats x = normal(s.n * s.d, 1), grad_y = normal(s.n * s.d, 2);
  const Outputs out = forward(context(), s, x), in_place = forward(context(), s, x, true);
  EXPECT_TRUE(same_bits(in_place.y, out.y));
  EXPECT_TRUE(same_bits(in_place.norms, out.norms));
  EXPECT_TRUE(same_bits(forward(context(), s, x, false, false).y, out.y));
  EXPECT_TRUE(
      same_bits(backward(context(), s, out, grad_y, true), backward(context(), s, out, grad_y)));
}

TEST_P(L2Normalize, NormsFrom1em30To1e30) {
  const Shape s{61, 33};
  Floats x = normal(s.n * s.d, 1);
  for (int64_t i = 0; i < s.n; ++i) {
    const double norm = reference::l2_normalize_forward(1, s.d, wide(row_of(x, s.d, i))).norms[0];
    for (int64_t k = i * s.d; k < (i + 1) * s.d; ++k) {
      x[k] = static_cast<float>(x[k] / norm * std::pow(10.0, static_cast<double>(i) - 30));
      if (i % 2 == 1) x[k] = -std::fabs(x[k]);
    }
  }
  const Outputs out = forward(context(), s, x);
  expect_forward(s, x, out);
  const Floats grad_y = normal(s.n * s.d, 2);
  expect_backward(s, out, grad_y, backward(context(), s, out, grad_y));
}

TEST_P(L2Normalize, ZeroRows) {
  const Shape s{3, 7};
  Floats x = normal(s.n * s.d, 1);
  std::fill_n(x.begin() + s.d, s.d, 0.0f);
  const Outputs out = forward(context(), s, x);
  EXPECT_EQ(row_of(out.y, s.d, 1), Floats(s.d, 0));
  EXPECT_EQ(out.norms[1], 0);
  const Floats grad_x = backward(context(), s, out, normal(s.n * s.d, 2));
  EXPECT_EQ(row_of(grad_x, s.d, 1), Floats(s.d, 0));
  EXPECT_FALSE(row_spoilt(grad_x, s.d, 0) || row_spoilt(grad_x, s.d, 2));
}

TEST_P(L2Normalize, SpoiltRowsStayAlone) {
  const Shape s{33, 65};
  for (const float value : {kNaN, kInf}) {
    Floats x = normal(s.n * s.d, 1), grad_y = normal(s.n * s.d, 2);
    const Outputs out = forward(context(), s, x);
    const Floats grad = backward(context(), s, out, grad_y);
    x[7 * s.d + 1] = grad_y[7 * s.d + 1] = value;
    const Outputs spoilt = forward(context(), s, x);
    const Floats spoilt_grad = backward(context(), s, out, grad_y);
    expect_other_rows_equal("y", spoilt.y, out.y, s.d, 7);
    expect_other_rows_equal("norms", spoilt.norms, out.norms, 1, 7);
    expect_other_rows_equal("grad_x", spoilt_grad, grad, s.d, 7);
    EXPECT_TRUE(row_spoilt(spoilt.y, s.d, 7) && row_spoilt(spoilt_grad, s.d, 7));
    EXPECT_EQ(std::isinf(spoilt.norms[7]), std::isinf(value));
  }
}

TEST_P(L2Normalize, NoRows) {
  EXPECT_TRUE(forward(context(), {0, 5}, {}).y.empty());
  EXPECT_TRUE(backward(context(), {0, 5}, {}, {}).empty());
}

TEST_P(L2Normalize, IsRepeatable) {
  const Shape s{257, 129};
  const Floats x = normal(s.n * s.d, 1), grad_y = normal(s.n * s.d, 2);
  expect_repeatable([&](const Context& c) {
    const Outputs out = forward(c, s, x);
    return joined(joined(out.y, out.norms), backward(c, s, out, grad_y));
  });
}

INSTANTIATE_TEST_SUITE_P(, L2Normalize, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
