// test_binary_cross_entropy.cpp - sslcuda_binary_cross_entropy.
#include "tests/ops/pointwise_call.hpp"
#include "tests/reference/binary_cross_entropy.hpp"

namespace sslcuda::test {
namespace {

class BinaryCrossEntropy : public OpTest {};

using Options = PointwiseOptions;
using Outputs = PointwiseOutputs;

Outputs run(const Context& context, const Floats& x, const Floats& target, const Options& o = {}) {
  return pointwise_loss(context, x, target, o,
                        [&](int64_t count, const float* dx, const float* dt, float* grad_loss,
                            float* loss, float* grad) {
                          return sslcuda_binary_cross_entropy(context, SSLCUDA_F32, count, dx, dt,
                                                              grad_loss, loss, grad);
                        });
}

Floats probabilities(int64_t count, uint64_t seed) {
  Floats t = normal(count, seed);
  for (float& value : t) value = std::min(1.0f, std::fabs(value));
  return t;
}

void expect_outputs(const Floats& x, const Floats& target, const Options& o,
                    const Outputs& actual) {
  const auto expected = reference::binary_cross_entropy(wide(x), wide(target), o.grad_loss);
  const auto count = static_cast<double>(x.size());
  double size = 0;
  Vector grad_tolerance;
  for (size_t i = 0; i < x.size(); ++i) {
    size += (std::fabs(x[i]) * (1 + std::fabs(target[i])) + std::log(2.0)) / count;
    const double y = reference::sigmoid(x[i]);
    grad_tolerance.push_back(8 * kU * std::fabs(o.grad_loss) / count *
                             (y * (1 + std::fabs(x[i])) + std::fabs(target[i])));
  }
  if (o.loss) {
    expect_within("loss", actual.loss, {expected.loss}, (8 + 2 * std::sqrt(count)) * kU * size);
  }
  if (o.grad) expect_within("grad_x", actual.grad_x, expected.grad_x, grad_tolerance);
}

TEST_P(BinaryCrossEntropy, MatchesReference) {
  for (const int64_t count : {1, 2, 31, 33, 257, 4095, 4097, 50176}) {
    SCOPED_TRACE(count);
    const Floats x = normal(count, 1, 3), target = probabilities(count, 2);
    for (const Options& o : kPointwiseOptions) {
      expect_outputs(x, target, o, run(context(), x, target, o));
    }
  }
}

// A sure and right answer costs next to nothing, a wrong one |x|.
TEST_P(BinaryCrossEntropy, SureAnswers) {
  for (const float size : {20.0f, 90.0f, 1e4f, 1e30f}) {
    for (const float t : {0.0f, 1.0f}) {
      for (const float x : {size, -size}) {
        const Outputs actual = run(context(), {x}, {t});
        const auto expected = reference::binary_cross_entropy({x}, {t});
        constexpr double kTiny = std::numeric_limits<float>::min();
        expect_within("loss", actual.loss, {expected.loss}, 8 * kU * expected.loss + kTiny);
        expect_within("grad_x", actual.grad_x, expected.grad_x, 8 * kU);
      }
    }
  }
  const Outputs right = run(context(), {kInf, -kInf}, {1, 0});  // infinity - infinity
  EXPECT_TRUE(std::isnan(right.loss[0]));
  EXPECT_EQ(right.grad_x, (Floats{0, 0}));
}

TEST_P(BinaryCrossEntropy, SpoiltElementsStayAlone) {
  const Floats target = probabilities(129, 2);
  expect_spoilt_elements_stay_alone([&](const Floats& x) { return run(context(), x, target); });
}

TEST_P(BinaryCrossEntropy, IsRepeatable) {
  const Floats x = normal(90001, 1), target = probabilities(90001, 2);
  expect_repeatable([&](const Context& c) {
    const Outputs out = run(c, x, target);
    return joined(out.loss, out.grad_x);
  });
}

INSTANTIATE_TEST_SUITE_P(, BinaryCrossEntropy, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
