// vmath.hpp - exp, log1p and sigmoid as straight-line code, so that loops over them vectorise.
#pragma once

#include <bit>
#include <cstdint>

namespace sslcuda::cpu {

constexpr float kLeastExponent = -87.33f, kLargestExponent = 88;

// exp(x) with a relative error below 2 units in the last place. 0 where that is no normal number,
// and no larger than exp(88); NaN for NaN. x = k ln 2 + r with |r| <= ln 2 / 2, and a polynomial
// for exp(r) that is off by 0.06 u at most.
__attribute__((always_inline)) inline float exp_float(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  // 1.5 * 2^23, which leaves an integer in the mantissa, plus the bias of exponents.
  constexpr float kRound = 12582912.0f + 127;
  const float y = x > kLargestExponent ? kLargestExponent : x;
  const float shifted = y * kLog2E + kRound;
  const float k = shifted - kRound;
  const float r = (y - k * kLn2High) - k * kLn2Low;
  float p = 1.3814539988e-3f;
  p = p * r + 8.3687451164e-3f;
  p = p * r + 4.1668390787e-2f;
  p = p * r + 1.6666520399e-1f;
  p = p * r + 4.9999993432e-1f;
  p = (p * r) * r + r;
  p = p + 1.0f;
  const float power = std::bit_cast<float>(std::bit_cast<uint32_t>(shifted) << 23);  // 2^k
  return x < kLeastExponent ? 0.0f : p * power;
}

// exp of a number <= 0 only, so nothing overflows.
__attribute__((always_inline)) inline float sigmoid(float x) {
  const float e = exp_float(x < 0 ? x : -x);
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

// log(1 + t) for 0 <= t <= 1, with a relative error below 4 u however small t is: the series of
// 2 artanh(z) in z = t / (2 + t) <= 1/3.
__attribute__((always_inline)) inline float log1p_float(float t) {
  const float z = t / (2.0f + t), y = z * z;
  float p = 2.0f / 15;
  p = p * y + 2.0f / 13;
  p = p * y + 2.0f / 11;
  p = p * y + 2.0f / 9;
  p = p * y + 2.0f / 7;
  p = p * y + 2.0f / 5;
  p = p * y + 2.0f / 3;
  p = p * y + 2.0f;
  return p * z;
}

}  // namespace sslcuda::cpu
