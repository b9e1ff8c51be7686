// input.hpp - the bytes that a fuzzer makes up, taken from front to back. Behind the end there are
// zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

namespace fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  std::span<const uint8_t> rest() const { return rest_; }

  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    return first;
  }

  size_t below(size_t count) { return count == 0 ? 0 : byte() % count; }

  template <class T>
  T raw() {
    T value{};
    const size_t bytes = sizeof value < rest_.size() ? sizeof value : rest_.size();
    if (bytes > 0) std::memcpy(&value, rest_.data(), bytes);
    rest_ = rest_.subspan(bytes);
    return value;
  }

  template <class Values>
  auto one_of(const Values& values) {
    return values[below(std::size(values))];
  }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace fuzz
