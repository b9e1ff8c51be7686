// onednn.hpp - peers on the CPU: primitives of oneDNN, on as many threads as ours.
#pragma once

#include "perf/src/device.hpp"
#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf::onednn {

std::string version();

// FLOP/s of a large float32 product.
double gemm_rate(Device& device);

Side linear_forward(const LinearTensors& t);
Side linear_backward(const LinearTensors& t);
Side products(const std::vector<Product>& products, const std::string& computes);
// InfoNCE of n pairs in float32, with the scores stored.
Side infonce(const ContrastiveTensors& t);
Side softmax(const SoftmaxTensors& t);

// In the formats that oneDNN likes best; bringing tensors into them is not timed.
Side conv2d_forward(const ConvTensors& t);
Side conv2d_backward(const ConvTensors& t);

}  // namespace sslcuda::perf::onednn
