// memory.hpp - device memory: ordinary memory that is known to be the device's, so that pointers
// can be told apart and, in the race build, accesses are watched.
#pragma once

#include <cstddef>

namespace emulator {

// Null if there is not enough. 256-byte aligned; starts out as NaN.
void* allocate(size_t bytes);

// False: the pointer is not the start of an allocation.
bool release(void* pointer);

// Is any of the bytes from there on?
bool is_device_memory(const void* pointer, size_t bytes = 1);

}  // namespace emulator
