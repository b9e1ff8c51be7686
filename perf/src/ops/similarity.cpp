// similarity.cpp - s = a b^T / tau, of unit rows if wanted, and its gradients.
//   FLOPs: 2 n m d a product; one forward, two backward
#include "tests/reference/similarity.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/products.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr float kTau = 0.1f;

reference::SimilarityShape shape_of(const Problem& p) {
  return {p["n"], p["m"], p["d"], p.get("normalize", 0) != 0, kTau};
}

// What products compute of it.
const char* computed(const reference::SimilarityShape& shape) {
  return shape.normalize ? "the products" : "all";
}

}  // namespace

Case similarity_forward(const Problem& problem, const Library& library) {
  const auto shape = shape_of(problem);
  const DType& type = problem.type();
  const int64_t n = shape.n, m = shape.m, d = shape.d;
  Case c;
  const auto a = c.input(type, normal(n * d, 1)), b = c.input(type, normal(m * d, 2));
  const auto s = c.output(type, n * m);
  c.flops = 2.0 * n * m * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_similarity_forward(context, a.type->code, n, m, d, set[a], d, set[b], d,
                                      shape.normalize, kTau, nullptr, set[s], m);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(n), columns = some_of(m);
    auto part = shape;
    part.n = static_cast<int64_t>(rows.size());
    part.m = static_cast<int64_t>(columns.size());
    checker.compare(
        "s", columns_of(rows_of(v[s], m, rows), m, columns),
        similarity_forward(part, rows_of(v.before(a), d, rows), rows_of(v.before(b), d, columns)),
        2 * sum_tolerance(d, *a.type));
  };
  add_products(library, {{false, true, n, m, d, 1 / kTau, a, b, s}}, computed(shape), &c);
  return c;
}

Case similarity_backward(const Problem& problem, const Library& library) {
  const auto shape = shape_of(problem);
  const DType& type = problem.type();
  const int64_t n = shape.n, m = shape.m, d = shape.d;
  Case c;
  const auto a = c.input(type, normal(n * d, 1)), b = c.input(type, normal(m * d, 2)),
             grad_s = c.input(type, normal(n * m, 3));
  const auto grad_a = c.output(type, n * d), grad_b = c.output(type, m * d);
  c.flops = 4.0 * n * m * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_similarity_backward(context, a.type->code, n, m, d, set[a], d, set[b], d,
                                       shape.normalize, kTau, nullptr, set[grad_s], m, set[grad_a],
                                       set[grad_b], nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(n), columns = some_of(m);
    auto some_rows = shape, some_columns = shape;
    some_rows.n = static_cast<int64_t>(rows.size());
    some_columns.m = static_cast<int64_t>(columns.size());
    const auto by_rows = similarity_backward(some_rows, rows_of(v.before(a), d, rows),
                                             wide(v.before(b)), rows_of(v.before(grad_s), m, rows));
    const auto by_columns =
        similarity_backward(some_columns, wide(v.before(a)), rows_of(v.before(b), d, columns),
                            columns_of(v.before(grad_s), m, columns));
    checker.compare("grad_a", rows_of(v[grad_a], d, rows), by_rows.a,
                    2 * sum_tolerance(m + d, *a.type));
    checker.compare("grad_b", rows_of(v[grad_b], d, columns), by_columns.b,
                    2 * sum_tolerance(n + d, *a.type));
  };
  add_products(library,
               {{false, false, n, d, m, 1 / kTau, grad_s, b, grad_a},
                {true, false, m, d, n, 1 / kTau, grad_s, a, grad_b}},
               computed(shape), &c);
  return c;
}

}  // namespace sslcuda::perf
