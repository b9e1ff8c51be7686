// random.hpp - random numbers that are the same on every platform: mt19937_64 is fixed by the C++
// standard, its distributions are not, so the mappings are our own.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace host {

class Random {
 public:
  // Different streams of one seed are independent.
  Random(uint64_t seed, uint64_t stream) : engine_(mix(mix(seed) + stream)) {}

  // Uniform in [0, 1), 24 bits.
  float uniform() { return static_cast<float>(engine_() >> 40) * 0x1p-24f; }

  // Uniform in 0..n-1; the rejected rest of the range keeps it unbiased.
  uint64_t below(uint64_t n) {
    const uint64_t unusable = (0 - n) % n;
    uint64_t value = engine_();
    while (value < unusable) value = engine_();
    return value % n;
  }

  template <class T>
  void shuffle(std::span<T> values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  // The finaliser of SplitMix64.
  static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::mt19937_64 engine_;
};

}  // namespace host
