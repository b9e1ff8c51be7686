// faults.hpp - errors of the CUDA runtime to order, for tests of what becomes of them.
#pragma once

#include <cuda_runtime_api.h>

namespace emulator {

// The named runtime call ("cudaMalloc"; "launch" for a kernel) returns this error once, after
// `after` more calls of it.
[[gnu::visibility("default")]] void plan_fault(const char* call, cudaError_t error, int after = 0);

// The same, and the device is lost with it: every later call of the runtime returns the error too.
[[gnu::visibility("default")]] void plan_loss(const char* call, cudaError_t error, int after = 0);

// Gives the plan up, and says whether it has come true. A lost device is back.
[[gnu::visibility("default")]] bool end_fault();

// An error that a call of the caller's own leaves pending; which one is, and no longer.
[[gnu::visibility("default")]] void leave_error();
[[gnu::visibility("default")]] cudaError_t take_error();

// For the runtime: what this call is to return instead of doing anything, or cudaSuccess.
cudaError_t planned_fault(const char* call);

// The error that the device was lost with, or cudaSuccess.
cudaError_t loss();

}  // namespace emulator
