// alloc_faults.hpp - makes allocations of this thread fail on demand, whoever asks: the library,
// the C++ library, oneDNN. Link alloc_faults.cpp into an executable and its malloc() is
// everybody's.
#pragma once

#include <cstddef>

namespace sslcuda::test {

// From now on this thread's allocations are counted; the one with number `nth` (from 1) fails, with
// `all_after` every later one too. 0: none fails.
void arm(int nth, bool all_after = false);

// Ends that and returns how many allocations there were.
int disarm();

// Allocations that OpenMP's runtime made, which never fail here: it ends the process if they do.
int exempt();

// Bytes that the process has allocated and not freed. Other executables have no such function.
[[gnu::weak]] size_t live_bytes();

}  // namespace sslcuda::test
