// tensor_list.cuh - one launch over many tensors: each is cut into chunks of Tile::kChunk elements,
// and a block owns one chunk.
#pragma once

#include <device/launch.hpp>

namespace sslcuda::cuda {

template <class Tile>
constexpr int64_t chunks_of(const TensorList& list) {
  int64_t chunks = 0;
  for (int t = 0; t < list.tensors; ++t) chunks += ceil_div(list.tensor[t].count, Tile::kChunk);
  return chunks;
}

struct TensorChunk {
  int tensor;
  int64_t begin, end;
};

template <class Tile>
__device__ __forceinline__ TensorChunk chunk_of_block(const TensorList& list) {
  int64_t chunk = blockIdx.x;
  int tensor = 0;
  for (; chunk >= ceil_div(list.tensor[tensor].count, Tile::kChunk); ++tensor) {
    chunk -= ceil_div(list.tensor[tensor].count, Tile::kChunk);
  }
  const int64_t begin = chunk * Tile::kChunk;
  return {tensor, begin, min(begin + Tile::kChunk, list.tensor[tensor].count)};
}

}  // namespace sslcuda::cuda
