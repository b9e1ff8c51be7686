// product.hpp - a matrix product as the main loops take it.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda::cuda {

// x[i,j] = sum over k of a[i,k] b[k,j], made in float32. F32: factors are split into two TF32
// numbers, which leaves an error of 2^-22 |a| |b| in each term; magnitudes from 2^128 (1 - 2^-12)
// on count as infinite.
struct Product {
  DType dtype;
  bool transpose_a, transpose_b;
  int64_t m, n, k;
  const void* a;  // [m, k], or [k, m] where transpose_a; rows lda apart
  int64_t lda;
  const void* b;  // [k, n], or [n, k] where transpose_b; rows ldb apart
  int64_t ldb;
};

struct TileShape {
  int64_t rows, columns;
};

}  // namespace sslcuda::cuda
