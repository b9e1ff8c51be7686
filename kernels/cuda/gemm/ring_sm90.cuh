// ring_sm90.cuh - shapes of the sm_90a loop, its shared memory, and the ring of stages through
// which slabs of the operands go from the copying thread to the multiplying warpgroups.
#pragma once

#include <device/ptx/address.cuh>

#include "kernels/cuda/gemm/gemm_sm90.hpp"
#include "kernels/cuda/gemm/result_tile.cuh"

namespace sslcuda::cuda {

// kOwnRows: of a block's tile, that one warpgroup multiplies; half of them, or all of every other
// tile.
template <int kOwnRows_, int kColumns_, int kStages_>
struct LoopSm90 {
  static constexpr TileShape kTile{128, kColumns_};
  static constexpr int kOwnRows = kOwnRows_, kColumns = kColumns_, kStages = kStages_;
  static constexpr bool kShared = kOwnRows < kTile.rows;
  static constexpr int kOwners = 2, kWarpgroup = 128, kThreads = (kOwners + 1) * kWarpgroup;

  // Of a thread; together as many as the block started with.
  static constexpr int kProducerRegisters = 24, kOwnerRegisters = 240;

  // Operands lie in boxes of 64 rows or columns by one slab, whatever their transposes.
  static constexpr int kBox = 64;
  static constexpr uint32_t kBoxBytes = kBox * kSlabSm90 * sizeof(uint16_t);
  static constexpr int kBoxesA = kTile.rows / kBox, kBoxesB = kColumns / kBox;
  static constexpr int kOwnBoxesA = kOwnRows / kBox;
  static constexpr uint32_t kStageBytes = (kBoxesA + kBoxesB) * kBoxBytes;

  // A warpgroup's results. wgmma makes kBox rows at a time, 16 per warp.
  using Tile = ResultTile<4, 1, kOwnRows / 4, kColumns, kBox / 4>;
  using Sums = float[kOwnBoxesA][kColumns / 2];

  // Named barriers, one for each owner: its turn to multiply has come; its threads meet.
  static constexpr int kTurnBarrier = 1, kOwnerBarrier = kTurnBarrier + kOwners;

  struct alignas(1024) Smem {
    unsigned char stage[kStages][kStageBytes];  // boxes of a, boxes of b
    float scratch[kOwners][Tile::kScratchFloats];
    uint64_t full[kStages], empty[kStages];
  };
};

using OwnTileLoop = LoopSm90<kTileSm90.rows, kTileSm90.columns, 6>;
using SharedTileLoop = LoopSm90<kSharedTileSm90.rows / 2, kSharedTileSm90.columns, 4>;

// Where a thread is in the ring.
template <class L>
class RingSm90 {
 public:
  __device__ explicit RingSm90(typename L::Smem& smem)
      : stages_(ptx::shared_address(smem.stage)),
        full_(ptx::shared_address(smem.full)),
        empty_(ptx::shared_address(smem.empty)) {}

  __device__ __forceinline__ void advance(uint32_t slabs) {
    index_ += slabs;
    parity_ ^= index_ / L::kStages & 1;
    index_ %= L::kStages;
  }

  // Addresses of the stage: operands; mbarriers, whose phase `parity` is the one to wait for.
  __device__ uint32_t a() const { return stages_ + index_ * L::kStageBytes; }
  __device__ uint32_t b() const { return a() + L::kBoxesA * L::kBoxBytes; }
  __device__ uint32_t full() const { return full_ + index_ * sizeof(uint64_t); }
  __device__ uint32_t empty() const { return empty_ + index_ * sizeof(uint64_t); }
  __device__ uint32_t parity() const { return parity_; }

 private:
  const uint32_t stages_, full_, empty_;
  uint32_t index_ = 0, parity_ = 0;
};

}  // namespace sslcuda::cuda
