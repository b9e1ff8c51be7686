// damage.hpp - every way in which a small file can be cut short or have one bit turned.
#pragma once

#include <cstdint>
#include <vector>

namespace host {

using Bytes = std::vector<uint8_t>;

template <class Check>
void for_each_prefix(const Bytes& file, Check check) {
  for (size_t length = 0; length < file.size(); ++length) {
    check(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)));
  }
}

// check(damaged, bit)
template <class Check>
void for_each_bit_flip(const Bytes& file, Check check) {
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    Bytes damaged = file;
    damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ 1u << bit % 8);
    check(damaged, bit);
  }
}

}  // namespace host
