// number.hpp - numbers in the storage type that a problem asks for, and how exact they are.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "sslcuda.h"

namespace sslcuda::perf {

struct DType {
  int32_t code;  // SSLCUDA_F32 ...
  size_t size;   // bytes of an element
  int mantissa;  // bits of a factor of a product, the leading one included
  const char* name;
};

inline constexpr DType kF32{SSLCUDA_F32, 4, 24, "f32"};
inline constexpr DType kTf32{SSLCUDA_TF32, 4, 11, "tf32"};  // stored as float32
inline constexpr DType kBf16{SSLCUDA_BF16, 2, 8, "bf16"};
inline constexpr DType kF16{SSLCUDA_F16, 2, 11, "f16"};

inline constexpr const DType* kDTypes[] = {&kF32, &kTf32, &kBf16, &kF16};

// Null if there is none of that name.
inline const DType* dtype_of(const std::string& name) {
  for (const DType* type : kDTypes) {
    if (name == type->name) return type;
  }
  return nullptr;
}

// Largest relative error of rounding to it; as a factor of a product, for TF32.
inline double roundoff(const DType& type) { return std::ldexp(1.0, -type.mantissa); }

inline uint16_t bf16_bits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);  // to nearest, even
}

inline float float_of(const DType& type, const std::byte* number) {
  if (type.size == sizeof(float)) {
    float value;
    std::memcpy(&value, number, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, number, sizeof bits);
  if (type.code == SSLCUDA_BF16) return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

// Rounded to nearest.
inline std::vector<std::byte> stored(const DType& type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * type.size);
  if (type.size == sizeof(float)) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = type.code == SSLCUDA_BF16
                              ? bf16_bits(values[i])
                              : std::bit_cast<uint16_t>(static_cast<_Float16>(values[i]));
    std::memcpy(&bytes[i * sizeof bits], &bits, sizeof bits);
  }
  return bytes;
}

// Stored numbers, read as float.
class Numbers {
 public:
  Numbers(const DType& type, std::span<const std::byte> bytes) : type_(&type), bytes_(bytes) {}
  size_t size() const { return bytes_.size() / type_->size; }
  float operator[](size_t i) const { return float_of(*type_, &bytes_[i * type_->size]); }

 private:
  const DType* type_;
  std::span<const std::byte> bytes_;
};

}  // namespace sslcuda::perf
