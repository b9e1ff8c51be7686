// pointwise_call.hpp - what the tests of losses over pairs of numbers share: mse and
// binary_cross_entropy.
#pragma once

#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

struct PointwiseOptions {
  float grad_loss = 1;
  bool in_place = false, loss = true, grad = true;
};

// All that can be left out, one after the other.
constexpr PointwiseOptions kPointwiseOptions[] = {
    {}, {-2}, {1, true}, {1, false, true, false}, {1, false, false, true}};

struct PointwiseOutputs {
  Floats loss, grad_x;
};

// op(count, x, target, grad_loss, loss, grad_x) calls the library.
template <class Op>
PointwiseOutputs pointwise_loss(const Context& context, const Floats& x, const Floats& target,
                                const PointwiseOptions& o, const Op& op) {
  const auto count = static_cast<int64_t>(x.size());
  const Buffer<float> dx(context, x), dt(context, target), grad_loss(context, {o.grad_loss});
  const Buffer<float> loss(context, 1), dgrad(context, count);
  const Buffer<float>& grad = o.in_place ? dx : dgrad;
  context.run([&] {
    return op(count, dx, dt, if_wanted(o.grad_loss != 1, grad_loss), if_wanted(o.loss, loss),
              if_wanted(o.grad, grad));
  });
  return {loss.download(), grad.download()};
}

// run(x): the outputs for some targets. A NaN in x spoils the loss and its own gradient alone.
template <class Run>
void expect_spoilt_elements_stay_alone(const Run& run) {
  Floats x = normal(129, 1);
  const PointwiseOutputs before = run(x);
  x[77] = kNaN;
  const PointwiseOutputs after = run(x);
  expect_other_rows_equal("grad_x", after.grad_x, before.grad_x, 1, 77);
  EXPECT_TRUE(std::isnan(after.grad_x[77]) && std::isnan(after.loss[0]));
}

}  // namespace sslcuda::test
