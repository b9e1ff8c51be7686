// shared_memory.hpp - the shared memory of the one block that runs at a time. It starts out as NaN,
// is exactly as large as the launch says and no more aligned than promised, and lies between zones
// that nobody may write.
#pragma once

#include <cstddef>
#include <memory>

namespace emulator {

class SharedMemory {
 public:
  static constexpr size_t kLimit = size_t{227} << 10;  // of a block, in bytes

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Fresh memory for a block; bytes <= kLimit.
  void begin(size_t bytes);

  unsigned char* data() const { return arena_.get() + kGuard; }
  size_t bytes() const { return bytes_; }

  // Has anything been written outside it since begin()? AddressSanitizer sees reads too, and ends
  // the process at once.
  bool is_overrun() const;

 private:
  static constexpr size_t kAlignment = 1024;
  static constexpr size_t kGuard = kAlignment + 16;  // 16-byte aligned and no more

  struct Free {
    void operator()(unsigned char* memory) const;
  };

  std::unique_ptr<unsigned char, Free> arena_;
  size_t bytes_ = 0;
};

}  // namespace emulator
