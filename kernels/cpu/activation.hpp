// activation.hpp - activations of a run of neighbouring values, and their gradients from the
// output.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cpu {

// y = act(y + bias); bias [count] or null.
void activate(Activation activation, int64_t count, const float* bias, float* y);

// g = grad_y act'(.), from y, which is not read without an activation. ReLU has the gradient 0 at
// 0.
void activation_gradient(Activation activation, int64_t count, const float* y, const float* grad_y,
                         float* g);

}  // namespace sslcuda::cpu
