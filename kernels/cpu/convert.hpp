// convert.hpp - 16-bit storage. Everything is computed in float32; results are rounded to nearest,
// ties to even.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cpu {

inline bool is_float32(DType dtype) { return element_size(dtype) == sizeof(float); }

// Element `index` of an array.
inline const void* element(DType dtype, const void* x, int64_t index) {
  return static_cast<const uint8_t*>(x) + index * element_size(dtype);
}
inline void* element(DType dtype, void* x, int64_t index) {
  return static_cast<uint8_t*>(x) + index * element_size(dtype);
}

void to_float(DType dtype, int64_t count, const void* x, float* y);
void from_float(DType dtype, int64_t count, const float* x, void* y);

// The same for rows, ldx and ldy elements apart; on all threads.
void rows_to_float(DType dtype, int64_t n, int64_t width, const void* x, int64_t ldx, float* y,
                   int64_t ldy);
void rows_from_float(DType dtype, int64_t n, int64_t width, const float* x, int64_t ldx, void* y,
                     int64_t ldy);

}  // namespace sslcuda::cpu
