// test_mse.cpp - sslcuda_mse.
#include "tests/ops/pointwise_call.hpp"
#include "tests/reference/mse.hpp"

namespace sslcuda::test {
namespace {

class Mse : public OpTest {};

struct Options : PointwiseOptions {
  bool sigmoid = false;
};

using Outputs = PointwiseOutputs;

Outputs run(const Context& context, const Floats& x, const Floats& target, const Options& o = {}) {
  return pointwise_loss(context, x, target, o,
                        [&](int64_t count, const float* dx, const float* dt, float* grad_loss,
                            float* loss, float* grad) {
                          return sslcuda_mse(context, SSLCUDA_F32, count, dx, dt, o.sigmoid,
                                             grad_loss, loss, grad);
                        });
}

void expect_outputs(const Floats& x, const Floats& target, const Options& o,
                    const Outputs& actual) {
  const auto expected = reference::mse(wide(x), wide(target), o.sigmoid, o.grad_loss);
  const auto count = static_cast<double>(x.size());
  const double loss_tolerance = (16 + 4 * std::sqrt(count)) * kU * std::max(1.0, expected.loss);
  Vector grad_tolerance;
  for (size_t i = 0; i < x.size(); ++i) {
    const double y = o.sigmoid ? reference::sigmoid(x[i]) : x[i];
    const double slope = o.sigmoid ? y * (1 - y) + 2 * kU : 1;
    grad_tolerance.push_back(16 * kU * std::fabs(o.grad_loss) * 2 / count *
                             (std::fabs(y) + std::fabs(target[i])) * slope);
    if (o.sigmoid) grad_tolerance.back() += 16 * kU * std::fabs(o.grad_loss) * 2 / count * y;
  }
  if (o.loss) expect_within("loss", actual.loss, {expected.loss}, loss_tolerance);
  if (o.grad) expect_within("grad_x", actual.grad_x, expected.grad_x, grad_tolerance);
}

TEST_P(Mse, MatchesReference) {
  for (const int64_t count : {1, 2, 3, 7, 31, 33, 64, 65, 127, 129, 257, 4095, 4097, 50176}) {
    for (const bool sigmoid : {false, true}) {
      SCOPED_TRACE(count);
      const Floats x = normal(count, 1, 3), target = normal(count, 2);
      for (const PointwiseOptions& options : kPointwiseOptions) {
        const Options o{options, sigmoid};
        expect_outputs(x, target, o, run(context(), x, target, o));
      }
    }
  }
}

TEST_P(Mse, SigmoidSaturates) {
  const Options o{{}, true};
  const Floats x{1e4f, -1e4f, 90, -90, kInf, -kInf}, target{1, 0, 0, 1, 0, 1};
  const Outputs actual = run(context(), x, target, o);
  expect_outputs({1e4f, -1e4f, 90, -90, 1e4f, -1e4f}, target, o, actual);
}

TEST_P(Mse, SpoiltElementsStayAlone) {
  const Floats target = normal(129, 2);
  for (const bool sigmoid : {false, true}) {
    expect_spoilt_elements_stay_alone([&](const Floats& x) {
      return run(context(), x, target, {{}, sigmoid});
    });
  }
}

// So many that a block takes more of them.
TEST_P(Mse, ManyElements) {
  const int64_t count = (1 << 20) + 3;
  const Floats x = normal(count, 1), target = normal(count, 2);
  expect_outputs(x, target, {}, run(context(), x, target, {}));
}

// As slices of other tensors do.
TEST_P(Mse, TensorsBeginAtAnyFloat) {
  for (const int64_t count : {1024, 1025}) {
    const Floats x = normal(count, 1), target = normal(count, 2);
    for (const int64_t offset : {1, 2, 3, 4}) {
      SCOPED_TRACE(std::to_string(count) + " from " + std::to_string(offset));
      const auto later = [&](const Floats& values) { return joined(Floats(offset, 0.5f), values); };
      const Buffer<float> dx(context(), later(x)), dt(context(), later(target)), loss(context(), 1),
          grad(context(), count + offset);
      context().run([&] {
        return sslcuda_mse(context(), SSLCUDA_F32, count, dx + offset, dt + offset, 0, nullptr,
                           loss, grad + offset);
      });
      const Floats all = grad.download();
      expect_outputs(x, target, {}, {loss.download(), Floats(all.begin() + offset, all.end())});
    }
  }
}

// One loss may round to the same float from different partial sums; many do not.
TEST_P(Mse, IsRepeatable) {
  constexpr int64_t kCount = 9001, kSets = 16;
  const Floats x = normal(kCount * kSets, 1), target = normal(kCount * kSets, 2);
  expect_repeatable([&](const Context& c) {
    Floats all;
    for (int64_t set = 0; set < kSets; ++set) {
      const Outputs out =
          run(c, row_of(x, kCount, set), row_of(target, kCount, set), {{}, set % 2 == 0});
      all = joined(joined(all, out.loss), out.grad_x);
    }
    return all;
  });
}

INSTANTIATE_TEST_SUITE_P(, Mse, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
