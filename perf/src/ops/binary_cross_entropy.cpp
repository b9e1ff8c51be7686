// binary_cross_entropy.cpp - on logits: the loss, or with the gradient.
//   FLOPs: about 25 an element, more than half of them for the exponential and logarithm
#include "tests/reference/binary_cross_entropy.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {

Case binary_cross_entropy(const Problem& problem, const Library&) {
  const int64_t count = problem["count"];
  const bool gradient = problem.get("grad", 0) != 0;
  Case c;
  const auto x = c.input(normal(count, 1)), target = c.input(uniform(count, 2, 0, 1));
  const auto loss = c.output(1), grad = c.output(gradient ? count : 0);
  c.flops = 25.0 * count;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_binary_cross_entropy(context, SSLCUDA_F32, count, set[x], set[target], nullptr,
                                        set[loss], gradient ? set[grad] : nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto expected =
        reference::binary_cross_entropy(wide(v.before(x)), wide(v.before(target)));
    checker.compare("loss", wide(v[loss]), {expected.loss}, sum_tolerance(count));
    if (gradient) checker.compare("grad_x", wide(v[grad]), expected.grad_x, sum_tolerance(1));
  };
  return c;
}

}  // namespace sslcuda::perf
