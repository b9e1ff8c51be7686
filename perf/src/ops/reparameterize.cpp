// reparameterize.cpp - z and divergence of a normal distribution, whose mu and logvar are the
// halves of one matrix; and their gradients.
//   FLOPs: about 30 an element for the exponentials; never the limit
#include "tests/reference/reparameterize.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

// Every other d elements of x, from `first` on.
template <class X>
Vector half_of(const X& x, int64_t d, int64_t first) {
  Vector half;
  for (int64_t row = first; row < static_cast<int64_t>(x.size()); row += 2 * d) {
    for (int64_t k = row; k < row + d; ++k) half.push_back(x[k]);
  }
  return half;
}

}  // namespace

Case reparameterize_forward(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], d = problem["d"];
  Case c;
  const auto both = c.input(normal(2 * n * d, 1)), noise = c.input(normal(n * d, 2));
  const auto z = c.output(n * d), kl = c.output(1);
  c.flops = 30.0 * n * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_reparameterize_forward(context, SSLCUDA_F32, n, d, set[both], set[both] + d,
                                          2 * d, set[noise], set[z], set[kl]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto expected = reference::reparameterize_forward(
        n, half_of(v.before(both), d, 0), half_of(v.before(both), d, d), wide(v.before(noise)));
    checker.compare("z", wide(v[z]), expected.z, sum_tolerance(4));
    checker.compare("kl", wide(v[kl]), {expected.kl}, sum_tolerance(d));
  };
  return c;
}

Case reparameterize_backward(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], d = problem["d"];
  Case c;
  const auto both = c.input(normal(2 * n * d, 1)), noise = c.input(normal(n * d, 2));
  const auto grad_z = c.input(normal(n * d, 3)), grad = c.output(2 * n * d);
  c.flops = 30.0 * n * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_reparameterize_backward(context, SSLCUDA_F32, n, d, set[both], set[both] + d,
                                           2 * d, set[noise], set[grad_z], nullptr, set[grad],
                                           set[grad] + d);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto expected = reference::reparameterize_backward(
        n, half_of(v.before(both), d, 0), half_of(v.before(both), d, d), wide(v.before(noise)),
        wide(v.before(grad_z)), 1);
    checker.compare("grad_mu", half_of(v[grad], d, 0), expected.mu, sum_tolerance(4));
    checker.compare("grad_logvar", half_of(v[grad], d, d), expected.logvar, sum_tolerance(4));
  };
  return c;
}

}  // namespace sslcuda::perf
