// kernels_sm90.cu - what Hopper has.

#include <device/ptx/address.cuh>
#include <device/ptx/bulk_copy.cuh>
#include <device/ptx/cluster.cuh>
#include <device/ptx/grid_dependency.cuh>
#include <device/ptx/mbarrier.cuh>
#include <device/ptx/registers.cuh>
#include <device/ptx/tensor_copy.cuh>
#include <device/ptx/warp.cuh>
#include <device/ptx/warp_matrix.cuh>
#include <device/ptx/wgmma.cuh>
#include <device/simt.cuh>

#include "tests/device/kernels.hpp"

namespace sslcuda::test {

namespace {

constexpr int kWarp = 32, kWarpgroup = 128;

struct alignas(16) Rows {
  uint16_t at[kWarp][8];
};

template <int kCount, bool kTransposed>
__global__ void stmatrix_kernel(const uint32_t* registers, uint16_t* to) {
  auto& rows = simt::shared<Rows>();
  const int lane = threadIdx.x;
  for (int i = 0; i < 8; ++i) rows.at[lane][i] = 0;
  __syncwarp();
  uint32_t r[kCount];
  for (int i = 0; i < kCount; ++i) r[i] = registers[lane * kCount + i];
  const uint32_t row = ptx::shared_address(rows.at[lane]);
  if (kTransposed) {
    ptx::stmatrix_transposed(row, r);
  } else {
    ptx::stmatrix(row, r);
  }
  __syncwarp();
  for (int i = 0; i < 8; ++i) to[lane * 8 + i] = rows.at[lane][i];
}

template <int kCount>
cudaError_t launch_stmatrix(bool transposed, const uint32_t* registers, uint16_t* rows) {
  return simt::launch(transposed ? stmatrix_kernel<kCount, true> : stmatrix_kernel<kCount, false>,
                      {1, kWarp, sizeof(Rows), nullptr}, registers, rows);
}

__global__ void elect_kernel(uint32_t* elected) { elected[threadIdx.x] = ptx::elect(); }

struct Slot {
  uint64_t full, empty;
  float value;
};

__global__ void mbarrier_kernel(const float* x, int rounds, float* out) {
  auto& slot = simt::shared<Slot>();
  const uint32_t full = ptx::shared_address(&slot.full), empty = ptx::shared_address(&slot.empty);
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(full, 1);
    ptx::mbarrier_init(empty, 1);
    ptx::fence_mbarrier_init();
  }
  __syncthreads();
  for (int round = 0; round < rounds; ++round) {
    const uint32_t parity = round & 1;
    if (threadIdx.x == 0) {
      ptx::mbarrier_wait(empty, parity ^ 1);
      slot.value = x[round];
      ptx::mbarrier_arrive(full);
    } else if (threadIdx.x == kWarp) {
      ptx::mbarrier_wait(full, parity);
      out[round] = slot.value;
      ptx::mbarrier_arrive(empty);
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::mbarrier_invalidate(full);
    ptx::mbarrier_init(full, 1);  // it may begin anew
  }
}

struct OneBarrier {
  uint64_t barrier;
};

__global__ void watch_kernel(uint32_t* said) {
  const uint32_t barrier = ptx::shared_address(&simt::shared<OneBarrier>().barrier);
  ptx::mbarrier_init(barrier, 2);
  for (int i = 0; i < 3; ++i) {
    said[2 * i] = ptx::mbarrier_test_wait(barrier, 0);
    said[2 * i + 1] = ptx::mbarrier_test_wait(barrier, 1);
    ptx::mbarrier_arrive(barrier);
  }
  while (!ptx::mbarrier_try_wait(barrier, 0)) {  // it may say no at first
  }
}

// Each starts with 168, so that what the first give back is just what the others take.
__global__ void __launch_bounds__(3 * kWarpgroup, 1) registers_kernel(float* out) {
  const float number = static_cast<float>(threadIdx.x);
  if (threadIdx.x < kWarpgroup) {
    ptx::setmaxnreg_dec<24>();
    out[threadIdx.x] = number;
  } else {
    ptx::setmaxnreg_inc<240>();
    out[threadIdx.x] = number;
  }
}

struct alignas(16) BulkFloats {
  float at[1024];
  uint64_t loaded;
};

__global__ void bulk_kernel(const float* from, int count, bool adds, float* to) {
  auto& floats = simt::shared<BulkFloats>();
  const uint32_t address = ptx::shared_address(floats.at);
  const uint32_t loaded = ptx::shared_address(&floats.loaded);
  const uint32_t bytes = count * sizeof(float);
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(loaded, 1);
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect(loaded, bytes);
    ptx::bulk_load(address, from, bytes, loaded);
  }
  __syncthreads();
  ptx::mbarrier_wait(loaded, 0);
  for (int i = threadIdx.x; i < count; i += blockDim.x) floats.at[i] *= 2.0f;
  ptx::fence_proxy_async();
  __syncthreads();
  if (threadIdx.x == 0) {
    if (adds) {
      ptx::bulk_add(to, address, bytes);
    } else {
      ptx::bulk_store(to, address, bytes);
    }
    ptx::bulk_commit();
    ptx::bulk_wait_read<0>();
    floats.at[0] = 0.0f;  // no longer read
    ptx::bulk_wait<0>();
  }
}

struct alignas(16) Exchange {
  float mine[kWarp], received[2][kWarp];
  uint64_t barrier;
};

__global__ void exchange_kernel(const float* from, float* to) {
  constexpr uint32_t kBytes = kWarp * sizeof(float);
  auto& s = simt::shared<Exchange>();
  const uint32_t rank = ptx::cluster_rank(), barrier = ptx::shared_address(&s.barrier);
  s.mine[threadIdx.x] = static_cast<float>(100 * rank + threadIdx.x);
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(barrier, 1);
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect(barrier, kBytes);
    if (rank == 0) ptx::mbarrier_expect(barrier, kBytes);  // and what block 1 sends
  }
  ptx::fence_proxy_async();
  ptx::cluster_arrive();
  ptx::cluster_wait();
  if (threadIdx.x == 0) {
    if (rank == 0) {
      ptx::bulk_load_multicast(ptx::shared_address(s.received[0]), from, kBytes, barrier, 0b11);
    } else {
      ptx::bulk_send(ptx::map_to_rank(ptx::shared_address(s.received[1]), 0),
                     ptx::shared_address(s.mine), kBytes, ptx::map_to_rank(barrier, 0));
    }
  }
  ptx::mbarrier_wait(barrier, 0);
  to[rank * kWarp + threadIdx.x] = s.received[0][threadIdx.x];
  if (rank == 0) to[2 * kWarp + threadIdx.x] = s.received[1][threadIdx.x];
  ptx::cluster_sync();
}

struct alignas(1024) BoxBytes {
  float at[4096];
  uint64_t loaded;
};

template <int kRank>
struct Coordinates {
  int32_t at[kRank];
};

template <int kRank>
__global__ void load_box_kernel(const __grid_constant__ TensorMap map, Coordinates<kRank> box,
                                int bytes, float* out) {
  auto& s = simt::shared<BoxBytes>();
  const uint32_t loaded = ptx::shared_address(&s.loaded);
  if (threadIdx.x == 0) {
    ptx::prefetch_tensor_map(&map);
    ptx::mbarrier_init(loaded, 1);
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect(loaded, bytes);
    ptx::tensor_load(ptx::shared_address(s.at), &map, box.at, loaded);
  }
  __syncthreads();
  ptx::mbarrier_wait(loaded, 0);
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x) out[i] = s.at[i];
}

template <int kRank>
__global__ void store_box_kernel(const __grid_constant__ TensorMap map, Coordinates<kRank> box,
                                 int bytes, bool adds, const float* in) {
  auto& s = simt::shared<BoxBytes>();
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x) s.at[i] = in[i];
  ptx::fence_proxy_async();
  __syncthreads();
  if (threadIdx.x == 0) {
    if (adds) {
      ptx::tensor_add(&map, box.at, ptx::shared_address(s.at));
    } else {
      ptx::tensor_store(&map, box.at, ptx::shared_address(s.at));
    }
    ptx::bulk_commit();
    ptx::bulk_wait<0>();
  }
}

__global__ void load_box_for_both_kernel(const __grid_constant__ TensorMap map, int bytes, int rows,
                                         float* out) {
  auto& s = simt::shared<BoxBytes>();
  const uint32_t rank = ptx::cluster_rank(), loaded = ptx::shared_address(&s.loaded);
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(loaded, 1);
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect(loaded, 2 * bytes);
  }
  ptx::cluster_sync();
  if (threadIdx.x == 0) {
    const int32_t at[2] = {0, static_cast<int32_t>(rank) * rows};
    ptx::tensor_load_multicast(ptx::shared_address(s.at) + rank * bytes, &map, at, loaded, 0b11);
  }
  ptx::mbarrier_wait(loaded, 0);
  for (int i = threadIdx.x; i < bytes / 2; i += blockDim.x) out[rank * bytes / 2 + i] = s.at[i];
  ptx::cluster_sync();
}

constexpr int kClusterBlocks = 4;

struct ClusterSum {
  float part, received[kClusterBlocks];
  uint64_t barrier;
};

__global__ void cluster_kernel(const float* x, float* out) {
  auto& s = simt::shared<ClusterSum>();
  const uint32_t rank = ptx::cluster_rank(), barrier = ptx::shared_address(&s.barrier);
  if (threadIdx.x == 0) {
    s.part = x[rank];
    ptx::mbarrier_init(barrier, 1);
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect(barrier, kClusterBlocks * sizeof(float));
  }
  ptx::cluster_sync();
  if (threadIdx.x == 0) {
    float sum = 0.0f;
    for (uint32_t i = 0; i < ptx::cluster_size(); ++i) {
      const uint32_t part = ptx::map_to_rank(ptx::shared_address(&s.part), i);
      sum += ptx::load_cluster(part);
      ptx::store_cluster_async(ptx::map_to_rank(ptx::shared_address(&s.received[rank]), i), s.part,
                               ptx::map_to_rank(barrier, i));
    }
    out[2 * rank] = sum;
    ptx::mbarrier_wait(barrier, 0);
    sum = 0.0f;
    for (int i = 0; i < kClusterBlocks; ++i) sum += s.received[i];
    out[2 * rank + 1] = sum;
  }
  ptx::cluster_sync();
  if (threadIdx.x == 0) {  // the next block's part becomes this block's rank, and is told so
    const uint32_t next = (rank + 1) % kClusterBlocks;
    ptx::store_cluster(ptx::map_to_rank(ptx::shared_address(&s.part), next),
                       static_cast<float>(rank));
    ptx::mbarrier_arrive_cluster(ptx::map_to_rank(barrier, next));
    ptx::mbarrier_wait(barrier, 1);
    out[2 * kClusterBlocks + rank] = s.part;
  }
  ptx::cluster_sync();
  if (threadIdx.x == 0) {
    ptx::mbarrier_arrive_cluster_relaxed(ptx::map_to_rank(barrier, (rank + 1) % kClusterBlocks));
    ptx::mbarrier_wait(barrier, 0);
  }
  ptx::cluster_sync();
}

__global__ void add_one_kernel(float* x, int count) {
  ptx::grid_dependency_launch();
  ptx::grid_dependency_wait();
  for (int i = threadIdx.x; i < count; i += blockDim.x) x[i] += 1.0f;
}

struct alignas(1024) Operands {
  uint32_t a[kImageBytes / 4], b[kImageBytes / 4];
};

constexpr ptx::MatrixType matrix_type(Number number) {
  return number == Number::kBf16  ? ptx::MatrixType::kBf16
         : number == Number::kF16 ? ptx::MatrixType::kF16
                                  : ptx::MatrixType::kTf32;
}

template <Number kNumber, int kN, bool kFragments, ptx::Major kA, ptx::Major kB>
__global__ void __launch_bounds__(kWarpgroup)
    wgmma_kernel(OperandImage a, const uint32_t* fragments, OperandImage b, float* d) {
  constexpr ptx::MatrixType kType = matrix_type(kNumber);
  constexpr int kCount = kN / 2;
  auto& s = simt::shared<Operands>();
  const int thread = threadIdx.x;
  for (int i = thread; i < kImageBytes / 4; i += kWarpgroup) {
    if (!kFragments) s.a[i] = a.words[i];
    s.b[i] = b.words[i];
  }
  ptx::fence_proxy_async();
  __syncthreads();
  uint32_t held[4];
  for (int i = 0; i < 4; ++i) held[i] = kFragments ? fragments[thread * 4 + i] : 0;
  const uint64_t from_a =
      cuda::matrix_descriptor(ptx::shared_address(s.a), a.leading, a.stride, a.swizzle);
  const uint64_t from_b =
      cuda::matrix_descriptor(ptx::shared_address(s.b), b.leading, b.stride, b.swizzle);
  float sums[kCount];
#pragma unroll
  for (int i = 0; i < kCount; ++i) sums[i] = -1.0f;
  ptx::wgmma_hold(sums);
  ptx::wgmma_fence();
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    if constexpr (kFragments) {
      ptx::wgmma<kType, kB>(sums, held, from_b, i > 0);
    } else {
      ptx::wgmma<kType, kA, kB>(sums, from_a, from_b, i > 0);
    }
  }
  ptx::wgmma_commit();
  ptx::wgmma_wait<0>();
  ptx::wgmma_hold(sums);
#pragma unroll
  for (int i = 0; i < kCount; ++i) d[thread * kCount + i] = sums[i];
}

template <Number kNumber, int kN, bool kFragments, ptx::Major kA, ptx::Major kB>
cudaError_t launch_wgmma(const OperandImage& a, const uint32_t* fragments, const OperandImage& b,
                         float* d) {
  return simt::launch(wgmma_kernel<kNumber, kN, kFragments, kA, kB>,
                      {1, kWarpgroup, sizeof(Operands), nullptr}, a, fragments, b, d);
}

template <Number kNumber, int kN>
cudaError_t launch_majors(const OperandImage& a, const uint32_t* fragments, const OperandImage& b,
                          float* d) {
  using ptx::Major;
  if constexpr (kNumber == Number::kTf32) {
    return a.words ? launch_wgmma<kNumber, kN, false, Major::kK, Major::kK>(a, fragments, b, d)
                   : launch_wgmma<kNumber, kN, true, Major::kK, Major::kK>(a, fragments, b, d);
  } else if (!a.words) {
    return b.mn_major ? launch_wgmma<kNumber, kN, true, Major::kK, Major::kMN>(a, fragments, b, d)
                      : launch_wgmma<kNumber, kN, true, Major::kK, Major::kK>(a, fragments, b, d);
  } else if (a.mn_major) {
    return b.mn_major ? launch_wgmma<kNumber, kN, false, Major::kMN, Major::kMN>(a, fragments, b, d)
                      : launch_wgmma<kNumber, kN, false, Major::kMN, Major::kK>(a, fragments, b, d);
  } else {
    return b.mn_major ? launch_wgmma<kNumber, kN, false, Major::kK, Major::kMN>(a, fragments, b, d)
                      : launch_wgmma<kNumber, kN, false, Major::kK, Major::kK>(a, fragments, b, d);
  }
}

template <Number kNumber>
cudaError_t launch_width(int n, const OperandImage& a, const uint32_t* fragments,
                         const OperandImage& b, float* d) {
  switch (n) {
    case 8:
      return launch_majors<kNumber, 8>(a, fragments, b, d);
    case 16:
      return launch_majors<kNumber, 16>(a, fragments, b, d);
    case 32:
      return launch_majors<kNumber, 32>(a, fragments, b, d);
    case 64:
      return launch_majors<kNumber, 64>(a, fragments, b, d);
    case 96:
      return launch_majors<kNumber, 96>(a, fragments, b, d);
    case 128:
      return launch_majors<kNumber, 128>(a, fragments, b, d);
    case 192:
      return launch_majors<kNumber, 192>(a, fragments, b, d);
    case 256:
      return launch_majors<kNumber, 256>(a, fragments, b, d);
    default:
      return cudaErrorInvalidValue;
  }
}

simt::Launch cluster_launch(unsigned blocks, size_t bytes) {
  simt::Launch launch = {blocks, kWarp, bytes, nullptr};
  launch.cluster = dim3(blocks);
  return launch;
}

}  // namespace

cudaError_t store_matrices(int count, bool transposed, const uint32_t* registers, uint16_t* rows) {
  if (count == 1) return launch_stmatrix<1>(transposed, registers, rows);
  if (count == 2) return launch_stmatrix<2>(transposed, registers, rows);
  return launch_stmatrix<4>(transposed, registers, rows);
}

cudaError_t elect_lanes(uint32_t* elected) {
  return simt::launch(elect_kernel, {1, 4 * kWarp, 0, nullptr}, elected);
}

cudaError_t pass_through_mbarriers(const float* x, int rounds, float* out) {
  return simt::launch(mbarrier_kernel, {1, 2 * kWarp, sizeof(Slot), nullptr}, x, rounds, out);
}

cudaError_t watch_mbarrier(uint32_t* said) {
  return simt::launch(watch_kernel, {1, 1, sizeof(OneBarrier), nullptr}, said);
}

cudaError_t change_registers(float* out) {
  return simt::launch(registers_kernel, {1, 3 * kWarpgroup, 0, nullptr}, out);
}

cudaError_t copy_bulk(const float* from, int count, bool adds, float* to) {
  return simt::launch(bulk_kernel, {1, 2 * kWarp, sizeof(BulkFloats), nullptr}, from, count, adds,
                      to);
}

cudaError_t exchange_bulk(const float* from, float* to) {
  return simt::launch(exchange_kernel, cluster_launch(2, sizeof(Exchange)), from, to);
}

template <int kRank>
cudaError_t load_box(const TensorMap& map, const int32_t (&at)[kRank], int bytes, float* out) {
  Coordinates<kRank> box;
  for (int i = 0; i < kRank; ++i) box.at[i] = at[i];
  return simt::launch(load_box_kernel<kRank>, {1, 2 * kWarp, sizeof(BoxBytes), nullptr}, map, box,
                      bytes, out);
}

template <int kRank>
cudaError_t store_box(const TensorMap& map, const int32_t (&at)[kRank], int bytes, bool adds,
                      const float* in) {
  Coordinates<kRank> box;
  for (int i = 0; i < kRank; ++i) box.at[i] = at[i];
  return simt::launch(store_box_kernel<kRank>, {1, 2 * kWarp, sizeof(BoxBytes), nullptr}, map, box,
                      bytes, adds, in);
}

#define SSLCUDA_INSTANTIATE_BOXES(rank)                                                 \
  template cudaError_t load_box(const TensorMap&, const int32_t(&)[rank], int, float*); \
  template cudaError_t store_box(const TensorMap&, const int32_t(&)[rank], int, bool, const float*);
SSLCUDA_INSTANTIATE_BOXES(1)
SSLCUDA_INSTANTIATE_BOXES(2)
SSLCUDA_INSTANTIATE_BOXES(3)
SSLCUDA_INSTANTIATE_BOXES(4)
SSLCUDA_INSTANTIATE_BOXES(5)

cudaError_t load_box_for_both(const TensorMap& map, int bytes, int rows, float* out) {
  return simt::launch(load_box_for_both_kernel, cluster_launch(2, sizeof(BoxBytes)), map, bytes,
                      rows, out);
}

cudaError_t sum_over_cluster(const float* x, float* out) {
  return simt::launch(cluster_kernel, cluster_launch(kClusterBlocks, sizeof(ClusterSum)), x, out);
}

cudaError_t add_in_two_launches(float* x, int count) {
  simt::Launch launch = {1, kWarp, 0, nullptr};
  if (const cudaError_t error = simt::launch(add_one_kernel, launch, x, count);
      error != cudaSuccess) {
    return error;
  }
  launch.overlaps_previous = true;
  return simt::launch(add_one_kernel, launch, x, count);
}

cudaError_t multiply_warpgroup(Number number, int n, const OperandImage& a,
                               const uint32_t* fragments, const OperandImage& b, float* d) {
  switch (number) {
    case Number::kBf16:
      return launch_width<Number::kBf16>(n, a, fragments, b, d);
    case Number::kF16:
      return launch_width<Number::kF16>(n, a, fragments, b, d);
    case Number::kTf32:
      return launch_width<Number::kTf32>(n, a, fragments, b, d);
  }
  return cudaErrorInvalidValue;
}

}  // namespace sslcuda::test
