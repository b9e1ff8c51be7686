#include "kernels/cpu/activation.hpp"

#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {

SSLCUDA_CLONES void activate(Activation activation, int64_t count, const float* bias, float* y) {
  if (bias) {
    for (int64_t k = 0; k < count; ++k) y[k] += bias[k];
  }
  if (activation == Activation::kRelu) {
    for (int64_t k = 0; k < count; ++k) y[k] = y[k] <= 0 ? 0 : y[k];  // keeps NaN
  } else if (activation == Activation::kSigmoid) {
    for (int64_t k = 0; k < count; ++k) y[k] = sigmoid(y[k]);
  }
}

SSLCUDA_CLONES void activation_gradient(Activation activation, int64_t count, const float* y,
                                        const float* grad_y, float* g) {
  if (activation == Activation::kRelu) {
    for (int64_t k = 0; k < count; ++k) g[k] = y[k] <= 0 ? 0 : grad_y[k];
  } else if (activation == Activation::kNone) {
    std::copy(grad_y, grad_y + count, g);
  } else {
    for (int64_t k = 0; k < count; ++k) g[k] = grad_y[k] * y[k] * (1.0f - y[k]);
  }
}

}  // namespace sslcuda::cpu
