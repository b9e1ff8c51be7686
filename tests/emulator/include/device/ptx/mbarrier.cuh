// mbarrier.cuh - the emulator's twin of kernels/cuda/device/ptx/mbarrier.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/mbarrier.hpp"

namespace ptx {

inline void mbarrier_init(uint32_t mbarrier, uint32_t count,
                          const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_init(mbarrier, count, where);
}

inline void mbarrier_invalidate(
    uint32_t mbarrier, const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_invalidate(mbarrier, where);
}

inline void fence_mbarrier_init() { emulator::fence_mbarrier_init(); }

inline void mbarrier_arrive(uint32_t mbarrier,
                            const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_arrive(mbarrier, 0, where);
}

inline void mbarrier_arrive_cluster(
    uint32_t mbarrier, const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_arrive(mbarrier, 0, where);
}

// Passes on more than it must: written data too.
inline void mbarrier_arrive_cluster_relaxed(
    uint32_t mbarrier, const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_arrive(mbarrier, 0, where);
}

inline void mbarrier_arrive_expect(
    uint32_t mbarrier, uint32_t bytes,
    const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_arrive(mbarrier, bytes, where);
}

inline void mbarrier_expect(uint32_t mbarrier, uint32_t bytes,
                            const std::source_location& where = std::source_location::current()) {
  emulator::mbarrier_expect(mbarrier, bytes, where);
}

inline bool mbarrier_test_wait(
    uint32_t mbarrier, uint32_t parity,
    const std::source_location& where = std::source_location::current()) {
  return emulator::mbarrier_test_wait(mbarrier, parity, where);
}

inline bool mbarrier_try_wait(uint32_t mbarrier, uint32_t parity,
                              const std::source_location& where = std::source_location::current()) {
  return emulator::mbarrier_try_wait(mbarrier, parity, where);
}

inline void mbarrier_wait(uint32_t mbarrier, uint32_t parity,
                          const std::source_location& where = std::source_location::current()) {
  while (!emulator::mbarrier_try_wait(mbarrier, parity, where)) {
  }
}

}  // namespace ptx
