// test_linear_mse.cpp - sslcuda_linear_mse.
#include "tests/ops/number.hpp"
#include "tests/reference/linear_mse.hpp"

namespace sslcuda::test {
namespace {

using reference::absolute;
using reference::LinearShape;

class LinearMse : public OpTest {};

constexpr int32_t kActivations[] = {SSLCUDA_ACTIVATION_NONE, SSLCUDA_ACTIVATION_RELU,
                                    SSLCUDA_ACTIVATION_SIGMOID};

std::string label(const LinearShape& s) {
  return std::to_string(s.n) + " x " + std::to_string(s.in) + " x " + std::to_string(s.out);
}

struct Inputs {
  Floats x, weight, bias, target;
};

struct Options {
  int32_t activation = SSLCUDA_ACTIVATION_NONE;
  int32_t dtype = SSLCUDA_F32;
  float grad_loss = 1;
  bool loss = true, grad_u = true, y = true;
};

struct Outputs {
  Floats loss, grad_u, y;
};

Inputs make_inputs(const LinearShape& s, int32_t dtype, bool biased = true) {
  return {rounded(dtype, normal(s.n * s.in, 1)), rounded(dtype, normal(s.out * s.in, 2)),
          biased ? rounded(dtype, normal(s.out, 3)) : Floats{},
          rounded(dtype, normal(s.n * s.out, 4))};
}

Outputs run(const Context& context, const LinearShape& s, const Inputs& in, const Options& o = {}) {
  const Tensor x(context, o.dtype, in.x), weight(context, o.dtype, in.weight),
      bias(context, o.dtype, in.bias), target(context, o.dtype, in.target);
  const Tensor grad_u(context, o.dtype, s.n, s.out, s.out), y(context, o.dtype, s.n, s.out, s.out);
  const Buffer<float> loss(context, 1), grad_loss(context, {o.grad_loss});
  context.run([&] {
    return sslcuda_linear_mse(context, o.dtype, s.n, s.in, s.out, x, weight,
                              if_wanted(!in.bias.empty(), bias), target, o.activation,
                              if_wanted(o.grad_loss != 1, grad_loss), if_wanted(o.loss, loss),
                              if_wanted(o.grad_u, grad_u), if_wanted(o.y, y));
  });
  return {loss.download(), grad_u.download(), y.download()};
}

// Of y before it is stored.
Vector tolerance_of_y(const LinearShape& s, const Inputs& in, const Options& o) {
  const Vector scale = linear_forward(s, absolute(wide(in.x)), absolute(wide(in.weight)),
                                      absolute(wide(in.bias)), SSLCUDA_ACTIVATION_NONE);
  Vector tolerance = sum_tolerance(s.in + 1, scale);
  for (size_t i = 0; i < scale.size(); ++i) {
    tolerance[i] += product_roundoff(o.dtype) * scale[i];
    if (o.activation == SSLCUDA_ACTIVATION_SIGMOID) tolerance[i] = tolerance[i] / 4 + 8 * kU;
  }
  return tolerance;
}

void expect_outputs(const LinearShape& s, const Inputs& in, const Options& o,
                    const Outputs& actual) {
  const Vector target = wide(in.target);
  const auto expected =
      linear_mse(s, wide(in.x), wide(in.weight), wide(in.bias), target, o.activation, o.grad_loss);
  const Vector u = linear_forward(s, wide(in.x), wide(in.weight), wide(in.bias), 0);
  const Vector of_y = tolerance_of_y(s, in, o);
  const auto count = static_cast<double>(s.n * s.out);
  double of_loss = (16 + 4 * std::sqrt(count)) * kU * expected.loss;
  Vector of_grad;
  for (size_t i = 0; i < of_y.size(); ++i) {
    const double y = expected.y[i], difference = std::fabs(y - target[i]);
    of_loss += (2 * difference + of_y[i]) * of_y[i] / count;
    // Of the difference, and of the slope at y, which is 1 at most.
    const double size = of_y[i] * (1 + difference) + 8 * kU * (std::fabs(y) + std::fabs(target[i]));
    of_grad.push_back(2 * std::fabs(o.grad_loss) / count * size);
    // Where rounding decides on which side of 0 a ReLU is, either slope is right.
    const bool is_open = o.activation == SSLCUDA_ACTIVATION_RELU && std::fabs(u[i]) <= of_y[i];
    if (is_open) of_grad.back() += 2 * std::fabs(o.grad_loss) / count * difference;
  }
  if (o.loss) expect_within("loss", actual.loss, {expected.loss}, of_loss);
  if (o.y) expect_within("y", actual.y, expected.y, stored_tolerance(o.dtype, of_y, expected.y));
  if (o.grad_u) {
    expect_within("grad_u", actual.grad_u, expected.grad_u,
                  stored_tolerance(o.dtype, of_grad, expected.grad_u));
  }
}

TEST_P(LinearMse, MatchesReference) {
  for (const LinearShape& s : {LinearShape{1, 1, 1},
                               {1, 7, 3},
                               {2, 3, 1},
                               {7, 31, 33},
                               {33, 64, 129},
                               {64, 127, 65},
                               {65, 1, 128},
                               {129, 33, 257},
                               {3, 5, 1030},
                               {2, 700, 40}}) {
    for (const bool biased : {false, true}) {
      const Inputs in = make_inputs(s, SSLCUDA_F32, biased);
      for (const int32_t activation : kActivations) {
        SCOPED_TRACE(label(s) + ", activation " + std::to_string(activation));
        const Options o{activation};
        expect_outputs(s, in, o, run(context(), s, in, o));
      }
    }
  }
}

// Among the shapes: tiles of either size, products of 16 bits that tensor copies can take (rows of
// a multiple of 8) and such that they cannot.
TEST_P(LinearMse, EveryDType) {
  for (const LinearShape& s : {LinearShape{1, 1, 1},
                               {33, 65, 31},
                               {64, 128, 72},
                               {300, 72, 264},
                               {131, 64, 129},
                               {129, 8, 8065}}) {
    for (const int32_t dtype : kDTypes) {
      const Inputs in = make_inputs(s, dtype);
      for (const int32_t activation : kActivations) {
        SCOPED_TRACE(label(s) + ", " + dtype_name(dtype) + ", activation " +
                     std::to_string(activation));
        const Options o{activation, dtype, 512};
        expect_outputs(s, in, o, run(context(), s, in, o));
      }
    }
  }
}

TEST_P(LinearMse, EverySubsetOfOutputs) {
  for (const LinearShape& s : {LinearShape{33, 65, 7}, LinearShape{130, 72, 136}}) {
    for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16}) {
      const Inputs in = make_inputs(s, dtype);
      for (int subset = 0; subset < 8; ++subset) {
        SCOPED_TRACE(label(s) + ", subset " + std::to_string(subset));
        const Options o{SSLCUDA_ACTIVATION_SIGMOID, dtype, -3, (subset & 1) != 0, (subset & 2) != 0,
                        (subset & 4) != 0};
        expect_outputs(s, in, o, run(context(), s, in, o));
      }
    }
  }
}

// Of small whole numbers, all sums are exact.
TEST_P(LinearMse, IntegersAreExact) {
  for (const LinearShape& s : {LinearShape{64, 33, 32}, LinearShape{256, 64, 128}}) {
    for (const int32_t dtype : kDTypes) {
      SCOPED_TRACE(label(s) + ", " + dtype_name(dtype));
      const Inputs in{integers(s.n * s.in, 1, 1), integers(s.out * s.in, 2, 1),
                      integers(s.out, 3, 3), integers(s.n * s.out, 4, 8)};
      const Outputs actual = run(context(), s, in, {SSLCUDA_ACTIVATION_NONE, dtype});
      const auto expected =
          linear_mse(s, wide(in.x), wide(in.weight), wide(in.bias), wide(in.target), 0);
      EXPECT_EQ(wide(actual.y), expected.y);
      EXPECT_EQ(wide(actual.loss), Vector{expected.loss});
      if (is_16_bit(dtype)) continue;  // their gradients are rounded
      EXPECT_EQ(wide(actual.grad_u), expected.grad_u);
    }
  }
}

TEST_P(LinearMse, NoInputsLeaveTheBias) {
  const Outputs actual =
      run(context(), {2, 0, 2}, {{}, {}, {-1, 5}, {1, 1, 3, 5}}, {SSLCUDA_ACTIVATION_RELU});
  EXPECT_EQ(actual.y, (Floats{0, 5, 0, 5}));
  EXPECT_EQ(actual.grad_u, (Floats{0, 2, 0, 0}));
  EXPECT_EQ(actual.loss, (Floats{(1 + 16 + 9 + 0) / 4.0f}));
}

TEST_P(LinearMse, SpoiltElementsStayAlone) {
  const LinearShape s{33, 65, 31};
  const int64_t spoilt = 17;
  for (const float value : {kNaN, kInf}) {
    Inputs in = make_inputs(s, SSLCUDA_F32);
    const Outputs before = run(context(), s, in);
    in.target[spoilt * s.out + 5] = value;
    const Outputs after = run(context(), s, in);
    expect_other_rows_equal("grad_u", after.grad_u, before.grad_u, 1, spoilt * s.out + 5);
    EXPECT_TRUE(same_bits(after.y, before.y));
    EXPECT_FALSE(std::isfinite(after.grad_u[spoilt * s.out + 5]));
    EXPECT_FALSE(std::isfinite(after.loss[0]));
    in.target = make_inputs(s, SSLCUDA_F32).target;
    in.x[spoilt * s.in + 3] = value;
    const Outputs of_row = run(context(), s, in);
    expect_other_rows_equal("grad_u", of_row.grad_u, before.grad_u, s.out, spoilt);
    EXPECT_TRUE(row_spoilt(of_row.grad_u, s.out, spoilt));
  }
}

// One loss may round to the same float from different partial sums; many do not.
TEST_P(LinearMse, IsRepeatable) {
  const LinearShape s{131, 65, 129};
  const Inputs in = make_inputs(s, SSLCUDA_F32);
  expect_repeatable([&](const Context& c) {
    Floats all;
    for (int64_t rows = 1; rows < s.n; rows *= 2) {
      const LinearShape part{rows + 3, s.in, s.out};
      const Outputs out =
          run(c, part,
              {Floats(in.x.begin(), in.x.begin() + part.n * s.in), in.weight, in.bias,
               Floats(in.target.begin(), in.target.begin() + part.n * s.out)},
              {SSLCUDA_ACTIVATION_SIGMOID});
      all = joined(joined(all, out.loss), joined(out.grad_u, out.y));
    }
    return all;
  });
}

INSTANTIATE_TEST_SUITE_P(, LinearMse, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
