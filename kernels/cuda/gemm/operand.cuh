// operand.cuh - one factor of a product on its way through shared memory into the registers of the
// tensor cores: slices of kExtent rows of a (columns of b) by kDepthBytes of summed elements, zero
// beyond the edges.
//
// A slice lies in shared memory as in device memory, as lines of 16-byte chunks. So that reads of a
// warp meet different banks, the chunks of a line are swapped with each other, by a rule that eight
// neighbouring lines do not share; float32 lines along the extent, of which a warp reads four at
// once and 8 numbers of each, are 32 bytes apart instead.
#pragma once

#include <device/number.cuh>
#include <device/ptx/address.cuh>
#include <device/ptx/cp_async.cuh>
#include <device/ptx/warp_matrix.cuh>

namespace sslcuda::cuda {

constexpr int kChunkBytes = 16;

// kDepthContiguous: stored [extent, depth], else [depth, extent].
template <class Tile, class T, int kExtent, bool kDepthContiguous>
class Operand {
 public:
  static constexpr int kDepth = Tile::kDepthBytes / sizeof(T);
  static constexpr int kLines = kDepthContiguous ? kExtent : kDepth;
  static constexpr int kLineChunks = kExtent * Tile::kDepthBytes / kLines / kChunkBytes;
  static constexpr bool kIsSpread = !kDepthContiguous && sizeof(T) == 4;
  static constexpr int kLineBytes = kLineChunks * kChunkBytes + (kIsSpread ? 32 : 0);
  static constexpr int kBytes = kLines * kLineBytes;

  // begin: first summed element; origin, extent: of the block's tile, of the whole operand
  __device__ Operand(const void* data, int64_t ld, int64_t begin, int64_t origin, int64_t extent)
      : ld_(ld), extent_(static_cast<int>(min(extent - origin, int64_t{kExtent}))) {
    const int64_t line = (kDepthContiguous ? origin : begin) + threadIdx.x / kLineChunks;
    const int64_t column = (kDepthContiguous ? begin : origin) + first_column();
    next_ = static_cast<const T*>(data) + line * ld + column;
    const uintptr_t grid = reinterpret_cast<uintptr_t>(data) | ld * sizeof(T) | kChunkBytes;
    alignment_ = static_cast<int>(grid & -grid);
  }

  // Queues the copy of the next slice, of whose summed elements there are `depth`.
  __device__ __forceinline__ void copy_next(unsigned char* slice, int depth) {
    if (alignment_ == 16) {
      copy_chunks<16>(slice, depth);
    } else if (alignment_ == 8) {
      copy_chunks<8>(slice, depth);
    } else if (alignment_ == 4) {
      copy_chunks<4>(slice, depth);
    } else {
      copy_chunks<2>(slice, depth);
    }
    next_ += kDepthContiguous ? kDepth : kDepth * ld_;
  }

  // Four blocks of 8 rows (columns) by 16 bytes of summed elements, from row `extent` and the
  // 16-byte piece `piece` on, as the registers of mma.sync: for A the 8 + 8 rows come first, for B
  // the 16 + 16 bytes.
  template <bool kIsA>
  __device__ static __forceinline__ void load(uint32_t (&r)[4], const unsigned char* slice,
                                              int extent, int piece) {
    const int lane = threadIdx.x % 32;
    if constexpr (kDepthContiguous || sizeof(T) == 2) {
      const int block = lane / 8, row = lane % 8;
      const int e = extent + (kIsA ? block % 2 : block / 2) * 8;
      const int p = piece + (kIsA ? block / 2 : block % 2);
      if constexpr (kDepthContiguous) {
        ptx::ldmatrix(r, ptx::shared_address(slice + place(e + row, p)));
      } else {
        ptx::ldmatrix_transposed(r, ptx::shared_address(slice + place(p * 8 + row, e / 8)));
      }
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int e = extent + (kIsA ? i % 2 : i / 2) * 8 + lane / 4;
        const int k = (piece + (kIsA ? i / 2 : i % 2)) * 4 + lane % 4;
        r[i] = *reinterpret_cast<const uint32_t*>(slice + k * kLineBytes + e * sizeof(T));
      }
    }
  }

  // Byte of a chunk within the slice.
  __device__ static __forceinline__ int place(int line, int chunk) {
    if constexpr (kIsSpread) {
      return line * kLineBytes + chunk * kChunkBytes;
    } else {
      // lines of less than 128 bytes share the banks
      constexpr int kSharing = kLineChunks < 8 ? 8 / kLineChunks : 1;
      const int swapped = chunk ^ line / kSharing % (8 / kSharing);
      return line * kLineBytes + swapped * kChunkBytes;
    }
  }

 private:
  static constexpr int kChunk = kChunkBytes / sizeof(T);
  static constexpr int kLineStep = Tile::kThreads / kLineChunks;
  static constexpr int kCopies = kLines / kLineStep;
  static_assert(Tile::kThreads % kLineChunks == 0 && kLines % kLineStep == 0);

  __device__ static __forceinline__ int first_column() {
    return threadIdx.x % kLineChunks * kChunk;
  }

  template <int kAlignment>
  __device__ __forceinline__ void copy_chunks(unsigned char* slice, int depth) const {
    const int lines = kDepthContiguous ? extent_ : depth;
    const int columns = (kDepthContiguous ? depth : extent_) - first_column();
#pragma unroll
    for (int v = 0; v < kCopies; ++v) {
      const int line = threadIdx.x / kLineChunks + v * kLineStep;
      copy_chunk<kAlignment>(slice + place(line, threadIdx.x % kLineChunks),
                             next_ + v * kLineStep * ld_, line < lines ? columns : 0);
    }
  }

  // The chunk's first `count` elements are there, all or none if it is out of range.
  template <int kAlignment>
  __device__ static __forceinline__ void copy_chunk(unsigned char* to, const T* from, int count) {
    if constexpr (kAlignment >= 4) {
      constexpr int kPart = kAlignment / sizeof(T);
#pragma unroll
      for (int i = 0; i < kChunk; i += kPart) {
        const int there = max(0, min(count - i, kPart));
        ptx::cp_async<kAlignment>(ptx::shared_address(to + i * sizeof(T)), from + i,
                                  there * static_cast<int>(sizeof(T)));
      }
    } else {  // cp.async cannot
      struct alignas(kChunkBytes) Chunk {
        T at[kChunk];
      } chunk;
#pragma unroll
      for (int i = 0; i < kChunk; ++i) chunk.at[i] = i < count ? from[i] : T{};
      *reinterpret_cast<Chunk*>(to) = chunk;
    }
  }

  const T* next_;  // this thread's first chunk of the next slice
  int64_t ld_;
  int extent_, alignment_;
};

}  // namespace sslcuda::cuda
