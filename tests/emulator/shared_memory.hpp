// shared_memory.hpp - the shared memory of a block. It starts out as NaN, is exactly as large as
// the launch says and exactly as aligned as the kernel asks, and lies between zones that nobody may
// write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace emulator {

class SharedMemory {
 public:
  static constexpr size_t kLimit = size_t{227} << 10;  // of a block, in bytes
  static constexpr size_t kMaxAlignment = 1024;

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Fresh memory for a block; bytes <= kLimit. It lies at an address once somebody has asked for
  // it.
  void begin(size_t bytes);

  // The memory, which the first call places; a power of two, 16 to kMaxAlignment.
  unsigned char* place(size_t alignment);

  size_t bytes() const { return bytes_; }

  // Addresses as the device's instructions have them: bytes from the start of the arena.
  bool contains(const void* pointer) const;
  bool contains(uint32_t offset, size_t bytes) const;
  uint32_t offset_of(const void* pointer) const;
  unsigned char* at(uint32_t offset) const { return arena_.get() + offset; }
  const unsigned char* arena() const { return arena_.get(); }

  // Has anything been written outside it since begin()? AddressSanitizer sees reads too, and ends
  // the process at once.
  bool is_overrun() const;

  static constexpr size_t kArena = size_t{256} << 10;

 private:
  struct Free {
    void operator()(unsigned char* memory) const;
  };

  std::unique_ptr<unsigned char, Free> arena_;
  unsigned char* data_ = nullptr;  // null: not placed yet
  size_t bytes_ = 0;
};

}  // namespace emulator
