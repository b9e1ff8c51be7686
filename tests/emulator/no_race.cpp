#include "tests/emulator/race.hpp"

namespace emulator::race {

void forget(const void*, size_t) {}
void begin_launch() {}
void begin_block(const SharedMemory&) {}
void at_barrier() {}

}  // namespace emulator::race
