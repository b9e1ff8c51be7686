// conv2d_tile.hpp - compile-time choices of the convolution.
#pragma once

#include <cstdint>

#include "kernels/cuda/gemm/gemm_tile.hpp"

namespace sslcuda::cuda {

// A thread computes one pixel of kChannels channels of the result, in registers; the weights pass
// through shared memory, kTaps (channel, row, column) at a time. kBlocksPerSm limits the registers,
// so that blocks hide each other's waits.
struct WideConv2dTile {
  static constexpr int kThreads = 128, kBlocksPerSm = 6;
  static constexpr int kChannels = 16;
  static constexpr int kTaps = 64;
};

struct NarrowConv2dTile {
  static constexpr int kThreads = 128, kBlocksPerSm = 6;
  static constexpr int kChannels = 4;
  static constexpr int kTaps = 64;
};

constexpr bool is_narrow_conv2d(int64_t channels) { return channels <= 8; }

// A block computes kOutputs x kTaps weights' gradients, one per thread, over a chunk of the output
// pixels of all images, kPixels at a time.
struct Conv2dWeightTile {
  static constexpr int kOutputs = 16, kTaps = 16, kPixels = 128;
  static constexpr int kThreads = kOutputs * kTaps;
};

struct Conv2dBiasTile {
  static constexpr int kThreads = 256;
};

// What a convolution is made of as a matrix product: a small tile of float32, two blocks of which
// leave gathering the registers that it takes.
using Conv2dProductTile = ProductTile<2, 2, 32, 32, 2>;

// Gathered places are 32-bit numbers.
constexpr bool fits_conv2d_product(const Conv2dShape& s) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  for (const int64_t extent : {s.n, s.c, s.out, s.h + 2 * s.pad_h, s.w + 2 * s.pad_w, s.stride_h,
                               s.stride_w, s.dilation_h, s.dilation_w}) {
    if (extent >= kLimit) return false;
  }
  return true;
}

// rows: channels of the result; depth: summed products. With few of either, most of a tile would
// be empty.
constexpr bool suits_conv2d_product(const Conv2dShape& s, int64_t rows, int64_t depth) {
  constexpr int64_t kMinRows = 24, kMinDepth = 16;
  return rows >= kMinRows && depth >= kMinDepth && fits_conv2d_product(s);
}

// The gradient of the weights is [out, taps].
constexpr bool suits_conv2d_weight_product(const Conv2dShape& s) {
  constexpr int64_t kMinColumns = 24;
  return s.c * s.kernel_h * s.kernel_w >= kMinColumns &&
         suits_conv2d_product(s, s.out, s.n * s.out_h * s.out_w);
}

// Chunks that the pixels are divided into; a second stage adds up their results. They depend on the
// shape only: about kEnough blocks, and at least kMinPixels each.
constexpr int64_t conv2d_chunk_pixels(int64_t pixels, int64_t tiles) {
  constexpr int64_t kEnough = 256, kMinPixels = 256;
  const int64_t chunks = tiles < kEnough ? kEnough / tiles : 1;
  const int64_t chunk = (pixels + chunks - 1) / chunks;
  return chunk < kMinPixels ? kMinPixels : chunk;
}

}  // namespace sslcuda::cuda
