// barrier.cuh - the emulator's twin of kernels/cuda/device/ptx/barrier.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/barrier.hpp"

namespace ptx {

inline void barrier_sync(int id, int threads,
                         const std::source_location& where = std::source_location::current()) {
  emulator::barrier_sync(static_cast<unsigned>(id), static_cast<unsigned>(threads), where);
}

inline void barrier_arrive(int id, int threads,
                           const std::source_location& where = std::source_location::current()) {
  emulator::barrier_arrive(static_cast<unsigned>(id), static_cast<unsigned>(threads), where);
}

}  // namespace ptx
