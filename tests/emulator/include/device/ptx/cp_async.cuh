// cp_async.cuh - the emulator's twin of kernels/cuda/device/ptx/cp_async.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/copy.hpp"

namespace ptx {

template <int kBytes>
void cp_async(uint32_t to, const void* from, int source_bytes = kBytes,
              const std::source_location& where = std::source_location::current()) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  emulator::cp_async(to, from, kBytes, static_cast<unsigned>(source_bytes), where);
}

inline void cp_async_commit() { emulator::cp_async_commit(); }

template <int kPending>
void cp_async_wait() {
  emulator::cp_async_wait(kPending);
}

}  // namespace ptx
