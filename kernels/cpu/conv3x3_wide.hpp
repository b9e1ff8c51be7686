// conv3x3_wide.hpp - 3 x 3 convolution of stride and dilation 1 over many channels, by the
// algorithm of winograd.hpp: the lanes of a register are output channels, so that a pixel's
// frequency is broadcast, and what it is multiplied with is contiguous after the weights have been
// transformed once per call.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cpu {

bool suits_conv3x3_wide(const Conv2dShape& s);

size_t conv3x3_wide_forward_workspace(const Conv2dShape& s);
void conv3x3_wide_forward(void* workspace, const Conv2dForwardArgs& a);

size_t conv3x3_wide_backward_workspace(const Conv2dShape& s);
void conv3x3_wide_backward(void* workspace, const Conv2dBackwardArgs& a);

}  // namespace sslcuda::cpu
