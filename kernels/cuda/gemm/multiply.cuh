// multiply.cuh - fragments of factors in registers, and d += a b on the tensor cores, by dtype.
//
// F32: x = hi + lo, both TF32, and a b = hi hi' + hi lo' + lo hi'. What is left out, lo lo', is
// below 2^-22 |a| |b|, and lost among the roundings of a longer sum; sums of few terms have it too.
// An infinite or NaN hi meets other hi only: its product with a lo of zero would be NaN.
#pragma once

#include <device/number.cuh>
#include <device/ptx/warp_matrix.cuh>

namespace sslcuda::cuda {

// kCount registers of a or b, made from what lies in shared memory.
template <class Number, int kCount>
struct Fragment {
  uint32_t bits[kCount];

  __device__ __forceinline__ void set(int i, uint32_t stored) {
    if constexpr (Number::kDType == DType::kTf32) {
      bits[i] = ptx::to_tf32(std::bit_cast<float>(stored));
    } else {
      bits[i] = stored;
    }
  }
};

template <int kCount>
struct Fragment<F32Number, kCount> {
  uint32_t hi[kCount], lo[kCount];

  __device__ __forceinline__ void set(int i, uint32_t stored) {
    const float x = std::bit_cast<float>(stored);
    hi[i] = ptx::to_tf32(x);
    lo[i] = is_finite(i) ? ptx::to_tf32(x - std::bit_cast<float>(hi[i])) : 0;
  }

  __device__ __forceinline__ void drop_infinite() {
#pragma unroll
    for (int i = 0; i < kCount; ++i) hi[i] = is_finite(i) ? hi[i] : 0;
  }

 private:
  __device__ __forceinline__ bool is_finite(int i) const {
    return fabsf(std::bit_cast<float>(hi[i])) < INFINITY;
  }
};

// The products of kM x kN fragments, one kind of term after the other: so neighbouring instructions
// do not wait for each other's sums.
template <class Number, int kM, int kN>
struct Products {
  Fragment<Number, 4> a[kM];
  Fragment<Number, 2> b[kN];

  // all_terms: of F32
  __device__ __forceinline__ void add_to(float (&d)[kM][kN][4], bool all_terms) {
    if constexpr (Number::kDType == DType::kF32) {
      for_each([&](int i, int j) { ptx::mma_tf32(d[i][j], a[i].hi, b[j].hi); });
#pragma unroll
      for (auto& fragment : a) fragment.drop_infinite();
#pragma unroll
      for (auto& fragment : b) fragment.drop_infinite();
      for_each([&](int i, int j) { ptx::mma_tf32(d[i][j], a[i].hi, b[j].lo); });
      for_each([&](int i, int j) { ptx::mma_tf32(d[i][j], a[i].lo, b[j].hi); });
      if (!all_terms) return;
      for_each([&](int i, int j) { ptx::mma_tf32(d[i][j], a[i].lo, b[j].lo); });
    } else {
      for_each([&](int i, int j) {
        if constexpr (Number::kDType == DType::kBf16) {
          ptx::mma_bf16(d[i][j], a[i].bits, b[j].bits);
        } else if constexpr (Number::kDType == DType::kF16) {
          ptx::mma_f16(d[i][j], a[i].bits, b[j].bits);
        } else {
          ptx::mma_tf32(d[i][j], a[i].bits, b[j].bits);
        }
      });
    }
  }

 private:
  template <class F>
  __device__ static __forceinline__ void for_each(const F& f) {
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) f(i, j);
    }
  }
};

}  // namespace sslcuda::cuda
