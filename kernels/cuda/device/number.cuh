// number.cuh - the types that tensors are stored in, on the way to and from float32, and the
// visitor that turns a DType into a type.
#pragma once

#include <device/ptx/convert.cuh>
#include <device/simt.cuh>

#include <bit>
#include <type_traits>

#include "kernels/args.hpp"

namespace sslcuda::cuda {

struct Bf16 {
  uint16_t bits;
};

struct F16 {
  uint16_t bits;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(Bf16 x) {
  return std::bit_cast<float>(uint32_t{x.bits} << 16);
}
__device__ __forceinline__ float to_float(F16 x) { return ptx::unpack_f16(x.bits); }

// Two 16-bit numbers in a register, the first in the lower half. To the nearest, ties to even.
template <class T>
__device__ __forceinline__ uint32_t pack(float first, float second) {
  static_assert(sizeof(T) == 2);
  if constexpr (std::is_same_v<T, Bf16>) {
    return ptx::pack_bf16(first, second);
  } else {
    return ptx::pack_f16(first, second);
  }
}

template <class T>
__device__ __forceinline__ T from_float(float x) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else {
    return {static_cast<uint16_t>(pack<T>(x, 0.0f))};
  }
}

// What a tensor's DType says, as a type.
struct F32Number {
  using Storage = float;
  static constexpr DType kDType = DType::kF32;
};

struct Tf32Number {
  using Storage = float;
  static constexpr DType kDType = DType::kTf32;
};

struct Bf16Number {
  using Storage = Bf16;
  static constexpr DType kDType = DType::kBf16;
};

struct F16Number {
  using Storage = F16;
  static constexpr DType kDType = DType::kF16;
};

// f(Number{}) of the DType.
template <class F>
auto visit_dtype(DType dtype, const F& f) {
  switch (dtype) {
    case DType::kBf16:
      return f(Bf16Number{});
    case DType::kF16:
      return f(F16Number{});
    case DType::kTf32:
      return f(Tf32Number{});
    default:
      return f(F32Number{});
  }
}

// f(Storage{}): of kernels to which F32 and TF32 are one.
template <class F>
auto visit_storage(DType dtype, const F& f) {
  return visit_dtype(dtype, [&](auto number) { return f(typename decltype(number)::Storage{}); });
}

}  // namespace sslcuda::cuda
