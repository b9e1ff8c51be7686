// gemm_slice.cuh - one operand of a matrix product on its way into shared memory: slices of kDepth
// summed elements by kExtent rows (of a) or columns (of b), zero beyond the edges. A slice is held
// in registers between load() and store(), so that the reads overlap with arithmetic.
#pragma once

#include <device/simt.cuh>

namespace sslcuda::cuda {

constexpr int kVector = 4;  // floats of a 16-byte access

__device__ __forceinline__ bool is_vector_aligned(const float* data, int64_t ld) {
  return reinterpret_cast<uintptr_t>(data) % sizeof(float4) == 0 && ld % kVector == 0;
}

// Both 16-byte aligned.
__device__ __forceinline__ void copy_vector(const float* from, float* to) {
  *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(from);
}

// The first `valid` of 4 neighbouring floats, zero for the rest.
__device__ __forceinline__ float4 load_vector(const float* data, int64_t valid, bool aligned) {
  if (valid >= kVector && aligned) return *reinterpret_cast<const float4*>(data);
  return {valid > 0 ? data[0] : 0.0f, valid > 1 ? data[1] : 0.0f, valid > 2 ? data[2] : 0.0f,
          valid > 3 ? data[3] : 0.0f};
}

// kDepthContiguous: the operand is stored [extent, depth], else [depth, extent].
template <class Tile, int kExtent, bool kDepthContiguous>
class GemmSlice {
 public:
  // Rows are padded so that stores down a column of the slice spread over the banks.
  using Smem = float[Tile::kDepth][kExtent + kVector];

  // extent, depth: of the whole operand; origin: of the block's tile
  __device__ GemmSlice(const float* data, int64_t ld, int64_t origin, int64_t extent, int64_t depth)
      : data_(data),
        ld_(ld),
        origin_(origin),
        extent_(extent),
        depth_(depth),
        aligned_(is_vector_aligned(data, ld)) {}

  __device__ __forceinline__ void load(int64_t depth) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const int64_t i = origin_ + place(v).extent, k = depth + place(v).depth;
      if constexpr (kDepthContiguous) {
        held_[v] = load_vector(data_ + i * ld_ + k, i < extent_ ? depth_ - k : 0, aligned_);
      } else {
        held_[v] = load_vector(data_ + k * ld_ + i, k < depth_ ? extent_ - i : 0, aligned_);
      }
    }
  }

  __device__ __forceinline__ void store(Smem& smem) const {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const auto [i, k] = place(v);
      if constexpr (kDepthContiguous) {
        smem[k + 0][i] = held_[v].x;
        smem[k + 1][i] = held_[v].y;
        smem[k + 2][i] = held_[v].z;
        smem[k + 3][i] = held_[v].w;
      } else {
        *reinterpret_cast<float4*>(&smem[k][i]) = held_[v];
      }
    }
  }

 private:
  static constexpr int kVectors = kExtent * Tile::kDepth / kVector / Tile::kThreads;
  static_assert(kVectors * kVector * Tile::kThreads == kExtent * Tile::kDepth);

  struct Place {
    int extent, depth;
  };

  // Where the v-th vector of this thread lies in the slice.
  __device__ static __forceinline__ Place place(int v) {
    const int index = v * Tile::kThreads + threadIdx.x;
    constexpr int kPerLine = (kDepthContiguous ? Tile::kDepth : kExtent) / kVector;
    const int line = index / kPerLine, offset = index % kPerLine * kVector;
    if constexpr (kDepthContiguous) return {line, offset};
    return {offset, line};
  }

  const float* data_;
  int64_t ld_, origin_, extent_, depth_;
  bool aligned_;
  float4 held_[kVectors];
};

}  // namespace sslcuda::cuda
