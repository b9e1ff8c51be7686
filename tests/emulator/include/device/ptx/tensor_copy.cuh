// tensor_copy.cuh - the emulator's twin of kernels/cuda/device/ptx/tensor_copy.cuh.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "device/ptx/bulk_copy.cuh"
#include "device/tensor_map.hpp"

namespace ptx {

template <int kRank>
void tensor_load(uint32_t to, const TensorMap* map, const int32_t (&at)[kRank], uint32_t mbarrier,
                 const std::source_location& where = std::source_location::current()) {
  emulator::tensor_load(to, *map, at, kRank, {mbarrier}, where);
}

template <int kRank>
void tensor_load_multicast(uint32_t to, const TensorMap* map, const int32_t (&at)[kRank],
                           uint32_t mbarrier, uint16_t blocks,
                           const std::source_location& where = std::source_location::current()) {
  emulator::tensor_load(to, *map, at, kRank, {mbarrier, blocks}, where);
}

template <int kRank>
void tensor_store(const TensorMap* map, const int32_t (&at)[kRank], uint32_t from,
                  const std::source_location& where = std::source_location::current()) {
  emulator::tensor_store(*map, at, kRank, from, false, where);
}

template <int kRank>
void tensor_add(const TensorMap* map, const int32_t (&at)[kRank], uint32_t from,
                const std::source_location& where = std::source_location::current()) {
  emulator::tensor_store(*map, at, kRank, from, true, where);
}

inline void prefetch_tensor_map(const TensorMap*) {}

}  // namespace ptx
