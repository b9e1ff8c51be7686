// conv2d_product.hpp - convolutions of many channels as matrix products (conv2d_product.cuh).
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

cudaError_t launch_product_forward(cudaStream_t stream, const Conv2dForwardArgs& a);
cudaError_t launch_product_grad_x(cudaStream_t stream, const Conv2dBackwardArgs& a);

// partial[chunk, out, taps], each of chunk_pixels summed pixels
cudaError_t launch_product_grad_weight(cudaStream_t stream, const Conv2dBackwardArgs& a,
                                       int64_t chunk_pixels, float* partial);

}  // namespace sslcuda::cuda
