// matmul.hpp - c = alpha op(a) op(b) + beta c.
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

struct MatmulShape {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
};

// An empty c is one of zeros.
inline Vector matmul(const MatmulShape& s, const Vector& a, const Vector& b, double alpha = 1,
                     double beta = 0, const Vector& c = {}) {
  Vector result = zeros(s.m * s.n);
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < s.k; ++l) {
        sum += a[s.transpose_a ? l * s.m + i : i * s.k + l] *
               b[s.transpose_b ? j * s.k + l : l * s.n + j];
      }
      result[i * s.n + j] = alpha * sum + (c.empty() ? 0 : beta * c[i * s.n + j]);
    }
  }
  return result;
}

}  // namespace sslcuda::reference
