// cluster.cuh - the emulator's twin of kernels/cuda/device/ptx/cluster.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/barrier.hpp"
#include "tests/emulator/copy.hpp"

namespace ptx {

inline uint32_t cluster_rank() { return emulator::cluster_rank(); }
inline uint32_t cluster_size() { return emulator::cluster_size(); }

inline void cluster_arrive(const std::source_location& where = std::source_location::current()) {
  emulator::cluster_arrive(where);
}

inline void cluster_wait(const std::source_location& where = std::source_location::current()) {
  emulator::cluster_wait(where);
}

inline void cluster_sync(const std::source_location& where = std::source_location::current()) {
  cluster_arrive(where);
  cluster_wait(where);
}

inline uint32_t map_to_rank(uint32_t address, uint32_t rank,
                            const std::source_location& where = std::source_location::current()) {
  return emulator::map_to_rank(address, rank, where);
}

inline float load_cluster(uint32_t address,
                          const std::source_location& where = std::source_location::current()) {
  return emulator::load_cluster(address, where);
}

inline void store_cluster(uint32_t address, float value,
                          const std::source_location& where = std::source_location::current()) {
  emulator::store_cluster(address, value, where);
}

inline void store_cluster_async(
    uint32_t address, float value, uint32_t mbarrier,
    const std::source_location& where = std::source_location::current()) {
  emulator::store_cluster_async(address, value, mbarrier, where);
}

}  // namespace ptx
