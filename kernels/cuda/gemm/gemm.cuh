// gemm.cuh - c[i,j] = epilogue( sum_k a[i,k] b[k,j] ) in float32 on the FMA units.
// A block owns a tile of c, or one share of its summation (splits); a thread a block of registers
// in it. Slices of a and b go through two buffers of shared memory, the next one being read while
// this one is multiplied. Per step and block: (rows + columns) depth 4 bytes, 2 rows columns depth
// FLOPs.
#pragma once

#include <device/math.cuh>
#include <device/rows.cuh>

#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/gemm/gemm_slice.cuh"

namespace sslcuda::cuda {

// Epilogues: the value to store in a column of c, given the product and where it goes.
struct StoreProduct {
  __device__ float operator()(float product, int64_t, const float*) const { return product; }
};

struct ApplyBiasActivation {
  BiasActivation how;
  __device__ float operator()(float product, int64_t column, const float*) const {
    return activate(how.activation, how.bias ? product + how.bias[column] : product);
  }
};

struct ApplyDivide {
  Divide how;
  __device__ float operator()(float product, int64_t, const float* c) const {
    const float value = product / load(how.divisor);
    return how.accumulate ? *c + value : value;
  }
};

template <class Tile, GemmLayout kLayout>
struct GemmSmem {
  using SliceA = GemmSlice<Tile, Tile::kRows, kLayout != GemmLayout::kTN>;
  using SliceB = GemmSlice<Tile, Tile::kColumns, kLayout == GemmLayout::kNT>;
  typename SliceA::Smem a[2];
  typename SliceB::Smem b[2];
};

// The registers of a thread: groups of 4 x 4 results, the groups kRows / (kThreadRows / 4) apart,
// so that neighbouring threads read and write neighbouring vectors.
template <class Tile>
struct GemmShare {
  static constexpr int kColumnThreads = Tile::kColumns / Tile::kThreadColumns;
  static constexpr int kRowGroups = Tile::kThreadRows / kVector;
  static constexpr int kColumnGroups = Tile::kThreadColumns / kVector;
  static_assert(kColumnThreads * (Tile::kRows / Tile::kThreadRows) == Tile::kThreads);

  float sum[Tile::kThreadRows][Tile::kThreadColumns] = {};

  __device__ static __forceinline__ int row(int group) {
    return group * (Tile::kRows / kRowGroups) + threadIdx.x / kColumnThreads * kVector;
  }
  __device__ static __forceinline__ int column(int group) {
    return group * (Tile::kColumns / kColumnGroups) + threadIdx.x % kColumnThreads * kVector;
  }

  template <class SmemA, class SmemB>
  __device__ __forceinline__ void multiply(const SmemA& a, const SmemB& b) {
#pragma unroll
    for (int k = 0; k < Tile::kDepth; ++k) {
      alignas(float4) float rows[Tile::kThreadRows], columns[kVector];
#pragma unroll
      for (int g = 0; g < kRowGroups; ++g) copy_vector(&a[k][row(g)], &rows[g * kVector]);
#pragma unroll
      for (int g = 0; g < kColumnGroups; ++g) {
        copy_vector(&b[k][column(g)], columns);
#pragma unroll
        for (int r = 0; r < Tile::kThreadRows; ++r) {
#pragma unroll
          for (int c = 0; c < kVector; ++c) sum[r][g * kVector + c] += rows[r] * columns[c];
        }
      }
    }
  }

  // origin_row, origin_column: of the block's tile in c
  template <class Epilogue>
  __device__ __forceinline__ void store(float* c, int64_t ldc, int64_t m, int64_t n,
                                        int64_t origin_row, int64_t origin_column,
                                        const Epilogue& epilogue) const {
    const bool aligned = is_vector_aligned(c, ldc);
#pragma unroll
    for (int r = 0; r < Tile::kThreadRows; ++r) {
      const int64_t i = origin_row + row(r / kVector) + r % kVector;
      if (i >= m) continue;
#pragma unroll
      for (int h = 0; h < kColumnGroups; ++h) {
        const int64_t j = origin_column + column(h);
        store_vector(&sum[r][h * kVector], c + i * ldc + j, j, n, aligned, epilogue);
      }
    }
  }

 private:
  template <class Epilogue>
  __device__ static __forceinline__ void store_vector(const float* sum, float* c, int64_t j,
                                                      int64_t n, bool aligned,
                                                      const Epilogue& epilogue) {
    if (aligned && j + kVector <= n) {
      alignas(float4) float value[kVector];
#pragma unroll
      for (int e = 0; e < kVector; ++e) value[e] = epilogue(sum[e], j + e, c + e);
      copy_vector(value, c);
      return;
    }
#pragma unroll
    for (int e = 0; e < kVector; ++e) {
      if (j + e < n) c[e] = epilogue(sum[e], j + e, c + e);
    }
  }
};

// grid.x: tiles of c, row by row; grid.y: shares of the summation, each with its own c, m ldc apart
template <class Tile, GemmLayout kLayout, class Epilogue>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocksPerSm)
    gemm_kernel(const Gemm g, int64_t split_depth, const Epilogue epilogue) {
  using Smem = GemmSmem<Tile, kLayout>;
  Smem& smem = simt::shared<Smem>();
  const int64_t column_tiles = ceil_div(g.n, Tile::kColumns);
  const int64_t row = blockIdx.x / column_tiles * Tile::kRows;
  const int64_t column = blockIdx.x % column_tiles * Tile::kColumns;
  const int64_t begin = blockIdx.y * split_depth, end = min(begin + split_depth, g.k);

  typename Smem::SliceA a(g.a, g.lda, row, g.m, end);
  typename Smem::SliceB b(g.b, g.ldb, column, g.n, end);
  GemmShare<Tile> share;
  a.load(begin);
  b.load(begin);
  a.store(smem.a[0]);
  b.store(smem.b[0]);
  __syncthreads();
  int stage = 0;
  for (int64_t k = begin; k < end; k += Tile::kDepth, stage ^= 1) {
    const bool more = k + Tile::kDepth < end;
    if (more) {
      a.load(k + Tile::kDepth);
      b.load(k + Tile::kDepth);
    }
    share.multiply(smem.a[stage], smem.b[stage]);
    if (more) {
      a.store(smem.a[stage ^ 1]);
      b.store(smem.b[stage ^ 1]);
    }
    __syncthreads();
  }
  share.store(g.c + blockIdx.y * g.m * g.ldc, g.ldc, g.m, g.n, row, column, epilogue);
}

// c = epilogue(sum of the splits' partial products [splits, m, n], in order)
template <class Epilogue>
__global__ void __launch_bounds__(RowTile::kThreads)
    gemm_merge_kernel(const Gemm g, const float* partial, int64_t splits, int lanes,
                      const Epilogue epilogue) {
  const RowShare share = row_share(lanes);
  for (int64_t i = share.first_row; i < g.m; i += share.row_step) {
    for (int64_t j = share.lane; j < g.n; j += lanes) {
      float sum = 0.0f;
      for (int64_t split = 0; split < splits; ++split) {
        sum += partial[(split * g.m + i) * g.n + j];
      }
      float* const c = g.c + i * g.ldc + j;
      *c = epilogue(sum, j, c);
    }
  }
}

}  // namespace sslcuda::cuda
