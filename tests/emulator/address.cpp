#include "tests/emulator/address.hpp"

#include <string>

#include "tests/emulator/group.hpp"

namespace emulator {

namespace {

constexpr unsigned kRankShift = 24;
constexpr uint32_t kOffsetMask = (1u << kRankShift) - 1;

}  // namespace

void* shared_memory(size_t bytes, size_t alignment, const Where& where) {
  return Group::current()->block().take_shared(bytes, alignment, where);
}

uint32_t address_of(const void* pointer, const Where& where) {
  Group& group = *Group::current();
  const SharedMemory& shared = group.block().shared();
  if (!shared.contains(pointer))
    group.fail("pointer that is not to the block's shared memory", where);
  return shared.offset_of(pointer);
}

uint32_t map_to_rank(uint32_t address, uint32_t rank, const Where& where) {
  Group::current()->peer(rank, where);
  return (rank + 1) << kRankShift | offset_in_block(address);
}

Block& block_at(uint32_t address, const Where& where) {
  Group& group = *Group::current();
  const uint32_t rank = address >> kRankShift;
  return rank == 0 ? group.block() : group.peer(rank - 1, where);
}

uint32_t offset_in_block(uint32_t address) { return address & kOffsetMask; }

unsigned char* resolve(uint32_t address, size_t bytes, size_t alignment, const Where& where) {
  Group& group = *Group::current();
  Block& block = block_at(address, where);
  const uint32_t offset = offset_in_block(address);
  if (offset % alignment != 0) {
    group.fail("shared memory address that is not a multiple of " + std::to_string(alignment),
               where);
  }
  if (!block.shared().contains(offset, bytes)) {
    group.fail("address outside the block's shared memory", where);
  }
  if (block.live() == 0) group.fail("shared memory of a block that has returned", where);
  if (&block != &group.block()) race::access(block.shared().arena(), 1, false, where);
  return block.shared().at(offset);
}

}  // namespace emulator
