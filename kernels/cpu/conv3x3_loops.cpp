#include "kernels/cpu/conv3x3_loops.hpp"

#include <algorithm>

namespace sslcuda::cpu {
namespace {

// Of kStrip neighbouring positions, kVectors registers of output channels; x is where the first
// position's window begins.
template <int kLanes, int kVectors>
__attribute__((always_inline)) inline void correlate_strip(const Correlation& s, const float* x,
                                                           const float* packed, float* by_pixel) {
  Lanes<kLanes> sums[kStrip][kVectors] = {};
  const int64_t lanes = s.lanes();
  for (int64_t c = 0; c < s.channels; ++c, x += s.plane()) {
    const float* weight = packed + c * kTaps * lanes;
#pragma GCC unroll 9
    for (int64_t j = 0; j < kTaps; ++j, weight += lanes) {
      const float* const pixels = x + j / 3 * s.width() + j % 3;
      Lanes<kLanes> w[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) w[v] = load<kLanes>(weight + v * kLanes);
#pragma GCC unroll 7
      for (int k = 0; k < kStrip; ++k) {
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[k][v] += pixels[k] * w[v];
      }
    }
  }
#pragma GCC unroll 7
  for (int k = 0; k < kStrip; ++k) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) store(sums[k][v], by_pixel + k * lanes + v * kLanes);
  }
}

// The last strip of a line ends with it, and so may repeat some of the one before.
template <int kLanes, int kVectors>
__attribute__((always_inline)) inline void correlate_block(const Correlation& s, const float* x,
                                                           const float* packed, float* by_pixel) {
  for (int64_t p = 0; p < s.out_h; ++p) {
    for (int64_t q = 0; q < s.out_w; q += kStrip) {
      const int64_t first = std::min(q, s.out_w - kStrip);
      correlate_strip<kLanes, kVectors>(s, x + p * s.width() + first, packed,
                                        by_pixel + (p * s.out_w + first) * s.lanes());
    }
  }
}

// Calls two(channel) and one(channel) for the blocks of two registers and of one that make up
// `lanes` channels.
template <int kLanes, class Two, class One>
__attribute__((always_inline)) inline void for_each_block(int64_t lanes, const Two& two,
                                                          const One& one) {
  int64_t o = 0;
  for (; o + 2 * kLanes <= lanes; o += 2 * kLanes) two(o);
  for (; o < lanes; o += kLanes) one(o);
}

// Adds to the sums over all positions of the nine pixels of channel x times kVectors registers of
// g; sums [taps, lanes].
template <int kLanes, int kVectors>
__attribute__((always_inline)) inline void add_products(const Correlation& s, const float* x,
                                                        const float* g, float* sums) {
  Lanes<kLanes> products[kTaps][kVectors] = {};
  for (int64_t p = 0; p < s.out_h; ++p, x += s.width()) {
    for (int64_t q = 0; q < s.out_w; ++q, g += s.lanes()) {
      Lanes<kLanes> at[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) at[v] = load<kLanes>(g + v * kLanes);
#pragma GCC unroll 9
      for (int64_t j = 0; j < kTaps; ++j) {
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
          products[j][v] += x[j / 3 * s.width() + q + j % 3] * at[v];
        }
      }
    }
  }
#pragma GCC unroll 9
  for (int64_t j = 0; j < kTaps; ++j) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const sum = sums + j * s.lanes() + v * kLanes;
      store(load<kLanes>(sum) + products[j][v], sum);
    }
  }
}

}  // namespace

void correlate(const Correlation& s, const float* x, const float* packed, float* by_pixel) {
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    for_each_block<kLanes>(
        s.lanes(),
        [&](int64_t o) __attribute__((always_inline)) {
          correlate_block<kLanes, 2>(s, x, packed + o, by_pixel + o);
        },
        [&](int64_t o) __attribute__((always_inline)) {
          correlate_block<kLanes, 1>(s, x, packed + o, by_pixel + o);
        });
  });
}

void add_weight_gradient(const Correlation& s, const float* x, const float* g, float* grad_weight) {
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    for (int64_t c = 0; c < s.channels; ++c) {
      const float* const plane = x + c * s.plane();
      float* const sums = grad_weight + c * kTaps * s.lanes();
      for_each_block<kLanes>(
          s.lanes(),
          [&](int64_t o) __attribute__((always_inline)) {
            add_products<kLanes, 2>(s, plane, g + o, sums + o);
          },
          [&](int64_t o) __attribute__((always_inline)) {
            add_products<kLanes, 1>(s, plane, g + o, sums + o);
          });
    }
  });
}

}  // namespace sslcuda::cpu
