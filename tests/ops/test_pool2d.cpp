// test_pool2d.cpp - sslcuda_pool2d_forward and _backward.
#include "tests/ops/fixture.hpp"
#include "tests/reference/pool2d.hpp"

namespace sslcuda::test {
namespace {

using reference::abi_shape;
using reference::Pool2dShape;

class Pool2d : public OpTest {};

constexpr int32_t kMax = SSLCUDA_POOL_MAX, kAverage = SSLCUDA_POOL_AVERAGE;

// n, c, h, w, kernel, stride, pad
constexpr Pool2dShape kShapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1},          {2, 3, 28, 28, 2, 2, 2, 2},
    {2, 2, 9, 11, 3, 3, 2, 2, 1, 1},   {3, 5, 7, 7, 7, 7, 7, 7},
    {1, 2, 8, 33, 3, 2, 1, 3, 1, 1},   {2, 1, 13, 6, 5, 4, 3, 1, 2, 2},
    {1, 3, 5, 9, 2, 3, 4, 5},          {1, 2, 6, 70, 6, 65, 1, 1},
    {70, 3, 2, 2, 1, 2, 1, 2, 0, 1},   {2, 2, 30, 31, 30, 31, 30, 31},
    {1, 1, 3, 300, 3, 3, 1, 1, 1, 1},  {2, 2, 9, 9, 4, 6, 1, 2, 2, 3},
    {1, 2, 40, 3, 33, 2, 3, 1, 16, 1},
};

std::string label(const Pool2dShape& s, int32_t kind) {
  std::string text = kind == kMax ? "max " : "average ";
  for (const int64_t extent :
       {s.n, s.c, s.h, s.w, s.kernel_h, s.kernel_w, s.stride_h, s.stride_w, s.pad_h, s.pad_w}) {
    text += std::to_string(extent) + " ";
  }
  return text;
}

Floats forward(const Context& context, const Pool2dShape& s, int32_t kind, const Floats& x) {
  const sslcuda_pool2d_shape shape = abi_shape(s);
  const Buffer<float> dx(context, x), y(context, s.y_count());
  context.run([&] { return sslcuda_pool2d_forward(context, SSLCUDA_F32, kind, &shape, dx, y); });
  return y.download();
}

Floats backward(const Context& context, const Pool2dShape& s, int32_t kind, const Floats& x,
                const Floats& y, const Floats& grad_y) {
  const sslcuda_pool2d_shape shape = abi_shape(s);
  const Buffer<float> dx(context, x), dy(context, y), dgrad_y(context, grad_y);
  const Buffer<float> grad_x(context, s.x_count());
  context.run([&] {
    return sslcuda_pool2d_backward(context, SSLCUDA_F32, kind, &shape, if_wanted(kind == kMax, dx),
                                   if_wanted(kind == kMax, dy), dgrad_y, grad_x);
  });
  return grad_x.download();
}

void expect_both(const Context& context, const Pool2dShape& s, int32_t kind, const Floats& x) {
  const Floats y = forward(context, s, kind, x), grad_y = normal(s.y_count(), 2);
  const int64_t window = s.kernel_h * s.kernel_w;
  const Vector size = reference::absolute(wide(x));
  if (kind == kMax) {
    expect_within("y", y, pool2d_forward(s, kind, wide(x)), 0);
  } else {
    expect_within("y", y, pool2d_forward(s, kind, wide(x)),
                  sum_tolerance(window, pool2d_forward(s, kind, size), 2));
  }
  // each place may be in so many windows
  const int64_t windows = (s.kernel_h / s.stride_h + 1) * (s.kernel_w / s.stride_w + 1);
  const Vector absolute = reference::absolute(wide(grad_y));
  expect_within("grad_x", backward(context, s, kind, x, y, grad_y),
                pool2d_backward(s, kind, wide(x), wide(grad_y)),
                sum_tolerance(windows, pool2d_backward(s, kind, wide(x), absolute), 2));
}

TEST_P(Pool2d, MatchesReference) {
  for (const Pool2dShape& s : kShapes) {
    for (const int32_t kind : {kMax, kAverage}) {
      SCOPED_TRACE(label(s, kind));
      expect_both(context(), s, kind, normal(s.x_count(), 1));
    }
  }
}

// After ReLU most windows have several largest values; the first takes the gradient.
TEST_P(Pool2d, TheFirstOfEqualMaxima) {
  for (const Pool2dShape& s : kShapes) {
    SCOPED_TRACE(label(s, kMax));
    Floats x = integers(s.x_count(), 1, 2);
    for (float& value : x) value = std::max(value, 0.0f);
    expect_both(context(), s, kMax, x);
    expect_both(context(), s, kMax, Floats(s.x_count(), -0.5f));
    expect_both(context(), s, kMax, Floats(s.x_count(), -kInf));
  }
}

// Of a window with NaN that is the largest; infinity is a number like others.
TEST_P(Pool2d, NanAndInfinity) {
  for (const Pool2dShape& s : kShapes) {
    for (const int32_t kind : {kMax, kAverage}) {
      SCOPED_TRACE(label(s, kind));
      Floats x = normal(s.x_count(), 1);
      for (size_t k = 0; k < x.size(); k += 7) x[k] = k % 2 == 0 ? kNaN : kInf;
      const Vector y = pool2d_forward(s, kind, wide(x));
      const Floats actual = forward(context(), s, kind, x);
      expect_within("y", actual, y, sum_tolerance(s.kernel_h * s.kernel_w, Vector(y.size(), 4)));
      if (kind == kAverage) continue;
      const Floats grad_y = integers(s.y_count(), 2, 9);
      EXPECT_EQ(wide(backward(context(), s, kind, x, actual, grad_y)),
                pool2d_backward(s, kind, wide(x), wide(grad_y)));
    }
  }
}

// Strides of 0 mean the kernel's size.
TEST_P(Pool2d, ZeroStrides) {
  const Pool2dShape s{2, 3, 9, 12, 3, 4, 3, 4}, zero{2, 3, 9, 12, 3, 4, 0, 0};
  const Floats x = normal(s.x_count(), 1);
  const sslcuda_pool2d_shape shape = abi_shape(zero);
  const Buffer<float> dx(context(), x), y(context(), s.y_count());
  context().run(
      [&] { return sslcuda_pool2d_forward(context(), SSLCUDA_F32, kMax, &shape, dx, y); });
  EXPECT_EQ(y.download(), forward(context(), s, kMax, x));
}

TEST_P(Pool2d, NoImages) {
  const Pool2dShape s{0, 2, 4, 4, 2, 2, 2, 2};
  EXPECT_TRUE(forward(context(), s, kMax, {}).empty());
  EXPECT_TRUE(backward(context(), s, kMax, {}, {}, {}).empty());
}

TEST_P(Pool2d, IsRepeatable) {
  for (const Pool2dShape& s : {kShapes[1], kShapes[2], kShapes[9]}) {
    const Floats x = normal(s.x_count(), 1), grad_y = normal(s.y_count(), 2);
    expect_repeatable([&](const Context& c) {
      Floats all;
      for (const int32_t kind : {kMax, kAverage}) {
        const Floats y = forward(c, s, kind, x);
        all = joined(joined(all, y), backward(c, s, kind, x, y, grad_y));
      }
      return all;
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Pool2d, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
