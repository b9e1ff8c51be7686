// max_pool2x2.hpp - the most common pooling, windows of 2 x 2 that do not overlap, without branches
// that the data decide.
#pragma once

#include "kernels/args_layers.hpp"

namespace sslcuda::cpu {

bool suits_max_pool2x2(Pool kind, const Pool2dShape& s);

// Of one plane.
void max_pool2x2_forward(const Pool2dShape& s, const float* x, float* y);
void max_pool2x2_backward(const Pool2dShape& s, const float* x, const float* y, const float* grad_y,
                          float* grad_x);

}  // namespace sslcuda::cpu
