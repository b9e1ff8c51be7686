// fiber.hpp - a function with a stack of its own that can be left and entered again: one thread of
// a kernel. A switch takes some ten nanoseconds.
#pragma once

#include <cstddef>

namespace emulator {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Forgets where it was; the next resume() calls entry, which must end in suspend(). What lay on
  // the stack is dropped, not destroyed.
  void start(void (*entry)());

  // Goes on where the fiber last suspended itself; returns when it does so again.
  void resume();

  // Back to resume(), called on the fiber.
  void suspend();

 private:
  static void enter();
  void note_entered();

  void (*entry_)() = nullptr;
  unsigned char* stack_;
  void* inside_ = nullptr;   // stack pointer while suspended
  void* outside_ = nullptr;  // that of resume() while running
  const void* outside_stack_ = nullptr;
  size_t outside_bytes_ = 0;
};

}  // namespace emulator
