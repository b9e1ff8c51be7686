// wgmma_layout.hpp - how operands of wgmma lie in shared memory, from the table "Canonical Layouts"
// of the PTX ISA (section "Strides" of wgmma.mma_async), where T is the number of elements in 16
// bytes:
//
//   contiguous in MN    none  ((T,1,m),(8,k)) : ((1,T,SBO),(1T,LBO))
//                       32 B  ((T,2,m),(8,k)) : ((1,T,LBO),(2T,SBO))    and so for 64 B and 128 B
//   contiguous in K     none  ((8,m),(T,2k))  : ((1T,SBO),(1,LBO))
//                       32 B  ((8,m),(T,2k))  : ((2T,SBO),(1,T))        and so for 64 B and 128 B
//
// A swizzle of 2^b pieces of 16 bytes adds, in the number of a piece, bits 3 ... 3 + b to bits 0
// ... b.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/device/numbers.hpp"

namespace sslcuda::test {

// An operand of `size` rows or columns and the k of one product.
class OperandLayout {
 public:
  OperandLayout(Number number, int size, int depth, bool mn_major, Swizzle swizzle)
      : number_(number), size_(size), depth_(depth), mn_major_(mn_major), swizzle_(swizzle) {
    const int lines = 8, pieces = pieces_across();
    const int atom = lines * pieces * kPiece;
    if (!mn_major) {
      stride_ = atom * (swizzle == Swizzle::kNone ? depth / per_piece() : 1);
      leading_ = swizzle == Swizzle::kNone ? atom : 0;
    } else if (swizzle == Swizzle::kNone) {
      stride_ = atom;
      leading_ = atom * (size / per_piece());
    } else {
      stride_ = atom;
      leading_ = atom * (depth / lines);
    }
  }

  uint32_t leading() const { return static_cast<uint32_t>(leading_); }
  uint32_t stride() const { return static_cast<uint32_t>(stride_); }
  Swizzle swizzle() const { return swizzle_; }
  bool mn_major() const { return mn_major_; }

  // Shared memory with value(mn, k) everywhere, and NaN where nothing is.
  template <class Value>
  std::vector<uint32_t> image(const Value& value) const {
    std::vector<uint32_t> words(kImageBytes / 4, ~0u);
    auto* const bytes = reinterpret_cast<unsigned char*>(words.data());
    for (int mn = 0; mn < size_; ++mn) {
      for (int k = 0; k < depth_; ++k) {
        const uint32_t bits = encode(number_, value(mn, k));
        std::memcpy(bytes + offset(mn, k), &bits, static_cast<size_t>(bytes_of(number_)));
      }
    }
    return words;
  }

 private:
  static constexpr int kPiece = 16;

  int per_piece() const { return kPiece / bytes_of(number_); }

  int pieces_across() const {
    switch (swizzle_) {
      case Swizzle::kNone:
        return 1;
      case Swizzle::k32:
        return 2;
      case Swizzle::k64:
        return 4;
      case Swizzle::k128:
        return 8;
    }
    return 0;
  }

  int offset(int mn, int k) const {
    const int t = per_piece(), pieces = pieces_across(), piece_bytes = pieces * kPiece;
    int bytes = 0;
    if (!mn_major_) {
      bytes = mn % 8 * piece_bytes + mn / 8 * stride_ + k % t * bytes_of(number_);
      bytes += swizzle_ == Swizzle::kNone ? k / t * leading_ : k / t * kPiece;
    } else if (swizzle_ == Swizzle::kNone) {
      bytes = mn % t * bytes_of(number_) + mn / t * stride_ + k % 8 * kPiece + k / 8 * leading_;
    } else {
      bytes = mn % t * bytes_of(number_) + mn / t % pieces * kPiece + mn / (t * pieces) * leading_ +
              k % 8 * piece_bytes + k / 8 * stride_;
    }
    const int piece = bytes / kPiece;
    return (piece ^ (piece / 8 % pieces)) * kPiece + bytes % kPiece;
  }

  const Number number_;
  const int size_, depth_;
  const bool mn_major_;
  const Swizzle swizzle_;
  int leading_ = 0, stride_ = 0;
};

}  // namespace sslcuda::test
