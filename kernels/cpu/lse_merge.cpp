#include <cmath>
#include <limits>

#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {

// Serial: one number per row of scores.
int lse_merge(const Exec&, const LseMergeArgs& a) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < a.count; ++i) {
    const float x = a.one[i], y = a.other[i];
    if (x == y && std::fabs(x) == kInfinity) {  // no columns, or one that outweighs everything
      a.merged[i] = x;
      continue;
    }
    const float larger = x > y ? x : y;
    a.merged[i] = larger + std::log1p(std::exp(-std::fabs(x - y)));
  }
  return kOk;
}

}  // namespace sslcuda::cpu
