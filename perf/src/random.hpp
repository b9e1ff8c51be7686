// random.hpp - inputs. Random normal numbers: zeros and other patterns draw less power, and so run
// faster than what users have.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace sslcuda::perf {

inline std::vector<float> normal(int64_t count, uint64_t seed, float scale = 1) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> distribution(0, scale);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) value = distribution(generator);
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
