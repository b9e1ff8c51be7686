// address.cuh - the emulator's twin of kernels/cuda/device/ptx/address.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/address.hpp"

namespace ptx {

inline uint32_t shared_address(
    const void* pointer, const std::source_location& where = std::source_location::current()) {
  return emulator::address_of(pointer, where);
}

}  // namespace ptx
