#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {

int l2_normalize_forward(const Exec&, const L2NormalizeForwardArgs& a) {
  parallel_for(a.n, 4 * a.d, [&](int64_t i) {
    const float* const x = a.x + i * a.d;
    const double length = norm(a.d, x);
    if (a.norms) a.norms[i] = static_cast<float>(length);
    normalize_row(a.d, x, length, a.y + i * a.d);
  });
  return kOk;
}

int l2_normalize_backward(const Exec&, const L2NormalizeBackwardArgs& a) {
  parallel_for(a.n, 4 * a.d, [&](int64_t i) {
    const int64_t row = i * a.d;
    normalize_row_gradient(a.d, a.y + row, a.norms[i], a.grad_y + row, a.grad_x + row);
  });
  return kOk;
}

}  // namespace sslcuda::cpu
