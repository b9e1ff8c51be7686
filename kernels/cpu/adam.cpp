// adam.cpp - one Adam step. Tensors are cut into pieces; a piece reads and writes its elements
// once.
#include <cmath>

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

struct Coefficients {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, inverse_root, eps;
};

SSLCUDA_CLONES void adam_piece(const OptimizedTensor& t, const Coefficients& c, int64_t begin,
                               int64_t end) {
  float* const __restrict param = t.param;
  const float* const __restrict grad = t.grad;
  float* const __restrict moment = t.moment;
  float* const __restrict variance = t.variance;
  for (int64_t i = begin; i < end; ++i) {
    const float g = grad[i];
    const float m = c.beta1 * moment[i] + c.one_minus_beta1 * g;
    const float v = c.beta2 * variance[i] + c.one_minus_beta2 * g * g;
    moment[i] = m;
    variance[i] = v;
    param[i] -= c.step_size * (m / (std::sqrt(v) * c.inverse_root + c.eps));
  }
}

}  // namespace

int adam_step(const Exec&, const AdamArgs& a) {
  const double step =
      a.step_device ? static_cast<double>(*a.step_device) + 1 : static_cast<double>(a.step);
  const double lr = a.lr_device ? *a.lr_device : a.lr;
  const Coefficients c{static_cast<float>(a.beta1),
                       static_cast<float>(1 - a.beta1),
                       static_cast<float>(a.beta2),
                       static_cast<float>(1 - a.beta2),
                       static_cast<float>(lr / (1 - std::pow(a.beta1, step))),
                       static_cast<float>(1 / std::sqrt(1 - std::pow(a.beta2, step))),
                       static_cast<float>(a.eps)};
  constexpr int64_t kPiece = 2048, kWork = 8;
  for (int i = 0; i < a.list.tensors; ++i) {
    const OptimizedTensor& tensor = a.list.tensor[i];
    parallel_pieces(tensor.count, kPiece, kWork,
                    [&](int64_t begin, int64_t end) { adam_piece(tensor, c, begin, end); });
  }
  return kOk;
}

}  // namespace sslcuda::cpu
