// address.hpp - addresses of shared memory as instructions have them: 32 bits, the offset in the
// block's own shared memory, with 1 + the block's rank on top where they name a block of the
// cluster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>

namespace emulator {

using Where = std::source_location;

class Block;

// The shared memory of the running block, for a kernel that takes it for `bytes` bytes.
void* shared_memory(size_t bytes, size_t alignment, const Where& where);

uint32_t address_of(const void* pointer, const Where& where);

// The same place in the shared memory of another block of the cluster.
uint32_t map_to_rank(uint32_t address, uint32_t rank, const Where& where);

Block& block_at(uint32_t address, const Where& where);
uint32_t offset_in_block(uint32_t address);

// The bytes there; faults where they are not in the block's shared memory or not aligned. Touching
// those of another block is noted: it must not have returned.
unsigned char* resolve(uint32_t address, size_t bytes, size_t alignment, const Where& where);

}  // namespace emulator
