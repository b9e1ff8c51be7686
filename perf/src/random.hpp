// random.hpp - inputs. Random normal numbers: zeros and other patterns draw less power, and so run
// faster than what users have.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace sslcuda::perf {

// In blocks with a generator each: a hundred million of them should not take longer than what is
// measured with them.
inline std::vector<float> normal(int64_t count, uint64_t seed, float scale = 1) {
  constexpr int64_t kBlock = 1 << 18;
  std::vector<float> x(static_cast<size_t>(count));
#pragma omp parallel for schedule(static)
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    std::mt19937_64 generator(seed + static_cast<uint64_t>(begin));
    std::normal_distribution<float> distribution(0, scale);
    for (int64_t i = begin; i < std::min(begin + kBlock, count); ++i)
      x[i] = distribution(generator);
  }
  return x;
}

inline std::vector<float> uniform(int64_t count, uint64_t seed, float low, float high) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) value = distribution(generator);
  return x;
}

// Whole numbers in [0, limit).
template <class T>
std::vector<T> whole(int64_t count, uint64_t seed, int64_t limit) {
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<int64_t> distribution(0, limit - 1);
  std::vector<T> x(static_cast<size_t>(count));
  for (T& value : x) value = static_cast<T>(distribution(generator));
  return x;
}

}  // namespace sslcuda::perf
