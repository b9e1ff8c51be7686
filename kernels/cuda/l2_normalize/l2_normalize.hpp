// l2_normalize.hpp - normalisation of rows of any dtype, also for scores of normalised rows.
//
// Products of rows of norm 1e30 would overflow, unit rows in 16 bits would lose what the rows had.
// So scores are made of rows scaled by a power of two, which is exact, and what is missing to unit
// length multiplies the product:
//   <a[i], b[j]> / (|a[i]| |b[j]|) = <y_a[i], y_b[j]> factor_a[i] factor_b[j]
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

// y[i] = x[i] / |x[i]|, or, with factors, y[i] = x[i] 2^e with 1/2 <= |y[i]| < 1 and
// factors[i] = 1 / |y[i]|. Rows of zeros have y, norm and factor 0. In F16 what is smaller than
// 2^-14 of the norm is rounded to multiples of 2^-24 of it.
struct NormalizeRows {
  DType dtype;  // of x and y
  int64_t n, d;
  const void* x;  // rows ldx apart
  int64_t ldx;
  void* y;  // rows ldy apart; may be x
  int64_t ldy;
  float* norms;              // [n], |x[i]|; or null
  float* factors = nullptr;  // [n], or null: unit rows
  float* scales = nullptr;   // [n], or null: 2^-e, so that x = y scales; with factors only
};

// From the gradient with respect to unit rows u = y factor to that with respect to x:
//   grad_x = (grad_u - u <u, grad_u>) / norm
// Of grad_u factor, with `scales` in the place of norms, it makes the same.
struct NormalizeRowsBackward {
  DType dtype;  // of y and grad_x
  int64_t n, d;
  const void* y;  // rows ldy apart
  int64_t ldy;
  const float* norms;   // [n], or null: x was taken as it is, and grad_x is grad_u
  const float* grad_u;  // rows ldg apart
  int64_t ldg;
  void* grad_x;  // rows ldx apart, or null; may be grad_u
  int64_t ldx;
  const float* factors = nullptr;  // [n], or null: y is u
  float* dots = nullptr;           // [n], <u, grad_u>; or null
};

cudaError_t launch_normalize(cudaStream_t stream, const NormalizeRows& rows);
cudaError_t launch_normalize_backward(cudaStream_t stream, const NormalizeRowsBackward& rows);

}  // namespace sslcuda::cuda
