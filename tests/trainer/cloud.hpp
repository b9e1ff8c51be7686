// cloud.hpp - made-up points for the tests of the evaluation.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "host/model/random.hpp"

namespace host {

inline double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - double{random.uniform()}));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

// Rows around one centre per class; labels are i mod classes.
struct Cloud {
  Cloud(int64_t n, int64_t d, int64_t classes, double spread, uint64_t seed) {
    Random random(seed, 0);
    std::vector<double> centres;
    for (int64_t i = 0; i < classes * d; ++i) centres.push_back(2 * normal(random));
    for (int64_t i = 0; i < n; ++i) {
      labels.push_back(static_cast<uint8_t>(i % classes));
      for (int64_t k = 0; k < d; ++k) {
        const double centre = centres[static_cast<size_t>(i % classes * d + k)];
        rows.push_back(static_cast<float>(centre + spread * normal(random)));
      }
    }
  }
  std::vector<float> rows;
  std::vector<uint8_t> labels;
};

}  // namespace host
