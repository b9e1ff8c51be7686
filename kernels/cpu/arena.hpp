// arena.hpp - cuts a workspace into arrays. Without memory it only counts, so that an op and its
// <op>_workspace() agree by running the same code.
#pragma once

#include "kernels/math.hpp"

namespace sslcuda::cpu {

class Arena {
 public:
  explicit Arena(void* memory) : memory_(static_cast<uint8_t*>(memory)) {}

  bool only_counts() const { return memory_ == nullptr; }
  size_t bytes() const { return bytes_; }

  template <class T>
  T* take(int64_t count) {
    const size_t at = bytes_;
    bytes_ += align_up(static_cast<size_t>(count) * sizeof(T));
    return only_counts() ? nullptr : reinterpret_cast<T*>(memory_ + at);
  }

 private:
  uint8_t* const memory_;
  size_t bytes_ = 0;
};

}  // namespace sslcuda::cpu
