// copy.hpp - asynchronous copies: cp.async, cp.async.bulk and cp.async.bulk.tensor. Each is done at
// a random time between its start and the end of the wait for it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/emulator/address.hpp"
#include "tests/emulator/tensor_map.hpp"

namespace emulator {

// `bytes` to shared memory, of which the last bytes - source_bytes are zero.
void cp_async(uint32_t to, const void* from, unsigned bytes, unsigned source_bytes,
              const Where& where);
void cp_async_commit();
void cp_async_wait(unsigned pending);

// What a bulk copy tells an mbarrier, and which blocks of the cluster get it.
struct Delivery {
  uint32_t mbarrier;
  uint32_t blocks = 0;  // a bit for each rank; none: the block that `to` names
};

void bulk_load(uint32_t to, const void* from, uint32_t bytes, const Delivery& delivery,
               const Where& where);
void bulk_send(uint32_t to, uint32_t from, uint32_t bytes, uint32_t mbarrier, const Where& where);
void bulk_store(void* to, uint32_t from, uint32_t bytes, bool adds_floats, const Where& where);

// Coordinates of the first element of the box, innermost first.
void tensor_load(uint32_t to, const TensorMap& map, const int32_t* coordinates, unsigned rank,
                 const Delivery& delivery, const Where& where);
void tensor_store(const TensorMap& map, const int32_t* coordinates, unsigned rank, uint32_t from,
                  bool adds, const Where& where);

// Shared memory of another block of the cluster.
float load_cluster(uint32_t address, const Where& where);
void store_cluster(uint32_t address, float value, const Where& where);
void store_cluster_async(uint32_t address, float value, uint32_t mbarrier, const Where& where);

void bulk_commit();
void bulk_wait(unsigned pending, const Where& where);
void bulk_wait_read(unsigned pending, const Where& where);

void fence_proxy_async();

}  // namespace emulator
