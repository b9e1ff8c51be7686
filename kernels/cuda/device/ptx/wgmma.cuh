// wgmma.cuh - products of 64 x k x N on the tensor cores by a warpgroup, which go on while its
// threads do (sm_90a). B is in shared memory, A there or in registers; descriptors, from
// device/matrix_descriptor.cuh, say how operands lie. N is 8, 16, 32, 64, 96, 128, 192 or 256, k 16
// for 16-bit numbers and 8 for TF32, whose lower 13 bits are not read.
//
// With g = lane / 4, q = lane % 4 and w the warp in its warpgroup, register i of a thread is
//   D   row 16 w + g + 8 (i / 2 % 2), column 8 (i / 4) + 2q + i % 2
//   A   the A of mma.sync (warp_matrix.cuh), rows from 16 w
//
// The order of things: wgmma_fence() once the registers are written; any number of wgmma();
// wgmma_commit(); wgmma_wait(); only then are D, the registers of A and the operands in shared
// memory free. Shared memory written by ordinary stores needs fence_proxy_async() before.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace ptx {

enum class MatrixType { kBf16, kF16, kTf32 };

// The direction in which an operand is contiguous: that of k, or that of its rows or columns, which
// TF32 does not have.
enum class Major { kK, kMN };

__device__ __forceinline__ void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// For all groups of this warpgroup but the kPending latest.
template <int kPending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// Keeps the compiler from moving uses of the registers over the asynchronous part: for D before the
// first wgmma_fence() and after each wgmma_wait().
template <int kCount>
__device__ __forceinline__ void wgmma_hold(float (&d)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+f"(d[i])::"memory");
}

// "+f"(d[i]) ..., and "%0, %1 ..." for as many registers.
#define SSLCUDA_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SSLCUDA_D8(i) SSLCUDA_D4(i), SSLCUDA_D4(i + 4)
#define SSLCUDA_D16(i) SSLCUDA_D8(i), SSLCUDA_D8(i + 8)
#define SSLCUDA_D32(i) SSLCUDA_D16(i), SSLCUDA_D16(i + 16)
#define SSLCUDA_D64(i) SSLCUDA_D32(i), SSLCUDA_D32(i + 32)
#define SSLCUDA_D48(i) SSLCUDA_D32(i), SSLCUDA_D16(i + 32)
#define SSLCUDA_D96(i) SSLCUDA_D64(i), SSLCUDA_D32(i + 64)
#define SSLCUDA_D128(i) SSLCUDA_D64(i), SSLCUDA_D64(i + 64)
#define SSLCUDA_R4 "%0, %1, %2, %3"
#define SSLCUDA_R8 \
  SSLCUDA_R4       \
  ", "             \
  "%4, %5, %6, %7"
#define SSLCUDA_R16 \
  SSLCUDA_R8        \
  ", "              \
  "%8, %9, %10, %11, %12, %13, %14, %15"
#define SSLCUDA_R32                                                             \
  SSLCUDA_R16                                                                   \
  ", "                                                                          \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, " \
  "%31"
#define SSLCUDA_R48                                                             \
  SSLCUDA_R32                                                                   \
  ", "                                                                          \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, " \
  "%47"
#define SSLCUDA_R64                                                             \
  SSLCUDA_R48                                                                   \
  ", "                                                                          \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, " \
  "%63"
#define SSLCUDA_R96                                                             \
  SSLCUDA_R64                                                                   \
  ", "                                                                          \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, " \
  "%79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, " \
  "%94, %95"
#define SSLCUDA_R128                                                               \
  SSLCUDA_R96                                                                      \
  ", "                                                                             \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, "     \
  "%109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, " \
  "%122, %123, %124, %125, %126, %127"

// One instruction each; i0, i1 ... are the numbers of the operands after the registers of D.
#define SSLCUDA_WGMMA_BEGIN(accumulate) "{\n.reg .pred p;\nsetp.ne.b32 p, %" #accumulate ", 0;\n"
#define SSLCUDA_WGMMA(n, r, k, type) \
  "wgmma.mma_async.sync.aligned.m64n" #n "k" #k ".f32." type "." type " {" SSLCUDA_R##r "}, "
#define SSLCUDA_WGMMA_SS16(n, r, type, i0, i1, i2, i3, i4)                               \
  asm volatile(SSLCUDA_WGMMA_BEGIN(i2) SSLCUDA_WGMMA(                                    \
                   n, r, 16, type) "%" #i0 ", %" #i1 ", p, 1, 1, %" #i3 ", %" #i4 ";\n}" \
               : SSLCUDA_D##r(0)                                                         \
               : "l"(a), "l"(b), "r"(accumulate), "n"(kA), "n"(kB)                       \
               : "memory")
#define SSLCUDA_WGMMA_SS_TF32(n, r, i0, i1, i2)                                         \
  asm volatile(SSLCUDA_WGMMA_BEGIN(i2) SSLCUDA_WGMMA(n, r, 8, "tf32") "%" #i0 ", %" #i1 \
                                                                      ", p, 1, 1;\n}"   \
               : SSLCUDA_D##r(0)                                                        \
               : "l"(a), "l"(b), "r"(accumulate)                                        \
               : "memory")
#define SSLCUDA_WGMMA_RS16(n, r, type, i0, i1, i2, i3, i4, i5, i6)                                \
  asm volatile(SSLCUDA_WGMMA_BEGIN(i5) SSLCUDA_WGMMA(n, r, 16, type) "{%" #i0 ", %" #i1 ", %" #i2 \
                                                                     ", %" #i3 "}, %" #i4         \
                                                                     ", p, 1, 1, %" #i6 ";\n}"    \
               : SSLCUDA_D##r(0)                                                                  \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate), "n"(kB)     \
               : "memory")
#define SSLCUDA_WGMMA_RS_TF32(n, r, i0, i1, i2, i3, i4, i5)                                        \
  asm volatile(SSLCUDA_WGMMA_BEGIN(i5) SSLCUDA_WGMMA(n, r, 8, "tf32") "{%" #i0 ", %" #i1 ", %" #i2 \
                                                                      ", %" #i3 "}, %" #i4         \
                                                                      ", p, 1, 1;\n}"              \
               : SSLCUDA_D##r(0)                                                                   \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate)               \
               : "memory")

template <int kN>
struct WgmmaShape;

#define SSLCUDA_WGMMA_SHAPE(n, r, i0, i1, i2, i3, i4, i5, i6)                                    \
  template <>                                                                                    \
  struct WgmmaShape<n> {                                                                         \
    template <MatrixType kType, int kA, int kB>                                                  \
    static __device__ __forceinline__ void ss(float (&d)[r], uint64_t a, uint64_t b,             \
                                              int accumulate) {                                  \
      if constexpr (kType == MatrixType::kBf16) {                                                \
        SSLCUDA_WGMMA_SS16(n, r, "bf16", i0, i1, i2, i3, i4);                                    \
      } else if constexpr (kType == MatrixType::kF16) {                                          \
        SSLCUDA_WGMMA_SS16(n, r, "f16", i0, i1, i2, i3, i4);                                     \
      } else {                                                                                   \
        SSLCUDA_WGMMA_SS_TF32(n, r, i0, i1, i2);                                                 \
      }                                                                                          \
    }                                                                                            \
    template <MatrixType kType, int kB>                                                          \
    static __device__ __forceinline__ void rs(float (&d)[r], const uint32_t (&a)[4], uint64_t b, \
                                              int accumulate) {                                  \
      if constexpr (kType == MatrixType::kBf16) {                                                \
        SSLCUDA_WGMMA_RS16(n, r, "bf16", i0, i1, i2, i3, i4, i5, i6);                            \
      } else if constexpr (kType == MatrixType::kF16) {                                          \
        SSLCUDA_WGMMA_RS16(n, r, "f16", i0, i1, i2, i3, i4, i5, i6);                             \
      } else {                                                                                   \
        SSLCUDA_WGMMA_RS_TF32(n, r, i0, i1, i2, i3, i4, i5);                                     \
      }                                                                                          \
    }                                                                                            \
  };

SSLCUDA_WGMMA_SHAPE(8, 4, 4, 5, 6, 7, 8, 9, 10)
SSLCUDA_WGMMA_SHAPE(16, 8, 8, 9, 10, 11, 12, 13, 14)
SSLCUDA_WGMMA_SHAPE(32, 16, 16, 17, 18, 19, 20, 21, 22)
SSLCUDA_WGMMA_SHAPE(64, 32, 32, 33, 34, 35, 36, 37, 38)
SSLCUDA_WGMMA_SHAPE(96, 48, 48, 49, 50, 51, 52, 53, 54)
SSLCUDA_WGMMA_SHAPE(128, 64, 64, 65, 66, 67, 68, 69, 70)
SSLCUDA_WGMMA_SHAPE(192, 96, 96, 97, 98, 99, 100, 101, 102)
SSLCUDA_WGMMA_SHAPE(256, 128, 128, 129, 130, 131, 132, 133, 134)

// D = A B, or D += A B. A and B by their descriptors.
template <MatrixType kType, Major kA, Major kB, int kCount>
__device__ __forceinline__ void wgmma(float (&d)[kCount], uint64_t a, uint64_t b, bool accumulate) {
  static_assert(kType != MatrixType::kTf32 || (kA == Major::kK && kB == Major::kK));
  WgmmaShape<2 * kCount>::template ss<kType, static_cast<int>(kA), static_cast<int>(kB)>(
      d, a, b, accumulate);
}

// A in registers.
template <MatrixType kType, Major kB, int kCount>
__device__ __forceinline__ void wgmma(float (&d)[kCount], const uint32_t (&a)[4], uint64_t b,
                                      bool accumulate) {
  static_assert(kType != MatrixType::kTf32 || kB == Major::kK);
  WgmmaShape<2 * kCount>::template rs<kType, static_cast<int>(kB)>(d, a, b, accumulate);
}

}  // namespace ptx
