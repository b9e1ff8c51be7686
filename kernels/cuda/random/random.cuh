// random.cuh - arrays of random numbers: y = shift + scale times uniform or normal ones. A thread
// owns a block of Philox, which is four neighbours of y. 4 bytes per element, some 20 integer
// operations for uniform ones and as many more float32 ones for normal ones.
#pragma once

#include <device/launch.hpp>
#include <device/ptx/memory.cuh>

#include "kernels/philox.hpp"

namespace sslcuda::cuda {

struct RandomTile {
  static constexpr int kThreads = 256;
};

template <Distribution kDistribution>
__device__ __forceinline__ FourFloats numbers_of(uint64_t seed, uint64_t sequence, uint64_t place,
                                                 float shift, float scale) {
  const PhiloxBlock block = philox(seed, sequence, place);
  return kDistribution == Distribution::kNormal ? normal_of(block, shift, scale)
                                                : uniform_of(block, shift, scale);
}

// aligned: y is to 16 bytes, so that a thread can store its numbers at once
template <class Tile, Distribution kDistribution>
__global__ void __launch_bounds__(Tile::kThreads) random_kernel(const RandomArgs a, bool aligned) {
  const uint64_t sequence = sequence_of(a.source);
  const int64_t blocks = ceil_div(a.count, 4), step = int64_t{gridDim.x} * Tile::kThreads;
  for (int64_t b = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x; b < blocks; b += step) {
    const uint64_t place = first_place(Purpose::kArray) + static_cast<uint64_t>(b);
    const FourFloats four =
        numbers_of<kDistribution>(a.source.seed, sequence, place, a.shift, a.scale);
    float* const y = a.y + 4 * b;
    const int64_t rest = a.count - 4 * b;
    if (aligned && rest >= 4) {
      ptx::store_once(reinterpret_cast<float4*>(y),
                      float4{four.value[0], four.value[1], four.value[2], four.value[3]});
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (i < rest) y[i] = four.value[i];
      }
    }
  }
}

}  // namespace sslcuda::cuda
