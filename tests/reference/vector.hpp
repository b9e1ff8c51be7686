// vector.hpp - what the references share: vectors of doubles, indexed as the header lays tensors
// out.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace sslcuda::reference {

using Vector = std::vector<double>;

inline Vector zeros(int64_t count) { return Vector(static_cast<size_t>(count), 0.0); }

// |x|, elementwise. A product of absolute values is the S that GEMM tolerances are scaled with.
inline Vector absolute(Vector x) {
  for (double& value : x) value = std::fabs(value);
  return x;
}

}  // namespace sslcuda::reference
