// faults.hpp - errors of the CUDA runtime to order, for tests of what becomes of them.
#pragma once

#include <cuda_runtime_api.h>

namespace emulator {

// The named runtime call ("cudaMalloc"; "launch" for a kernel) returns this error once, after
// `after` more calls of it.
[[gnu::visibility("default")]] void plan_fault(const char* call, cudaError_t error, int after = 0);

// Gives the plan up, and says whether it has come true.
[[gnu::visibility("default")]] bool end_fault();

// For the runtime: what this call is to return instead of doing anything, or cudaSuccess.
cudaError_t planned_fault(const char* call);

}  // namespace emulator
