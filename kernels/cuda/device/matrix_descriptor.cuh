// matrix_descriptor.cuh - how an operand of wgmma lies in shared memory (PTX ISA, "Matrix
// Descriptor Format"). It is made of atoms, 8 lines of 16 bytes, or of the width of the swizzle.
//
//   contiguous in   swizzle   stride: bytes to        leading: bytes to
//   k               yes       the next 8 rows         not used, k stays in the atom
//   k               none      the next 8 rows         the next 16 bytes of k
//   mn              yes       the next 8 k            the next atom along mn
//   mn              none      the next 16 bytes       the next 8 k
//
// Rows of A, columns of B. A step along k within a swizzled atom adds its bytes to the address.
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

}  // namespace sslcuda::cuda
