#include "kernels/cpu/convert.hpp"

#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

constexpr uint32_t kSign = 0x80000000, kInfinity = 0x7f800000;

SSLCUDA_CLONES void from_bf16(int64_t count, const uint16_t* x, float* y) {
  for (int64_t k = 0; k < count; ++k)
    y[k] = std::bit_cast<float>(static_cast<uint32_t>(x[k]) << 16);
}

// Adding just under half of the last kept place, or half where that place is odd, rounds to even.
SSLCUDA_CLONES void to_bf16(int64_t count, const float* x, uint16_t* y) {
  constexpr uint32_t kQuiet = 0x400000;
  for (int64_t k = 0; k < count; ++k) {
    const auto bits = std::bit_cast<uint32_t>(x[k]);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    const bool is_nan = (bits & ~kSign) > kInfinity;
    y[k] = static_cast<uint16_t>((is_nan ? bits | kQuiet : rounded) >> 16);
  }
}

// The exponent's bias is 15 there and 127 here; denormal numbers are multiples of 2^-24.
SSLCUDA_CLONES void from_f16(int64_t count, const uint16_t* x, float* y) {
  for (int64_t k = 0; k < count; ++k) {
    const uint32_t magnitude = x[k] & 0x7fff, sign = static_cast<uint32_t>(x[k] & 0x8000) << 16;
    const float tiny = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
    const uint32_t bias = magnitude >= 0x7c00 ? 0x70000000 : 0x38000000;  // all ones stay so
    const uint32_t bits =
        magnitude < 0x400 ? std::bit_cast<uint32_t>(tiny) : (magnitude << 13) + bias;
    y[k] = std::bit_cast<float>(bits | sign);
  }
}

// As to_bf16(). For denormal results, adding 0.5 moves multiples of 2^-24 to the mantissa's end.
SSLCUDA_CLONES void to_f16(int64_t count, const float* x, uint16_t* y) {
  constexpr uint32_t kLeastNormal = 113u << 23, kTooLarge = 143u << 23;
  for (int64_t k = 0; k < count; ++k) {
    const auto bits = std::bit_cast<uint32_t>(x[k]);
    const uint32_t magnitude = bits & ~kSign;
    const uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
    const uint32_t tiny = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
                          std::bit_cast<uint32_t>(0.5f);
    const uint32_t special = magnitude > kInfinity ? 0x7e00 : 0x7c00;
    const uint32_t finite = magnitude < kLeastNormal ? tiny : normal;
    y[k] =
        static_cast<uint16_t>((magnitude >= kTooLarge ? special : finite) | (bits >> 16 & 0x8000));
  }
}

// Calls body(row) on all threads.
template <class Body>
void for_rows(int64_t n, int64_t width, const Body& body) {
  constexpr int64_t kPiece = 16;
  parallel_pieces(n, kPiece, width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  });
}

}  // namespace

void to_float(DType dtype, int64_t count, const void* x, float* y) {
  if (dtype == DType::kBf16) {
    from_bf16(count, static_cast<const uint16_t*>(x), y);
  } else if (dtype == DType::kF16) {
    from_f16(count, static_cast<const uint16_t*>(x), y);
  } else {
    std::copy_n(static_cast<const float*>(x), count, y);
  }
}

void from_float(DType dtype, int64_t count, const float* x, void* y) {
  if (dtype == DType::kBf16) {
    to_bf16(count, x, static_cast<uint16_t*>(y));
  } else if (dtype == DType::kF16) {
    to_f16(count, x, static_cast<uint16_t*>(y));
  } else {
    std::copy_n(x, count, static_cast<float*>(y));
  }
}

void rows_to_float(DType dtype, int64_t n, int64_t width, const void* x, int64_t ldx, float* y,
                   int64_t ldy) {
  for_rows(n, width,
           [&](int64_t i) { to_float(dtype, width, element(dtype, x, i * ldx), y + i * ldy); });
}

void rows_from_float(DType dtype, int64_t n, int64_t width, const float* x, int64_t ldx, void* y,
                     int64_t ldy) {
  for_rows(n, width,
           [&](int64_t i) { from_float(dtype, width, x + i * ldx, element(dtype, y, i * ldy)); });
}

}  // namespace sslcuda::cpu
