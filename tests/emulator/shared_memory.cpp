#include "tests/emulator/shared_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulator {

namespace {

constexpr size_t kArena = size_t{256} << 10;
constexpr size_t kBackGuard = 1024;  // how much of what lies behind is watched
constexpr unsigned char kNaN = 0xff, kUntouched = 0xc5;

#if defined(__SANITIZE_ADDRESS__)
void poison(const void* memory, size_t bytes) { __asan_poison_memory_region(memory, bytes); }
void unpoison(const void* memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
bool is_untouched(const unsigned char*, const unsigned char*) { return true; }
#else
void poison(const void*, size_t) {}
void unpoison(const void*, size_t) {}
bool is_untouched(const unsigned char* begin, const unsigned char* end) {
  return std::all_of(begin, end, [](unsigned char byte) { return byte == kUntouched; });
}
#endif

}  // namespace

void SharedMemory::Free::operator()(unsigned char* memory) const { std::free(memory); }

SharedMemory::SharedMemory()
    : arena_(static_cast<unsigned char*>(std::aligned_alloc(kAlignment, kArena))) {
  static_assert(kGuard + kLimit + kBackGuard <= kArena);
}

SharedMemory::~SharedMemory() { unpoison(arena_.get(), kArena); }

void SharedMemory::begin(size_t bytes) {
  bytes_ = bytes;
  unpoison(arena_.get(), kArena);
  std::memset(arena_.get(), kUntouched, kGuard);
  std::memset(data(), kNaN, bytes);
  std::memset(data() + bytes, kUntouched, kBackGuard);
  poison(arena_.get(), kGuard);
  poison(data() + bytes, kArena - kGuard - bytes);
}

bool SharedMemory::is_overrun() const {
  const unsigned char* const end = data() + bytes_;
  return !is_untouched(arena_.get(), data()) || !is_untouched(end, end + kBackGuard);
}

}  // namespace emulator
