// reduce.cuh - sums and maxima over a warp or a block, in a fixed order (so bitwise repeatable).
#pragma once

#include <device/simt.cuh>

namespace sslcuda::cuda {

constexpr int kWarp = 32;
constexpr unsigned kFullMask = 0xffffffffu;

struct Sum {
  static constexpr float kIdentity = 0.0f;
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

// Keeps a NaN, which fmaxf would drop.
struct Max {
  static constexpr float kIdentity = -INFINITY;
  __device__ float operator()(float a, float b) const { return a > b || a != a ? a : b; }
};

// Every lane gets the result.
template <class T, class Combine>
__device__ __forceinline__ T warp_reduce(T value, Combine combine) {
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2) {
    value = combine(value, __shfl_xor_sync(kFullMask, value, step));
  }
  return value;
}

template <class T>
struct BlockReduceSmemOf {
  T partial[kWarp];
};
using BlockReduceSmem = BlockReduceSmemOf<float>;

// Every thread gets the result. All threads of the block take part; smem may be used again at once.
template <class T, class Combine>
__device__ __forceinline__ T block_reduce(BlockReduceSmemOf<T>& smem, T value, Combine combine) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int warps = (blockDim.x + kWarp - 1) / kWarp;
  value = warp_reduce(value, combine);
  if (lane == 0) smem.partial[warp] = value;
  __syncthreads();
  value = warp_reduce(lane < warps ? smem.partial[lane] : T{Combine::kIdentity}, combine);
  __syncthreads();  // the partials are overwritten by the next use
  return value;
}

}  // namespace sslcuda::cuda
