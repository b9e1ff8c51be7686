// launch.hpp - running a grid: its clusters one after another in random order, each with all its
// threads; the blocks of a cooperative launch all together.
#pragma once

#include <cuda_runtime.h>

#include <functional>

namespace emulator {

struct Launch {
  const void* kernel;
  dim3 grid, block;
  dim3 cluster;
  size_t shared_bytes;
  bool cooperative;
  std::function<void()> body;  // one thread of the kernel
};

// Runs the grid. cudaErrorUnknown: the kernel was at fault, and last_report() says how.
cudaError_t run(const Launch& launch);

// Runs it, or records it while the stream captures.
cudaError_t submit(cudaStream_t stream, const Launch& launch);

}  // namespace emulator
