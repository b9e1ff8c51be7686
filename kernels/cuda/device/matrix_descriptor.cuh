// matrix_descriptor.cuh - how an operand of wgmma lies in shared memory (PTX ISA, "Matrix
// Descriptor Format"). It is made of atoms, 8 lines of 16 bytes, or of the width of the swizzle:
//
//                   swizzled                                  not swizzled
//   contiguous in k      stride: to the next 8 rows or columns     the same
//                        leading: not used (k stays in the atom)   leading: to the next 16 bytes of
//                        k
//   contiguous in mn     stride: to the next 8 k                   stride: to the next 16 bytes of
//   mn
//                        leading: to the next atom along mn        leading: to the next 8 k
//
// A step along k within a swizzled atom adds its bytes to the address.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace sslcuda::cuda {

enum class Swizzle : uint32_t { kNone = 0, k128 = 1, k64 = 2, k32 = 3 };

// Bytes; the address of an atom is a multiple of 16, 256 (k32), 512 (k64) or 1024 (k128).
__host__ __device__ constexpr uint64_t matrix_descriptor(uint32_t address, uint32_t leading,
                                                         uint32_t stride, Swizzle swizzle) {
  const auto field = [](uint32_t bytes) { return uint64_t{(bytes & 0x3ffffu) >> 4}; };
  return field(address) | field(leading) << 16 | field(stride) << 32 |
         static_cast<uint64_t>(swizzle) << 62;
}

// Where a byte of a swizzled tile lies: pieces of 16 bytes change places within 8 lines. The tile
// starts at a multiple of 8 lines.
__host__ __device__ constexpr uint32_t swizzled(uint32_t offset, Swizzle swizzle) {
  const uint32_t mask = swizzle == Swizzle::kNone  ? 0
                        : swizzle == Swizzle::k128 ? 0x70
                        : swizzle == Swizzle::k64  ? 0x30
                                                   : 0x10;
  return offset ^ (offset >> 3 & mask);
}

}  // namespace sslcuda::cuda
