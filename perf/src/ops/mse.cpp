// mse.cpp - mean squared error, of the sigmoid if wanted: the loss, or with the gradient.
//   FLOPs: 3 an element, 5 with the gradient, about 20 more for a sigmoid; never the limit
#include "tests/reference/mse.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/cub.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr int64_t kPiece = 1 << 16;  // elements that are compared at a time

std::span<const float> piece_of(std::span<const float> x, int64_t begin) {
  return x.subspan(begin, std::min<int64_t>(kPiece, static_cast<int64_t>(x.size()) - begin));
}

}  // namespace

Case mse(const Problem& problem, const Library& library) {
  const int64_t count = problem["count"];
  const bool sigmoid = problem.get("sigmoid", 0) != 0, gradient = problem.get("grad", 0) != 0;
  Case c;
  const auto x = c.input(normal(count, 1));
  const auto target = c.input(uniform(count, 2, 0, 1));
  const auto loss = c.output(1), grad = c.output(gradient ? count : 0);
  c.flops = (gradient ? 5.0 : 3.0) * count + (sigmoid ? 20.0 * count : 0);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_mse(context, SSLCUDA_F32, count, set[x], set[target], sigmoid, nullptr,
                       set[loss], gradient ? set[grad] : nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) {
    double expected_loss = 0;
    for (int64_t begin = 0; begin < count; begin += kPiece) {
      const Vector part = wide(piece_of(v.before(x), begin));
      const double share = static_cast<double>(part.size()) / static_cast<double>(count);
      const auto expected =
          reference::mse(part, wide(piece_of(v.before(target), begin)), sigmoid, share);
      expected_loss += expected.loss * share;
      if (gradient) {
        checker.compare("grad_x", wide(piece_of(v[grad], begin)), expected.grad_x,
                        sum_tolerance(1));
      }
    }
    checker.compare("loss", wide(v[loss]), {expected_loss}, sum_tolerance(count));
  };
  if (!library.on_cpu() && !sigmoid) {
    const MseTensors t{count, gradient, x, target, loss, grad};
    c.add_peer("CUB", [&] { return cub_peer::mse(library, t); });
  }
  return c;
}

}  // namespace sslcuda::perf
