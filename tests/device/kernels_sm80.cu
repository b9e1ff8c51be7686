// kernels_sm80.cu - what every supported GPU has.

#include <device/ptx/address.cuh>
#include <device/ptx/barrier.cuh>
#include <device/ptx/convert.cuh>
#include <device/ptx/cp_async.cuh>
#include <device/ptx/exponential.cuh>
#include <device/ptx/memory.cuh>
#include <device/ptx/warp.cuh>
#include <device/ptx/warp_matrix.cuh>
#include <device/simt.cuh>

#include "tests/device/kernels.hpp"

namespace sslcuda::test {

namespace {

constexpr int kWarp = 32;

struct alignas(16) Words {
  uint32_t at[kWarp * 4];
};

template <int kBytes>
__global__ void cp_async_kernel(const uint32_t* from, int tail, uint32_t* to) {
  constexpr int kWords = kBytes / 4;
  auto& words = simt::shared<Words>();
  const int i = threadIdx.x * kWords;
  const uint32_t row = ptx::shared_address(&words.at[i]);
  const bool is_last = threadIdx.x == kWarp - 1;
  if (threadIdx.x % 2 == 0) ptx::cp_async<kBytes>(row, from + i);
  ptx::cp_async_commit();
  if (threadIdx.x % 2 == 1) ptx::cp_async<kBytes>(row, from + i, is_last ? tail : kBytes);
  ptx::cp_async_commit();
  ptx::cp_async_wait<1>();
  if (threadIdx.x % 2 == 0) {
    for (int j = 0; j < kWords; ++j) to[i + j] = words.at[i + j];
  }
  ptx::cp_async_wait<0>();
  __syncthreads();
  const int k = (kWarp - 1 - threadIdx.x) * kWords;  // what another thread copied
  for (int j = 0; j < kWords; ++j) to[k + j] = words.at[k + j];
}

struct alignas(16) Rows {
  uint16_t at[kWarp][8];
};

template <int kCount, bool kTransposed>
__global__ void ldmatrix_kernel(const uint16_t* from, uint32_t* registers) {
  auto& rows = simt::shared<Rows>();
  const int lane = threadIdx.x;
  for (int i = 0; i < 8; ++i) rows.at[lane][i] = from[lane * 8 + i];
  __syncwarp();
  uint32_t r[kCount];
  const uint32_t row = ptx::shared_address(rows.at[lane]);
  if (kTransposed) {
    ptx::ldmatrix_transposed(r, row);
  } else {
    ptx::ldmatrix(r, row);
  }
  for (int i = 0; i < kCount; ++i) registers[lane * kCount + i] = r[i];
}

template <Number kNumber>
__global__ void mma_kernel(const uint32_t* a, const uint32_t* b, float* d) {
  const int lane = threadIdx.x;
  uint32_t ra[4], rb[2];
  float rd[4];
  for (int i = 0; i < 4; ++i) ra[i] = a[lane * 4 + i];
  for (int i = 0; i < 2; ++i) rb[i] = b[lane * 2 + i];
  for (int i = 0; i < 4; ++i) rd[i] = d[lane * 4 + i];
  if (kNumber == Number::kBf16) ptx::mma_bf16(rd, ra, rb);
  if (kNumber == Number::kF16) ptx::mma_f16(rd, ra, rb);
  if (kNumber == Number::kTf32) ptx::mma_tf32(rd, ra, rb);
  for (int i = 0; i < 4; ++i) d[lane * 4 + i] = rd[i];
}

__global__ void convert_kernel(const float* x, int count, uint32_t* out) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    out[3 * i] = ptx::pack_bf16(x[i], -x[i]);
    out[3 * i + 1] = ptx::pack_f16(x[i], -x[i]);
    out[3 * i + 2] = ptx::to_tf32(x[i]);
  }
}

__global__ void unpack_kernel(const uint16_t* x, int count, float* out) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) out[i] = ptx::unpack_f16(x[i]);
}

__global__ void exp2_kernel(const float* x, int count, float* out) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) out[i] = ptx::exp2_flushed(x[i]);
}

struct Slot {
  float at[kWarp];
};

// Barrier 1: the slot is full; 2: it is empty.
__global__ void hand_over_kernel(const float* x, int rounds, float* out) {
  constexpr int kFull = 1, kEmpty = 2, kThreads = 2 * kWarp;
  auto& slot = simt::shared<Slot>();
  const int lane = threadIdx.x % kWarp;
  const bool writes = threadIdx.x < kWarp;
  for (int round = 0; round < rounds; ++round) {
    if (writes) {
      if (round > 0) ptx::barrier_sync(kEmpty, kThreads);
      slot.at[lane] = x[round * kWarp + lane];
      ptx::barrier_arrive(kFull, kThreads);
    } else {
      ptx::barrier_sync(kFull, kThreads);
      out[round * kWarp + lane] = slot.at[kWarp - 1 - lane];
      if (round + 1 < rounds) ptx::barrier_arrive(kEmpty, kThreads);
    }
  }
}

__global__ void reduce_kernel(uint32_t mask, const uint32_t* x, uint32_t* out) {
  const int lane = threadIdx.x;
  if ((mask >> lane & 1) == 0) return;
  const uint32_t value = x[lane];
  uint32_t* const mine = out + lane * 8;
  mine[0] = ptx::reduce_add(mask, value);
  mine[1] = ptx::reduce_min(mask, value);
  mine[2] = ptx::reduce_max(mask, value);
  mine[3] = static_cast<uint32_t>(ptx::reduce_min(mask, static_cast<int32_t>(value)));
  mine[4] = static_cast<uint32_t>(ptx::reduce_max(mask, static_cast<int32_t>(value)));
  mine[5] = ptx::reduce_and(mask, value);
  mine[6] = ptx::reduce_or(mask, value);
  mine[7] = ptx::reduce_xor(mask, value);
}

__global__ void copy_once_kernel(const float4* from, int count, float4* to) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    ptx::store_once(to + i, ptx::load_once(from + i));
  }
}

__global__ void grid_kernel(const float* x, float* parts, float* out) {
  if (threadIdx.x == 0) parts[blockIdx.x] = 2.0f * x[blockIdx.x];
  simt::grid_sync();
  if (threadIdx.x != 0) return;
  float sum = 0.0f;
  for (unsigned i = 0; i < gridDim.x; ++i) sum += parts[i];
  out[blockIdx.x] = sum;
}

template <int kCount>
cudaError_t launch_ldmatrix(bool transposed, const uint16_t* rows, uint32_t* registers) {
  return simt::launch(transposed ? ldmatrix_kernel<kCount, true> : ldmatrix_kernel<kCount, false>,
                      {1, kWarp, sizeof(Rows), nullptr}, rows, registers);
}

}  // namespace

cudaError_t copy_async(int bytes, const uint32_t* from, int tail, uint32_t* to) {
  const auto kernel = bytes == 4   ? cp_async_kernel<4>
                      : bytes == 8 ? cp_async_kernel<8>
                                   : cp_async_kernel<16>;
  return simt::launch(kernel, {1, kWarp, sizeof(Words), nullptr}, from, tail, to);
}

cudaError_t load_matrices(int count, bool transposed, const uint16_t* rows, uint32_t* registers) {
  if (count == 1) return launch_ldmatrix<1>(transposed, rows, registers);
  if (count == 2) return launch_ldmatrix<2>(transposed, rows, registers);
  return launch_ldmatrix<4>(transposed, rows, registers);
}

cudaError_t multiply_fragments(Number number, const uint32_t* a, const uint32_t* b, float* d) {
  const auto kernel = number == Number::kBf16  ? mma_kernel<Number::kBf16>
                      : number == Number::kF16 ? mma_kernel<Number::kF16>
                                               : mma_kernel<Number::kTf32>;
  return simt::launch(kernel, {1, kWarp, 0, nullptr}, a, b, d);
}

cudaError_t convert_numbers(const float* x, int count, uint32_t* out) {
  return simt::launch(convert_kernel, {1, kWarp, 0, nullptr}, x, count, out);
}

cudaError_t unpack_numbers(const uint16_t* x, int count, float* out) {
  return simt::launch(unpack_kernel, {1, kWarp, 0, nullptr}, x, count, out);
}

cudaError_t exp2_numbers(const float* x, int count, float* out) {
  return simt::launch(exp2_kernel, {1, kWarp, 0, nullptr}, x, count, out);
}

cudaError_t hand_over(const float* x, int rounds, float* out) {
  return simt::launch(hand_over_kernel, {1, 2 * kWarp, sizeof(Slot), nullptr}, x, rounds, out);
}

cudaError_t reduce_lanes(uint32_t mask, const uint32_t* x, uint32_t* out) {
  return simt::launch(reduce_kernel, {1, kWarp, 0, nullptr}, mask, x, out);
}

cudaError_t copy_once(const float4* from, int count, float4* to) {
  return simt::launch(copy_once_kernel, {1, kWarp, 0, nullptr}, from, count, to);
}

cudaError_t sum_over_grid(int blocks, const float* x, float* parts, float* out) {
  simt::Launch launch = {static_cast<unsigned>(blocks), kWarp, 0, nullptr};
  launch.cooperative = true;
  return simt::launch(grid_kernel, launch, x, parts, out);
}

}  // namespace sslcuda::test
