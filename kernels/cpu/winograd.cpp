#include "kernels/cpu/winograd.hpp"

#include <algorithm>

namespace sslcuda::cpu {
namespace {

#define SSLCUDA_INLINE __attribute__((always_inline)) inline

// The transforms along one side; along both, they are applied to columns, then to rows.
struct PixelTransform {
  static constexpr int kIn = 4, kOut = 4;
  template <class T>
  static SSLCUDA_INLINE void apply(const T* x, T* y) {
    y[0] = x[0] - x[2];
    y[1] = x[1] + x[2];
    y[2] = x[2] - x[1];
    y[3] = x[1] - x[3];
  }
};

struct WeightTransform {
  static constexpr int kIn = 3, kOut = 4;
  template <class T>
  static SSLCUDA_INLINE void apply(const T* x, T* y) {
    const T even = 0.5f * (x[0] + x[2]), odd = 0.5f * x[1];
    y[0] = x[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = x[2];
  }
};

struct WeightAdjoint {
  static constexpr int kIn = 4, kOut = 3;
  template <class T>
  static SSLCUDA_INLINE void apply(const T* x, T* y) {
    const T even = 0.5f * (x[1] + x[2]);
    y[0] = x[0] + even;
    y[1] = 0.5f * (x[1] - x[2]);
    y[2] = even + x[3];
  }
};

struct SumTransform {
  static constexpr int kIn = 4, kOut = 2;
  template <class T>
  static SSLCUDA_INLINE void apply(const T* x, T* y) {
    y[0] = x[0] + x[1] + x[2];
    y[1] = x[1] - x[2] - x[3];
  }
};

struct SumAdjoint {
  static constexpr int kIn = 2, kOut = 4;
  template <class T>
  static SSLCUDA_INLINE void apply(const T* x, T* y) {
    y[0] = x[0];
    y[1] = x[0] + x[1];
    y[2] = x[0] - x[1];
    y[3] = -x[1];
  }
};

// x [kIn, kIn] to y [kOut, kOut], given by read(row, column) and write(row, column, value).
template <class Transform, class T, class Read, class Write>
SSLCUDA_INLINE void transform(const Read& read, const Write& write) {
  constexpr int kIn = Transform::kIn, kOut = Transform::kOut;
  T half[kOut][kIn];
#pragma GCC unroll 4
  for (int j = 0; j < kIn; ++j) {
    T column[kIn], result[kOut];
#pragma GCC unroll 4
    for (int i = 0; i < kIn; ++i) column[i] = read(i, j);
    Transform::apply(column, result);
#pragma GCC unroll 4
    for (int i = 0; i < kOut; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < kOut; ++i) {
    T result[kOut];
    Transform::apply(half[i], result);
#pragma GCC unroll 4
    for (int j = 0; j < kOut; ++j) write(i, j, result[j]);
  }
}

// Calls body(tile, lane) for the registers of a line of tiles.
template <int kLanes, class Body>
SSLCUDA_INLINE void for_each_register(int64_t tiles, int64_t lanes, const Body& body) {
  for (int64_t tile = 0; tile < tiles; ++tile) {
    for (int64_t lane = 0; lane < lanes; lane += kLanes) body(tile, lane);
  }
}

// Of a line of tiles in a by-pixel image of so many pixels per line; the first of its lines is
// `turn`, and behind the last one the others follow.
template <class Transform>
void to_frequencies(int64_t tiles, int64_t width, int64_t turn, const float* by_pixel,
                    const Spectrum& to, int64_t first) {
  constexpr int kSide = Transform::kIn;
  int64_t line[kSide];
  for (int i = 0; i < kSide; ++i) line[i] = (turn + i) % kSide * width;
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    for_each_register<kLanes>(
        tiles, to.lanes, [&](int64_t tile, int64_t lane) __attribute__((always_inline)) {
          const float* const corner = by_pixel + kTileSide * tile * to.lanes + lane;
          float* const frequencies = to.at(0, first + tile) + lane;
          transform<Transform, Lanes<kLanes>>(
              [&](int i, int j) __attribute__((always_inline)) {
                return load<kLanes>(corner + (line[i] + j) * to.lanes);
              },
              [&](int i, int j, const Lanes<kLanes>& value) __attribute__((always_inline)) {
                store(value, frequencies + (i * kWindowSide + j) * to.stride);
              });
        });
  });
}

// c[row, lane] = or += sum over k of a[row, k] b[k, lane].
struct Product {
  int64_t rows, k, lanes;
  const float* a;
  int64_t row_stride, k_stride;
  const float* b;
  float* c;
};

template <int kLanes, int kRows, int kVectors, bool kAdds>
SSLCUDA_INLINE void multiply_block(const Product& p, int64_t row, int64_t lane) {
  Lanes<kLanes> sums[kRows][kVectors] = {};
  const float* a = p.a + row * p.row_stride;
  const float* b = p.b + lane;
  float* const c = p.c + row * p.lanes + lane;
  for (int64_t k = 0; k < p.k; ++k, a += p.k_stride, b += p.lanes) {
    Lanes<kLanes> of_b[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) of_b[v] = load<kLanes>(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[r][v] += a[r * p.row_stride] * of_b[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const at = c + r * p.lanes + v * kLanes;
      store(kAdds ? load<kLanes>(at) + sums[r][v] : sums[r][v], at);
    }
  }
}

// Two registers of lanes, then one. Sixteen registers hold the sums of four rows.
template <int kLanes, bool kAdds>
SSLCUDA_INLINE void multiply(const Product& p) {
  constexpr int kRows = kLanes == kMostLanes ? kProductRows : kProductRows / 2;
  int64_t lane = 0;
  for (; lane + 2 * kLanes <= p.lanes; lane += 2 * kLanes) {
    for (int64_t row = 0; row < p.rows; row += kRows) {
      multiply_block<kLanes, kRows, 2, kAdds>(p, row, lane);
    }
  }
  for (; lane < p.lanes; lane += kLanes) {
    for (int64_t row = 0; row < p.rows; row += kRows) {
      multiply_block<kLanes, kRows, 1, kAdds>(p, row, lane);
    }
  }
}

}  // namespace

void transform_sums(const Correlation& s, const Spectrum& sums, int64_t first, float* by_pixel) {
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    const int64_t width = s.tile_width();
    for_each_register<kLanes>(
        s.tiles_across(), sums.lanes, [&](int64_t q, int64_t lane) __attribute__((always_inline)) {
          const float* const from = sums.at(0, first + q) + lane;
          float* const corner = by_pixel + kTileSide * q * sums.lanes + lane;
          transform<SumTransform, Lanes<kLanes>>(
              [&](int i, int j) __attribute__((always_inline)) {
                return load<kLanes>(from + (i * kWindowSide + j) * sums.stride);
              },
              [&](int i, int j, const Lanes<kLanes>& value) __attribute__((always_inline)) {
                store(value, corner + (i * width + j) * sums.lanes);
              });
        });
  });
}

void transform_pixels(const Correlation& s, const float* by_pixel, int64_t turn, const Spectrum& x,
                      int64_t first) {
  to_frequencies<PixelTransform>(s.tiles_across(), s.window_width(), turn, by_pixel, x, first);
}

void transform_gradient(const Correlation& s, const float* by_pixel, const Spectrum& grad_sums,
                        int64_t first) {
  to_frequencies<SumAdjoint>(s.tiles_across(), s.tile_width(), 0, by_pixel, grad_sums, first);
}

void transform_weight(const float* weight, int64_t stride, float* frequencies) {
  transform<WeightTransform, float>(
      [&](int i, int j) { return weight[3 * i + j]; },
      [&](int i, int j, float value) { frequencies[(i * kWindowSide + j) * stride] = value; });
}

void transform_weight_gradient(const float* frequencies, int64_t stride, float* grad_weight) {
  transform<WeightAdjoint, float>(
      [&](int i, int j) { return frequencies[(i * kWindowSide + j) * stride]; },
      [&](int i, int j, float value) { grad_weight[3 * i + j] = value; });
}

void multiply(const Spectrum& x, int64_t tiles, int64_t channels, const Spectrum& weight,
              const Spectrum& sums) {
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    for (int64_t f = 0; f < kFrequencies; ++f) {
      multiply<kLanes, false>(
          {tiles, channels, sums.lanes, x.at(f, 0), x.lanes, 1, weight.at(f, 0), sums.at(f, 0)});
    }
  });
}

void add_product(const Spectrum& x, const Spectrum& grad_sums, int64_t tiles,
                 const Spectrum& grad_weight) {
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    for (int64_t f = 0; f < kFrequencies; ++f) {
      multiply<kLanes, true>({x.lanes, tiles, grad_sums.lanes, x.at(f, 0), 1, x.lanes,
                              grad_sums.at(f, 0), grad_weight.at(f, 0)});
    }
  });
}

#undef SSLCUDA_INLINE

}  // namespace sslcuda::cpu
