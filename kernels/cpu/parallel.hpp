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

// A matrix product in parts, each followed by epilogue(part). Parts are runs of rows, which leaves
// what a thread wrote in one piece for it to read again, or else runs of columns: a product with
// b^T reorders b, and every run of rows would do that anew. A sum is never split, so the bits are
// those of one thread.
template <class Epilogue = NoEpilogue>
int gemm(const Gemm& whole, const Epilogue& epilogue = {}) {
  if (whole.m == 0 || whole.n == 0) return 0;
  constexpr int64_t kGrain = 16, kPartWork = 1 << 22, kMaxParts = 64;
  const bool by_rows = whole.m >= whole.n || (!whole.transpose_b && whole.m >= 4 * kGrain);
  const int64_t extent = by_rows ? whole.m : whole.n;
  const int64_t work = 2 * whole.m * whole.n * std::max<int64_t>(whole.k, 1);
  const auto wanted = static_cast<int64_t>(
      std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(work / kPartWork, 1, kMaxParts))));
  const int64_t piece = ceil_div(ceil_div(extent, wanted), kGrain) * kGrain;
  SharedError error;
  parallel_pieces(extent, piece, work / extent, [&](int64_t begin, int64_t end) {
    Gemm part = whole;
    Part done{0, whole.m, begin, end};
    if (by_rows) {
      done = {begin, end, 0, whole.n};
      part.m = end - begin;
      part.a += begin * (whole.transpose_a ? 1 : whole.lda);
      part.c += begin * whole.ldc;
    } else {
      part.n = end - begin;
      part.b += begin * (whole.transpose_b ? whole.ldb : 1);
      part.c += begin;
    }
    error.note(sgemm(part));
    epilogue(done);
  });
  return error.value();
}

}  // namespace sslcuda::cpu
