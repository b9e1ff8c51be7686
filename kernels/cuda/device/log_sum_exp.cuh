// log_sum_exp.cuh - log sum exp of a row in one pass: maximum and shifted sum together.
//   sum_k exp(x_k) = sum exp(max)
// The two are kept apart, so that log sum exp - x can be had as (max - x) + log(sum): exact where
// the row is nearly solved, however large the scores.
#pragma once

#include <cfloat>

#include <device/ptx/exponential.cuh>
#include <device/reduce.cuh>

namespace sslcuda::cuda {

// exp to a few ulp where it is not tiny, and 0 below 2^-126: what a score's own rounding costs is
// more. Three instructions fewer than exp2f(), six than expf().
__device__ __forceinline__ float exp_of(float x) {
  constexpr float kLog2OfE = 1.44269504f;
  return ptx::exp2_flushed(x * kLog2OfE);
}

struct LogSumExp {
  float max, sum;

  // The maximum is not -infinity: a row may begin with -infinity, and inf - inf is NaN.
  __device__ static constexpr LogSumExp of_nothing() { return {-FLT_MAX, 0.0f}; }

  __device__ __forceinline__ void add(float x) {
    const float e = expf(-fabsf(x - max));
    sum = x > max ? sum * e + 1.0f : sum + e;
    max = x > max ? x : max;
  }

  __device__ __forceinline__ void merge(const LogSumExp& other) {
    const float e = exp_of(-fabsf(max - other.max));
    sum = max >= other.max ? sum + other.sum * e : other.sum + sum * e;
    max = max >= other.max ? max : other.max;
  }

  // log sum exp - x
  __device__ __forceinline__ float minus(float x) const { return (max - x) + logf(sum); }
  // exp(x) / sum exp
  __device__ __forceinline__ float softmax(float x) const { return expf(x - max) / sum; }
};

// Of the shares of all threads of the block; every thread gets it.
__device__ __forceinline__ LogSumExp block_merge(BlockReduceSmem& smem, const LogSumExp& share) {
  LogSumExp total;
  total.max = block_reduce(smem, share.max, Max{});
  total.sum = block_reduce(smem, share.sum * expf(share.max - total.max), Sum{});
  return total;
}

}  // namespace sslcuda::cuda
