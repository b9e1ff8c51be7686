// test_norm.cpp - sslcuda_batch_norm_forward and _backward, and those of group normalisation.
#include "tests/ops/norm_call.hpp"

namespace sslcuda::test {
namespace {

using reference::NormStatistics;

class Norm : public OpTest {};

constexpr int32_t kNone = SSLCUDA_ACTIVATION_NONE, kRelu = SSLCUDA_ACTIVATION_RELU;

// n, c, plane, groups. Sets of one chunk of work and of several, planes of 1, short and long ones.
constexpr NormShape kShapes[] = {
    {2, 1, 1},     {33, 3, 1},     {70, 65, 1},   {600, 65, 1},   {2, 3, 2},      {1, 2, 3},
    {5, 7, 49},    {90, 2, 49},    {3, 33, 31},   {2, 5, 257},    {1, 3, 5000},   {17, 2, 300},
    {1, 1, 1, 1},  {3, 6, 1, 2},   {5, 64, 1, 1}, {2, 6, 7, 3},   {3, 8, 49, 8},  {2, 4, 33, 1},
    {40, 6, 9, 2}, {1, 3, 700, 1}, {1, 70, 3, 2}, {300, 4, 1, 2}, {2, 2, 5000, 2}};

std::string label(const NormShape& s) {
  return std::to_string(s.n) + " x " + std::to_string(s.c) + " x " + std::to_string(s.plane) +
         ", groups " + std::to_string(s.groups);
}

NormInput make_input(const NormShape& s, float offset = 0) {
  NormInput in{normal(s.x_count(), 1), normal(s.c, 2), normal(s.c, 3), {}, {}};
  for (float& x : in.x) x += offset;
  if (s.groups == 0) {
    in.running_mean = normal(s.c, 4);
    in.running_var = narrow(reference::absolute(wide(normal(s.c, 5))));
  }
  return in;
}

// Of each set, the largest |x - mean|.
Vector largest_deviation(const NormShape& s, const Vector& x, const Vector& mean) {
  Vector largest = reference::zeros(s.sets());
  for (int64_t k = 0; k < s.x_count(); ++k) {
    double& value = largest[s.set(k)];
    value = std::max(value, std::fabs(x[k] - mean[s.set(k)]));
  }
  return largest;
}

NormStatistics expected_statistics(const NormShape& s, const NormInput& in, const NormOptions& o) {
  if (o.training || s.groups != 0) return norm_statistics(s, wide(in.x), o.eps);
  return {wide(in.running_mean), wide(in.running_var),
          reference::rstd_of(wide(in.running_var), o.eps)};
}

void expect_running(const NormShape& s, const NormInput& in, const NormOptions& o,
                    const NormStatistics& batch, const Vector& deviation, const NormOutputs& out) {
  if (!o.training) {
    EXPECT_TRUE(same_bits(out.running_mean, in.running_mean));
    EXPECT_TRUE(same_bits(out.running_var, in.running_var));
    return;
  }
  const auto count = static_cast<double>(s.set_count());
  Vector mean, var, mean_tolerance, var_tolerance;
  for (int64_t j = 0; j < s.c; ++j) {
    const double m = o.momentum, unbiased = batch.variance[j] * count / (count - 1);
    mean.push_back((1 - m) * in.running_mean[j] + m * batch.mean[j]);
    var.push_back((1 - m) * in.running_var[j] + m * unbiased);
    mean_tolerance.push_back(
        8 * kU * (std::fabs(in.running_mean[j]) + std::fabs(batch.mean[j]) + deviation[j]));
    var_tolerance.push_back(32 * kU * (in.running_var[j] + unbiased));
  }
  expect_within("running_mean", out.running_mean, mean, mean_tolerance);
  expect_within("running_var", out.running_var, var, var_tolerance);
}

void expect_forward(const NormShape& s, const NormInput& in, const NormOptions& o,
                    const NormOutputs& out) {
  const Vector x = wide(in.x);
  const NormStatistics expected = expected_statistics(s, in, o);
  const Vector deviation = largest_deviation(s, x, expected.mean);
  Vector mean_tolerance, rstd_tolerance, y_tolerance;
  for (int64_t i = 0; i < s.sets(); ++i) {
    mean_tolerance.push_back(kU * (std::fabs(expected.mean[i]) + 8 * deviation[i]));
    rstd_tolerance.push_back(16 * kU * expected.rstd[i]);
  }
  for (int64_t k = 0; k < s.x_count(); ++k) {
    const double unit = deviation[s.set(k)] * expected.rstd[s.set(k)];
    const double weight = in.weight.empty() ? 1 : std::fabs(in.weight[s.channel(k)]);
    const double bias = in.bias.empty() ? 0 : std::fabs(in.bias[s.channel(k)]);
    y_tolerance.push_back(16 * kU * (unit * weight + bias));
  }
  if (o.with_statistics) {
    expect_within("mean", out.mean, expected.mean, mean_tolerance);
    expect_within("rstd", out.rstd, expected.rstd, rstd_tolerance);
  }
  expect_within("y", out.y,
                norm_forward(s, x, expected, wide(in.weight), wide(in.bias), o.activation),
                y_tolerance);
  if (!in.running_mean.empty()) expect_running(s, in, o, expected, deviation, out);
}

void expect_backward(const NormShape& s, const NormInput& in, const NormOutputs& out,
                     const Floats& grad_y, const NormOptions& o, const NormGradients& actual,
                     const NormWanted& wanted = {}) {
  const Vector x = wide(in.x), weight = wide(in.weight);
  const Vector g = reference::activation_gradient(o.activation, wide(out.y), wide(grad_y));
  const NormStatistics given{wide(out.mean), {}, wide(out.rstd)};
  const bool training = o.training || s.groups != 0;
  const auto expected = norm_backward(s, x, given, weight, g, training);
  // sums of absolute values, for the tolerances
  Vector sum = reference::zeros(s.sets()), along = sum;
  Vector of_weight = reference::zeros(s.c), of_bias = of_weight;
  const auto unit = [&](int64_t k) {
    return std::fabs(x[k] - given.mean[s.set(k)]) * given.rstd[s.set(k)];
  };
  const auto weighted = [&](int64_t k) {
    return std::fabs(weight.empty() ? g[k] : weight[s.channel(k)] * g[k]);
  };
  for (int64_t k = 0; k < s.x_count(); ++k) {
    sum[s.set(k)] += weighted(k) / static_cast<double>(s.set_count());
    along[s.set(k)] += weighted(k) * unit(k) / static_cast<double>(s.set_count());
    of_bias[s.channel(k)] += std::fabs(g[k]);
    of_weight[s.channel(k)] += std::fabs(g[k]) * unit(k);
  }
  Vector x_tolerance;
  for (int64_t k = 0; k < s.x_count(); ++k) {
    const double through = training ? sum[s.set(k)] + unit(k) * along[s.set(k)] : 0;
    x_tolerance.push_back(16 * kU * given.rstd[s.set(k)] * (weighted(k) + through));
  }
  const int64_t channel_count = s.n * s.plane;
  if (wanted.x) expect_within("grad_x", actual.x, expected.x, x_tolerance);
  if (wanted.weight) {
    expect_within("grad_weight", actual.weight, expected.weight,
                  sum_tolerance(channel_count, of_weight, 4));
  }
  if (wanted.bias) {
    expect_within("grad_bias", actual.bias, expected.bias, sum_tolerance(channel_count, of_bias));
  }
}

void expect_both(const Context& context, const NormShape& s, const NormInput& in,
                 const NormOptions& o) {
  const NormOutputs out = norm_forward(context, s, in, o);
  expect_forward(s, in, o, out);
  const Floats grad_y = normal(s.x_count(), 6);
  expect_backward(s, in, out, grad_y, o, norm_backward(context, s, in, out, grad_y, o));
}

TEST_P(Norm, MatchesReference) {
  for (const NormShape& s : kShapes) {
    for (const int32_t activation : {kNone, kRelu}) {
      SCOPED_TRACE(label(s) + ", activation " + std::to_string(activation));
      NormInput in = make_input(s);
      expect_both(context(), s, in, {activation});
      if (s.groups == 0) expect_both(context(), s, in, {activation, false});
      in.weight.clear(), in.bias.clear();
      expect_both(context(), s, in, {activation});
    }
  }
}

// A variance must not be the small difference of large squares.
TEST_P(Norm, MeansFarFromZero) {
  for (const NormShape& s : {NormShape{33, 3, 49}, NormShape{700, 3, 1}, NormShape{3, 4, 99, 2}}) {
    for (const float offset : {1e3f, -1e5f}) {
      SCOPED_TRACE(label(s) + ", offset " + std::to_string(offset));
      const NormInput in = make_input(s, offset);
      const NormOptions o;
      expect_forward(s, in, o, norm_forward(context(), s, in, o));
    }
  }
}

// The first value of a set may be unlike all others.
TEST_P(Norm, OutlierInFront) {
  const NormShape s{33, 1, 49};
  NormInput in = make_input(s);
  in.x[0] = 3000;
  expect_forward(s, in, {}, norm_forward(context(), s, in));
}

TEST_P(Norm, ConstantSetsHaveNoVariance) {
  for (const NormShape& s : {NormShape{5, 3, 9}, NormShape{5, 3, 1}, NormShape{5, 6, 3, 2}}) {
    NormInput in = make_input(s);
    in.x.assign(s.x_count(), 0.3f);
    const NormOutputs out = norm_forward(context(), s, in);
    for (int64_t k = 0; k < s.x_count(); ++k) EXPECT_EQ(out.y[k], in.bias[s.channel(k)]);
    EXPECT_EQ(out.mean, Floats(s.sets(), 0.3f));
    expect_within("rstd", out.rstd, Vector(s.sets(), 1 / std::sqrt(1e-5)), 1e-4);
  }
}

TEST_P(Norm, Options) {
  const NormShape batch{9, 5, 33}, group{9, 6, 33, 3};
  for (const NormShape& s : {batch, group}) {
    SCOPED_TRACE(label(s));
    const NormInput in = make_input(s);
    const NormOutputs out = norm_forward(context(), s, in, {kRelu});
    const Floats grad_y = normal(s.x_count(), 6);
    const NormGradients grad = norm_backward(context(), s, in, out, grad_y, {kRelu});
    const NormOptions in_place{kRelu, true, true};
    EXPECT_TRUE(same_bits(norm_forward(context(), s, in, in_place).y, out.y));
    EXPECT_TRUE(same_bits(norm_backward(context(), s, in, out, grad_y, in_place).x, grad.x));
    EXPECT_TRUE(same_bits(norm_forward(context(), s, in, {kRelu, true, false, false}).y, out.y));
    for (const float eps : {1e-3f, 1e-9f}) {
      expect_both(context(), s, in, {kRelu, true, false, true, 0.7f, eps});
    }
    for (int subset = 1; subset < 8; ++subset) {
      const NormWanted wanted{(subset & 1) != 0, (subset & 2) != 0, (subset & 4) != 0};
      expect_backward(s, in, out, grad_y, {kRelu},
                      norm_backward(context(), s, in, out, grad_y, {kRelu}, wanted), wanted);
    }
  }
}

TEST_P(Norm, WithoutRunningStatistics) {
  const NormShape s{9, 5, 33};
  NormInput in = make_input(s);
  const NormOutputs out = norm_forward(context(), s, in);
  in.running_mean.clear(), in.running_var.clear();
  EXPECT_TRUE(same_bits(norm_forward(context(), s, in).y, out.y));
}

TEST_P(Norm, SpoiltSetsStayAlone) {
  for (const float value : {kNaN, kInf}) {
    for (const int64_t plane : {1, 17}) {
      const NormShape batch{33, 5, plane}, group{33, 6, plane, 2};
      for (const NormShape& s : {batch, group}) {
        SCOPED_TRACE(label(s));
        NormInput in = make_input(s);
        Floats grad_y = normal(s.x_count(), 6);
        const NormOutputs out = norm_forward(context(), s, in, {kRelu});
        const NormGradients grad = norm_backward(context(), s, in, out, grad_y, {kRelu});
        const int64_t at = s.x_count() / 2;
        in.x[at] = grad_y[at] = value;
        NormOutputs spoilt = norm_forward(context(), s, in, {kRelu});
        for (int64_t k = 0; k < s.x_count(); ++k) {
          if (s.set(k) != s.set(at)) {
            ASSERT_EQ(spoilt.y[k], out.y[k]) << k;
          } else {
            ASSERT_TRUE(std::isnan(spoilt.y[k])) << k;
          }
        }
        spoilt = out;
        spoilt.y[at] = 1;  // so that ReLU lets the gradient through
        const NormGradients after = norm_backward(context(), s, in, spoilt, grad_y, {kRelu});
        for (int64_t k = 0; k < s.x_count(); ++k) {
          if (s.set(k) == s.set(at)) continue;
          ASSERT_EQ(after.x[k], grad.x[k]) << k;
        }
        EXPECT_FALSE(std::isfinite(after.x[at]) || std::isfinite(after.bias[s.channel(at)]));
      }
    }
  }
}

TEST_P(Norm, NoImages) {
  for (const NormShape& s : {NormShape{0, 2, 3}, NormShape{0, 4, 3, 2}}) {
    NormInput in{{}, Floats(s.c), Floats(s.c), {}, {}};
    if (s.groups == 0) in.running_mean = in.running_var = Floats(s.c, 1);
    const NormOptions o{kNone, false};
    const NormOutputs out = norm_forward(context(), s, in, o);
    EXPECT_TRUE(out.y.empty());
    const NormGradients grad = norm_backward(context(), s, in, out, {}, o);
    EXPECT_EQ(grad.weight, Floats(s.c, 0));
    EXPECT_EQ(grad.bias, Floats(s.c, 0));
  }
}

TEST_P(Norm, IsRepeatable) {
  for (const NormShape& s : {NormShape{90, 3, 49}, NormShape{700, 33, 1}, NormShape{9, 6, 33, 3}}) {
    const NormInput in = make_input(s);
    const Floats grad_y = normal(s.x_count(), 6);
    expect_repeatable([&](const Context& c) {
      const NormOutputs out = norm_forward(c, s, in, {kRelu});
      const NormGradients grad = norm_backward(c, s, in, out, grad_y, {kRelu});
      return joined(joined(joined(out.y, out.mean), joined(out.rstd, out.running_var)),
                    joined(joined(grad.x, grad.weight), grad.bias));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, Norm, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
