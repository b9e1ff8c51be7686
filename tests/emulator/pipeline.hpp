// pipeline.hpp - a matrix product as Hopper's kernels are built, with one mistake at a time, for
// test_pipeline.cpp.
#pragma once

#include <cuda_runtime.h>

#include <device/tensor_map.hpp>

namespace emulator::test {

enum class Mistake {
  kNone,
  kBarriersNotAnnounced,  // used before all threads know that they are initialised
  kWrongParity,           // the producer waits for the wrong phase of an empty stage
  kTooManyBytes,          // more are expected than come
  kReleasedTooEarly,      // a stage is given back before wgmma has read it
  kNoFence,               // no wgmma.fence
  kNoWait,                // accumulators are read before wgmma is done
  kNotFinished,           // the last wgmma is never waited for
  kThreadsDisagree,       // about the address of an operand
  kNotEnoughArrivals,     // an empty stage lacks an arrival
  kTooManyArrivals,       // at a full one
  kNotInitialised,        // a barrier
  kMisaligned,            // a stage
  kNoProxyFence,          // between ordinary writes and the copy out
  kNoBarrierBeforeStore,  // other threads' results may be missing
  kStoreNotWaitedFor,     // the kernel ends first
};

constexpr int kPipelineM = 64, kPipelineN = 64, kPipelineK = 256;

// d[64][64] = a[64][256] b[64][256]^T by bf16 maps of a and b, fp32 map of d; all boxes 64 x 64,
// those of a and b with a swizzle of 128 bytes, those of d 32 x 64 without.
cudaError_t multiply_in_stages(Mistake mistake, const TensorMap& a, const TensorMap& b,
                               const TensorMap& d);

}  // namespace emulator::test
