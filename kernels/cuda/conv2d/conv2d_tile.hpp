// conv2d_tile.hpp - compile-time choices of the convolution.
#pragma once

#include <cstdint>

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
  static constexpr int kOutputs = 16, kTaps = 16, kPixels = 32;
  static constexpr int kThreads = kOutputs * kTaps;
};

struct Conv2dBiasTile {
  static constexpr int kThreads = 256;
};

// Chunks that the pixels are divided into; a second stage adds up their results. They depend on the
// shape only: about kEnoughBlocks blocks, and at least kMinPixels each.
constexpr int64_t conv2d_chunk_pixels(int64_t pixels, int64_t tiles) {
  constexpr int64_t kEnoughBlocks = 256, kMinPixels = 256;
  const int64_t chunks = tiles < kEnoughBlocks ? kEnoughBlocks / tiles : 1;
  const int64_t chunk = (pixels + chunks - 1) / chunks;
  return chunk < kMinPixels ? kMinPixels : chunk;
}

}  // namespace sslcuda::cuda
