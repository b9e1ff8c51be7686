// lanes.hpp - loops written with GCC's vector types, in the width of the machine's registers. GCC
// takes a vector wider than those apart into single floats, so the width is a parameter.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

namespace sslcuda::cpu {

constexpr int kMostLanes = 16;

template <int kLanes>
struct VectorOf {
  typedef float Float __attribute__((vector_size(kLanes * sizeof(float))));
  typedef int32_t Int __attribute__((vector_size(kLanes * sizeof(int32_t))));
};

template <int kLanes>
using Lanes = typename VectorOf<kLanes>::Float;

template <int kLanes>
__attribute__((always_inline)) inline Lanes<kLanes> load(const float* pointer) {
  Lanes<kLanes> lanes;
  std::memcpy(&lanes, pointer, sizeof lanes);
  return lanes;
}

template <class Vector>
__attribute__((always_inline)) inline void store(const Vector& lanes, float* pointer) {
  std::memcpy(pointer, &lanes, sizeof lanes);
}

// Sum of the lanes, by halves.
template <class Vector>
__attribute__((always_inline)) inline float total(const Vector& lanes) {
  constexpr int kCount = sizeof(Vector) / sizeof(float);
  float part[kCount];
  store(lanes, part);
#pragma GCC unroll 4
  for (int half = kCount / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int k = 0; k < half; ++k) part[k] += part[k + half];
  }
  return part[0];
}

// The halves of two registers, lane by lane in turns; the lower ones, or with kUpper the upper
// ones.
template <int kLanes, bool kUpper, int... kIndex>
__attribute__((always_inline)) inline Lanes<kLanes> interleave(
    const Lanes<kLanes>& a, const Lanes<kLanes>& b, std::integer_sequence<int, kIndex...>) {
  constexpr int kFirst = kUpper ? kLanes / 2 : 0;
  return __builtin_shufflevector(a, b, (kFirst + kIndex / 2 + kIndex % 2 * kLanes)...);
}

// Rows of a square become its columns: with rows and columns counted in one number, every step
// rotates that number's bits by one.
template <int kLanes>
__attribute__((always_inline)) inline void transpose(Lanes<kLanes> square[kLanes]) {
  using Index = std::make_integer_sequence<int, kLanes>;
  constexpr int kHalf = kLanes / 2;
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {
    Lanes<kLanes> next[kLanes];
#pragma GCC unroll 8
    for (int k = 0; k < kHalf; ++k) {
      next[2 * k] = interleave<kLanes, false>(square[k], square[k + kHalf], Index{});
      next[2 * k + 1] = interleave<kLanes, true>(square[k], square[k + kHalf], Index{});
    }
#pragma GCC unroll 16
    for (int k = 0; k < kLanes; ++k) square[k] = next[k];
  }
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
template <class Loop>
__attribute__((target("arch=x86-64-v4"))) void run_avx512(const Loop& loop) {
  loop.template operator()<16>();
}

template <class Loop>
__attribute__((target("arch=x86-64-v3"))) void run_avx2(const Loop& loop) {
  loop.template operator()<8>();
}

// Calls loop.operator()<lanes>(), which must be always_inline, compiled for this machine.
template <class Loop>
void run_widest(const Loop& loop) {
  static const bool avx512 = __builtin_cpu_supports("x86-64-v4");
  static const bool avx2 = __builtin_cpu_supports("x86-64-v3");
  if (avx512) {
    run_avx512(loop);
  } else if (avx2) {
    run_avx2(loop);
  } else {
    loop.template operator()<4>();
  }
}
#else
template <class Loop>
void run_widest(const Loop& loop) {
  loop.template operator()<4>();
}
#endif

}  // namespace sslcuda::cpu
