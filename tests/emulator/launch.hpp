// launch.hpp - running a grid: its blocks one after another in random order, each with all its
// threads.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <source_location>

namespace emulator {

struct Launch {
  const void* kernel;
  dim3 grid, block;
  size_t shared_bytes;
  std::function<void()> body;  // one thread of the kernel
};

// Runs the grid. cudaErrorUnknown: the kernel was at fault, and last_report() says how.
cudaError_t run(const Launch& launch);

// Runs it, or records it while the stream captures.
cudaError_t submit(cudaStream_t stream, const Launch& launch);

// The shared memory of the running block, for a kernel that takes it for `bytes` bytes.
void* shared_memory(size_t bytes, const std::source_location& where);

}  // namespace emulator
