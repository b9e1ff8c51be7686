// resources.hpp - what a process holds: bytes of the heap, threads, open files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <ostream>

#include "tests/abi/alloc_faults.hpp"

// Of AddressSanitizer, whose heap is its own.
extern "C" [[gnu::weak]] size_t __sanitizer_get_current_allocated_bytes();

namespace sslcuda::test {

struct Resources {
  size_t bytes;
  std::ptrdiff_t threads, files;
  bool operator==(const Resources&) const = default;

  static std::ptrdiff_t entries_of(const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
  static size_t heap() {
    return live_bytes ? live_bytes() : __sanitizer_get_current_allocated_bytes();
  }
  static Resources now() {
    const std::ptrdiff_t threads = entries_of("/proc/self/task"),
                         files = entries_of("/proc/self/fd");
    return {heap(), threads, files};  // in this order, as the others take memory
  }
};

inline std::ostream& operator<<(std::ostream& stream, const Resources& r) {
  return stream << r.bytes << " bytes, " << r.threads << " threads, " << r.files << " files";
}

}  // namespace sslcuda::test
