// kernels.hpp - small kernels that each show what one wrapper of kernels/cuda/device/ptx does, for
// the tests beside this file. The same sources run on a GPU and in the emulator. Pointers are to
// device memory; all launches go to the default stream.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include <device/matrix_descriptor.cuh>
#include <device/tensor_map.hpp>

namespace sslcuda::test {

using cuda::Swizzle;
using ptx::TensorMap;

// ---- sm_80 ----

// Copies 32 pieces of `bytes` bytes in two groups, of the last only `tail` bytes.
cudaError_t copy_async(int bytes, const uint32_t* from, int tail, uint32_t* to);

// Each lane's registers after ldmatrix of `count` matrices: matrix i is rows 8 i ... of `rows`.
cudaError_t load_matrices(int count, bool transposed, const uint16_t* rows, uint32_t* registers);

enum class Number { kBf16, kF16, kTf32 };

// Fragments of A, B and D, by lane.
cudaError_t multiply_fragments(Number number, const uint32_t* a, const uint32_t* b, float* d);

// Three words for each float: pack_bf16(x, -x), pack_f16(x, -x), to_tf32(x).
cudaError_t convert_numbers(const float* x, int count, uint32_t* out);

// unpack_f16 of each.
cudaError_t unpack_numbers(const uint16_t* x, int count, float* out);

// exp2_flushed of each.
cudaError_t exp2_numbers(const float* x, int count, float* out);

// 64 threads: a warp writes, another reads what it wrote, `rounds` times through one buffer.
cudaError_t hand_over(const float* x, int rounds, float* out);

// Eight words for each lane of a warp, with lanes in `mask` taking part.
cudaError_t reduce_lanes(uint32_t mask, const uint32_t* x, uint32_t* out);

cudaError_t copy_once(const float4* from, int count, float4* to);

// Every block adds what all blocks wrote before.
cudaError_t sum_over_grid(int blocks, const float* x, float* parts, float* out);

// ---- sm_90 ----

cudaError_t store_matrices(int count, bool transposed, const uint32_t* registers, uint16_t* rows);

// One word for each thread of four warps: was it elected?
cudaError_t elect_lanes(uint32_t* elected);

// Producer and consumer threads hand `rounds` numbers over through one slot.
cudaError_t pass_through_mbarriers(const float* x, int rounds, float* out);

// What test_wait() says for both parities before and after each of two arrivals.
cudaError_t watch_mbarrier(uint32_t* said);

// Down to few registers in one warpgroup, up in two; each thread then gives back its number.
cudaError_t change_registers(float* out);

// Copies `count` floats through shared memory, doubled on the way; adds instead of storing.
cudaError_t copy_bulk(const float* from, int count, bool adds, float* to);

// Block 0 of a cluster of two sends 32 floats to both, block 1 sends its own back to block 0.
cudaError_t exchange_bulk(const float* from, float* to);

// A box into shared memory and from there as it lies to `out`.
template <int kRank>
cudaError_t load_box(const TensorMap& map, const int32_t (&at)[kRank], int bytes, float* out);

// Bytes as they lie to shared memory and from there to a box.
template <int kRank>
cudaError_t store_box(const TensorMap& map, const int32_t (&at)[kRank], int bytes, bool adds,
                      const float* in);

// Each block of a cluster of two loads `rows` rows, `bytes` bytes of the tensor, for both.
cudaError_t load_box_for_both(const TensorMap& map, int bytes, int rows, float* out);

// Sums over a cluster of four blocks of 32 threads, first with loads, then with asynchronous
// stores.
cudaError_t sum_over_cluster(const float* x, float* out);

// Two launches, the second of which may start early.
cudaError_t add_in_two_launches(float* x, int count);

// An operand of wgmma as it lies in shared memory.
struct OperandImage {
  const uint32_t* words;  // null: A in registers
  uint32_t leading, stride;
  Swizzle swizzle;
  bool mn_major;
};

constexpr int kImageBytes = 32768;

// D[64][n] = A B, and then D += A B again; `fragments` are A's registers by thread.
cudaError_t multiply_warpgroup(Number number, int n, const OperandImage& a,
                               const uint32_t* fragments, const OperandImage& b, float* d);

}  // namespace sslcuda::test
