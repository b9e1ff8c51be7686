// tensor_map.hpp - host side: what the tensor copies of device/ptx/tensor_copy.cuh read and write.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

using TensorMap = CUtensorMap;

}  // namespace ptx

namespace sslcuda::cuda {

enum class TensorType { kF32, kF16, kBf16 };

// Dimensions innermost first. The innermost is contiguous; the others are `stride` bytes apart.
struct TensorBox {
  static constexpr int kMaxRank = 5;

  TensorType type;
  int rank;
  const void* base;          // multiple of 16
  int64_t extent[kMaxRank];  // elements, 1 to 2^32
  int64_t stride[kMaxRank];  // multiples of 16; that of dimension 0 is not read
  int box[kMaxRank];         // elements, 1 to 256; of dimension 0 a multiple of 16 bytes
  int swizzle_bytes;         // 0, or the bytes of box[0], which are then 32, 64 or 128
};

// cudaErrorInvalidValue: against these rules, or no such driver. CUDA also takes lines shorter than
// the swizzle, which then lie as far apart in shared memory as whole ones; we do not.
cudaError_t make_tensor_map(const TensorBox& box, ptx::TensorMap* map);

}  // namespace sslcuda::cuda
