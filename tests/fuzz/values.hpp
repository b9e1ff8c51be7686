// values.hpp - what a fuzzer puts in the place of a good argument.
#pragma once

#include <cfloat>
#include <cstdint>
#include <limits>

#include "tests/fuzz/input.hpp"

namespace fuzz {

inline int64_t whole_number(Input& input) {
  constexpr int64_t kOne = 1;
  static constexpr int64_t kValues[] = {0,
                                        1,
                                        2,
                                        3,
                                        4,
                                        5,
                                        6,
                                        7,
                                        -1,
                                        -2,
                                        64,
                                        99,
                                        255,
                                        4096,
                                        kOne << 31,
                                        (kOne << 31) - 1,
                                        kOne << 32,
                                        kOne << 61,
                                        kOne << 62,
                                        INT64_MAX,
                                        INT64_MIN,
                                        INT32_MIN,
                                        (kOne << 62) - 1,
                                        INT64_MAX / 4};
  const size_t index = input.below(std::size(kValues) + 1);
  return index < std::size(kValues) ? kValues[index] : input.raw<int64_t>();
}

// Mostly one that a choice or flag may have.
inline int64_t choice(Input& input) {
  static constexpr int64_t kValues[] = {0, 1, 2, 3, 4, 5, 6, 7, -1, 99, INT32_MAX, INT32_MIN};
  return input.one_of(kValues);
}

inline double real_number(Input& input) {
  static constexpr double kValues[] = {0,
                                       -0.0,
                                       1,
                                       -1,
                                       0.5,
                                       3,
                                       180,
                                       1e-45,
                                       -1e-40,
                                       1e-7,
                                       FLT_MAX,
                                       -FLT_MAX,
                                       1e300,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
  const size_t index = input.below(std::size(kValues) + 1);
  return index < std::size(kValues) ? kValues[index] : input.raw<double>();
}

inline size_t byte_count(Input& input) {
  static constexpr size_t kValues[] = {
      0, 1, 8, 255, 256, 4096, 65536, 1 << 20, size_t{1} << 62, SIZE_MAX};
  return input.one_of(kValues);
}

}  // namespace fuzz
