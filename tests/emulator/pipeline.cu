// pipeline.cu - one warp copies tiles into two stages, a warpgroup multiplies them, and the result
// leaves through shared memory.

#include "tests/emulator/pipeline.hpp"

#include <device/matrix_descriptor.cuh>
#include <device/ptx/address.cuh>
#include <device/ptx/barrier.cuh>
#include <device/ptx/mbarrier.cuh>
#include <device/ptx/tensor_copy.cuh>
#include <device/ptx/wgmma.cuh>
#include <device/simt.cuh>

namespace emulator::test {

namespace {

using sslcuda::cuda::matrix_descriptor;
using sslcuda::cuda::Swizzle;

constexpr int kConsumers = 128, kThreads = kConsumers + 32, kStages = 2, kDepth = 64;
constexpr int kSteps = kPipelineK / kDepth, kTile = 64 * kDepth, kHalf = 64 * 32;

struct alignas(1024) Smem {
  uint16_t a[kStages][kTile], b[kStages][kTile];
  float d[2 * kHalf];  // columns 0 to 31, then the others
  uint64_t full[kStages], empty[kStages];
  unsigned char spare[16];
};

struct Stage {
  uint32_t a, b, full, empty;
};

__device__ Stage stage_of(Smem& s, int step) {
  const int i = step % kStages;
  return {ptx::shared_address(s.a[i]), ptx::shared_address(s.b[i]), ptx::shared_address(&s.full[i]),
          ptx::shared_address(&s.empty[i])};
}

__device__ void produce(Mistake mistake, const TensorMap& a, const TensorMap& b, Smem& s) {
  constexpr uint32_t kBytes = 2 * kTile * sizeof(uint16_t);
  for (int step = 0; step < kSteps; ++step) {
    const Stage stage = stage_of(s, step);
    const uint32_t parity = step / kStages & 1;
    ptx::mbarrier_wait(stage.empty, mistake == Mistake::kWrongParity ? parity : parity ^ 1);
    ptx::mbarrier_arrive_expect(stage.full,
                                mistake == Mistake::kTooManyBytes ? kBytes + 16 : kBytes);
    if (mistake == Mistake::kTooManyArrivals) ptx::mbarrier_arrive(stage.full);
    const int32_t at[2] = {step * kDepth, 0};
    ptx::tensor_load(mistake == Mistake::kMisaligned ? stage.a + 16 : stage.a, &a, at, stage.full);
    ptx::tensor_load(stage.b, &b, at, stage.full);
  }
}

__device__ void release(Mistake mistake, const Stage& stage) {
  const bool late = mistake == Mistake::kNotEnoughArrivals && threadIdx.x == kConsumers - 1;
  if (!late) ptx::mbarrier_arrive(stage.empty);
}

__device__ void multiply(Mistake mistake, Smem& s, float (&sums)[kPipelineN / 2]) {
  constexpr uint32_t kGroup = 1024, kStep = 32;  // bytes of 8 rows, and of k of one wgmma
  for (int step = 0; step < kSteps; ++step) {
    const Stage stage = stage_of(s, step);
    ptx::mbarrier_wait(stage.full, step / kStages & 1);
    ptx::wgmma_hold(sums);
    if (mistake != Mistake::kNoFence) ptx::wgmma_fence();
    for (uint32_t k = 0; k < kDepth * sizeof(uint16_t); k += kStep) {
      const bool strays = mistake == Mistake::kThreadsDisagree && threadIdx.x == 77;
      ptx::wgmma<ptx::MatrixType::kBf16, ptx::Major::kK, ptx::Major::kK>(
          sums, matrix_descriptor(stage.a + k, 0, kGroup, Swizzle::k128),
          matrix_descriptor(stage.b + (strays ? 0 : k), 0, kGroup, Swizzle::k128),
          step > 0 || k > 0);
    }
    ptx::wgmma_commit();
    if (mistake == Mistake::kReleasedTooEarly) release(mistake, stage);
    const bool is_last = step + 1 == kSteps;
    const bool skips = is_last && (mistake == Mistake::kNoWait || mistake == Mistake::kNotFinished);
    if (!skips) ptx::wgmma_wait<0>();
    ptx::wgmma_hold(sums);
    if (mistake != Mistake::kReleasedTooEarly && !is_last) release(mistake, stage);
  }
}

__device__ void store(Mistake mistake, const TensorMap& d, Smem& s,
                      const float (&sums)[kPipelineN / 2]) {
  for (int i = 0; i < kPipelineN / 2; ++i) {
    const int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i / 2 % 2 * 8;
    const int column = i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2;
    s.d[column / 32 * kHalf + row * 32 + column % 32] = sums[i];
  }
  if (mistake == Mistake::kNoWait) ptx::wgmma_wait<0>();
  if (mistake != Mistake::kNoProxyFence) ptx::fence_proxy_async();
  if (mistake != Mistake::kNoBarrierBeforeStore) ptx::barrier_sync(1, kConsumers);
  if (threadIdx.x != 0) return;
  for (int half = 0; half < 2; ++half) {
    const int32_t at[2] = {32 * half, 0};
    ptx::tensor_store(&d, at, ptx::shared_address(s.d + half * kHalf));
  }
  ptx::bulk_commit();
  if (mistake != Mistake::kStoreNotWaitedFor) ptx::bulk_wait_read<0>();
}

__global__ void pipeline_kernel(Mistake mistake, const __grid_constant__ TensorMap a,
                                const __grid_constant__ TensorMap b,
                                const __grid_constant__ TensorMap d) {
  auto& s = simt::shared<Smem>();
  if (threadIdx.x == 0) {
    for (int i = 0; i < kStages; ++i) {
      if (mistake != Mistake::kNotInitialised) ptx::mbarrier_init(stage_of(s, i).full, 1);
      ptx::mbarrier_init(stage_of(s, i).empty, kConsumers);
    }
    ptx::fence_mbarrier_init();
  }
  if (mistake != Mistake::kBarriersNotAnnounced) __syncthreads();
  if (threadIdx.x == kConsumers) produce(mistake, a, b, s);
  if (threadIdx.x >= kConsumers) return;
  float sums[kPipelineN / 2];
  for (float& sum : sums) sum = 0.0f;
  multiply(mistake, s, sums);
  store(mistake, d, s, sums);
}

}  // namespace

cudaError_t multiply_in_stages(Mistake mistake, const TensorMap& a, const TensorMap& b,
                               const TensorMap& d) {
  return simt::launch(pipeline_kernel, {1, kThreads, sizeof(Smem), nullptr}, mistake, a, b, d);
}

}  // namespace emulator::test
