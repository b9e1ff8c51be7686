// gemm_sm90.cuh - the main loop with tensor copies and wgmma (sm_90a): sum_k a[i,k] b[k,j] of BF16
// or F16 numbers in fp32, handed to an epilogue tile by tile. One block per multiprocessor makes
// tile after tile. One thread of its last warpgroup copies slabs of the operands, 64 summed
// elements deep, into a ring of stages for all tiles in turn; the other two warpgroups own results,
// which stay in their registers. Of two blocks in a cluster, which have the same columns, each
// copies half of b's slab for both.
//
//   OwnTileLoop     128 x 128, each of every other tile: one multiplies while the other is in its
//                   epilogue, which costs nothing while it takes less time than the products
//   SharedTileLoop  128 x 256, 64 rows each
//
// Static count per multiprocessor and cycle of tensor cores at work (64 x n x 16 in n / 2 cycles),
// of 128 bytes of shared memory, and about 40 from L2:
//
//                   registers of results   stages         written   read    from L2, cluster of 2,
//                   1
//   OwnTileLoop     128 of 240             6 of 32 KiB    64 B      96 B    48 B, 64 B
//   SharedTileLoop  128 of 240             4 of 48 KiB    48 B      80 B    32 B, 48 B
//
// Results depend neither on the number of multiprocessors nor on clusters: each tile is summed in
// the order of k by one warpgroup.
#pragma once

#include <device/matrix_descriptor.cuh>
#include <device/number.cuh>
#include <device/ptx/cluster.cuh>
#include <device/ptx/mbarrier.cuh>
#include <device/ptx/registers.cuh>
#include <device/ptx/tensor_copy.cuh>
#include <device/ptx/wgmma.cuh>

#include "kernels/cuda/gemm/ring_sm90.cuh"
#include "kernels/cuda/gemm/work_sm90.hpp"

namespace sslcuda::cuda {

__device__ __forceinline__ uint32_t first_unit(const WorkSm90& work) {
  return blockIdx.x / work.blocks;
}

__device__ __forceinline__ uint32_t unit_step(const WorkSm90& work) {
  return gridDim.x / work.blocks;
}

// mn: first row or column of the box; into `blocks` blocks of the cluster at once.
template <ptx::Major kMajor>
__device__ __forceinline__ void load_box(const ptx::TensorMap& map, int32_t mn, int32_t k,
                                         uint32_t to, uint32_t full, uint32_t blocks) {
  const int32_t at[2] = {kMajor == ptx::Major::kK ? k : mn, kMajor == ptx::Major::kK ? mn : k};
  if (blocks == 1) {
    ptx::tensor_load(to, &map, at, full);
  } else {
    ptx::tensor_load_multicast(to, &map, at, full, static_cast<uint16_t>((1u << blocks) - 1));
  }
}

// By one thread of the block.
template <class L, ptx::Major kA, ptx::Major kB>
__device__ __forceinline__ void produce(const ptx::TensorMap& a, const ptx::TensorMap& b,
                                        const WorkSm90& work, typename L::Smem& smem) {
  const uint32_t rank = ptx::cluster_rank();
  ptx::prefetch_tensor_map(&a);
  ptx::prefetch_tensor_map(&b);
  RingSm90<L> ring(smem);
  for (uint32_t unit = first_unit(work); unit < work.units; unit += unit_step(work)) {
    const WorkSm90::Tile tile = work.tile(unit, rank);
    const auto row = static_cast<int32_t>(tile.row * L::kTile.rows);
    const auto column = static_cast<int32_t>(tile.column * L::kTile.columns);
    auto k = static_cast<int32_t>(tile.split * work.slabs * kSlabSm90);
    for (uint32_t slab = 0; slab < work.slabs; ++slab, k += kSlabSm90, ring.advance(1)) {
      ptx::mbarrier_wait(ring.empty(), ring.parity() ^ 1);
      ptx::mbarrier_arrive_expect(ring.full(), L::kStageBytes);
      for (uint32_t box = 0; box < L::kBoxesA; ++box) {
        load_box<kA>(a, row + static_cast<int32_t>(box * L::kBox), k, ring.a() + box * L::kBoxBytes,
                     ring.full(), 1);
      }
      for (uint32_t box = rank; box < L::kBoxesB; box += work.blocks) {
        load_box<kB>(b, column + static_cast<int32_t>(box * L::kBox), k,
                     ring.b() + box * L::kBoxBytes, ring.full(), work.blocks);
      }
    }
  }
}

constexpr int kDepthWgmma = 16;

// Of an operand in boxes.
template <class L>
__device__ __forceinline__ uint64_t box_descriptor(uint32_t address) {
  constexpr uint32_t kAtom = 1024;  // 8 lines of 128 bytes
  return matrix_descriptor(address, L::kBoxBytes, kAtom, Swizzle::k128);
}

// What so many bytes further on add to a descriptor.
constexpr uint64_t descriptor_step(uint32_t bytes) { return bytes / 16; }

// The same for kDepthWgmma further summed elements.
constexpr uint64_t depth_step(ptx::Major major) {
  constexpr uint32_t kLine = 128;
  return descriptor_step(kDepthWgmma * (major == ptx::Major::kK ? sizeof(uint16_t) : kLine));
}

// a, b: addresses of this warpgroup's boxes
template <class L, ptx::MatrixType kType, ptx::Major kA, ptx::Major kB>
__device__ __forceinline__ void multiply_slab(uint32_t a, uint32_t b, typename L::Sums& sums) {
  const uint64_t from_a = box_descriptor<L>(a), from_b = box_descriptor<L>(b);
#pragma unroll
  for (uint32_t step = 0; step < kSlabSm90 / kDepthWgmma; ++step) {
#pragma unroll
    for (uint32_t box = 0; box < L::kOwnBoxesA; ++box) {
      ptx::wgmma<kType, kA, kB>(
          sums[box], from_a + descriptor_step(box * L::kBoxBytes) + step * depth_step(kA),
          from_b + step * depth_step(kB), true);
    }
  }
}

// This warp has read the stage. Blocks of a cluster fill each other's, so all must know.
__device__ __forceinline__ void release(uint32_t empty, uint32_t blocks) {
  const uint32_t lane = threadIdx.x % kWarp;
  if (lane < blocks) ptx::mbarrier_arrive_cluster_relaxed(ptx::map_to_rank(empty, lane));
}

template <class L>
__device__ __forceinline__ void clear(typename L::Sums& sums) {
#pragma unroll
  for (auto& box : sums) {
#pragma unroll
    for (float& sum : box) sum = 0.0f;
    ptx::wgmma_hold(box);
  }
}

// Adds the products of the next slabs of the ring. issued(): all are under way.
template <class L, ptx::MatrixType kType, ptx::Major kA, ptx::Major kB, class Issued>
__device__ __forceinline__ void multiply_tile(const WorkSm90& work, int owner, RingSm90<L>& ring,
                                              typename L::Sums& sums, const Issued& issued) {
  const uint32_t own_boxes = L::kShared ? owner * L::kOwnBoxesA * L::kBoxBytes : 0;
  uint32_t previous = 0;
  for (uint32_t slab = 0; slab < work.slabs; ++slab) {
    ptx::mbarrier_wait(ring.full(), ring.parity());
    ptx::wgmma_fence();
    multiply_slab<L, kType, kA, kB>(ring.a() + own_boxes, ring.b(), sums);
    ptx::wgmma_commit();
    ptx::wgmma_wait<1>();
    if (slab > 0) release(previous, work.blocks);
    previous = ring.empty();
    ring.advance(1);
  }
  issued();
  ptx::wgmma_wait<0>();
#pragma unroll
  for (auto& box : sums) ptx::wgmma_hold(box);
  release(previous, work.blocks);
}

// Register i of a box holds row 8 (i / 2 % 2) of a thread's, and column i % 2 of pair i / 4.
template <class L>
__device__ __forceinline__ void take_sums(const typename L::Sums& sums, typename L::Tile& tile) {
#pragma unroll
  for (int slot = 0; slot < L::Tile::kSlots; ++slot) {
#pragma unroll
    for (int pair = 0; pair < L::Tile::kPairs; ++pair) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        tile.value[slot][pair][e] = sums[slot / 2][4 * pair + 2 * (slot % 2) + e];
      }
    }
  }
}

// By all threads of warpgroup `owner`.
template <class L, ptx::MatrixType kType, ptx::Major kA, ptx::Major kB, class Epilogue>
__device__ __forceinline__ void consume(const WorkSm90& work, const Epilogue& epilogue, int owner,
                                        typename L::Smem& smem) {
  constexpr uint32_t kTurns = L::kShared ? 1 : L::kOwners;  // tiles until the owner's next
  constexpr int kBoth = L::kOwners * L::kWarpgroup;
  const uint32_t turn = L::kShared ? 0 : owner;
  const uint32_t rank = ptx::cluster_rank(), first = first_unit(work), step = unit_step(work);
  RingSm90<L> ring(smem);
  ring.advance(turn * work.slabs);
  for (uint32_t unit = first + turn * step; unit < work.units; unit += kTurns * step) {
    typename L::Sums sums;
    clear<L>(sums);
    if (!L::kShared && unit != first) ptx::barrier_sync(L::kTurnBarrier + owner, kBoth);
    multiply_tile<L, kType, kA, kB>(work, owner, ring, sums, [&] {
      if (L::kShared || unit + step >= work.units) return;
      ptx::barrier_arrive(L::kTurnBarrier + (owner ^ 1), kBoth);
    });
    ring.advance((kTurns - 1) * work.slabs);
    const WorkSm90::Tile at = work.tile(unit, rank);
    const int64_t row_tile = L::kShared ? int64_t{at.row} * L::kOwners + owner : at.row;
    if (row_tile * L::kOwnRows >= work.m) continue;
    typename L::Tile tile(work.m, work.n, at.split, row_tile, at.column,
                          threadIdx.x % L::kWarpgroup, L::kOwnerBarrier + owner,
                          smem.scratch[owner]);
    take_sums<L>(sums, tile);
    epilogue(tile);
  }
}

template <class L, ptx::MatrixType kType, ptx::Major kA, ptx::Major kB, class Epilogue>
__global__ void __launch_bounds__(L::kThreads, 1)
    product_kernel_sm90(const __grid_constant__ ptx::TensorMap a,
                        const __grid_constant__ ptx::TensorMap b, const WorkSm90 work,
                        const Epilogue epilogue) {
  auto& smem = simt::shared<typename L::Smem>();
  if (threadIdx.x == 0) {
    constexpr uint32_t kReaders = (L::kShared ? L::kOwners : 1) * L::kWarpgroup / kWarp;
    RingSm90<L> ring(smem);
    for (int stage = 0; stage < L::kStages; ++stage, ring.advance(1)) {
      ptx::mbarrier_init(ring.full(), 1);
      ptx::mbarrier_init(ring.empty(), kReaders * work.blocks);
    }
    ptx::fence_mbarrier_init();
  }
  ptx::cluster_sync();
  const int warpgroup = threadIdx.x / L::kWarpgroup;
  if (warpgroup == L::kOwners) {
    ptx::setmaxnreg_dec<L::kProducerRegisters>();
    if (threadIdx.x % L::kWarpgroup == 0) produce<L, kA, kB>(a, b, work, smem);
    __syncwarp();
  } else {
    ptx::setmaxnreg_inc<L::kOwnerRegisters>();
    consume<L, kType, kA, kB>(work, epilogue, warpgroup, smem);
  }
  ptx::cluster_sync();  // what the other block sends here has come
}

inline cudaError_t make_operand_map(DType dtype, const void* base, int64_t ld, int64_t mn,
                                    int64_t k, ptx::Major major, ptx::TensorMap* map) {
  constexpr int kBox = OwnTileLoop::kBox, kSlab = kSlabSm90, kSwizzle = 128;
  const TensorType type = dtype == DType::kBf16 ? TensorType::kBf16 : TensorType::kF16;
  const int64_t row_bytes = ld * static_cast<int64_t>(sizeof(uint16_t));
  if (major == ptx::Major::kK) {
    return make_tensor_map({type, 2, base, {k, mn}, {0, row_bytes}, {kSlab, kBox}, kSwizzle}, map);
  }
  return make_tensor_map({type, 2, base, {mn, k}, {0, row_bytes}, {kBox, kSlab}, kSwizzle}, map);
}

template <class L, ptx::MatrixType kType, ptx::Major kA, ptx::Major kB, class Epilogue>
cudaError_t launch_loop_sm90(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                             const Epilogue& epilogue) {
  ptx::TensorMap a, b;
  SSLCUDA_TRY(make_operand_map(p.dtype, p.a, p.lda, p.m, p.k, kA, &a));
  SSLCUDA_TRY(make_operand_map(p.dtype, p.b, p.ldb, p.n, p.k, kB, &b));
  int multiprocessors = 0;
  SSLCUDA_TRY(device_attribute(cudaDevAttrMultiProcessorCount, &multiprocessors));
  const WorkSm90 work = work_sm90(p, plan, L::kTile);
  const uint32_t room = std::max(static_cast<uint32_t>(multiprocessors) / work.blocks, 1u);
  const uint32_t blocks = std::min(work.units, room) * work.blocks;
  return simt::launch(product_kernel_sm90<L, kType, kA, kB, Epilogue>,
                      {blocks, L::kThreads, sizeof(typename L::Smem), stream, work.blocks}, a, b,
                      work, epilogue);
}

template <class L, class Number, class Epilogue>
cudaError_t launch_layout_sm90(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                               const Epilogue& epilogue) {
  using enum ptx::Major;
  constexpr bool kIsBf16 = Number::kDType == DType::kBf16;
  constexpr auto kType = kIsBf16 ? ptx::MatrixType::kBf16 : ptx::MatrixType::kF16;
  if constexpr (Epilogue::kAnyLayout) {
    if (p.transpose_a && p.transpose_b) {
      return launch_loop_sm90<L, kType, kMN, kK>(stream, p, plan, epilogue);
    }
    if (p.transpose_a) return launch_loop_sm90<L, kType, kMN, kMN>(stream, p, plan, epilogue);
    if (!p.transpose_b) return launch_loop_sm90<L, kType, kK, kMN>(stream, p, plan, epilogue);
  }
  return launch_loop_sm90<L, kType, kK, kK>(stream, p, plan, epilogue);
}

template <class Number, class Epilogue>
cudaError_t launch_product_sm90(cudaStream_t stream, const Product& p, const SplitPlan& plan,
                                const Epilogue& epilogue) {
  if constexpr (requires { requires Epilogue::kAnyTile; }) {
    if (shares_tiles_sm90(p)) {
      return launch_layout_sm90<SharedTileLoop, Number>(stream, p, plan, epilogue);
    }
  }
  return launch_layout_sm90<OwnTileLoop, Number>(stream, p, plan, epilogue);
}

}  // namespace sslcuda::cuda
