// grid_dependency.cuh - the emulator's twin of kernels/cuda/device/ptx/grid_dependency.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

// Launches run one after another, so there is nothing to wait for.
inline void grid_dependency_wait() {}
inline void grid_dependency_launch() {}

}  // namespace ptx
