// conv2d_operand.cuh - a gathered factor (conv2d_axis.cuh) on its way into the main loop of matrix
// products, in place of a stored one (gemm/operand.cuh), whose layout in shared memory it keeps.
//
// A thread copies kFixed x kMoving elements of every slice, 4 bytes at a time. Neighbouring lanes
// take what neighbours in device memory: rows (columns) of the factor, or else summed elements.
#pragma once

#include <device/reduce.cuh>

#include "kernels/cuda/conv2d/conv2d_axis.cuh"
#include "kernels/cuda/gemm/operand.cuh"

namespace sslcuda::cuda {

// kMasked: of the gradient behind a ReLU
template <class Tile, int kExtent, bool kDepthContiguous, bool kMasked>
class Conv2dOperand {
  using Layout = Operand<Tile, float, kExtent, kDepthContiguous>;

 public:
  static constexpr int kDepth = Layout::kDepth, kBytes = Layout::kBytes;

  // begin: first summed element; origin: first row (column) of the block's tile
  __device__ Conv2dOperand(const Conv2dFactor<int>& factor, int64_t begin, int64_t origin)
      : factor_(factor), step_(factor.depth, kDepth) {
#pragma unroll
    for (int i = 0; i < kFixed; ++i) {
      const int64_t e = origin + extent_lane() + i * kExtentLanes;
      fixed_[i] = {factor.extent, {factor.extent, e}};
      if (e >= factor.extent.count) fixed_[i].drop();
    }
#pragma unroll
    for (int i = 0; i < kMoving; ++i) {
      moving_[i] = {factor.depth, begin + depth_lane() + i * kDepthLanes};
    }
  }

  // Queues the copy of the next slice, of whose summed elements there are `depth`.
  __device__ __forceinline__ void copy_next(unsigned char* slice, int depth) {
#pragma unroll
    for (int i = 0; i < kMoving; ++i) {
      const int k = depth_lane() + i * kDepthLanes;
      Conv2dPlace<int> place(factor_.depth, moving_[i]);
      if (k >= depth) place.drop();
      moving_[i].add(factor_.depth, step_);
#pragma unroll
      for (int j = 0; j < kFixed; ++j) {
        copy(slice + byte_of(extent_lane() + j * kExtentLanes, k), fixed_[j], place);
      }
    }
  }

  template <bool kIsA>
  __device__ static __forceinline__ void load(uint32_t (&r)[4], const unsigned char* slice,
                                              int extent, int piece) {
    Layout::template load<kIsA>(r, slice, extent, piece);
  }

 private:
  // Neighbours in device memory are mostly eight of the summed elements, or a warp of the others.
  static constexpr int kDepthLanes = kDepthContiguous ? 8 : Tile::kThreads / kWarp;
  static constexpr int kExtentLanes = Tile::kThreads / kDepthLanes;
  static constexpr int kFixed = kExtent / kExtentLanes, kMoving = kDepth / kDepthLanes;
  static_assert(kFixed * kExtentLanes == kExtent && kMoving * kDepthLanes == kDepth);

  __device__ static __forceinline__ int extent_lane() {
    return kDepthContiguous ? threadIdx.x / kDepthLanes : threadIdx.x % kExtentLanes;
  }
  __device__ static __forceinline__ int depth_lane() {
    return kDepthContiguous ? threadIdx.x % kDepthLanes : threadIdx.x / kExtentLanes;
  }

  // Byte of element (e, k) within the slice.
  __device__ static __forceinline__ int byte_of(int e, int k) {
    constexpr int kChunk = kChunkBytes / sizeof(float);
    const int line = kDepthContiguous ? e : k, column = kDepthContiguous ? k : e;
    return Layout::place(line, column / kChunk) + column % kChunk * static_cast<int>(sizeof(float));
  }

  __device__ __forceinline__ void copy(unsigned char* to, const Conv2dPlace<int>& one,
                                       const Conv2dPlace<int>& other) const {
    const bool exists = one.meets(other, factor_);
    const int64_t i = exists ? one.offset + other.offset : 0;
    if constexpr (kMasked) {
      *reinterpret_cast<float*>(to) = exists ? element_of<true>(factor_, i) : 0.0f;
    } else {
      ptx::cp_async<4>(ptx::shared_address(to), factor_.data + i, exists ? 4 : 0);
    }
  }

  const Conv2dFactor<int>& factor_;
  Conv2dDigits<int> step_;
  Conv2dPlace<int> fixed_[kFixed];
  Conv2dDigits<int> moving_[kMoving];
};

}  // namespace sslcuda::cuda
