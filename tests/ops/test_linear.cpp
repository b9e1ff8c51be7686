// test_linear.cpp - sslcuda_linear_forward and _backward.
#include "tests/ops/number.hpp"
#include "tests/reference/linear.hpp"

namespace sslcuda::test {
namespace {

using reference::absolute;
using reference::LinearShape;

class Linear : public OpTest {};

constexpr int32_t kActivations[] = {SSLCUDA_ACTIVATION_NONE, SSLCUDA_ACTIVATION_RELU,
                                    SSLCUDA_ACTIVATION_SIGMOID};
constexpr LinearShape kShapes[] = {{1, 1, 1},     {1, 7, 3},      {2, 3, 1},      {3, 2, 7},
                                   {7, 31, 33},   {31, 65, 2},    {33, 64, 129},  {64, 127, 65},
                                   {65, 1, 127},  {127, 257, 10}, {129, 33, 257}, {257, 129, 31},
                                   {2, 784, 128}, {32, 1030, 4},  {2, 300, 260},  {33, 31, 36}};

std::string label(const LinearShape& s) {
  return std::to_string(s.n) + " x " + std::to_string(s.in) + " x " + std::to_string(s.out);
}

Floats forward(const Context& context, const LinearShape& s, const Floats& x, const Floats& weight,
               const Floats& bias, int32_t activation, int32_t dtype = SSLCUDA_F32) {
  const Tensor dx(context, dtype, x), dw(context, dtype, weight), db(context, dtype, bias);
  const Tensor y(context, dtype, s.n, s.out, s.out);
  context.run([&] {
    return sslcuda_linear_forward(context, dtype, s.n, s.in, s.out, dx, dw,
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

Gradients backward(const Context& context, const LinearShape& s, const Inputs& in,
                   int32_t activation, Wanted wanted = {}, int32_t dtype = SSLCUDA_F32) {
  const Tensor x(context, dtype, in.x), weight(context, dtype, in.weight), y(context, dtype, in.y),
      grad_y(context, dtype, in.grad_y);
  const Tensor grad_x(context, dtype, s.n, s.in, s.in),
      grad_weight(context, dtype, s.out, s.in, s.in), grad_bias(context, dtype, 1, s.out, s.out);
  context.run([&] {
    return sslcuda_linear_backward(
        context, dtype, s.n, s.in, s.out, if_wanted(wanted.weight, x), if_wanted(wanted.x, weight),
        if_wanted(activation != SSLCUDA_ACTIVATION_NONE, y), grad_y, activation,
        if_wanted(wanted.x, grad_x), if_wanted(wanted.weight, grad_weight),
        if_wanted(wanted.bias, grad_bias));
  });
  return {grad_x.download(), grad_weight.download(), grad_bias.download()};
}

Inputs make_inputs(const LinearShape& s, int32_t activation) {
  Inputs in{normal(s.n * s.in, 1), normal(s.out * s.in, 2), {}, normal(s.n * s.out, 3)};
  in.y = narrow(linear_forward(s, wide(in.x), wide(in.weight), {}, activation));
  return in;
}

void expect_gradients(const LinearShape& s, const Inputs& in, int32_t activation,
                      const Gradients& actual, Wanted wanted = {}) {
  constexpr double kRoundings = 4;  // of grad_y act'(y)
  const Vector x = wide(in.x), weight = wide(in.weight), y = wide(in.y), grad_y = wide(in.grad_y);
  const auto expected = linear_backward(s, x, weight, y, grad_y, activation);
  const auto scale = linear_backward(
      s, absolute(x), absolute(weight), {},
      absolute(reference::activation_gradient(activation, y, grad_y)), SSLCUDA_ACTIVATION_NONE);
  if (wanted.x) {
    expect_within("grad_x", actual.x, expected.x, sum_tolerance(s.out, scale.x, kRoundings));
  }
  if (wanted.weight) {
    expect_within("grad_weight", actual.weight, expected.weight,
                  sum_tolerance(s.n, scale.weight, kRoundings));
  }
  if (wanted.bias) {
    expect_within("grad_bias", actual.bias, expected.bias,
                  sum_tolerance(s.n, scale.bias, kRoundings));
  }
}

TEST_P(Linear, ForwardMatchesReference) {
  for (const LinearShape& s : kShapes) {
    const Floats x = normal(s.n * s.in, 1), weight = normal(s.out * s.in, 2);
    for (const Floats& bias : {Floats{}, normal(s.out, 3)}) {
      const Vector scale = linear_forward(s, absolute(wide(x)), absolute(wide(weight)),
                                          absolute(wide(bias)), SSLCUDA_ACTIVATION_NONE);
      for (const int32_t activation : kActivations) {
        SCOPED_TRACE(label(s) + ", activation " + std::to_string(activation));
        Vector tolerance = sum_tolerance(s.in + 1, scale);
        if (activation == SSLCUDA_ACTIVATION_SIGMOID) {
          for (double& t : tolerance) t = t / 4 + 8 * kU;
        }
        expect_within("y", forward(context(), s, x, weight, bias, activation),
                      linear_forward(s, wide(x), wide(weight), wide(bias), activation), tolerance);
      }
    }
  }
}

TEST_P(Linear, BackwardMatchesReference) {
  for (const LinearShape& s : kShapes) {
    for (const int32_t activation : kActivations) {
      SCOPED_TRACE(label(s) + ", activation " + std::to_string(activation));
      const Inputs in = make_inputs(s, activation);
      expect_gradients(s, in, activation, backward(context(), s, in, activation));
    }
  }
}

void expect_dtype(const Context& context, const LinearShape& s, int32_t activation, int32_t dtype) {
  const Floats x = rounded(dtype, normal(s.n * s.in, 1)), bias = rounded(dtype, normal(s.out, 3)),
               weight = rounded(dtype, normal(s.out * s.in, 2)),
               grad_y = rounded(dtype, normal(s.n * s.out, 4));
  const Vector wx = wide(x), ww = wide(weight), wb = wide(bias), wg = wide(grad_y);
  const Vector expected = linear_forward(s, wx, ww, wb, activation);
  const Vector scale =
      linear_forward(s, absolute(wx), absolute(ww), absolute(wb), SSLCUDA_ACTIVATION_NONE);
  Vector tolerance = sum_tolerance(s.in + 1, scale);
  for (size_t i = 0; i < scale.size(); ++i) {
    tolerance[i] += product_roundoff(dtype) * scale[i];
    if (activation == SSLCUDA_ACTIVATION_SIGMOID) tolerance[i] = tolerance[i] / 4 + 8 * kU;
  }
  expect_within("y", forward(context, s, x, weight, bias, activation, dtype), expected,
                stored_tolerance(dtype, tolerance, expected));

  constexpr double kRoundings = 4;
  const double of_g = activation == SSLCUDA_ACTIVATION_NONE ? 0 : storage_roundoff(dtype);
  const Floats y = rounded(dtype, narrow(expected));
  const auto grad = linear_backward(s, wx, ww, wide(y), wg, activation);
  Vector g = absolute(reference::activation_gradient(activation, wide(y), wg));
  for (double& value : g) value = std::max(value, smallest_step(dtype) / storage_roundoff(dtype));
  const auto size = linear_backward(s, absolute(wx), absolute(ww), {}, g, SSLCUDA_ACTIVATION_NONE);
  const Gradients actual = backward(context, s, {x, weight, y, grad_y}, activation, {}, dtype);
  expect_within("grad_x", actual.x, grad.x,
                stored_sum_tolerance(dtype, s.out, size.x, grad.x, kRoundings, of_g));
  expect_within("grad_weight", actual.weight, grad.weight,
                stored_sum_tolerance(dtype, s.n, size.weight, grad.weight, kRoundings, of_g));
  expect_within("grad_bias", actual.bias, grad.bias,
                stored_sum_tolerance(dtype, s.n, size.bias, grad.bias, kRoundings, of_g));
}

TEST_P(Linear, EveryDType) {
  for (const LinearShape& s :
       {LinearShape{1, 1, 1}, {33, 65, 31}, {64, 128, 72}, {300, 7, 10}, {3, 700, 5}}) {
    for (const int32_t dtype : {SSLCUDA_TF32, SSLCUDA_BF16, SSLCUDA_F16}) {
      for (const int32_t activation : kActivations) {
        SCOPED_TRACE(label(s) + ", " + dtype_name(dtype) + ", activation " +
                     std::to_string(activation));
        expect_dtype(context(), s, activation, dtype);
      }
    }
  }
}

TEST_P(Linear, EverySubsetOfGradients) {
  for (const LinearShape& s : {LinearShape{33, 65, 7}, LinearShape{300, 3, 5}}) {
    for (const int32_t activation : kActivations) {
      const Inputs in = make_inputs(s, activation);
      for (int subset = 0; subset < 8; ++subset) {
        SCOPED_TRACE(label(s) + ", subset " + std::to_string(subset));
        const Wanted wanted{(subset & 1) != 0, (subset & 2) != 0, (subset & 4) != 0};
        expect_gradients(s, in, activation, backward(context(), s, in, activation, wanted), wanted);
      }
    }
  }
}

TEST_P(Linear, IntegersAreExact) {
  // The last: a product of a size for the largest tiles, with ragged edges.
  for (const LinearShape& s :
       {LinearShape{65, 257, 33}, LinearShape{3, 1030, 129}, LinearShape{129, 19, 8065}}) {
    const Floats x = integers(s.n * s.in, 1, 8), weight = integers(s.out * s.in, 2, 8);
    const Floats bias = integers(s.out, 3, 100), grad_y = integers(s.n * s.out, 4, 8);
    const int32_t none = SSLCUDA_ACTIVATION_NONE;
    EXPECT_EQ(wide(forward(context(), s, x, weight, bias, none)),
              linear_forward(s, wide(x), wide(weight), wide(bias), none));
    const Gradients actual = backward(context(), s, {x, weight, {}, grad_y}, none);
    const auto expected = linear_backward(s, wide(x), wide(weight), {}, wide(grad_y), none);
    EXPECT_EQ(wide(actual.x), expected.x);
    EXPECT_EQ(wide(actual.weight), expected.weight);
    EXPECT_EQ(wide(actual.bias), expected.bias);
  }
}

// ReLU has slope 0 at 0, and passes NaN on.
TEST_P(Linear, ReluAtZeroAndNaN) {
  const LinearShape s{3, 1, 1};
  const Gradients grad =
      backward(context(), s, {{1, 1, 1}, {1}, {0, kNaN, 2}, {5, 6, 7}}, SSLCUDA_ACTIVATION_RELU);
  EXPECT_EQ(grad.x, (Floats{0, 6, 7}));
  const Floats y = forward(context(), s, {-1, kNaN, 2}, {1}, {}, SSLCUDA_ACTIVATION_RELU);
  EXPECT_EQ(y[0], 0);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], 2);
}

TEST_P(Linear, SigmoidSaturates) {
  const Floats y =
      forward(context(), {4, 1, 1}, {-200, -1e30f, 200, kInf}, {1}, {}, SSLCUDA_ACTIVATION_SIGMOID);
  EXPECT_NEAR(y[0], 0, 1e-37);
  EXPECT_NEAR(y[1], 0, 1e-37);
  EXPECT_EQ(y[2], 1);
  EXPECT_EQ(y[3], 1);
}

TEST_P(Linear, SpoiltRowsStayAlone) {
  const LinearShape s{33, 65, 31};
  const int64_t spoilt = 17;
  for (const float value : {kNaN, kInf}) {
    Inputs in = make_inputs(s, SSLCUDA_ACTIVATION_NONE);
    const Floats y = forward(context(), s, in.x, in.weight, {}, SSLCUDA_ACTIVATION_NONE);
    const Gradients grad = backward(context(), s, in, SSLCUDA_ACTIVATION_NONE);
    in.x[spoilt * s.in + 3] = in.grad_y[spoilt * s.out + 5] = value;
    const Floats spoilt_y = forward(context(), s, in.x, in.weight, {}, SSLCUDA_ACTIVATION_NONE);
    const Gradients spoilt_grad = backward(context(), s, in, SSLCUDA_ACTIVATION_NONE);
    expect_other_rows_equal("y", spoilt_y, y, s.out, spoilt);
    expect_other_rows_equal("grad_x", spoilt_grad.x, grad.x, s.in, spoilt);
    EXPECT_TRUE(row_spoilt(spoilt_y, s.out, spoilt));
    EXPECT_TRUE(row_spoilt(spoilt_grad.x, s.in, spoilt));
  }
}

TEST_P(Linear, EmptyExtents) {
  EXPECT_TRUE(forward(context(), {0, 3, 2}, {}, Floats(6), {}, SSLCUDA_ACTIVATION_NONE).empty());
  EXPECT_TRUE(forward(context(), {3, 2, 0}, Floats(6), {}, {}, SSLCUDA_ACTIVATION_NONE).empty());
  EXPECT_EQ(forward(context(), {2, 0, 2}, {}, {}, {-1, 5}, SSLCUDA_ACTIVATION_RELU),
            (Floats{0, 5, 0, 5}));
  const Gradients no_rows = backward(context(), {0, 2, 1}, {{}, {1, 1}, {}, {}}, 0);
  EXPECT_EQ(no_rows.weight, Floats(2, 0));
  EXPECT_EQ(no_rows.bias, Floats(1, 0));
  EXPECT_EQ(backward(context(), {2, 1, 0}, {{1, 2}, {}, {}, {}}, 0).x, Floats(2, 0));
  EXPECT_EQ(backward(context(), {2, 0, 1}, {{}, {}, {}, {3, 4}}, 0).bias, Floats(1, 7));
}

TEST_P(Linear, IsRepeatable) {
  const LinearShape s{129, 257, 65};
  const int32_t activation = SSLCUDA_ACTIVATION_SIGMOID;
  const Inputs in = make_inputs(s, activation);
  expect_repeatable([&](const Context& c) {
    const Gradients grad = backward(c, s, in, activation);
    const Floats y = forward(c, s, in.x, in.weight, {}, activation);
    return joined(joined(y, grad.x), joined(grad.weight, grad.bias));
  });
}

INSTANTIATE_TEST_SUITE_P(, Linear, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
