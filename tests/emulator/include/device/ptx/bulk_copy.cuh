// bulk_copy.cuh - the emulator's twin of kernels/cuda/device/ptx/bulk_copy.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/copy.hpp"

namespace ptx {

inline void bulk_load(uint32_t to, const void* from, uint32_t bytes, uint32_t mbarrier,
                      const std::source_location& where = std::source_location::current()) {
  emulator::bulk_load(to, from, bytes, {mbarrier}, where);
}

inline void bulk_load_multicast(
    uint32_t to, const void* from, uint32_t bytes, uint32_t mbarrier, uint16_t blocks,
    const std::source_location& where = std::source_location::current()) {
  emulator::bulk_load(to, from, bytes, {mbarrier, blocks}, where);
}

inline void bulk_send(uint32_t to, uint32_t from, uint32_t bytes, uint32_t mbarrier,
                      const std::source_location& where = std::source_location::current()) {
  emulator::bulk_send(to, from, bytes, mbarrier, where);
}

inline void bulk_store(void* to, uint32_t from, uint32_t bytes,
                       const std::source_location& where = std::source_location::current()) {
  emulator::bulk_store(to, from, bytes, false, where);
}

inline void bulk_add(float* to, uint32_t from, uint32_t bytes,
                     const std::source_location& where = std::source_location::current()) {
  emulator::bulk_store(to, from, bytes, true, where);
}

inline void bulk_commit() { emulator::bulk_commit(); }

template <int kPending>
void bulk_wait(const std::source_location& where = std::source_location::current()) {
  emulator::bulk_wait(kPending, where);
}

template <int kPending>
void bulk_wait_read(const std::source_location& where = std::source_location::current()) {
  emulator::bulk_wait_read(kPending, where);
}

inline void fence_proxy_async() { emulator::fence_proxy_async(); }

}  // namespace ptx
