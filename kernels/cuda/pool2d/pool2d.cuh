// pool2d.cuh - pooling and its gradient.
// Forward: kLanes neighbouring threads own an output and share its window: one where windows are
// small, a warp where they are large. The input is read once, but for overlapping windows, which
// come from cache.
// Backward: a thread owns an input and looks at the windows that it is in, so that nothing is added
// by two threads. For the largest value it compares itself with y, and only where both are equal
// looks for an equal one before it. Reads x once, y and grad_y from cache, writes grad_x.
#pragma once

#include <device/launch.hpp>
#include <device/number.cuh>
#include <device/reduce.cuh>
#include <device/walk.cuh>

#include "kernels/args_layers.hpp"

namespace sslcuda::cuda {

struct Pool2dTile {
  static constexpr int kThreads = 256;
  static constexpr int64_t kLargeWindow = 32;  // elements from which on a warp shares a window
};

// The part of a window that lies inside the image, [top, bottom) x [left, right).
struct PoolWindow {
  int64_t top, bottom, left, right;
};

__device__ __forceinline__ PoolWindow pool_window(const Pool2dShape& s, int64_t p, int64_t q) {
  const int64_t top = p * s.stride_h - s.pad_h, left = q * s.stride_w - s.pad_w;
  return {max(top, int64_t{0}), min(top + s.kernel_h, s.h), max(left, int64_t{0}),
          min(left + s.kernel_w, s.w)};
}

struct AverageOf {
  using Combine = Sum;
  __device__ static float finish(const Pool2dShape& s, float value) {
    return value / static_cast<float>(s.kernel_h * s.kernel_w);
  }
};

struct LargestOf {
  using Combine = Max;
  __device__ static float finish(const Pool2dShape&, float value) { return value; }
};

// The share of one of kLanes threads.
template <class Combine, int kLanes>
__device__ __forceinline__ float reduce_window(const float* x, int64_t w, const PoolWindow& window,
                                               int lane) {
  float value = Combine::kIdentity;
  if constexpr (kLanes == 1) {
    for (int64_t r = window.top; r < window.bottom; ++r) {
      for (int64_t t = window.left; t < window.right; ++t) value = Combine{}(value, x[r * w + t]);
    }
  } else {
    const float* const first = x + window.top * w + window.left;
    Walk walk(lane, kLanes, window.right - window.left);
    for (; walk.row < window.bottom - window.top; walk.next()) {
      value = Combine{}(value, first[walk.row * w + walk.column]);
    }
    value = warp_reduce(value, Combine{});
  }
  return value;
}

template <class Tile, class Kind, int kLanes>
__global__ void __launch_bounds__(Tile::kThreads) pool2d_kernel(const Pool2dForwardArgs a) {
  constexpr int kOutputs = Tile::kThreads / kLanes;
  const Pool2dShape& s = a.shape;
  const int thread = threadIdx.x;
  const int64_t outputs = s.n * s.c * s.out_h * s.out_w;
  int64_t at = int64_t{blockIdx.x} * kOutputs + thread / kLanes;
  for (; at < outputs; at += int64_t{gridDim.x} * kOutputs) {
    const int64_t line = at / s.out_w, plane = line / s.out_h;
    const float value = reduce_window<typename Kind::Combine, kLanes>(
        a.x + plane * s.h * s.w, s.w, pool_window(s, line % s.out_h, at % s.out_w),
        thread % kLanes);
    if (thread % kLanes == 0) a.y[at] = Kind::finish(s, value);
  }
}

// Is x[line, column] the first of window (p, q) that is as large as y, or NaN where y is?
__device__ __forceinline__ bool takes_gradient(const Pool2dShape& s, const float* x, float y,
                                               int64_t p, int64_t q, int64_t line, int64_t column) {
  const auto largest = [y](float value) { return value == y || (value != value && y != y); };
  if (!largest(x[line * s.w + column])) return false;
  const PoolWindow window = pool_window(s, p, q);
  for (int64_t r = window.top; r <= line; ++r) {
    const int64_t end = r == line ? column : window.right;
    for (int64_t t = window.left; t < end; ++t) {
      if (largest(x[r * s.w + t])) return false;
    }
  }
  return true;
}

// The last window that begins at or before a place, which is counted from the start of the padding.
__device__ __forceinline__ int64_t last_window(int64_t place, int64_t stride, int64_t windows) {
  return min(place / stride, windows - 1);
}

template <class Tile, Pool kKind>
__global__ void __launch_bounds__(Tile::kThreads)
    pool2d_backward_kernel(const Pool2dBackwardArgs a) {
  const Pool2dShape& s = a.shape;
  const int64_t inputs = s.n * s.c * s.h * s.w, step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t i = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; i < inputs; i += step) {
    const int64_t row = i / s.w, column = i - row * s.w;
    const int64_t plane = row / s.h, line = row - plane * s.h;
    const int64_t down = line + s.pad_h, across = column + s.pad_w;
    const int64_t last_p = last_window(down, s.stride_h, s.out_h);
    const int64_t last_q = last_window(across, s.stride_w, s.out_w);
    float sum = 0.0f;
    for (int64_t p = last_p; p >= 0 && p * s.stride_h + s.kernel_h > down; --p) {
      for (int64_t q = last_q; q >= 0 && q * s.stride_w + s.kernel_w > across; --q) {
        const int64_t at = (plane * s.out_h + p) * s.out_w + q;
        if (kKind == Pool::kAverage ||
            takes_gradient(s, a.x + plane * s.h * s.w, a.y[at], p, q, line, column)) {
          sum += a.grad_y[at];
        }
      }
    }
    a.grad_x[i] = kKind == Pool::kAverage ? AverageOf::finish(s, sum) : sum;
  }
}

}  // namespace sslcuda::cuda
