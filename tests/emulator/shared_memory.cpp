#include "tests/emulator/shared_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulator {

namespace {

constexpr size_t kGuard = 1024;           // how much on either side is watched
constexpr size_t kArenaAlignment = 4096;  // a page of shadow.hpp
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
    : arena_(static_cast<unsigned char*>(std::aligned_alloc(kArenaAlignment, kArena))) {
  static_assert(kGuard + kMaxAlignment + kLimit + kGuard <= kArena);
}

SharedMemory::~SharedMemory() { unpoison(arena_.get(), kArena); }

void SharedMemory::begin(size_t bytes) {
  data_ = nullptr;
  bytes_ = bytes;
}

unsigned char* SharedMemory::place(size_t alignment) {
  if (data_) return data_;
  // The start of the arena is more aligned than anybody can ask for.
  data_ = arena_.get() + kGuard + (alignment < kMaxAlignment ? alignment : 0);
  unpoison(arena_.get(), kArena);
  std::memset(data_ - kGuard, kUntouched, kGuard);
  std::memset(data_, kNaN, bytes_);
  std::memset(data_ + bytes_, kUntouched, kGuard);
  poison(arena_.get(), static_cast<size_t>(data_ - arena_.get()));
  poison(data_ + bytes_, static_cast<size_t>(arena_.get() + kArena - data_) - bytes_);
  return data_;
}

bool SharedMemory::contains(const void* pointer) const {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const auto begin = reinterpret_cast<uintptr_t>(data_);
  return data_ && address >= begin && address < begin + bytes_;
}

bool SharedMemory::contains(uint32_t offset, size_t bytes) const {
  return data_ && offset >= offset_of(data_) && offset + bytes <= offset_of(data_) + bytes_;
}

uint32_t SharedMemory::offset_of(const void* pointer) const {
  return static_cast<uint32_t>(static_cast<const unsigned char*>(pointer) - arena_.get());
}

bool SharedMemory::is_overrun() const {
  if (!data_) return false;
  const unsigned char* const end = data_ + bytes_;
  return !is_untouched(data_ - kGuard, data_) || !is_untouched(end, end + kGuard);
}

}  // namespace emulator
