// augment.cuh - random views of images. One launch draws the views, a thread each, as that is in
// double; the next makes them. A block owns a tile of a plane of y. It fetches the tile into shared
// memory, with a rim as wide as the blur where there is one, and blurs, spoils and stores it from
// there: 8 bytes per element, but for the rims.
#pragma once

#include <device/launch.hpp>

#include "kernels/augment_view.hpp"

namespace sslcuda::cuda {

struct AugmentTile {
  static constexpr int kThreads = 256;
  static constexpr int kSide = 32;
  static constexpr int kRim = kSide + 2 * AugmentSettings::kMaxRadius;
};

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    draw_views_kernel(const AugmentArgs a, AugmentView* views) {
  const int64_t image = int64_t{blockIdx.x} * Tile::kThreads + threadIdx.x;
  if (image >= a.views * a.n) return;
  views[image] = draw_view(a.settings, a.source.seed, sequence_of(a.source), image, a.h, a.w);
}

template <class Tile>
struct AugmentSmem {
  float pixels[Tile::kRim][Tile::kRim];  // the tile from (radius, radius) on, and around it
  float across[Tile::kRim][Tile::kSide];
};

// Where a block works: pixels (row, column) to (row + rows, column + columns) of a plane of y.
struct ViewTile {
  int64_t plane, row, column;
  int rows, columns;
};

template <class Tile>
__device__ __forceinline__ ViewTile view_tile(const AugmentArgs& a, int64_t tile) {
  const int64_t across = ceil_div(a.w, Tile::kSide), tiles = across * ceil_div(a.h, Tile::kSide);
  const int64_t in_plane = tile % tiles;
  const int64_t row = in_plane / across * Tile::kSide, column = in_plane % across * Tile::kSide;
  return {tile / tiles, row, column, static_cast<int>(min(int64_t{Tile::kSide}, a.h - row)),
          static_cast<int>(min(int64_t{Tile::kSide}, a.w - column))};
}

// Calls body(p, q) for the thread's share of rows x columns: threads of a warp are neighbours.
template <class Tile, class Body>
__device__ __forceinline__ void for_pixels(int rows, int columns, const Body& body) {
  constexpr int kLanes = Tile::kSide;
  const int lane = threadIdx.x % kLanes, line = threadIdx.x / kLanes;
  for (int p = line; p < rows; p += Tile::kThreads / kLanes) {
    for (int q = lane; q < columns; q += kLanes) body(p, q);
  }
}

// Pixel (p, q) of the view before it is blurred; outside the image, that of its edge.
__device__ __forceinline__ float fetch(const AugmentArgs& a, const AugmentView& view,
                                       const float* x, int64_t p, int64_t q) {
  const AugmentSettings& s = a.settings;
  p = max(int64_t{0}, min(p, a.h - 1));
  q = max(int64_t{0}, min(q, a.w - 1));
  float value;
  if (s.warps()) {
    const AffineMap& m = view.map;
    const auto right = static_cast<float>(q), down = static_cast<float>(p);
    value = sample(x, static_cast<int32_t>(a.h), static_cast<int32_t>(a.w),
                   fmaf(m.xq, right, fmaf(m.xp, down, m.x0)),
                   fmaf(m.yq, right, fmaf(m.yp, down, m.y0)), s.fill);
  } else {
    value = x[p * a.w + q];
  }
  return s.tones() ? fmaf(value - s.fill, view.gain, view.offset) : value;
}

// Along rows into `across`, then along columns back into the tile.
template <class Tile>
__device__ __forceinline__ void blur_tile(AugmentSmem<Tile>& smem, const AugmentView& view,
                                          const ViewTile& at) {
  const int r = view.radius;
  for_pixels<Tile>(at.rows + 2 * r, at.columns, [&](int p, int q) {
    const float* const x = &smem.pixels[p][q + r];
    float sum = view.weight[0] * x[0];
    for (int k = 1; k <= r; ++k) sum = fmaf(view.weight[k], x[-k] + x[k], sum);
    smem.across[p][q] = sum;
  });
  __syncthreads();
  for_pixels<Tile>(at.rows, at.columns, [&](int p, int q) {
    float sum = view.weight[0] * smem.across[p + r][q];
    for (int k = 1; k <= r; ++k) {
      sum = fmaf(view.weight[k], smem.across[p + r - k][q] + smem.across[p + r + k][q], sum);
    }
    smem.pixels[p + r][q + r] = sum;
  });
  __syncthreads();
}

// Noise and drops. A thread takes a block of random numbers, and those of its four pixels that are
// in this row of the tile.
template <class Tile>
__device__ __forceinline__ void spoil_tile(AugmentSmem<Tile>& smem, const AugmentArgs& a, int r,
                                           const ViewTile& at) {
  constexpr int kBlocks = Tile::kSide / 4 + 1;  // that a row can touch
  const AugmentSettings& s = a.settings;
  const uint64_t sequence = sequence_of(a.source);
  const int64_t blocks = ceil_div(a.h * a.w, 4);
  for (int i = threadIdx.x; i < at.rows * kBlocks; i += Tile::kThreads) {
    const int p = i / kBlocks;
    const int64_t begin = (at.row + p) * a.w + at.column;
    const int64_t block = begin / 4 + i % kBlocks;
    const auto noise = static_cast<uint64_t>(at.plane * blocks + block);
    const auto drops = static_cast<uint64_t>(at.plane / a.c * blocks + block);
    const FourFloats add =
        s.noise == 0.0f
            ? FourFloats{}
            : normal_of(philox(a.source.seed, sequence, first_place(Purpose::kNoise) + noise), 0.0f,
                        s.noise);
    const FourFloats chance =
        s.drop == 0.0f
            ? FourFloats{}
            : uniform_of(philox(a.source.seed, sequence, first_place(Purpose::kDrop) + drops), 0.0f,
                         1.0f);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int64_t q = 4 * block + k - begin;
      if (q < 0 || q >= at.columns) continue;
      float& pixel = smem.pixels[p + r][q + r];
      if (s.noise != 0.0f) pixel += add.value[k];
      if (chance.value[k] < s.drop) pixel = s.fill;
    }
  }
  __syncthreads();
}

template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads)
    augment_kernel(const AugmentArgs a, const AugmentView* views, int64_t tiles) {
  auto& smem = simt::shared<AugmentSmem<Tile>>();
  for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const ViewTile at = view_tile<Tile>(a, tile);
    const AugmentView& view = views[at.plane / a.c];
    const float* const x = a.x + at.plane % (a.n * a.c) * a.h * a.w;
    const int r = view.radius;
    for_pixels<Tile>(at.rows + 2 * r, at.columns + 2 * r, [&](int p, int q) {
      smem.pixels[p][q] = fetch(a, view, x, at.row + p - r, at.column + q - r);
    });
    __syncthreads();
    if (r > 0) blur_tile(smem, view, at);
    if (a.settings.noise != 0.0f || a.settings.drop != 0.0f) spoil_tile(smem, a, r, at);
    float* const y = a.y + at.plane * a.h * a.w;
    for_pixels<Tile>(at.rows, at.columns, [&](int p, int q) {
      y[(at.row + p) * a.w + at.column + q] = smem.pixels[p + r][q + r];
    });
    __syncthreads();  // the next tile overwrites the pixels
  }
}

}  // namespace sslcuda::cuda
