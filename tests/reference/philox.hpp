// philox.hpp - Philox4x32-10 and what is made of its words.
#pragma once

#include <array>
#include <numbers>

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

inline PhiloxCounter philox(PhiloxCounter c, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    const auto high = [](uint64_t x) { return static_cast<uint32_t>(x >> 32); };
    const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
    c = {high(b) ^ c[1] ^ key[0], low(b), high(a) ^ c[3] ^ key[1], low(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return c;
}

// A sequence of numbers under a seed. `quarter` tells apart what they are drawn for; see
// docs/ops/random.md.
struct RandomSequence {
  uint64_t seed, sequence;

  uint32_t word(uint64_t block, int i, uint64_t quarter = 0) const {
    const uint64_t place = block + (quarter << 62);
    const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
    return philox({low(place), low(place >> 32), low(sequence), low(sequence >> 32)},
                  {low(seed), low(seed >> 32)})[i];
  }

  // Element i of an array that begins with the block. high - low is rounded, and then the result.
  float uniform(uint64_t block, int64_t i, float low, float high, uint64_t quarter = 0) const {
    const auto w = word(block + static_cast<uint64_t>(i / 4), static_cast<int>(i % 4), quarter);
    return std::fma(high - low, static_cast<float>(w >> 8) / 16777216, low);
  }

  double normal(uint64_t block, int64_t i, uint64_t quarter = 0) const {
    const uint64_t at = block + static_cast<uint64_t>(i / 4);
    const int pair = static_cast<int>(i % 4) / 2 * 2;
    const float u = (static_cast<float>(word(at, pair, quarter)) + 0.5f) / 4294967296;
    const double radius = std::sqrt(-2 * std::log(static_cast<double>(u)));
    const double angle = 2 * std::numbers::pi * (word(at, pair + 1, quarter) / 4294967296.0);
    return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
};

}  // namespace sslcuda::reference
