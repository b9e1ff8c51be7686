#include "tests/emulator/barrier.hpp"

#include "tests/emulator/group.hpp"

namespace emulator {

namespace {

Group& group() { return *Group::current(); }

}  // namespace

void syncthreads(const Where& where) { group().block().syncthreads(where); }

void barrier_sync(unsigned id, unsigned threads, const Where& where) {
  group().block().barrier(id, threads, where);
}

void barrier_arrive(unsigned id, unsigned threads, const Where& where) {
  group().block().barrier_arrive(id, threads, where);
}

void cluster_arrive(const Where& where) { group().cluster_arrive(where); }
void cluster_wait(const Where& where) { group().cluster_wait(where); }
uint32_t cluster_rank() { return group().block().rank(); }
uint32_t cluster_size() { return group().cluster_size(); }
void grid_sync(const Where& where) { group().grid_sync(where); }

}  // namespace emulator
