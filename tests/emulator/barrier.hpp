// barrier.hpp - barriers of a block, a cluster and a grid, for the running thread.
#pragma once

#include <cstdint>

#include "tests/emulator/address.hpp"

namespace emulator {

void syncthreads(const Where& where);

// Named barriers: `threads` meet, of which those that only arrive do not wait.
void barrier_sync(unsigned id, unsigned threads, const Where& where);
void barrier_arrive(unsigned id, unsigned threads, const Where& where);

void cluster_arrive(const Where& where);
void cluster_wait(const Where& where);
uint32_t cluster_rank();
uint32_t cluster_size();

void grid_sync(const Where& where);

}  // namespace emulator
