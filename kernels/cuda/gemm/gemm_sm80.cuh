// gemm_sm80.cuh - x[i,j] = sum_k a[i,k] b[k,j] on the tensor cores of any GPU from sm_80 on; what
// becomes of x is the epilogue's business.
//
// A block owns a tile of x, or one share of its summation (splits); a warp a part of it, spread
// over its registers. Slices of a and b come through kStages buffers by cp.async: while one is
// multiplied, the next kStages - 1 are on their way. Per slice and block: (rows + columns)
// kDepthBytes bytes, 2 rows columns depth FLOPs (F32: three times that).
//
// Tensor cores cut off what does not fit when they add. F32 therefore makes the sum of each slice
// afresh and adds slices in float32, rounding to the nearest.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/gemm/gemm_tile.hpp"
#include "kernels/cuda/gemm/multiply.cuh"
#include "kernels/cuda/gemm/operand.cuh"
#include "kernels/cuda/gemm/result_tile.cuh"

namespace sslcuda::cuda {

// One kernel: how numbers are stored and multiplied, the tile, and which factors are transposed.
template <class Number_, class Tile_, bool kTransposeA, bool kTransposeB>
struct ProductConfig {
  using Number = Number_;
  using Tile = Tile_;
  using T = typename Number::Storage;
  using A = Operand<Tile, T, Tile::kRows, !kTransposeA>;
  using B = Operand<Tile, T, Tile::kColumns, kTransposeB>;
  using Result = ResultTile<Tile::kWarpsM, Tile::kWarpsN, Tile::kWarpRows, Tile::kWarpColumns>;

  struct Slices {
    alignas(128) unsigned char a[A::kBytes];
    alignas(128) unsigned char b[B::kBytes];
  };
  union Smem {
    Slices stage[Tile::kStages];
    float scratch[Result::kScratchFloats];  // of the epilogue, when all is multiplied
  };
};

// The sums of a warp's part of the tile, as mma.sync leaves them.
template <class Config>
struct WarpSums {
  using Tile = typename Config::Tile;
  using Number = typename Config::Number;
  static constexpr int kM = Tile::kWarpRows / 16, kN = Tile::kWarpColumns / 8;

  float d[kM][kN][4] = {};

  // warp_row, warp_column: of the warp's part in the tile
  __device__ __forceinline__ void add_slice(const typename Config::Slices& slices, int warp_row,
                                            int warp_column, bool all_terms) {
    constexpr int kPieces = Tile::kDepthBytes / kChunkBytes;
    // F32 has no registers for the next factors while it multiplies these.
    [[maybe_unused]] constexpr int kUnrolled = Number::kDType == DType::kF32 ? 1 : kPieces;
#pragma unroll kUnrolled
    for (int piece = 0; piece < kPieces; piece += 2) {
      Products<Number, kM, kN> products;
      uint32_t r[4];
#pragma unroll
      for (int i = 0; i < kM; ++i) {
        Config::A::template load<true>(r, slices.a, warp_row + i * 16, piece);
#pragma unroll
        for (int e = 0; e < 4; ++e) products.a[i].set(e, r[e]);
      }
#pragma unroll
      for (int j = 0; j < kN; j += 2) {
        Config::B::template load<false>(r, slices.b, warp_column + j * 8, piece);
#pragma unroll
        for (int e = 0; e < 4; ++e) products.b[j + e / 2].set(e % 2, r[e]);
      }
      products.add_to(d, all_terms);
    }
  }

  __device__ __forceinline__ void add(const WarpSums& other) {
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) d[i][j][e] += other.d[i][j][e];
      }
    }
  }

  __device__ __forceinline__ void move_to(typename Config::Result& tile) const {
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) tile.value[2 * i + e / 2][j][e % 2] = d[i][j][e];
      }
    }
  }
};

struct TilePlace {
  uint32_t row, column;
};

// Neighbouring blocks take tiles of kGroup rows of tiles, column by column, so that those which run
// at one time share lines of both factors in the L2 cache.
__device__ __forceinline__ TilePlace tile_place(uint32_t block, uint32_t row_tiles,
                                                uint32_t column_tiles) {
  constexpr uint32_t kGroup = 8;
  const uint32_t first = block / (kGroup * column_tiles) * kGroup;
  const uint32_t rows = min(kGroup, row_tiles - first), within = block - first * column_tiles;
  return {first + within % rows, within / rows};
}

// The next `depth` summed elements of one tile.
template <class Config>
__device__ __forceinline__ void sum_slices(WarpSums<Config>& sums, typename Config::Smem& smem,
                                           typename Config::A a, typename Config::B b,
                                           int64_t depth) {
  using Tile = typename Config::Tile;
  constexpr int kDepth = Config::A::kDepth;
  constexpr int64_t kFewTerms = 8;
  const bool is_short = depth <= kFewTerms;
  const int warp = threadIdx.x / kWarp;
  const int warp_row = warp / Tile::kWarpsN * Tile::kWarpRows;
  const int warp_column = warp % Tile::kWarpsN * Tile::kWarpColumns;
  // Every step commits one group of copies, so that their number tells which slices are there.
  const auto slices = static_cast<unsigned>(ceil_div(depth, int64_t{kDepth}));
  const int last_depth = static_cast<int>(depth - (slices - int64_t{1}) * kDepth);
  const auto queue = [&](unsigned slice) {
    if (slice < slices) {
      const int there = slice == slices - 1 ? last_depth : kDepth;
      a.copy_next(smem.stage[slice % Tile::kStages].a, there);
      b.copy_next(smem.stage[slice % Tile::kStages].b, there);
    }
    ptx::cp_async_commit();
  };
  constexpr unsigned kAhead = Tile::kStages - 1;
#pragma unroll
  for (unsigned slice = 0; slice < kAhead; ++slice) queue(slice);
  for (unsigned slice = 0; slice < slices; ++slice) {
    ptx::cp_async_wait<kAhead - 1>();
    __syncthreads();  // this slice is there for all, and all are done with the one before
    queue(slice + kAhead);
    const auto& stage = smem.stage[slice % Tile::kStages];
    if constexpr (Config::Number::kDType == DType::kF32) {
      WarpSums<Config> fresh;
      fresh.add_slice(stage, warp_row, warp_column, is_short);
      sums.add(fresh);
    } else {
      sums.add_slice(stage, warp_row, warp_column, is_short);
    }
  }
}

// On sm_90a, large products of 16-bit numbers come here only if tensor copies cannot address them.
// The compiler needs more than 128 registers for some of those kernels there.
template <class Config>
constexpr int min_blocks() {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  if (std::is_same_v<typename Config::Tile, LargeTile> && sizeof(typename Config::T) == 2) return 1;
#endif
  return Config::Tile::kBlocksPerSm;
}

// grid.x: tiles of x; grid.y: shares of the summation
template <class Config, class Epilogue>
__global__ void __launch_bounds__(Config::Tile::kThreads, min_blocks<Config>())
    product_kernel(const Product p, int64_t split_depth, const Epilogue epilogue) {
  using Tile = typename Config::Tile;
  auto& smem = simt::shared<typename Config::Smem>();
  const TilePlace place = tile_place(blockIdx.x, static_cast<uint32_t>(ceil_div(p.m, Tile::kRows)),
                                     static_cast<uint32_t>(ceil_div(p.n, Tile::kColumns)));
  const int64_t first_row = int64_t{place.row} * Tile::kRows;
  const int64_t first_column = int64_t{place.column} * Tile::kColumns;
  const int64_t begin = blockIdx.y * split_depth, depth = min(split_depth, p.k - begin);
  WarpSums<Config> sums;
  sum_slices<Config>(sums, smem, {p.a, p.lda, begin, first_row, p.m},
                     {p.b, p.ldb, begin, first_column, p.n}, depth);
  ptx::cp_async_wait<0>();
  __syncthreads();  // the scratch lies where the slices were
  typename Config::Result tile(p.m, p.n, blockIdx.y, place.row, place.column, threadIdx.x, 0,
                               smem.scratch);
  sums.move_to(tile);
  epilogue(tile);
}

namespace detail {

template <class Number, class Tile, bool kTransposeA, bool kTransposeB, class Epilogue>
cudaError_t launch_config(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                          const Epilogue& epilogue) {
  using Config = ProductConfig<Number, Tile, kTransposeA, kTransposeB>;
  dim3 grid = grid_1d(count_tiles<Tile>(p.m, p.n));
  grid.y = static_cast<unsigned>(plan.splits);
  return simt::launch(product_kernel<Config, Epilogue>,
                      {grid, Tile::kThreads, sizeof(typename Config::Smem), stream}, p, plan.depth,
                      epilogue);
}

template <class Number, class Tile, class Epilogue>
cudaError_t launch_layout(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                          const Epilogue& epilogue) {
  if constexpr (Epilogue::kAnyLayout) {
    if (p.transpose_a && p.transpose_b) {
      return launch_config<Number, Tile, true, true>(stream, p, plan, epilogue);
    }
    if (p.transpose_a) return launch_config<Number, Tile, true, false>(stream, p, plan, epilogue);
    if (!p.transpose_b) return launch_config<Number, Tile, false, false>(stream, p, plan, epilogue);
  }
  return launch_config<Number, Tile, false, true>(stream, p, plan, epilogue);
}

}  // namespace detail

// Number: of p.dtype. A plan with several splits needs an epilogue that keeps them apart.
template <class Number, class Epilogue>
cudaError_t launch_product_sm80(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                                const Epilogue& epilogue) {
  constexpr bool kIsF32 = std::is_same_v<Number, F32Number>;
  constexpr bool kHasMany = requires { requires Epilogue::kManyRegisters; }
  || (std::is_same_v<Number, Tf32Number> && requires { requires Epilogue::kManyRegistersInTf32; });
  using Large = std::conditional_t<kIsF32 || kHasMany, LargeF32Tile, LargeTile>;
  using Small = std::conditional_t<kIsF32, SmallF32Tile, SmallTile>;
  if (takes_large_tile(p)) return detail::launch_layout<Number, Large>(stream, p, plan, epilogue);
  return detail::launch_layout<Number, Small>(stream, p, plan, epilogue);
}

}  // namespace sslcuda::cuda
