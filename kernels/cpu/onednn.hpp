// onednn.hpp - what this backend takes from oneDNN; only onednn.cpp includes its headers.
#pragma once

#include <cstdint>

namespace sslcuda::cpu {

// c = alpha op(a) op(b) + beta c, row-major, op(a) [m, k], op(b) [k, n].
struct Gemm {
  bool transpose_a, transpose_b;
  int64_t m, n, k;
  float alpha;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float beta;
  float* c;
  int64_t ldc;
};

// On the calling thread alone; parallel.hpp spreads a product over threads.
int sgemm(const Gemm& gemm);

// Lets oneDNN compile its kernels for products, at the first call in a process; sgemm() needs no
// more after that than memory for copies. Returns an Error.
int prepare_products();

}  // namespace sslcuda::cpu
