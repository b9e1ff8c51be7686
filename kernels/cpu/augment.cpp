// augment.cpp - random views of images. A thread makes a plane of y at a time: it fetches the
// pixels row by row; where the view is blurred, in tiles that it holds with a rim as wide as the
// blur; then noise and drops go over the plane in pieces of whole blocks of random numbers.
#include <cmath>
#include <cstring>

#include "kernels/augment_view.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/random.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int kTile = 64, kRadius = AugmentSettings::kMaxRadius, kRim = kTile + 2 * kRadius;

// A plane of x, and how a view of it is fetched.
struct Source {
  const float* x;  // [h, w]
  int64_t h, w;
  AffineMap map;
  bool warps, tones;
  float fill, gain, offset;
  const float* rimmed;  // as rim() leaves it; null where that would be too large
};

// What sample() may read around a plane: one pixel before it and two behind.
constexpr int64_t kRimBefore = 1, kRimAround = 3, kMostRimmed = 4096;

bool has_room_for_rim(int64_t h, int64_t w) {
  return h <= kMostRimmed && w <= kMostRimmed && (h + kRimAround) * (w + kRimAround) <= kMostRimmed;
}

void rim(const Source& s, float* rimmed) {
  const int64_t width = s.w + kRimAround;
  std::fill_n(rimmed, (s.h + kRimAround) * width, s.fill);
  for (int64_t p = 0; p < s.h; ++p) {
    std::copy_n(s.x + p * s.w, s.w, rimmed + (p + kRimBefore) * width + kRimBefore);
  }
}

// sample() of a plane with its rim, where no place is outside.
__attribute__((always_inline)) inline float sample_rimmed(const float* rimmed, int32_t h, int32_t w,
                                                          float xs, float ys) {
  const auto hold = [](float value, float most) {
    return value > -1.0f ? value < most ? value : most : -1.0f;
  };
  const float x_held = hold(xs, static_cast<float>(w)), y_held = hold(ys, static_cast<float>(h));
  const float x_floor = floorf(x_held), y_floor = floorf(y_held);
  const float across = x_held - x_floor, down = y_held - y_floor;
  const int32_t width = w + static_cast<int32_t>(kRimAround);
  const int32_t at = (static_cast<int32_t>(y_floor) + static_cast<int32_t>(kRimBefore)) * width +
                     static_cast<int32_t>(x_floor) + static_cast<int32_t>(kRimBefore);
  const float a = rimmed[at], b = rimmed[at + 1];
  const float c = rimmed[at + width], d = rimmed[at + width + 1];
  const float upper = fmaf(across, b - a, a), lower = fmaf(across, d - c, c);
  return fmaf(down, lower - upper, upper);
}

// Pixels first, first + 1 ... of a row of the view.
SSLCUDA_CLONES void warp_row(const Source& s, int64_t row, int64_t first, int64_t count,
                             float* __restrict y) {
  const AffineMap m = s.map;
  const float* const __restrict x = s.x;
  const auto h = static_cast<int32_t>(s.h), w = static_cast<int32_t>(s.w);
  const float fill = s.fill;
  const float x_row = fmaf(m.xp, static_cast<float>(row), m.x0);
  const float y_row = fmaf(m.yp, static_cast<float>(row), m.y0);
  const auto begin = static_cast<int32_t>(first), length = static_cast<int32_t>(count);
  if (const float* const rimmed = s.rimmed) {
    for (int32_t i = 0; i < length; ++i) {
      const auto q = static_cast<float>(begin + i);
      y[i] = sample_rimmed(rimmed, h, w, fmaf(m.xq, q, x_row), fmaf(m.yq, q, y_row));
    }
    return;
  }
  for (int32_t i = 0; i < length; ++i) {
    const auto q = static_cast<float>(begin + i);
    y[i] = sample(x, h, w, fmaf(m.xq, q, x_row), fmaf(m.yq, q, y_row), fill);
  }
}

SSLCUDA_CLONES void tone_row(const Source& s, int64_t count, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = fmaf(y[i] - s.fill, s.gain, s.offset);
}

void fetch_row(const Source& s, int64_t row, int64_t first, int64_t count, float* y) {
  if (s.warps) {
    warp_row(s, row, first, count, y);
  } else {
    std::copy_n(s.x + row * s.w + first, count, y);
  }
  if (s.tones) tone_row(s, count, y);
}

// y[i] = weighted sum of x[i + k step] over k = -radius..radius.
SSLCUDA_CLONES void blur_row(const AugmentView& view, const float* __restrict x, int64_t step,
                             int64_t count, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] = view.weight[0] * x[i];
  for (int k = 1; k <= view.radius; ++k) {
    const float weight = view.weight[k];
    const float *const before = x - k * step, *const behind = x + k * step;
    for (int64_t i = 0; i < count; ++i) y[i] = fmaf(weight, before[i] + behind[i], y[i]);
  }
}

// Pixels of the tile that begins at (row, column), and those around it as far as the blur reaches;
// beyond the image its edge goes on.
void blur_tile(const Source& s, const AugmentView& view, int64_t row, int64_t column, float* y) {
  float pixels[kRim], across[kRim][kTile];
  const int64_t rows = std::min<int64_t>(kTile, s.h - row);
  const int64_t columns = std::min<int64_t>(kTile, s.w - column);
  const int r = view.radius;
  const int64_t left = std::max<int64_t>(0, column - r);
  const int64_t right = std::min(s.w, column + columns + r);
  float* const inside = pixels + (left - (column - r));
  float* const behind = inside + (right - left);
  for (int64_t p = std::max<int64_t>(0, row - r); p < std::min(s.h, row + rows + r); ++p) {
    fetch_row(s, p, left, right - left, inside);
    std::fill(pixels, inside, *inside);
    std::fill(behind, pixels + columns + 2 * r, behind[-1]);
    blur_row(view, pixels + r, 1, columns, across[p - (row - r)]);
  }
  for (int64_t p = row - r; p < 0; ++p) {
    std::copy_n(across[-(row - r)], columns, across[p - (row - r)]);
  }
  for (int64_t p = s.h; p < row + rows + r; ++p) {
    std::copy_n(across[s.h - 1 - (row - r)], columns, across[p - (row - r)]);
  }
  for (int64_t p = 0; p < rows; ++p) {
    blur_row(view, across[p + r], kTile, columns, y + (row + p) * s.w + column);
  }
}

SSLCUDA_CLONES void add(int64_t count, const float* __restrict noise, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] += noise[i];
}

SSLCUDA_CLONES void drop(int64_t count, const float* __restrict chance, float probability,
                         float fill, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] = chance[i] < probability ? fill : y[i];
}

// Numbers of a plane begin with a block of their own.
void spoil(const AugmentArgs& a, uint64_t sequence, int64_t plane, float* y) {
  constexpr int64_t kBlocks = 128;
  float numbers[4 * kBlocks];
  const AugmentSettings& s = a.settings;
  const int64_t pixels = a.h * a.w, blocks = ceil_div(pixels, 4);
  const auto noise = first_place(Purpose::kNoise) + static_cast<uint64_t>(plane * blocks);
  const auto drops = first_place(Purpose::kDrop) + static_cast<uint64_t>(plane / a.c * blocks);
  for (int64_t b = 0; b < blocks; b += kBlocks) {
    const int64_t taken = std::min(kBlocks, blocks - b),
                  count = std::min(4 * taken, pixels - 4 * b);
    const auto first = static_cast<uint64_t>(b);
    if (s.noise != 0) {
      normal_blocks(a.source.seed, sequence, noise + first, taken, 0, s.noise, numbers);
      add(count, numbers, y + 4 * b);
    }
    if (s.drop != 0) {
      uniform_blocks(a.source.seed, sequence, drops + first, taken, 0, 1, numbers);
      drop(count, numbers, s.drop, s.fill, y + 4 * b);
    }
  }
}

}  // namespace

int augment(const Exec&, const AugmentArgs& a) {
  constexpr int64_t kWork = 128;  // operations per pixel
  const AugmentSettings& s = a.settings;
  const uint64_t sequence = sequence_of(a.source);
  const int64_t pixels = a.h * a.w, planes = a.n * a.c;
  parallel_for(a.views * planes, kWork * pixels, [&](int64_t plane) {
    const AugmentView view = draw_view(s, a.source.seed, sequence, plane / a.c, a.h, a.w);
    float rimmed[kMostRimmed];
    Source source{a.x + plane % planes * pixels,
                  a.h,
                  a.w,
                  view.map,
                  s.warps(),
                  s.tones(),
                  s.fill,
                  view.gain,
                  view.offset,
                  nullptr};
    if (s.warps() && has_room_for_rim(a.h, a.w)) {
      rim(source, rimmed);
      source.rimmed = rimmed;
    }
    float* const y = a.y + plane * pixels;
    if (view.radius == 0) {
      for (int64_t p = 0; p < a.h; ++p) fetch_row(source, p, 0, a.w, y + p * a.w);
    } else {
      for (int64_t p = 0; p < a.h; p += kTile) {
        for (int64_t q = 0; q < a.w; q += kTile) blur_tile(source, view, p, q, y);
      }
    }
    if (s.noise != 0 || s.drop != 0) spoil(a, sequence, plane, y);
  });
  return kOk;
}

}  // namespace sslcuda::cpu
