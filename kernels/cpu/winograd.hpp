// winograd.hpp - 3 x 3 correlations of stride 1 by the algorithm of Winograd (1980; Lavin & Gray
// 2016), F(2 x 2, 3 x 3): of each tile of 2 x 2 outputs, 4 x 4 pixels are transformed to 16
// frequencies; in each frequency the channels are multiplied with transformed weights, 16 products
// for an output tile where the definition has 36; and the sums are transformed back. All factors
// are 1 and 1/2, so integers stay exact.
#pragma once

#include "kernels/cpu/arena.hpp"
#include "kernels/cpu/by_pixel.hpp"

namespace sslcuda::cpu {

constexpr int64_t kTaps = 9, kFrequencies = 16, kTileSide = 2, kWindowSide = 4;
// multiply() makes so many rows of a product at once.
constexpr int64_t kProductRows = 8;

struct Planes {
  int64_t channels, h, w;

  int64_t lanes() const { return padded(channels); }
  int64_t plane() const { return h * w; }
  int64_t size() const { return channels * plane(); }
};

// How `in` with a rim of zeros around it gives `out`, in lines of tiles.
struct Correlation {
  Planes in, out;
  int64_t pad_h, pad_w;

  int64_t tiles_down() const { return ceil_div(out.h, kTileSide); }
  int64_t tiles_across() const { return ceil_div(out.w, kTileSide); }
  // Pixels that a line of tiles has across: of x with its rim, and of y.
  int64_t window_width() const { return kTileSide * tiles_across() + 2; }
  int64_t tile_width() const { return kTileSide * tiles_across(); }
};

// Tiles, or the weights' channels, in every frequency: [16, rows, lanes].
struct Spectrum {
  float* data;
  int64_t lanes, stride;  // `stride` between frequencies

  // A multiple of 4 KiB apart, the frequencies of a tile would take the same places of the cache.
  static Spectrum of(Arena& arena, int64_t rows, int64_t lanes, int64_t count = 1) {
    const int64_t stride = rows * lanes + kMostLanes;
    return {arena.take<float>(count * kFrequencies * stride), lanes, stride};
  }
  int64_t floats() const { return kFrequencies * stride; }
  float* at(int64_t frequency, int64_t row) const {
    return data + frequency * stride + row * lanes;
  }
  Spectrum next(int64_t count) const { return {data + count * floats(), lanes, stride}; }
};

// From 4 lines of pixels, of which `turn` is the first and 0 follows on 3, to the tiles of a line,
// in rows `first` and behind of x.
void transform_pixels(const Correlation& s, const float* by_pixel, int64_t turn, const Spectrum& x,
                      int64_t first);
// From these rows of the sums to 2 lines of outputs.
void transform_sums(const Correlation& s, const Spectrum& sums, int64_t first, float* by_pixel);
// Its adjoint: from 2 lines of the outputs' gradient to that of the sums.
void transform_gradient(const Correlation& s, const float* by_pixel, const Spectrum& grad_sums,
                        int64_t first);

// weight[9] to 16 frequencies, `stride` apart; and the adjoint, for its gradient.
void transform_weight(const float* weight, int64_t stride, float* frequencies);
void transform_weight_gradient(const float* frequencies, int64_t stride, float* grad_weight);

// sums[f] = x[f] weight[f]; `tiles` is rounded up to a multiple of kProductRows.
void multiply(const Spectrum& x, int64_t tiles, int64_t channels, const Spectrum& weight,
              const Spectrum& sums);
// grad_weight[f] += x[f]^T grad_sums[f]
void add_product(const Spectrum& x, const Spectrum& grad_sums, int64_t tiles,
                 const Spectrum& grad_weight);

}  // namespace sslcuda::cpu
