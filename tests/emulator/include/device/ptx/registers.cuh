// registers.cuh - the emulator's twin of kernels/cuda/device/ptx/registers.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/warp.hpp"

namespace ptx {

template <int kCount>
void setmaxnreg_dec(const std::source_location& where = std::source_location::current()) {
  static_assert(kCount % 8 == 0 && kCount >= 24 && kCount <= 256);
  emulator::give_registers(kCount, where);
}

template <int kCount>
void setmaxnreg_inc(const std::source_location& where = std::source_location::current()) {
  static_assert(kCount % 8 == 0 && kCount >= 24 && kCount <= 256);
  emulator::take_registers(kCount, where);
}

}  // namespace ptx
