// vmath.hpp - exp and sigmoid as straight-line code, so that loops over them vectorise.
#pragma once

#include <bit>
#include <cstdint>

namespace sslcuda::cpu {

// exp(x) with a relative error below 2 units in the last place; 0 and infinity beyond, NaN for NaN.
// x = k ln 2 + r with |r| <= ln 2 / 2; a polynomial for exp(r).
__attribute__((always_inline)) inline float exp_float(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer in the mantissa
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  const float shifted = x * kLog2E + kRound;
  const float k = shifted - kRound;
  const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound);
  const float r = (x - k * kLn2High) - k * kLn2Low;
  float p = 1.0f / 5040;  // Taylor; the remainder of degree 8 is below 1e-8
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = (p * r) * r + r;
  p = p + 1.0f;
  // 2^k in two steps, since 2^-149 and 2^128 are no normal numbers.
  const int32_t half = exponent >> 1;
  const float first = std::bit_cast<float>((half + 127) << 23);
  const float second = std::bit_cast<float>((exponent - half + 127) << 23);
  return p * first * second;
}

// exp of a number <= 0 only, so nothing overflows.
__attribute__((always_inline)) inline float sigmoid(float x) {
  const float e = exp_float(x < 0 ? x : -x);
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

}  // namespace sslcuda::cpu
