// conv3x3_blocks.hpp - correlations of some images by the transforms of winograd.hpp, a block of
// lines of tiles at a time: as many as leave the block's frequencies in a core's cache.
#pragma once

#include "kernels/args.hpp"
#include "kernels/cpu/winograd.hpp"

namespace sslcuda::cpu {

// What a thread has: what a line of tiles covers of `in` and `out`, by pixel; two lines with the
// activation's gradient; and a block's frequencies.
struct BlockWork {
  float *in_pixels, *out_pixels, *lines;
  Spectrum in, out;

  BlockWork(const Correlation& s, Arena& arena);
  static size_t bytes(const Correlation& s);
};

// Images, or with y (not null) the activation's gradient from grad_y.
struct Images {
  Planes planes;
  const float* data;
  const float* y;
  Activation activation;
};

struct Finish {
  const float* bias = nullptr;
  Activation activation = Activation::kNone;
};

// y of the images [begin, end); the weights are frequencies [in channels, out lanes].
void correlate(const Correlation& s, const Images& x, const Spectrum& weight, int64_t begin,
               int64_t end, const Finish& finish, const BlockWork& w, float* y);

// Adds to the frequencies of grad_W, [in lanes, out lanes], what the images [begin, end) give.
void add_weight_gradient(const Correlation& s, const Images& x, const Images& g, int64_t begin,
                         int64_t end, const BlockWork& w, const Spectrum& grad_weight);

}  // namespace sslcuda::cpu
