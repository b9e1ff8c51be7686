// test_mse.cpp - sslcuda_mse.
#include "tests/ops/fixture.hpp"
#include "tests/reference/mse.hpp"

namespace sslcuda::test {
namespace {

class Mse : public OpTest {};

struct Options {
  bool sigmoid = false;
  float grad_loss = 1;
  bool in_place = false, loss = true, grad = true;
};

struct Outputs {
  Floats loss, grad_x;
};

Outputs run(const Context& context, const Floats& x, const Floats& target, const Options& o = {}) {
  const auto count = static_cast<int64_t>(x.size());
  const Buffer<float> dx(context, x), dt(context, target), grad_loss(context, {o.grad_loss});
  const Buffer<float> loss(context, 1), dgrad(context, count);
  const Buffer<float>& grad = o.in_place ? dx : dgrad;
  context.run([&] {
    return sslcuda_mse(context, SSLCUDA_F32, count, dx, dt, o.sigmoid,
                       if_wanted(o.grad_loss != 1, grad_loss), if_wanted(o.loss, loss),
                       if_wanted(o.grad, grad));
  });
  return {loss.download(), grad.download()};
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
      for (const Options& o :
           {Options{sigmoid}, Options{sigmoid, -2}, Options{sigmoid, 1, true},
            Options{sigmoid, 1, false, true, false}, Options{sigmoid, 1, false, false, true}}) {
        expect_outputs(x, target, o, run(context(), x, target, o));
      }
    }
  }
}

TEST_P(Mse, SigmoidSaturates) {
  const Options o{true};
  const Floats x{1e4f, -1e4f, 90, -90, kInf, -kInf}, target{1, 0, 0, 1, 0, 1};
  const Outputs actual = run(context(), x, target, o);
  expect_outputs({1e4f, -1e4f, 90, -90, 1e4f, -1e4f}, target, o, actual);
}

TEST_P(Mse, SpoiltElementsStayAlone) {
  for (const bool sigmoid : {false, true}) {
    Floats x = normal(129, 1);
    const Floats target = normal(129, 2);
    const Outputs before = run(context(), x, target, {sigmoid});
    x[77] = kNaN;
    const Outputs after = run(context(), x, target, {sigmoid});
    expect_other_rows_equal("grad_x", after.grad_x, before.grad_x, 1, 77);
    EXPECT_TRUE(std::isnan(after.grad_x[77]) && std::isnan(after.loss[0]));
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
          run(c, row_of(x, kCount, set), row_of(target, kCount, set), {set % 2 == 0});
      all = joined(joined(all, out.loss), out.grad_x);
    }
    return all;
  });
}

INSTANTIATE_TEST_SUITE_P(, Mse, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
