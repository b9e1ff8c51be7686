// parallel.hpp - work on the context's threads. Work is always cut into the same pieces, whatever
// the number of threads, and pieces are merged in order, so results do not depend on it.
#pragma once

#include <omp.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "kernels/cpu/onednn.hpp"
#include "kernels/math.hpp"

// Compiles a function for the baseline, for AVX2 and for AVX-512; the loader picks one. Inner loops
// are functions of their own, because the body of a parallel region is not cloned.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define SSLCUDA_CLONES
#else
#define SSLCUDA_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif

namespace sslcuda::cpu {

// Operations below which waking the other threads costs more than it brings.
constexpr int64_t kWorthThreads = 1 << 15;

// Denormal numbers count as zero on this thread while one of these lives. Each of them costs some
// hundred cycles, and a loss near zero fills gradients and Adam's moments with them.
class FlushDenormals {
 public:
#if defined(__SSE__)
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | kFlushResults | kFlushOperands); }
  ~FlushDenormals() { _mm_setcsr(saved_); }
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__SSE__)
 private:
  static constexpr unsigned kFlushResults = 0x8000, kFlushOperands = 0x0040;
  const unsigned saved_;
#endif
};

// Calls body(i) for every i in [0, count); `work` is the rough number of operations of one.
template <class Body>
void parallel_for(int64_t count, int64_t work, const Body& body) {
  const bool threads = count > 1 && count * work >= kWorthThreads;
#pragma omp parallel if (threads)
  {
    const FlushDenormals guard;
#pragma omp for schedule(static)
    for (int64_t i = 0; i < count; ++i) body(i);
  }
}

// Calls body(begin, end) for consecutive pieces of [0, count) of at most `piece` items.
template <class Body>
void parallel_pieces(int64_t count, int64_t piece, int64_t work, const Body& body) {
  parallel_for(ceil_div(count, piece), piece * work,
               [&](int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

// An error that any thread may report; one of them is kept.
class SharedError {
 public:
  void note(int error) {
    if (error != 0) error_.store(error, std::memory_order_relaxed);
  }
  int value() const { return error_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> error_{0};
};

// The part of a matrix that one call of sgemm() has finished.
struct Part {
  int64_t row_begin, row_end, column_begin, column_end;
};

struct NoEpilogue {
  void operator()(const Part&) const {}
};

// How a product of m x n is cut: into parts of rows x columns.
struct PartSize {
  int64_t rows, columns;
};

// Halves the longer side until there are parts for many threads, or a part has little to do. Every
// part reorders its share of both matrices anew: so they stay near square, and the more there are,
// the larger they must remain; of many, in sides too where a sum is long.
inline PartSize part_size(const Gemm& g) {
  constexpr int64_t kGrain = 16, kFewParts = 8, kManyParts = 16, kMaxParts = 64;
  constexpr int64_t kSmall = 1 << 22, kMiddle = 1 << 23, kLarge = 1 << 26, kLeastSide = 128;
  const auto least = [](int64_t parts) {
    return parts < kFewParts ? kSmall : parts < kManyParts ? kMiddle : kLarge;
  };
  const auto halve = [](int64_t extent) { return ceil_div(ceil_div(extent, 2), kGrain) * kGrain; };
  PartSize part{g.m, g.n};
  int64_t parts = 1;
  const int64_t k = std::max<int64_t>(g.k, 1);
  while (parts < kMaxParts && part.rows * part.columns * k >= least(parts)) {
    int64_t& longer = part.rows >= part.columns ? part.rows : part.columns;
    if (halve(longer) == longer || (parts >= kManyParts && halve(longer) <= kLeastSide)) break;
    longer = halve(longer);
    parts = ceil_div(g.m, part.rows) * ceil_div(g.n, part.columns);
  }
  return part;
}

// A matrix product in parts, each followed by epilogue(part). A sum is never split, so the bits are
// those of one thread.
template <class Epilogue = NoEpilogue>
int gemm(const Gemm& whole, const Epilogue& epilogue = {}) {
  if (whole.m == 0 || whole.n == 0) return 0;
  const PartSize size = part_size(whole);
  const int64_t across = ceil_div(whole.n, size.columns);
  const int64_t parts = ceil_div(whole.m, size.rows) * across;
  const int64_t work = 2 * size.rows * size.columns * std::max<int64_t>(whole.k, 1);
  SharedError error;
  parallel_for(parts, work, [&](int64_t i) {
    const int64_t row = i / across * size.rows, column = i % across * size.columns;
    const Part done{row, std::min(whole.m, row + size.rows), column,
                    std::min(whole.n, column + size.columns)};
    Gemm part = whole;
    part.m = done.row_end - row;
    part.n = done.column_end - column;
    part.a += row * (whole.transpose_a ? 1 : whole.lda);
    part.b += column * (whole.transpose_b ? whole.ldb : 1);
    part.c += row * whole.ldc + column;
    error.note(sgemm(part));
    epilogue(done);
  });
  return error.value();
}

}  // namespace sslcuda::cpu
