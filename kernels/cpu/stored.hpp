// stored.hpp - matrix products whose result is stored in any type: 16-bit ones are made in float32,
// a band of rows at a time, and rounded once.
#pragma once

#include "kernels/cpu/arena.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {

constexpr int64_t kBandFloats = 1 << 20, kLeastBandRows = 256;

// Rows of a band of an [m, n] matrix.
inline int64_t band_rows(int64_t m, int64_t n) {
  return std::min(m, std::max(kLeastBandRows, kBandFloats / std::max<int64_t>(n, 1)));
}

// Scratch for one; none where no conversion takes place.
inline float* take_band(DType dtype, int64_t m, int64_t n, Arena& arena) {
  return is_float32(dtype) ? nullptr : arena.take<float>(band_rows(m, n) * n);
}

struct NoChange {
  void operator()(int64_t, const Part&, float*) const {}
};

// c = alpha op(a) op(b) + beta c. `change(count, part, row)` may still change the `count` values of
// each row of a finished part, which start at `row`.
template <class Change = NoChange>
int gemm_stored(DType dtype, Gemm g, void* c, float* band, const Change& change = {}) {
  const auto change_rows = [&](const Part& part, float* rows, int64_t ld) {
    for (int64_t i = part.row_begin; i < part.row_end; ++i) {
      change(part.column_end - part.column_begin, part, rows + i * ld + part.column_begin);
    }
  };
  if (is_float32(dtype)) {
    g.c = static_cast<float*>(c);
    return gemm(g, [&](const Part& part) { change_rows(part, g.c, g.ldc); });
  }
  const int64_t rows = band_rows(g.m, g.n);
  Gemm of_band = g;
  of_band.c = band;
  of_band.ldc = g.n;
  int error = 0;
  for (int64_t first = 0; first < g.m && error == 0; first += rows) {
    of_band.m = std::min(rows, g.m - first);
    of_band.a = g.a + first * (g.transpose_a ? 1 : g.lda);
    void* const stored = element(dtype, c, first * g.ldc);
    if (g.beta != 0) rows_to_float(dtype, of_band.m, g.n, stored, g.ldc, band, g.n);
    error = gemm(of_band, [&](const Part& part) {
      change_rows(part, band, g.n);
      for (int64_t i = part.row_begin; i < part.row_end; ++i) {
        from_float(dtype, part.column_end - part.column_begin, band + i * g.n + part.column_begin,
                   element(dtype, stored, i * g.ldc + part.column_begin));
      }
    });
  }
  return error;
}

}  // namespace sslcuda::cpu
