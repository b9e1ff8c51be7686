// math.hpp - integer arithmetic that host code of every backend shares.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sslcuda {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Pieces of a workspace start at multiples of this.
constexpr size_t kWorkspaceAlignment = 256;

constexpr size_t align_up(size_t bytes) {
  return (bytes + kWorkspaceAlignment - 1) / kWorkspaceAlignment * kWorkspaceAlignment;
}

}  // namespace sslcuda
