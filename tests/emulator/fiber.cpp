#include "tests/emulator/fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Saves the registers that a function must keep on the current stack and the stack pointer in
// *save, and takes them from the other stack.
extern "C" void sslcuda_emulator_switch(void** save, void* to);
asm(R"(
.text
.globl sslcuda_emulator_switch
.hidden sslcuda_emulator_switch
.type sslcuda_emulator_switch, @function
sslcuda_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size sslcuda_emulator_switch, . - sslcuda_emulator_switch
)");

namespace emulator {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kStackBytes = size_t{128} << 10;

Fiber* entering = nullptr;  // for enter(), which has no argument

// AddressSanitizer follows which stack is in use.
void announce_switch([[maybe_unused]] const void* stack, [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, stack, bytes);
#endif
}

void complete_switch([[maybe_unused]] const void** stack, [[maybe_unused]] size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, stack, bytes);
#endif
}

}  // namespace

Fiber::Fiber() {
  void* const memory = mmap(nullptr, kPage + kStackBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kPage, PROT_NONE);  // an overflow of the stack ends here
  stack_ = static_cast<unsigned char*>(memory) + kPage;
}

Fiber::~Fiber() { munmap(stack_ - kPage, kPage + kStackBytes); }

void Fiber::start(void (*entry)()) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack_, kStackBytes);  // frames that were dropped
#endif
  constexpr int kSavedRegisters = 6;
  entry_ = entry;
  auto* top = reinterpret_cast<uintptr_t*>(stack_ + kStackBytes);
  *--top = 0;  // keeps the stack aligned, and is where a debugger's backtrace ends
  *--top = reinterpret_cast<uintptr_t>(&Fiber::enter);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = 0;
  inside_ = top;
}

void Fiber::enter() {
  entering->note_entered();
  entering->entry_();
  __builtin_trap();
}

void Fiber::note_entered() { complete_switch(&outside_stack_, &outside_bytes_); }

void Fiber::resume() {
  entering = this;
  announce_switch(stack_, kStackBytes);
  sslcuda_emulator_switch(&outside_, inside_);
  complete_switch(nullptr, nullptr);
}

void Fiber::suspend() {
  announce_switch(outside_stack_, outside_bytes_);
  sslcuda_emulator_switch(&inside_, outside_);
  note_entered();
}

}  // namespace emulator
