#include "tests/emulator/block.hpp"

#include <algorithm>
#include <string>

#include "tests/emulator/group.hpp"
#include "tests/emulator/report.hpp"

namespace emulator {

namespace {

bool same_line(const Where& a, const Where& b) {
  return a.line() == b.line() && std::string_view(a.file_name()) == b.file_name();
}

}  // namespace

uint3 thread_index(unsigned number) {
  const dim3& size = blockDim;
  return {number % size.x, number / size.x % size.y, number / (size.x * size.y)};
}

Block::Block(Group& group, const uint3& index, unsigned rank, SharedMemory& shared)
    : group_(group), index_(index), rank_(rank), shared_(shared) {}

void Block::start() {
  live_ = size();
  warpgroups_.resize((size() + kWarpgroup - 1) / kWarpgroup);
}

Block::Barrier& Block::join_barrier(unsigned id, unsigned threads, const Where& where) {
  if (id >= kBarriers)
    group_.fail("barrier " + std::to_string(id) + " is not one of 0 to 15", where);
  if (threads == 0 || (threads % kWarp != 0 && threads != size())) {
    group_.fail("barrier for " + std::to_string(threads) + " threads, not a multiple of 32", where);
  }
  Barrier& barrier = barriers_[id];
  if (barrier.arrived == 0) {
    barrier.where = where;
    barrier.expected = threads;
  }
  if (barrier.expected != threads) {
    group_.fail("barrier " + std::to_string(id) + " for " + std::to_string(threads) +
                    " threads; others at " + describe(barrier.where) + " expect " +
                    std::to_string(barrier.expected),
                where);
  }
  ++barrier.arrived;
  return barrier;
}

void Block::complete_if_full(Barrier& barrier) {
  if (barrier.arrived < barrier.expected) return;
  race::meet(barrier.waiting, barrier.others);
  group_.wake_all(barrier.waiting);
  barrier.arrived = 0;
  barrier.others = {};
}

void Block::syncthreads(const Where& where) {
  const Barrier& barrier = barriers_[0];
  if (barrier.arrived > 0 && !same_line(where, barrier.where)) {
    group_.fail(
        "divergent barrier: other threads wait in __syncthreads at " + describe(barrier.where),
        where);
  }
  wait_at(join_barrier(0, size(), where), "__syncthreads", where);
}

void Block::barrier(unsigned id, unsigned threads, const Where& where) {
  wait_at(join_barrier(id, threads, where), "a named barrier", where);
}

void Block::wait_at(Barrier& barrier, std::string_view name, const Where& where) {
  group_.begin_wait(name, where);
  barrier.waiting.push_back(&group_.self());
  complete_if_full(barrier);
  group_.suspend();
}

void Block::barrier_arrive(unsigned id, unsigned threads, const Where& where) {
  Barrier& barrier = join_barrier(id, threads, where);
  barrier.others.join(race::release());
  complete_if_full(barrier);
  group_.maybe_yield(where);
}

void Block::warp_operation(unsigned mask, void* argument, WarpOperation operation,
                           const Where& where) {
  Thread& thread = group_.self();
  const unsigned lane = thread.number % kWarp, first = thread.number - lane;
  const unsigned lanes = std::min(kWarp, size() - first);
  if ((mask >> lane & 1) == 0) group_.fail("mask " + hex(mask) + " lacks the calling lane", where);
  if ((mask & ~(~0u >> (kWarp - lanes))) != 0) {
    group_.fail("mask " + hex(mask) + " names lanes that the block does not have", where);
  }
  group_.begin_wait(kInWarpOperation, where);
  thread.mask = mask;
  thread.argument = argument;
  if (all_in_warp_operation(first, mask)) complete_warp_operation(first, mask, operation, where);
  group_.suspend();
}

bool Block::all_in_warp_operation(unsigned first, unsigned mask) {
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Thread& other = thread(first + lane);
    if (other.waits_in != kInWarpOperation || other.mask != mask) return false;
  }
  return true;
}

void Block::complete_warp_operation(unsigned first, unsigned mask, WarpOperation operation,
                                    const Where& where) {
  void* arguments[kWarp] = {};
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Thread& other = thread(first + lane);
    if (!same_line(other.where, where)) {
      group_.fail("divergent warp operation: lane " + std::to_string(lane) + " is at " +
                      describe(other.where),
                  where);
    }
    arguments[lane] = other.argument;
  }
  operation(arguments, mask);
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) group_.wake(thread(first + lane));
  }
}

void* Block::take_shared(size_t bytes, size_t alignment, const Where& where) {
  if (bytes > shared_.bytes()) {
    group_.fail("uses " + std::to_string(bytes) + " bytes of shared memory, launched with " +
                    std::to_string(shared_.bytes()),
                where);
  }
  return shared_.place(alignment);
}

// What ptxas gives to kernels that ask for more with setmaxnreg.
unsigned Block::registers_of(const Thread& thread) const {
  constexpr unsigned kMultiprocessor = 65536, kStep = 8, kMost = 256;
  if (thread.registers != 0) return thread.registers;
  return std::min(kMost, kMultiprocessor / size() / kStep * kStep);
}

void Block::give_registers(unsigned count, const Where& where) {
  Thread& thread = group_.self();
  const unsigned held = registers_of(thread);
  if (count > held) {
    group_.fail("setmaxnreg.dec to more registers than the " + std::to_string(held) + " held",
                where);
  }
  free_registers_ += held - count;
  thread.registers = count;
  group_.wake_all(short_of_registers_);
}

void Block::take_registers(unsigned count, const Where& where) {
  Thread& thread = group_.self();
  const unsigned held = std::min(registers_of(thread), count);
  while (free_registers_ < count - held) {
    group_.begin_wait("setmaxnreg.inc", where);
    short_of_registers_.push_back(&thread);
    group_.suspend();
  }
  free_registers_ -= count - held;
  thread.registers = count;
}

void Block::note_return() {
  exits_.join(race::release());
  if (--live_ > 0) return;
  race::acquire(exits_);
  race::access(shared_.arena(), 1, true, group_.self().where);
  if (copies_in_flight > 0) {
    group_.note_fault("block " + describe(index_) + " returned with " +
                      std::to_string(copies_in_flight) +
                      " copies into its shared memory under way");
  }
  if (shared_.is_overrun()) {
    group_.note_fault("block " + describe(index_) + " wrote outside its shared memory of " +
                      std::to_string(shared_.bytes()) + " bytes");
  }
}

}  // namespace emulator
