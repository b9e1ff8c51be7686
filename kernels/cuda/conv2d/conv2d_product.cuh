// conv2d_product.cuh - a convolution of many channels as one matrix product in the main loop of
// gemm/, with gathered factors and float32 as three TF32 products.
//   forward      y[o, pixel]      = sum over taps    weight[o, tap] x[tap, pixel]
//   grad_x       grad_x[c, pixel] = sum over taps    weight[c, tap] g[tap, pixel]
//   grad_weight  [o, tap]         = sum over pixels  g[o, pixel] x[tap, pixel], in chunks
// A block owns a tile of the result and reads (rows + columns) 4 bytes per summed element, for
// 2 rows columns FLOPs, times three; factors overlap, and mostly come from cache.
#pragma once

#include <device/pair.cuh>

#include "kernels/cuda/conv2d/conv2d_operand.cuh"
#include "kernels/cuda/conv2d/conv2d_tile.hpp"
#include "kernels/cuda/gemm/gemm_sm80.cuh"

namespace sslcuda::cuda {

// The weights of the forward pass, [out, taps] as they are stored.
struct StoredFactor {
  const float* data;
  int64_t ld, extent;
};

template <class Tile>
struct StoredOperand : Operand<Tile, float, Tile::kRows, true> {
  __device__ StoredOperand(const StoredFactor& factor, int64_t begin, int64_t origin)
      : Operand<Tile, float, Tile::kRows, true>(factor.data, factor.ld, begin, origin,
                                                factor.extent) {}
};

// What sum_slices() wants of a product.
template <class A_, class B_>
struct Conv2dProductConfig {
  using Number = F32Number;
  using Tile = Conv2dProductTile;
  using A = A_;
  using B = B_;
  using Result = ResultTile<Tile::kWarpsM, Tile::kWarpsN, Tile::kWarpRows, Tile::kWarpColumns>;

  struct Slices {
    alignas(128) unsigned char a[A::kBytes];
    alignas(128) unsigned char b[B::kBytes];
  };
  union Smem {
    Slices stage[Tile::kStages];
    float scratch[Result::kScratchFloats];
  };
};

template <class FactorA, class Epilogue_>
struct Conv2dProduct {
  using Epilogue = Epilogue_;
  int64_t m, n, k, split_depth;
  FactorA a;
  Conv2dFactor<int> b;
  Epilogue epilogue;
};

// grid.x: tiles of the result; grid.y: chunks of the summation
template <class Config, class Product>
__global__ void __launch_bounds__(Config::Tile::kThreads, Config::Tile::kBlocksPerSm)
    conv2d_product_kernel(const __grid_constant__ Product p) {
  using Tile = typename Config::Tile;
  auto& smem = simt::shared<typename Config::Smem>();
  const TilePlace place = tile_place(blockIdx.x, static_cast<uint32_t>(ceil_div(p.m, Tile::kRows)),
                                     static_cast<uint32_t>(ceil_div(p.n, Tile::kColumns)));
  const int64_t begin = blockIdx.y * p.split_depth;
  WarpSums<Config> sums;
  sum_slices<Config>(sums, smem, {p.a, begin, int64_t{place.row} * Tile::kRows},
                     {p.b, begin, int64_t{place.column} * Tile::kColumns},
                     min(p.split_depth, p.k - begin));
  typename Config::Result tile(p.m, p.n, blockIdx.y, place.row, place.column, threadIdx.x, 0,
                               smem.scratch);
  sums.move_to(tile);
  p.epilogue(tile);
}

// Rows are channels, columns the pixels of all images.
struct Conv2dStore {
  Conv2dResult result;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
    const bool is_paired = lies_in_pairs(result.data, result.area);
#pragma unroll
    for (int pair = 0; pair < Tile::kPairs; ++pair) {
      const int64_t j = tile.column(pair);
      float* const one = result.at(j);
      float* const other = result.at(j + 1);
#pragma unroll
      for (int slot = 0; slot < Tile::kSlots; ++slot) {
        const int64_t i = tile.row(slot), place = i * result.area;
        if (i >= tile.m) continue;
        const float(&sum)[2] = tile.value[slot][pair];
        if (is_paired && j < tile.n) {
          pair_at(one + place) = {result.finish(sum[0], i), result.finish(sum[1], i)};
        } else {
          if (j < tile.n) one[place] = result.finish(sum[0], i);
          if (j + 1 < tile.n) other[place] = result.finish(sum[1], i);
        }
      }
    }
  }
};

// Chunks lie one behind the other: partial[chunk, m, n].
struct Conv2dPartialStore {
  float* partial;

  template <class Tile>
  __device__ __forceinline__ void operator()(Tile& tile) const {
#pragma unroll
    for (int slot = 0; slot < Tile::kSlots; ++slot) {
      const int64_t i = tile.row(slot);
      if (i >= tile.m) continue;
      float* const row = partial + (tile.split * tile.m + i) * tile.n;
#pragma unroll
      for (int pair = 0; pair < Tile::kPairs; ++pair) {
        const int64_t j = tile.column(pair);
        if (j < tile.n) row[j] = tile.value[slot][pair][0];
        if (j + 1 < tile.n) row[j + 1] = tile.value[slot][pair][1];
      }
    }
  }
};

}  // namespace sslcuda::cuda
