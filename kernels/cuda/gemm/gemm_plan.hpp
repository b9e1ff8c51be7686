// gemm_plan.hpp - how a product will be cut up, by the loop that takes it.
#pragma once

#include "kernels/cuda/gemm/gemm_sm90.hpp"
#include "kernels/cuda/gemm/gemm_tile.hpp"

namespace sslcuda::cuda {

// So many partial results does an epilogue write that has one for each row (column) and tile.
inline TileShape product_tile(const Product& p) {
  return suits_sm90(p) ? kTileSm90 : product_tile_sm80(p);
}

// For epilogues that can keep shares of a summation apart.
inline SplitPlan plan_product(const Product& p) {
  return suits_sm90(p) ? plan_splits_sm90(p) : plan_splits_sm80(p);
}

}  // namespace sslcuda::cuda
