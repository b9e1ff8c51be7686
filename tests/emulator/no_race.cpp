#include "tests/emulator/race.hpp"

namespace emulator::race {

void Clock::join(const Clock&) {}
void forget(const void*, size_t) {}
void begin_launch() {}
void begin_group(unsigned, std::span<const SharedMemory* const>) {}
Clock release() { return {}; }
void acquire(const Clock&) {}
void acquire(const Agent&) {}
void meet(std::span<Thread* const>, const Clock&) {}
void fence_proxy() {}
Agent start_agent(Proxy proxy, const Clock&) { return {0, 0, proxy, {}}; }
void add(Clock&, const Agent&) {}
void access(const void*, size_t, bool, const std::source_location&) {}
void access(const Agent&, const void*, size_t, bool, const std::source_location&) {}
void use(const void*, const std::source_location&) {}

}  // namespace emulator::race
