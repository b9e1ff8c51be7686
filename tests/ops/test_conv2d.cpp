// test_conv2d.cpp - sslcuda_conv2d_forward and _backward.
#include "tests/ops/fixture.hpp"
#include "tests/reference/conv2d.hpp"

namespace sslcuda::test {
namespace {

using reference::abi_shape;
using reference::absolute;
using reference::Conv2dShape;

class Conv2d : public OpTest {};

constexpr int32_t kNone = SSLCUDA_ACTIVATION_NONE, kRelu = SSLCUDA_ACTIVATION_RELU;

// n, c, h, w, out, kernel, stride, pad, dilation
constexpr Conv2dShape kShapes[] = {
    {1, 1, 1, 1, 1, 1, 1},
    {2, 3, 7, 5, 4, 1, 1},
    {3, 1, 28, 28, 16, 3, 3},
    {2, 3, 9, 11, 5, 3, 3, 1, 1, 1, 1},
    {1, 2, 12, 13, 3, 5, 5, 1, 1, 2, 2},
    {2, 2, 13, 17, 7, 3, 3, 2, 2},
    {1, 3, 15, 14, 2, 3, 5, 3, 2, 1, 2},
    {2, 2, 12, 10, 3, 3, 3, 1, 1, 2, 2, 2, 2},
    {1, 2, 17, 19, 5, 3, 2, 2, 3, 2, 0, 3, 2},
    {1, 65, 6, 5, 33, 3, 3, 1, 1, 1, 1},
    {1, 129, 4, 3, 31, 1, 1},
    {3, 2, 6, 6, 2, 1, 1, 2, 2},
    {1, 1, 2, 33, 3, 2, 7, 1, 1, 1, 3},
    {1, 1, 3, 3, 2, 3, 3, 1, 1, 4, 4},
    {2, 4, 5, 18, 3, 3, 3},
    {1, 3, 3, 33, 5, 3, 3, 1, 1, 1, 1},
    {18, 16, 14, 14, 20, 3, 3, 1, 1, 1, 1},
    {2, 33, 5, 14, 23, 3, 3},
    {3, 12, 6, 12, 40, 3, 3, 1, 1, 2, 2},
    {3, 17, 5, 7, 13, 3, 3, 1, 1, 1, 0},
    {2, 12, 21, 35, 18, 3, 3, 1, 1, 1, 1},
    {2, 25, 9, 11, 27, 3, 3, 2, 2, 1, 1},
    {1, 26, 12, 10, 70, 3, 2, 3, 2, 2, 1, 2, 3},
    {3, 67, 7, 8, 40, 1, 1, 2, 2},
    {2, 24, 10, 9, 24, 2, 5, 1, 2, 0, 3, 4, 1},
    {5, 3, 14, 13, 64, 7, 7, 2, 2, 3, 3},
    {3, 3, 12, 13, 26, 3, 3, 1, 1, 1, 1},
};

std::string label(const Conv2dShape& s) {
  std::string text;
  for (const int64_t extent : {s.n, s.c, s.h, s.w, s.out, s.kernel_h, s.kernel_w, s.stride_h,
                               s.stride_w, s.pad_h, s.pad_w, s.dilation_h, s.dilation_w}) {
    text += std::to_string(extent) + " ";
  }
  return text;
}

Floats forward(const Context& context, const Conv2dShape& s, const Floats& x, const Floats& weight,
               const Floats& bias, int32_t activation) {
  const sslcuda_conv2d_shape shape = abi_shape(s);
  const Buffer<float> dx(context, x), dw(context, weight), db(context, bias);
  const Buffer<float> y(context, s.y_count());
  context.run([&] {
    return sslcuda_conv2d_forward(context, SSLCUDA_F32, &shape, dx, dw,
                                  if_wanted(!bias.empty(), db), activation, y);
  });
  return y.download();
}

struct Inputs {
  Floats x, weight, y, grad_y;
};

struct Wanted {
  bool x = true, weight = true, bias = true;
};

struct Gradients {
  Floats x, weight, bias;
};

Gradients backward(const Context& context, const Conv2dShape& s, const Inputs& in,
                   int32_t activation, Wanted wanted = {}) {
  const sslcuda_conv2d_shape shape = abi_shape(s);
  const Buffer<float> x(context, in.x), weight(context, in.weight), y(context, in.y),
      grad_y(context, in.grad_y);
  const Buffer<float> grad_x(context, s.x_count()), grad_weight(context, s.weight_count()),
      grad_bias(context, s.out);
  context.run([&] {
    return sslcuda_conv2d_backward(
        context, SSLCUDA_F32, &shape, if_wanted(wanted.weight, x), if_wanted(wanted.x, weight),
        if_wanted(activation != kNone, y), grad_y, activation, if_wanted(wanted.x, grad_x),
        if_wanted(wanted.weight, grad_weight), if_wanted(wanted.bias, grad_bias));
  });
  return {grad_x.download(), grad_weight.download(), grad_bias.download()};
}

Inputs make_inputs(const Conv2dShape& s, int32_t activation) {
  Inputs in{normal(s.x_count(), 1), normal(s.weight_count(), 2), {}, normal(s.y_count(), 3)};
  in.y = narrow(conv2d_forward(s, wide(in.x), wide(in.weight), {}, activation));
  return in;
}

void expect_gradients(const Conv2dShape& s, const Inputs& in, int32_t activation,
                      const Gradients& actual, Wanted wanted = {}) {
  const Vector x = wide(in.x), weight = wide(in.weight), y = wide(in.y), grad_y = wide(in.grad_y);
  const auto expected = conv2d_backward(s, x, weight, y, grad_y, activation);
  const auto scale =
      conv2d_backward(s, absolute(x), absolute(weight), absolute(y), absolute(grad_y), activation);
  const int64_t taps = s.kernel_h * s.kernel_w, pixels = s.n * s.out_h() * s.out_w();
  if (wanted.x) {
    expect_within("grad_x", actual.x, expected.x, sum_tolerance(s.out * taps, scale.x));
  }
  if (wanted.weight) {
    expect_within("grad_weight", actual.weight, expected.weight,
                  sum_tolerance(pixels, scale.weight));
  }
  if (wanted.bias) {
    expect_within("grad_bias", actual.bias, expected.bias, sum_tolerance(pixels, scale.bias));
  }
}

TEST_P(Conv2d, ForwardMatchesReference) {
  for (const Conv2dShape& s : kShapes) {
    const Floats x = normal(s.x_count(), 1), weight = normal(s.weight_count(), 2);
    for (const Floats& bias : {Floats{}, normal(s.out, 3)}) {
      const Vector scale =
          conv2d_forward(s, absolute(wide(x)), absolute(wide(weight)), absolute(wide(bias)), kNone);
      for (const int32_t activation : {kNone, kRelu}) {
        SCOPED_TRACE(label(s) + "activation " + std::to_string(activation));
        expect_within("y", forward(context(), s, x, weight, bias, activation),
                      conv2d_forward(s, wide(x), wide(weight), wide(bias), activation),
                      sum_tolerance(s.c * s.kernel_h * s.kernel_w + 1, scale));
      }
    }
  }
}

TEST_P(Conv2d, BackwardMatchesReference) {
  for (const Conv2dShape& s : kShapes) {
    for (const int32_t activation : {kNone, kRelu}) {
      SCOPED_TRACE(label(s) + "activation " + std::to_string(activation));
      const Inputs in = make_inputs(s, activation);
      expect_gradients(s, in, activation, backward(context(), s, in, activation));
    }
  }
}

TEST_P(Conv2d, EverySubsetOfGradients) {
  for (const Conv2dShape& s : {kShapes[2], kShapes[3], kShapes[8], kShapes[21]}) {
    const Inputs in = make_inputs(s, kRelu);
    for (int subset = 0; subset < 8; ++subset) {
      SCOPED_TRACE(label(s) + "subset " + std::to_string(subset));
      const Wanted wanted{(subset & 1) != 0, (subset & 2) != 0, (subset & 4) != 0};
      expect_gradients(s, in, kRelu, backward(context(), s, in, kRelu, wanted), wanted);
    }
  }
}

// So many taps that the pixels of grad_weight are cut into few chunks, which are long and ragged.
TEST_P(Conv2d, LongChunksOfPixels) {
  const Conv2dShape s{2, 2033, 15, 18, 1, 1, 1};
  const Inputs in = make_inputs(s, kNone);
  const Wanted wanted{false, true, false};
  expect_gradients(s, in, kNone, backward(context(), s, in, kNone, wanted), wanted);
}

// So many weights that the pixels are not cut at all.
TEST_P(Conv2d, OneChunkOfPixels) {
  const Conv2dShape s{1, 817, 2, 2, 65, 1, 1};
  const Inputs in = make_inputs(s, kNone);
  expect_gradients(s, in, kNone, backward(context(), s, in, kNone));
}

TEST_P(Conv2d, IntegersAreExact) {
  for (const Conv2dShape& s : kShapes) {
    SCOPED_TRACE(label(s));
    const Floats x = integers(s.x_count(), 1, 8), weight = integers(s.weight_count(), 2, 8);
    const Floats bias = integers(s.out, 3, 100), grad_y = integers(s.y_count(), 4, 8);
    EXPECT_EQ(wide(forward(context(), s, x, weight, bias, kNone)),
              conv2d_forward(s, wide(x), wide(weight), wide(bias), kNone));
    const Gradients actual = backward(context(), s, {x, weight, {}, grad_y}, kNone);
    const auto expected = conv2d_backward(s, wide(x), wide(weight), {}, wide(grad_y), kNone);
    EXPECT_EQ(wide(actual.x), expected.x);
    EXPECT_EQ(wide(actual.weight), expected.weight);
    EXPECT_EQ(wide(actual.bias), expected.bias);
  }
}

// Strides, dilations and groups of 0 mean 1.
TEST_P(Conv2d, ZeroMeansOne) {
  const Conv2dShape s{1, 2, 5, 5, 3, 3, 3};
  const Floats x = normal(s.x_count(), 1), weight = normal(s.weight_count(), 2);
  sslcuda_conv2d_shape shape = abi_shape(s);
  shape.stride_h = shape.stride_w = shape.dilation_h = shape.dilation_w = shape.groups = 0;
  const Buffer<float> dx(context(), x), dw(context(), weight), y(context(), s.y_count());
  context().run([&] {
    return sslcuda_conv2d_forward(context(), SSLCUDA_F32, &shape, dx, dw, nullptr, kNone, y);
  });
  EXPECT_EQ(y.download(), forward(context(), s, x, weight, {}, kNone));
}

TEST_P(Conv2d, SpoiltImagesStayAlone) {
  const int64_t spoilt = 1;
  for (const Conv2dShape& s : {kShapes[2], kShapes[5], kShapes[18], kShapes[21]}) {
    for (const float value : {kNaN, kInf}) {
      Inputs in = make_inputs(s, kNone);
      const Floats y = forward(context(), s, in.x, in.weight, {}, kNone);
      const Gradients grad = backward(context(), s, in, kNone);
      const int64_t y_width = s.y_count() / s.n, x_width = s.x_count() / s.n;
      in.x[spoilt * x_width + x_width / 2] = in.grad_y[spoilt * y_width + y_width / 2] = value;
      const Floats spoilt_y = forward(context(), s, in.x, in.weight, {}, kNone);
      const Gradients spoilt_grad = backward(context(), s, in, kNone);
      expect_other_rows_equal("y", spoilt_y, y, y_width, spoilt);
      expect_other_rows_equal("grad_x", spoilt_grad.x, grad.x, x_width, spoilt);
      EXPECT_TRUE(row_spoilt(spoilt_y, y_width, spoilt));
      EXPECT_TRUE(row_spoilt(spoilt_grad.x, x_width, spoilt));
    }
  }
}

TEST_P(Conv2d, NoImages) {
  const Conv2dShape s{0, 1, 3, 3, 2, 2, 2};
  EXPECT_TRUE(forward(context(), s, {}, Floats(8), {}, kNone).empty());
  const Gradients grad = backward(context(), s, {{}, Floats(8), {}, {}}, kNone);
  EXPECT_EQ(grad.weight, Floats(8, 0));
  EXPECT_EQ(grad.bias, Floats(2, 0));
}

TEST_P(Conv2d, IsRepeatable) {
  for (const Conv2dShape& s :
       {Conv2dShape{5, 1, 28, 28, 16, 3, 3}, kShapes[8], kShapes[9], kShapes[16], kShapes[21]}) {
    const Inputs in = make_inputs(s, kRelu);
    expect_repeatable([&](const Context& c) {
      const Gradients grad = backward(c, s, in, kRelu);
      const Floats y = forward(c, s, in.x, in.weight, {}, kRelu);
      return joined(joined(y, grad.x), joined(grad.weight, grad.bias));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Conv2d, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
