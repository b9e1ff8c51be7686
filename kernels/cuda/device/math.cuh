// math.cuh - scalar functions the kernels share.
#pragma once

#include <device/number.cuh>

namespace sslcuda::cuda {

__device__ __forceinline__ float load_or(const float* pointer, float otherwise) {
  return pointer ? *pointer : otherwise;
}

__device__ __forceinline__ float load(const Scalar& scalar) {
  return load_or(scalar.device, scalar.value);
}

// exp of a negative number only: never overflows, and keeps its precision for very negative x.
__device__ __forceinline__ float sigmoid(float x) {
  const float e = expf(-fabsf(x));
  return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

// Not fmaxf, which would turn a NaN into 0.
__device__ __forceinline__ float activate(Activation activation, float x) {
  if (activation == Activation::kRelu) return x < 0.0f ? 0.0f : x;
  if (activation == Activation::kSigmoid) return sigmoid(x);
  return x;
}

// grad_y act'(u), with act' taken from the output.
__device__ __forceinline__ float activation_gradient(Activation activation, float y, float grad_y) {
  if (activation == Activation::kRelu) return y <= 0.0f ? 0.0f : grad_y;  // keeps it where y is NaN
  if (activation == Activation::kSigmoid) return grad_y * y * (1.0f - y);
  return grad_y;
}

// The same at element i; y is null without an activation.
template <class T>
__device__ __forceinline__ float activation_gradient(Activation activation, const T* y,
                                                     const T* grad_y, int64_t i) {
  const float g = to_float(grad_y[i]);
  if (activation == Activation::kNone) return g;
  return activation_gradient(activation, to_float(y[i]), g);
}

}  // namespace sslcuda::cuda
