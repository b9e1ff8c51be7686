// conv3x3.hpp - 3 x 3 convolution of stride and dilation 1 over few channels, where unrolled
// patches would cost more than the products.
//
// Forward, a strip of kLanes outputs reads its nine taps into registers once and serves every
// output channel with them. Backward, the nine sums of two output channels stay in registers for
// the whole image.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cpu {

// Planes [count, h, w] with a rim of zeros, pad_h lines and pad_w columns wide.
void pad_planes(int64_t count, int64_t h, int64_t w, int64_t pad_h, int64_t pad_w,
                const float* planes, float* padded);

bool suits_conv3x3(const Conv2dShape& s);

// Floats of scratch for one image at a time.
int64_t conv3x3_scratch(const Conv2dShape& s);

// y[out, out_h, out_w] of one image, bias and activation included.
void conv3x3_forward(const Conv2dForwardArgs& a, int64_t image, float* scratch);

// Adds one image's share to grad_weight [out, c, 3, 3] and grad_bias [out].
void conv3x3_backward(const Conv2dBackwardArgs& a, int64_t image, float* scratch,
                      float* grad_weight, float* grad_bias);

}  // namespace sslcuda::cpu
