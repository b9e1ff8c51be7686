// matmul.cpp - c = op(a) op(b); ta=1, tb=1: transposed.
//   FLOPs: 2 m n k
#include <numeric>

#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/products.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

// Rows of op(x), which is [?, width] and has its columns as rows if it is transposed.
Vector operand_rows(const Numbers& x, bool transposed, int64_t width, int64_t height,
                    const std::vector<int64_t>& rows) {
  if (!transposed) return rows_of(x, width, rows);
  Vector result;
  for (const int64_t row : rows) {
    for (int64_t k = 0; k < width; ++k) result.push_back(x[k * height + row]);
  }
  return result;
}

}  // namespace

Case matmul(const Problem& problem, const Library& library) {
  const int64_t m = problem["m"], n = problem["n"], k = problem["k"];
  const bool ta = problem.get("ta", 0) != 0, tb = problem.get("tb", 0) != 0;
  const DType& type = problem.type();
  Case c;
  const auto a = c.input(type, normal(m * k, 1)), b = c.input(type, normal(k * n, 2));
  const auto y = c.output(type, m * n);
  c.flops = 2.0 * m * n * k;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_matmul(context, a.type->code, m, n, k, set[a], ta ? m : k, ta, set[b],
                          tb ? k : n, tb, 1, 0, set[y], n);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(m), columns = some_of(n);
    const Vector x = operand_rows(v.before(a), ta, k, m, rows),
                 w = operand_rows(v.before(b), !tb, k, n, columns);
    Vector expected;
    for (size_t i = 0; i < rows.size(); ++i) {
      for (size_t j = 0; j < columns.size(); ++j) {
        expected.push_back(std::inner_product(&x[i * k], &x[i * k] + k, &w[j * k], 0.0));
      }
    }
    checker.compare("c", columns_of(rows_of(v[y], n, rows), n, columns), expected,
                    sum_tolerance(k, *a.type));
  };
  add_products(library, {{ta, tb, m, n, k, 1, a, b, y}}, "all", &c);
  return c;
}

}  // namespace sslcuda::perf
