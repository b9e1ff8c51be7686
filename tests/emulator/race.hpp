// race.hpp - accesses to shared and device memory that no barrier orders, one of them a write.
// In the race build the kernels are compiled with -fsanitize=thread, and the call-backs that this
// plants at every load and store end in race.cpp, in place of the compiler's own run-time library.
// The other builds have no_race.cpp and watch nothing.
//
// Within a launch, two accesses are ordered if one thread makes both, or if threads of one block
// make them with a __syncthreads in between. Nothing orders different blocks. So the report does
// not depend on the order in which the threads happened to run.
#pragma once

#include <cstddef>

#include "tests/emulator/shared_memory.hpp"

namespace emulator::race {

// Device memory that was allocated, or is about to be released.
void forget(const void* memory, size_t bytes);

void begin_launch();
void begin_block(const SharedMemory& shared);
void at_barrier();

}  // namespace emulator::race
