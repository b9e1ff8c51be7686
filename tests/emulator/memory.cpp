#include "tests/emulator/memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "tests/emulator/race.hpp"

namespace emulator {

namespace {

constexpr size_t kAlignment = 256;
constexpr size_t kMemory = size_t{1} << 36;  // of the device
constexpr int kNaN = 0xff;

std::mutex mutex;

std::map<uintptr_t, size_t>& allocations() {  // start and bytes
  static std::map<uintptr_t, size_t> map;
  return map;
}

}  // namespace

void* allocate(size_t bytes) {
  // AddressSanitizer watches from the last byte on, so the size is not rounded up for the
  // alignment.
  void* pointer = nullptr;
  if (bytes > kMemory) return nullptr;
  if (posix_memalign(&pointer, kAlignment, bytes) != 0) return nullptr;
  std::memset(pointer, kNaN, bytes);
  const std::lock_guard lock(mutex);
  allocations().emplace(reinterpret_cast<uintptr_t>(pointer), bytes);
  race::forget(pointer, bytes);
  return pointer;
}

bool release(void* pointer) {
  {
    const std::lock_guard lock(mutex);
    const auto found = allocations().find(reinterpret_cast<uintptr_t>(pointer));
    if (found == allocations().end()) return false;
    race::forget(pointer, found->second);
    allocations().erase(found);
  }
  std::free(pointer);
  return true;
}

bool is_device_memory(const void* pointer, size_t bytes) {
  const std::lock_guard lock(mutex);
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const auto next = allocations().upper_bound(address + bytes - 1);
  if (next == allocations().begin()) return false;
  const auto& [start, size] = *std::prev(next);
  return address < start + size;
}

}  // namespace emulator
