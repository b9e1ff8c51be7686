// philox.hpp - random numbers as pure functions of their place, for every backend. Philox4x32-10
// (Salmon, Moraes, Dror & Shaw 2011) is integer arithmetic; what turns its words into floats is
// written with explicit fused multiply-adds and nothing that a compiler may contract, so that the
// same place gives the same bits everywhere, and loops over places vectorise.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/anywhere.hpp"
#include "kernels/args_random.hpp"

namespace sslcuda {

struct PhiloxBlock {
  uint32_t word[4];
};

// The block of four words at a place of a sequence: counter = (place, sequence), low words first.
SSLCUDA_ANYWHERE constexpr PhiloxBlock philox(uint64_t seed, uint64_t sequence, uint64_t place) {
  constexpr uint32_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57;
  constexpr uint32_t kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;
  auto c0 = static_cast<uint32_t>(place), c1 = static_cast<uint32_t>(place >> 32);
  auto c2 = static_cast<uint32_t>(sequence), c3 = static_cast<uint32_t>(sequence >> 32);
  auto k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * c0, product1 = uint64_t{kMultiplier1} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(product0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {{c0, c1, c2, c3}};
}

// What numbers are drawn for. Each purpose has a quarter of a sequence's places, so that ops which
// share seed and sequence do not share numbers.
enum class Purpose : uint64_t { kArray = 0, kView = 1, kNoise = 2, kDrop = 3 };

constexpr uint64_t first_place(Purpose purpose) { return static_cast<uint64_t>(purpose) << 62; }

SSLCUDA_ANYWHERE uint64_t sequence_of(const RandomSource& source) {
  return source.sequence +
         (source.sequence_device ? static_cast<uint64_t>(*source.sequence_device) : 0);
}

// In [0, 1), all multiples of 2^-24.
SSLCUDA_ANYWHERE float unit_uniform(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f;
}

// ln(u) of a normal u <= 1, with a relative error below 2 u. u = 2^e (1 + f) with 1 + f between
// sqrt(1/2) and sqrt(2), and ln(1 + f) = f - f^2 / 2 + f^3 p(f).
SSLCUDA_ANYWHERE float log_unit(float u) {
  constexpr uint32_t kRootHalf = 0x3f3504f3;
  constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  const auto bits = std::bit_cast<uint32_t>(u);
  const int32_t exponent = static_cast<int32_t>(bits - kRootHalf) >> 23;
  const float f = std::bit_cast<float>(bits - (static_cast<uint32_t>(exponent) << 23)) - 1.0f;
  float p = -0.0785961598f;
  p = fmaf(p, f, 0.128816545f);
  p = fmaf(p, f, -0.13128756f);
  p = fmaf(p, f, 0.141811907f);
  p = fmaf(p, f, -0.166245535f);
  p = fmaf(p, f, 0.200022861f);
  p = fmaf(p, f, -0.250008106f);
  p = fmaf(p, f, 0.333333164f);
  const float square = f * f, e = static_cast<float>(exponent);
  const float rest = fmaf(square * f, p, -0.5f * square);
  return fmaf(e, kLn2High, fmaf(e, kLn2Low, rest) + f);
}

struct NormalPair {
  float one, other;
};

// The transform of Box & Muller (1958): sqrt(-2 ln u) (cos, sin)(2 pi v), u = (word0 + 1/2) 2^-32
// in float32, v = word1 2^-32. The angle is reduced to +-pi/4 while it is a whole number.
SSLCUDA_ANYWHERE NormalPair box_muller(uint32_t word0, uint32_t word1) {
  const float u = fmaf(static_cast<float>(word0), 0x1p-32f, 0x1p-33f);
  const float radius = sqrtf(-2.0f * log_unit(u));
  const uint32_t quarter = (word1 + 0x20000000u) >> 30;
  const auto angle = static_cast<int32_t>(word1 - (quarter << 30));
  const float a = static_cast<float>(angle) * (6.28318530717958648f * 0x1p-32f);
  const float z = a * a;
  const float sine_tail = fmaf(fmaf(-0.000195172659f, z, 0.008332178f), z, -0.166666552f);
  const float cosine_tail = fmaf(fmaf(2.44384155e-05f, z, -0.00138873677f), z, 0.0416666456f);
  const float sine = fmaf(a * z, sine_tail, a);
  const float cosine = fmaf(z * z, cosine_tail, fmaf(-0.5f, z, 1.0f));
  const bool odd = (quarter & 1) != 0;
  const float x = odd ? sine : cosine, y = odd ? cosine : sine;
  // Signs of the quarters: (+, +), (-, +), (-, -), (+, -).
  const bool left = ((quarter + 1) & 2) != 0, below = (quarter & 2) != 0;
  return {radius * (left ? -x : x), radius * (below ? -y : y)};
}

// The four numbers of a block: shift + scale times uniform or normal ones.
struct FourFloats {
  float value[4];
};

SSLCUDA_ANYWHERE FourFloats uniform_of(const PhiloxBlock& block, float shift, float scale) {
  return {{fmaf(scale, unit_uniform(block.word[0]), shift),
           fmaf(scale, unit_uniform(block.word[1]), shift),
           fmaf(scale, unit_uniform(block.word[2]), shift),
           fmaf(scale, unit_uniform(block.word[3]), shift)}};
}

SSLCUDA_ANYWHERE FourFloats normal_of(const PhiloxBlock& block, float shift, float scale) {
  const NormalPair a = box_muller(block.word[0], block.word[1]);
  const NormalPair b = box_muller(block.word[2], block.word[3]);
  return {{fmaf(scale, a.one, shift), fmaf(scale, a.other, shift), fmaf(scale, b.one, shift),
           fmaf(scale, b.other, shift)}};
}

}  // namespace sslcuda
