// kernels.cu - 64 threads that each write one number, with the fault that the name of the launch
// says.

#include "tests/emulator/kernels.hpp"

#include <device/ptx/address.cuh>
#include <device/ptx/barrier.cuh>
#include <device/ptx/cluster.cuh>
#include <device/ptx/cp_async.cuh>
#include <device/ptx/registers.cuh>

namespace emulator::test {

namespace {

constexpr int kThreads = 64, kWarp = 32;
constexpr unsigned kAll = ~0u;

struct Row {
  float value[kThreads];
};

constexpr int kWarpgroup = 128;

// Three warpgroups start with 168 registers a thread.
__global__ void many_registers_kernel(bool faulty, float* out) {
  if (threadIdx.x >= 2 * kWarpgroup) {
    if (faulty) {
      ptx::setmaxnreg_dec<40>();
    } else {
      ptx::setmaxnreg_dec<24>();
    }
  } else {
    ptx::setmaxnreg_inc<240>();
  }
  if (threadIdx.x < kThreads) out[threadIdx.x] = 1.0f;
}

cudaError_t launch(void (*kernel)(bool, float*), bool faulty, float* out,
                   size_t bytes = sizeof(Row)) {
  return simt::launch(kernel, {1, kThreads, bytes, nullptr}, faulty, out);
}

__global__ void reverse_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  const int i = threadIdx.x;
  row.value[i] = static_cast<float>(i);
  if (!faulty) __syncthreads();
  out[i] = row.value[kThreads - 1 - i];
}

__global__ void branch_kernel(bool faulty, float* out) {
  if (faulty && threadIdx.x < kWarp) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = 1.0f;
}

// The second barrier of the block waits for a thread that has returned.
__global__ void return_kernel(bool faulty, float* out) {
  __syncthreads();
  if (faulty && threadIdx.x == 5) return;
  __syncthreads();
  out[threadIdx.x] = 1.0f;
}

__global__ void overrun_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  const int last = static_cast<int>(blockDim.x) - 1, i = threadIdx.x;
  (&row.value[0])[faulty && i == last ? kThreads : i] = 1.0f;
  out[i] = 1.0f;
}

__global__ void unwritten_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  if (!faulty || threadIdx.x != 7) row.value[threadIdx.x] = 1.0f;
  __syncthreads();
  out[threadIdx.x] = row.value[threadIdx.x];
}

__global__ void mask_kernel(bool faulty, float* out) {
  const bool odd = threadIdx.x % 2 != 0;
  const unsigned mask = faulty && odd ? 0xaaaaaaaau : kAll;
  out[threadIdx.x] = __shfl_xor_sync(mask, 1.0f, 2);
}

__global__ void outside_kernel(bool faulty, float* out) {
  const unsigned odd = 0xaaaaaaaau, mask = threadIdx.x % 2 != 0 ? odd : ~odd;
  out[threadIdx.x] = __shfl_xor_sync(mask, 1.0f, faulty ? 1 : 2);
}

// A sum of neighbours, twice over one array.
__global__ void reuse_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  const int i = threadIdx.x;
  float sum = 0.0f;
  for (int round = 0; round < 2; ++round) {
    row.value[i] = static_cast<float>(i + round);
    __syncthreads();
    sum += row.value[(i + 1) % kThreads];
    if (!faulty) __syncthreads();
  }
  out[i] = sum;
}

__global__ void same_kernel(bool faulty, float* out) {
  const int block = faulty ? 0 : blockIdx.x;
  out[block * kWarp + threadIdx.x] = 1.0f;
}

// Copies a row, from device memory that holds ones.
__device__ float* copied_row(const float* ones) {
  auto& row = simt::shared<Row>();
  const int i = threadIdx.x;
  ptx::cp_async<4>(ptx::shared_address(&row.value[i]), ones + i);
  ptx::cp_async_commit();
  return row.value;
}

__global__ void copy_kernel(bool faulty, float* out) {
  out[threadIdx.x] = 1.0f;
  const float* const row = copied_row(out);
  if (!faulty) ptx::cp_async_wait<0>();
  out[threadIdx.x] = row[threadIdx.x];
  ptx::cp_async_wait<0>();
}

__global__ void unfinished_copy_kernel(bool faulty, float* out) {
  out[threadIdx.x] = 1.0f;
  copied_row(out);
  if (!faulty) ptx::cp_async_wait<0>();
}

__global__ void foreign_copy_kernel(bool faulty, float* out) {
  out[threadIdx.x] = 1.0f;
  const float* const row = copied_row(out);
  ptx::cp_async_wait<0>();
  if (!faulty) __syncthreads();
  out[threadIdx.x] = row[kThreads - 1 - threadIdx.x];
}

__global__ void count_kernel(bool faulty, float* out) {
  ptx::barrier_sync(3, faulty && threadIdx.x >= kWarp ? kWarp : kThreads);
  out[threadIdx.x] = 1.0f;
}

__global__ void grid_kernel(bool, float* out) {
  simt::grid_sync();
  out[blockIdx.x * kWarp + threadIdx.x] = 1.0f;
}

// Each of two blocks reads what the other has written.
__global__ void neighbour_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  const int i = threadIdx.x;
  row.value[i] = 1.0f;
  ptx::cluster_sync();
  const uint32_t there = ptx::map_to_rank(ptx::shared_address(&row.value[i]), blockIdx.x ^ 1);
  out[blockIdx.x * kWarp + i] = ptx::load_cluster(there);
  if (!faulty) ptx::cluster_sync();
}

__global__ void early_neighbour_kernel(bool faulty, float* out) {
  auto& row = simt::shared<Row>();
  const int i = threadIdx.x;
  row.value[i] = 1.0f;
  ptx::cluster_arrive();
  if (!faulty) ptx::cluster_wait();
  const uint32_t there = ptx::map_to_rank(ptx::shared_address(&row.value[i]), blockIdx.x ^ 1);
  out[blockIdx.x * kWarp + i] = ptx::load_cluster(there);
  if (faulty) ptx::cluster_wait();
  ptx::cluster_sync();
}

__global__ void arrive_kernel(bool faulty, float* out) {
  ptx::cluster_arrive();
  if (faulty) ptx::cluster_arrive();
  ptx::cluster_wait();
  out[blockIdx.x * kWarp + threadIdx.x] = 1.0f;
}

cudaError_t launch_pair(void (*kernel)(bool, float*), bool faulty, float* out) {
  simt::Launch launch = {2, kWarp, sizeof(Row), nullptr};
  launch.cluster = dim3(2);
  return simt::launch(kernel, launch, faulty, out);
}

}  // namespace

cudaError_t reverse_without_barrier(bool faulty, float* out) {
  return launch(reverse_kernel, faulty, out);
}

cudaError_t barrier_in_a_branch(bool faulty, float* out) {
  return launch(branch_kernel, faulty, out);
}

cudaError_t barrier_after_a_return(bool faulty, float* out) {
  return launch(return_kernel, faulty, out);
}

cudaError_t shared_write_behind_the_end(bool faulty, float* out) {
  return launch(overrun_kernel, faulty, out);
}

cudaError_t too_little_shared_memory(bool faulty, float* out) {
  return launch(unwritten_kernel, false, out, sizeof(Row) - (faulty ? sizeof(float) : 0));
}

cudaError_t shared_read_before_write(bool faulty, float* out) {
  return launch(unwritten_kernel, faulty, out);
}

cudaError_t shuffle_masks_that_differ(bool faulty, float* out) {
  return launch(mask_kernel, faulty, out);
}

cudaError_t shuffle_from_outside_the_mask(bool faulty, float* out) {
  return launch(outside_kernel, faulty, out);
}

cudaError_t shared_write_after_read(bool faulty, float* out) {
  return launch(reuse_kernel, faulty, out);
}

cudaError_t blocks_that_write_the_same(bool faulty, float* out) {
  return simt::launch(same_kernel, {2, kWarp, 0, nullptr}, faulty, out);
}

cudaError_t copy_without_wait(bool faulty, float* out) { return launch(copy_kernel, faulty, out); }

cudaError_t copy_unfinished_at_the_end(bool faulty, float* out) {
  return launch(unfinished_copy_kernel, faulty, out);
}

cudaError_t copy_by_another_without_barrier(bool faulty, float* out) {
  return launch(foreign_copy_kernel, faulty, out);
}

cudaError_t barrier_counts_that_differ(bool faulty, float* out) {
  return launch(count_kernel, faulty, out);
}

cudaError_t grid_barrier_without_cooperation(bool faulty, float* out) {
  simt::Launch launch = {2, kWarp, 0, nullptr};
  launch.cooperative = !faulty;
  return simt::launch(grid_kernel, launch, faulty, out);
}

cudaError_t neighbour_that_has_returned(bool faulty, float* out) {
  return launch_pair(neighbour_kernel, faulty, out);
}

cudaError_t neighbour_read_too_early(bool faulty, float* out) {
  return launch_pair(early_neighbour_kernel, faulty, out);
}

cudaError_t cluster_arrivals_without_wait(bool faulty, float* out) {
  return launch_pair(arrive_kernel, faulty, out);
}

cudaError_t more_registers_than_there_are(bool faulty, float* out) {
  return simt::launch(many_registers_kernel, {1, 3 * kWarpgroup, 0, nullptr}, faulty, out);
}

}  // namespace emulator::test
