// number.hpp - tensors of every storage type: float32 in the tests, as the call wants them on the
// device.
#pragma once

#include "tests/emulator/number.hpp"
#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

constexpr int32_t kDTypes[] = {SSLCUDA_F32, SSLCUDA_TF32, SSLCUDA_BF16, SSLCUDA_F16};

inline const char* dtype_name(int32_t dtype) {
  constexpr const char* kNames[] = {"F32", "BF16", "F16", "TF32"};
  return kNames[dtype];
}

inline bool is_16_bit(int32_t dtype) { return dtype == SSLCUDA_BF16 || dtype == SSLCUDA_F16; }

// What rounding a number to its storage is off by, relative to the number.
inline double storage_roundoff(int32_t dtype) {
  if (dtype == SSLCUDA_BF16) return 0x1p-8;
  return dtype == SSLCUDA_F16 ? 0x1p-11 : kU;
}

// The same where the number is near 0.
inline double smallest_step(int32_t dtype) { return dtype == SSLCUDA_F16 ? 0x1p-25 : 0x1p-126; }

// What a product is off by because of the factors that tensor cores are given.
inline double product_roundoff(int32_t dtype) { return dtype == SSLCUDA_TF32 ? 2 * 0x1p-11 : 0; }

// Of results that are off by `tolerance` before they are rounded to the storage type.
inline Vector stored_tolerance(int32_t dtype, Vector tolerance, const Vector& expected) {
  if (!is_16_bit(dtype)) return tolerance;
  for (size_t i = 0; i < expected.size(); ++i) {
    tolerance[i] += storage_roundoff(dtype) * (std::fabs(expected[i]) + tolerance[i]);
    tolerance[i] += smallest_step(dtype);
  }
  return tolerance;
}

// Of results that are float32 sums of k products with absolute sum S, rounded to the storage type;
// factors are off by roundings u, and by `inexact` of themselves.
inline Vector stored_sum_tolerance(int32_t dtype, int64_t k, const Vector& s,
                                   const Vector& expected, double roundings = 0,
                                   double inexact = 0) {
  Vector tolerance = sum_tolerance(k, s, roundings);
  for (size_t i = 0; i < s.size(); ++i) {
    tolerance[i] += (product_roundoff(dtype) + inexact) * s[i];
  }
  return stored_tolerance(dtype, tolerance, expected);
}

inline uint16_t to_16_bit(int32_t dtype, float value) {
  return dtype == SSLCUDA_BF16 ? emulator::to_bf16(value) : emulator::to_f16(value);
}
inline float from_16_bit(int32_t dtype, uint16_t bits) {
  return dtype == SSLCUDA_BF16 ? emulator::from_bf16(bits) : emulator::from_f16(bits);
}

// The nearest numbers that the storage type has.
inline Floats rounded(int32_t dtype, Floats x) {
  if (!is_16_bit(dtype)) return x;
  for (float& value : x) value = from_16_bit(dtype, to_16_bit(dtype, value));
  return x;
}

// A matrix on the device whose rows lie ld elements apart; it starts off the 256-byte grid where
// its number of elements is odd (Buffer).
class Tensor {
 public:
  Tensor(const Context& context, int32_t dtype, int64_t rows, int64_t width, int64_t ld)
      : dtype_(dtype),
        rows_(rows),
        width_(width),
        ld_(ld),
        block_(context, static_cast<size_t>(count()) * element(),
               static_cast<size_t>(count() % 2) * element()) {}
  // With these rows, and NaN between them.
  Tensor(const Context& context, int32_t dtype, int64_t rows, int64_t width, int64_t ld,
         const Floats& dense)
      : Tensor(context, dtype, rows, width, ld) {
    const Floats x = spread(rows, width, ld, dense);
    std::vector<uint16_t> bits;
    for (const float value : x) bits.push_back(to_16_bit(dtype, value));
    block_.write(is_16_bit(dtype) ? static_cast<const void*>(bits.data()) : x.data());
  }

  // One row.
  Tensor(const Context& context, int32_t dtype, const Floats& x)
      : Tensor(context, dtype, 1, static_cast<int64_t>(x.size()), static_cast<int64_t>(x.size()),
               x) {}

  void* data() const { return block_.data(); }
  operator void*() const { return data(); }

  // The rows of an output; what lies between them must still be unwritten.
  Floats download() const {
    Floats x(static_cast<size_t>(count()));
    if (!is_16_bit(dtype_)) {
      block_.read(x.data());
      return packed(rows_, width_, ld_, x);
    }
    std::vector<uint16_t> bits(x.size());
    block_.read(bits.data());
    for (size_t i = 0; i < x.size(); ++i) x[i] = from_16_bit(dtype_, bits[i]);
    constexpr uint16_t kUnwritten = Block::kUnwritten << 8 | Block::kUnwritten;
    return packed(rows_, width_, ld_, x, from_16_bit(dtype_, kUnwritten));
  }

 private:
  int64_t count() const { return spread_count(rows_, width_, ld_); }
  size_t element() const { return is_16_bit(dtype_) ? sizeof(uint16_t) : sizeof(float); }

  const int32_t dtype_;
  const int64_t rows_, width_, ld_;
  const Block block_;
};

inline void* if_wanted(bool wanted, const Tensor& tensor) {
  return wanted ? tensor.data() : nullptr;
}

}  // namespace sslcuda::test
