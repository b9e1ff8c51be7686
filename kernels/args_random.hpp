// args_random.hpp - arguments of the ops that draw random numbers; see args.hpp.
#pragma once

#include <cstdint>

namespace sslcuda {

// Which numbers: those of Philox under the key `seed` in the sequence
// sequence + *sequence_device (mod 2^64).
struct RandomSource {
  uint64_t seed, sequence;
  const int64_t* sequence_device;  // [1], or null: 0
};

enum class Distribution : int32_t { kUniform = 0, kNormal = 1 };

// y = shift + scale times numbers uniform in [0, 1) or standard normal.
struct RandomArgs {
  Distribution distribution;
  int64_t count;
  RandomSource source;
  float shift, scale;
  float* y;  // [count]
};

// As sslcuda_augmentation, whose rules hold.
struct AugmentSettings {
  float scale_low, scale_high, ratio_low, ratio_high;
  float degrees, shear, translate, flip;
  float brightness, contrast;
  float blur, sigma_low, sigma_high;
  float noise, drop, fill;

  static constexpr float kMaxSigma = 3;
  static constexpr int kMaxRadius = 9;  // of the blur, in pixels: 3 sigma

  // Whether any view can need the stage; what no view needs leaves the pixels' bits alone.
  constexpr bool warps() const {
    return scale_low < 1 || ratio_low != 1 || ratio_high != 1 || degrees != 0 || shear != 0 ||
           translate != 0 || flip != 0;
  }
  constexpr bool tones() const { return brightness != 0 || contrast != 0; }
};

struct AugmentArgs {
  int64_t n, c, h, w;
  const float* x;  // [n, c, h, w]
  int64_t views;
  AugmentSettings settings;
  RandomSource source;
  float* y;  // [views, n, c, h, w]
};

}  // namespace sslcuda
