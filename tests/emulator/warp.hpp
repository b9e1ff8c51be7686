// warp.hpp - what the lanes of a warp do together.
#pragma once

#include <cstdint>

#include "tests/emulator/address.hpp"

namespace emulator {

enum class Reduction { kAdd, kMin, kMax, kAnd, kOr, kXor };

unsigned lane();

// The value that lane `source` brings.
uint64_t shuffle(unsigned mask, uint64_t value, unsigned source, const Where& where);

// A bit for every lane whose predicate holds.
uint32_t ballot(unsigned mask, bool predicate, const Where& where);

// Of 32-bit numbers; signed ones keep their order.
uint32_t reduce(unsigned mask, Reduction reduction, uint32_t value, bool is_signed,
                const Where& where);

// True for one lane: always the same one of a warp, by chance any.
bool elect(unsigned mask, const Where& where);

// Also orders the accesses to memory of the lanes.
void syncwarp(unsigned mask, const Where& where);

// All lanes come here; nothing else happens.
void converge(unsigned mask, const Where& where);

// All but `count` of a lane's registers go to the block; so many come from it, once it has them.
void give_registers(unsigned count, const Where& where);
void take_registers(unsigned count, const Where& where);

}  // namespace emulator
