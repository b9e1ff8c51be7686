// convert.cuh - the emulator's twin of kernels/cuda/device/ptx/convert.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/number.hpp"

namespace ptx {

inline uint32_t pack_bf16(float first, float second) {
  return emulator::to_bf16(first) | uint32_t{emulator::to_bf16(second)} << 16;
}

inline uint32_t pack_f16(float first, float second) {
  return emulator::to_f16(first) | uint32_t{emulator::to_f16(second)} << 16;
}

inline float unpack_f16(uint16_t bits) { return emulator::from_f16(bits); }

inline uint32_t to_tf32(float value) { return emulator::to_tf32(value); }

}  // namespace ptx
