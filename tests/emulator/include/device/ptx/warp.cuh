// warp.cuh - the emulator's twin of kernels/cuda/device/ptx/warp.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/warp.hpp"

namespace ptx {

inline bool elect(const std::source_location& where = std::source_location::current()) {
  return emulator::elect(~0u, where);
}

inline uint32_t reduce_add(unsigned mask, uint32_t value,
                           const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kAdd, value, false, where);
}

inline int32_t reduce_min(unsigned mask, int32_t value,
                          const std::source_location& where = std::source_location::current()) {
  return static_cast<int32_t>(
      emulator::reduce(mask, emulator::Reduction::kMin, static_cast<uint32_t>(value), true, where));
}

inline uint32_t reduce_min(unsigned mask, uint32_t value,
                           const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kMin, value, false, where);
}

inline int32_t reduce_max(unsigned mask, int32_t value,
                          const std::source_location& where = std::source_location::current()) {
  return static_cast<int32_t>(
      emulator::reduce(mask, emulator::Reduction::kMax, static_cast<uint32_t>(value), true, where));
}

inline uint32_t reduce_max(unsigned mask, uint32_t value,
                           const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kMax, value, false, where);
}

inline uint32_t reduce_and(unsigned mask, uint32_t value,
                           const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kAnd, value, false, where);
}

inline uint32_t reduce_or(unsigned mask, uint32_t value,
                          const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kOr, value, false, where);
}

inline uint32_t reduce_xor(unsigned mask, uint32_t value,
                           const std::source_location& where = std::source_location::current()) {
  return emulator::reduce(mask, emulator::Reduction::kXor, value, false, where);
}

}  // namespace ptx
