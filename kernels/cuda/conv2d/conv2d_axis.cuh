// conv2d_axis.cuh - a convolution and its transpose as one pattern: pixels and taps (channel,
// kernel row, kernel column) meet at places of a tensor, and each gives its part of the place.
//   index of a pixel or tap = (outer, middle, inner), as digits
//   place                   = (row, column) of a plane, and offset
// In x, a pixel of y gives (p stride - pad, ...) and a tap (r dilation, ...). In the gradient of y,
// a pixel of x gives (p + pad) / stride and a tap -(r dilation) / stride, and they meet only where
// both divisions leave the same rest, their phase.
#pragma once

#include <device/math.cuh>

#include <type_traits>

#include "kernels/math.hpp"

namespace sslcuda::cuda {

// row = sign (middle scale_h + shift_h) / divide_h, the column likewise of the inner digit. Index:
// of the numbers of rows and columns.
template <class Index>
struct Conv2dAxis {
  int64_t count;             // of indices
  Index middle, inner;       // radices of the two lower digits
  int64_t outer_step, line;  // from plane to plane and row to row
  Index scale_h, scale_w, shift_h, shift_w;
  Index divide_h = 1, divide_w = 1;
  Index sign = 1;
};

// A tensor in which the indices of two axes meet, and the rows and columns that it has.
template <class Index>
struct Conv2dFactor {
  const float* data;
  const float* y;  // output of the ReLU that data is the gradient behind, or null
  Conv2dAxis<Index> extent, depth;
  Index height, width;
};

template <class Index>
struct Conv2dDigits {
  Index outer, middle, inner;

  Conv2dDigits() = default;
  __device__ Conv2dDigits(const Conv2dAxis<Index>& axis, int64_t index) {
    const int64_t line = index / axis.inner, plane = line / axis.middle;
    inner = static_cast<Index>(index - line * axis.inner);
    middle = static_cast<Index>(line - plane * axis.middle);
    outer = static_cast<Index>(plane);
  }

  __device__ __forceinline__ void add(const Conv2dAxis<Index>& axis, const Conv2dDigits& step) {
    inner += step.inner;
    middle += step.middle;
    outer += step.outer;
    if (inner >= axis.inner) {
      inner -= axis.inner;
      ++middle;
    }
    if (middle >= axis.middle) {
      middle -= axis.middle;
      ++outer;
    }
  }
};

template <class Index>
struct Conv2dPlace {
  int64_t offset;
  Index row, column, phase;

  Conv2dPlace() = default;
  __device__ __forceinline__ Conv2dPlace(const Conv2dAxis<Index>& axis,
                                         const Conv2dDigits<Index>& at) {
    Index down = at.middle * axis.scale_h + axis.shift_h;
    Index across = at.inner * axis.scale_w + axis.shift_w;
    phase = 0;
    if (axis.divide_h != 1 || axis.divide_w != 1) {
      phase = down % axis.divide_h * axis.divide_w + across % axis.divide_w;
      down /= axis.divide_h;
      across /= axis.divide_w;
    }
    row = axis.sign * down;
    column = axis.sign * across;
    offset = at.outer * axis.outer_step + row * axis.line + column;
  }

  // Makes it meet nothing. Rows are below half of the limit (fits_conv2d_product).
  __device__ __forceinline__ void drop() { row = -(Index{1} << (8 * sizeof(Index) - 2)); }

  // Is there an element where the two meet?
  __device__ __forceinline__ bool meets(const Conv2dPlace& other,
                                        const Conv2dFactor<Index>& factor) const {
    using Natural = std::make_unsigned_t<Index>;
    return static_cast<Natural>(row + other.row) < static_cast<Natural>(factor.height) &&
           static_cast<Natural>(column + other.column) < static_cast<Natural>(factor.width) &&
           phase == other.phase;
  }
};

// The element at an offset.
template <bool kMasked, class Index>
__device__ __forceinline__ float element_of(const Conv2dFactor<Index>& factor, int64_t offset) {
  if constexpr (kMasked) {
    return activation_gradient(Activation::kRelu, factor.y, factor.data, offset);
  } else {
    return factor.data[offset];
  }
}

// Where sums go: data[image, channel, place], places being `area` pixels.
struct Conv2dResult {
  float* data;
  int64_t channels, area;
  const float* bias;
  Activation activation;

  // Of channel 0, at a pixel of all images.
  __device__ __forceinline__ float* at(int64_t pixel) const {
    return data + pixel + pixel / area * (channels - 1) * area;
  }
  __device__ __forceinline__ float finish(float sum, int64_t channel) const {
    return activate(activation, bias ? sum + bias[channel] : sum);
  }
};

}  // namespace sslcuda::cuda
