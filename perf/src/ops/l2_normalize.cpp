// l2_normalize.cpp - rows of unit length, and the gradient.
//   FLOPs: 3 an element forward, 4 backward; never the limit
#include "tests/reference/l2_normalize.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {

Case l2_normalize_forward(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], d = problem["d"];
  Case c;
  const auto x = c.input(normal(n * d, 1));
  const auto y = c.output(n * d), norms = c.output(n);
  c.flops = 3.0 * n * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_l2_normalize_forward(context, SSLCUDA_F32, n, d, set[x], set[y], set[norms]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(n);
    const auto expected = reference::l2_normalize_forward(static_cast<int64_t>(rows.size()), d,
                                                          rows_of(v.before(x), d, rows));
    checker.compare("y", rows_of(v[y], d, rows), expected.y, sum_tolerance(d));
    checker.compare("norms", rows_of(v[norms], 1, rows), expected.norms, sum_tolerance(d));
  };
  return c;
}

Case l2_normalize_backward(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], d = problem["d"];
  const std::vector<float> raw = normal(n * d, 1);
  const auto forward = reference::l2_normalize_forward(n, d, Vector(raw.begin(), raw.end()));
  Case c;
  const auto y = c.input(std::vector<float>(forward.y.begin(), forward.y.end()));
  const auto norms = c.input(std::vector<float>(forward.norms.begin(), forward.norms.end()));
  const auto grad_y = c.input(normal(n * d, 2));
  const auto grad_x = c.output(n * d);
  c.flops = 4.0 * n * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_l2_normalize_backward(context, SSLCUDA_F32, n, d, set[y], set[norms],
                                         set[grad_y], set[grad_x]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(n);
    checker.compare("grad_x", rows_of(v[grad_x], d, rows),
                    reference::l2_normalize_backward(
                        static_cast<int64_t>(rows.size()), d, rows_of(v.before(y), d, rows),
                        rows_of(v.before(norms), 1, rows), rows_of(v.before(grad_y), d, rows)),
                    sum_tolerance(d));
  };
  return c;
}

}  // namespace sslcuda::perf
