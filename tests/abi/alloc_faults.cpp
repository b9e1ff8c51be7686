#include "tests/abi/alloc_faults.hpp"

#include <link.h>
#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// glibc's own, below what is defined here.
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* old, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void* pointer);
}

namespace sslcuda::test {
namespace {

struct State {
  bool armed = false, all_after = false;
  int count = 0, nth = 0, exempt = 0;
};
// Of the executable, so reaching it allocates nothing.
thread_local State state;

struct Range {
  uintptr_t begin = 0, end = 0;
};

// Where the code of OpenMP's runtime is.
Range find_openmp() {
  Range range;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        if (!info->dlpi_name || !std::strstr(info->dlpi_name, "libgomp")) return 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& part = info->dlpi_phdr[i];
          if (part.p_type != PT_LOAD || !(part.p_flags & PF_X)) continue;
          const uintptr_t begin = info->dlpi_addr + part.p_vaddr;
          *static_cast<Range*>(out) = {begin, begin + part.p_memsz};
        }
        return 1;
      },
      &range);
  return range;
}

Range openmp;  // set by arm()

std::atomic<size_t> live{0};

void* counted(void* memory) {
  if (memory) live += malloc_usable_size(memory);
  return memory;
}

bool fails(const void* caller) {
  if (!state.armed) return false;
  const auto at = reinterpret_cast<uintptr_t>(caller);
  if (at >= openmp.begin && at < openmp.end) {
    ++state.exempt;
    return false;
  }
  ++state.count;
  const bool hit = state.all_after ? state.count >= state.nth : state.count == state.nth;
  if (state.nth == 0 || !hit) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

void arm(int nth, bool all_after) {
  if (openmp.end == 0) openmp = find_openmp();
  state = {true, all_after, 0, nth, state.exempt};
}

int disarm() {
  state.armed = false;
  return state.count;
}

int exempt() { return state.exempt; }

size_t live_bytes() { return live; }

}  // namespace sslcuda::test

using sslcuda::test::counted;
using sslcuda::test::fails;
using sslcuda::test::live;

extern "C" {

void* malloc(size_t bytes) {
  return fails(__builtin_return_address(0)) ? nullptr : counted(__libc_malloc(bytes));
}

void* calloc(size_t count, size_t bytes) {
  return fails(__builtin_return_address(0)) ? nullptr : counted(__libc_calloc(count, bytes));
}

void* realloc(void* old, size_t bytes) {
  if (fails(__builtin_return_address(0))) return nullptr;
  const size_t before = old ? malloc_usable_size(old) : 0;
  void* const memory = __libc_realloc(old, bytes);
  if (memory || bytes == 0) live -= before;
  return counted(memory);
}

void* memalign(size_t alignment, size_t bytes) {
  return fails(__builtin_return_address(0)) ? nullptr : counted(__libc_memalign(alignment, bytes));
}

void* aligned_alloc(size_t alignment, size_t bytes) {
  return fails(__builtin_return_address(0)) ? nullptr : counted(__libc_memalign(alignment, bytes));
}

int posix_memalign(void** pointer, size_t alignment, size_t bytes) {
  if (fails(__builtin_return_address(0))) return ENOMEM;
  void* const memory = __libc_memalign(alignment, bytes);
  if (!memory) return ENOMEM;
  *pointer = counted(memory);
  return 0;
}

void free(void* pointer) {
  if (pointer) live -= malloc_usable_size(pointer);
  __libc_free(pointer);
}
}
