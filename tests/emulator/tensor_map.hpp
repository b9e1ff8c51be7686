// tensor_map.hpp - what a tensor map describes, in place of the driver's encoding.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace emulator {

constexpr unsigned kMaxTensorRank = 5;

enum class TensorType : uint32_t { kF32, kF16, kBf16 };

struct alignas(64) TensorMap {
  static constexpr uint32_t kMark = 0x54454e53;

  uint32_t mark = 0;
  uint32_t rank = 0;
  TensorType type = TensorType::kF32;
  uint32_t swizzle_bytes = 0;  // 0, 32, 64 or 128
  unsigned char* base = nullptr;
  uint64_t extent[kMaxTensorRank] = {};  // elements, innermost first
  uint64_t stride[kMaxTensorRank] = {};  // bytes
  uint32_t box[kMaxTensorRank] = {};     // elements
};

constexpr uint32_t element_bytes(TensorType type) { return type == TensorType::kF32 ? 4 : 2; }

// As in kernels/cuda/device/tensor_map.hpp.
struct TensorBox {
  static constexpr int kMaxRank = kMaxTensorRank;

  TensorType type;
  int rank;
  const void* base;
  int64_t extent[kMaxRank];
  int64_t stride[kMaxRank];
  int box[kMaxRank];
  int swizzle_bytes;
};

// cudaErrorInvalidValue: against the rules of kernels/cuda/device/tensor_map.hpp.
cudaError_t make_tensor_map(const TensorBox& box, TensorMap* map);

// Where a byte of a swizzled tile lies: 16-byte pieces change places within 8 lines.
constexpr uint32_t swizzle(uint32_t address, uint32_t swizzle_bytes) {
  constexpr uint32_t kPiece = 16;
  const uint32_t mask = swizzle_bytes == 0 ? 0 : swizzle_bytes - kPiece;
  return address ^ (address >> 3 & mask);
}

}  // namespace emulator
