// conv3x3.hpp - 3 x 3 convolution of stride and dilation 1 over few channels, where unrolled
// patches would cost more than the products.
//
// The image, padded, is one long row of `width` columns a line. Output position (p, q) then reads
// pixel p * width + q and eight at fixed offsets from it, so a whole output channel is one loop;
// the two columns at the end of each line are computed for nothing and dropped.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cpu {

bool suits_conv3x3(const Conv2dShape& s);

// Floats of scratch for one image at a time.
int64_t conv3x3_scratch(const Conv2dShape& s);

// y[out, out_h, out_w] of one image, bias and activation included.
void conv3x3_forward(const Conv2dForwardArgs& a, int64_t image, float* scratch);

// Adds one image's share to grad_weight [out, c, 3, 3] and grad_bias [out].
void conv3x3_backward(const Conv2dBackwardArgs& a, int64_t image, float* scratch,
                      float* grad_weight, float* grad_bias);

}  // namespace sslcuda::cpu
