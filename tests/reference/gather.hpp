// gather.hpp - row of the set that each row of a batch comes from, and normalised pixels.
#pragma once

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

// r(i) = indices[p], or p without indices; p = (cursor + i) mod (length of that list).
inline std::vector<int64_t> gathered_rows(int64_t n, int64_t count,
                                          const std::vector<int64_t>& indices, int64_t cursor) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t length = indices.empty() ? count : static_cast<int64_t>(indices.size());
    const int64_t position = (cursor + i) % length;
    rows.push_back(indices.empty() ? position : indices[position]);
  }
  return rows;
}

inline double pixel(uint8_t value, double mean, double std) { return (value / 255.0 - mean) / std; }

}  // namespace sslcuda::reference
