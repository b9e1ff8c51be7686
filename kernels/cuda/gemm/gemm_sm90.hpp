// gemm_sm90.hpp - host side: the main loop for GPUs that have wgmma and tensor copies (sm_90a),
// which gemm_sm90.cuh defines and *_sm90.cu instantiate. BF16 and F16, fp32 accumulation, any
// transposes.
#pragma once

#include <device/launch.hpp>

#include "kernels/cuda/gemm/gemm_tile.hpp"

namespace sslcuda::cuda {

// Tiles of a product. An epilogue that nothing ties to a shape (kAnyTile) gets, where the summation
// is long, tiles that two warpgroups make together (gemm_sm90.cuh).
constexpr TileShape kTileSm90{128, 128}, kSharedTileSm90{128, 256};
constexpr int64_t kSlabSm90 = 64;  // summed elements of a step

constexpr int64_t count_tiles_sm90(const Product& p, const TileShape& tile) {
  return ceil_div(p.m, tile.rows) * ceil_div(p.n, tile.columns);
}

// Shared tiles take less traffic, but nothing hides their epilogue; and they leave more of the last
// one in a row empty.
constexpr bool shares_tiles_sm90(const Product& p) {
  constexpr int64_t kLong = 1024, kMaxEmpty = 8;  // one in kMaxEmpty columns
  const int64_t columns = ceil_div(p.n, kSharedTileSm90.columns) * kSharedTileSm90.columns;
  return p.k >= kLong && (columns - p.n) * kMaxEmpty <= columns;
}

// What the copies ask of an operand: base and rows at multiples of 16 bytes.
inline bool is_aligned_sm90(const void* base, int64_t ld) {
  constexpr int64_t kBytes = 16;
  return reinterpret_cast<uintptr_t>(base) % kBytes == 0 && ld * 2 % kBytes == 0;
}

inline cudaError_t device_attribute(cudaDeviceAttr attribute, int* value) {
  int device = 0;
  SSLCUDA_TRY(cudaGetDevice(&device));
  return cudaDeviceGetAttribute(value, attribute, device);
}

// Can this loop multiply it, on this device, and does it fill the tiles? Coordinates of copies are
// 32-bit, and so are the numbers of tiles.
inline bool suits_sm90(const Product& p) {
  constexpr int64_t kMinDepth = 64, kMaxExtent = int64_t{1} << 30, kMaxTiles = int64_t{1} << 30;
  int major = 0;
  return SSLCUDA_WITH_SM90A && (p.dtype == DType::kBf16 || p.dtype == DType::kF16) &&
         is_aligned_sm90(p.a, p.lda) && is_aligned_sm90(p.b, p.ldb) && p.m >= kTileSm90.rows &&
         p.n >= kTileSm90.columns && p.k >= kMinDepth && std::max({p.m, p.n, p.k}) <= kMaxExtent &&
         count_tiles_sm90(p, kTileSm90) <= kMaxTiles &&
         device_attribute(cudaDevAttrComputeCapabilityMajor, &major) == cudaSuccess && major == 9;
}

// For epilogues with kAnyTile. So few tiles are split that they leave half of a GPU idle, into
// shares of whole slabs and at least kMinDepth.
constexpr SplitPlan plan_splits_sm90(const Product& p) {
  constexpr int64_t kMinDepth = 512;
  const TileShape& tile = shares_tiles_sm90(p) ? kSharedTileSm90 : kTileSm90;
  const int64_t splits = std::min(kEnoughBlocks / count_tiles_sm90(p, tile), p.k / kMinDepth);
  if (splits < 2) return {1, p.k};
  const int64_t depth = ceil_div(ceil_div(p.k, splits), kSlabSm90) * kSlabSm90;
  return {ceil_div(p.k, depth), depth};
}

// Number: of p.dtype; plan: one share, or a multiple of kSlabSm90 for each. *_sm90.cu files
// instantiate it.
template <class Number, class Epilogue>
cudaError_t launch_product_sm90(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                                const Epilogue& epilogue);

}  // namespace sslcuda::cuda
