// linear_mse.cpp - a linear layer with its mean squared error, value and gradient, in one pass.
// With an activation y is stored as well.
//   FLOPs: 2 n in out, and 5 for each output, about 20 more for a sigmoid
#include "tests/reference/linear_mse.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

using reference::LinearShape;

// From all of grad_u, or of y, some of which are compared with float64 themselves: a reference of
// every output would take hours.
template <class GradU, class Y, class Target>
double loss_from(const GradU& grad_u, const Y& y, const Target& target, bool with_y) {
  const auto count = static_cast<double>(target.size());
  double sum = 0;
  for (size_t i = 0; i < target.size(); ++i) {
    const double difference = with_y ? static_cast<double>(y[i]) - static_cast<double>(target[i])
                                     : static_cast<double>(grad_u[i]) * count / 2;
    sum += difference * difference / count;
  }
  return sum;
}

}  // namespace

Case linear_mse(const Problem& problem, const Library&) {
  const LinearShape s{problem["n"], problem["in"], problem["out"]};
  const DType& type = problem.type();
  const auto activation = static_cast<int32_t>(problem.get("activation", 0));
  const bool with_y = activation != SSLCUDA_ACTIVATION_NONE;
  Case c;
  const auto x = c.input(type, normal(s.n * s.in, 1));
  const auto weight =
      c.input(type, normal(s.out * s.in, 2, 1 / std::sqrt(static_cast<float>(s.in))));
  const auto bias = c.input(type, normal(s.out, 3));
  const auto target = c.input(type, uniform(s.n * s.out, 4, 0, 1));
  const auto loss = c.output(1);
  const auto grad_u = c.output(type, s.n * s.out), y = c.output(type, with_y ? s.n * s.out : 0);
  const double per_output = activation == SSLCUDA_ACTIVATION_SIGMOID ? 25 : 5;
  c.flops = 2.0 * s.n * s.in * s.out + per_output * s.n * s.out;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_linear_mse(context, type.code, s.n, s.in, s.out, set[x], set[weight], set[bias],
                              set[target], activation, nullptr, set[loss], set[grad_u],
                              with_y ? set[y] : nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(s.n), outs = some_of(s.out);
    const LinearShape part{static_cast<int64_t>(rows.size()), s.in,
                           static_cast<int64_t>(outs.size())};
    const auto some = [&](const auto& values) {
      return columns_of(rows_of(values, s.out, rows), s.out, outs);
    };
    const double share =
        static_cast<double>(part.n * part.out) / (static_cast<double>(s.n) * s.out);
    const auto expected =
        linear_mse(part, rows_of(v.before(x), s.in, rows), rows_of(v.before(weight), s.in, outs),
                   rows_of(v.before(bias), 1, outs), some(v.before(target)), activation, share);
    checker.compare("grad_u", some(v[grad_u]), expected.grad_u, sum_tolerance(s.in, type));
    if (with_y) checker.compare("y", some(v[y]), expected.y, sum_tolerance(s.in, type));
    checker.compare("loss", wide(v[loss]), {loss_from(v[grad_u], v[y], v.before(target), with_y)},
                    sum_tolerance(s.n * s.out, type));
  };
  return c;
}

}  // namespace sslcuda::perf
