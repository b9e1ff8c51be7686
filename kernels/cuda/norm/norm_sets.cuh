// norm_sets.cuh - sums over sets of planes, in a fixed order: of the elements for mean and
// variance, of the gradients, and of what other blocks have left. What is summed is a Source, what
// becomes of the sum is a Sink. A block takes kSets neighbouring sets and a chunk of their
// elements, kLanes threads a set. Every element is read once. Lanes are merged by halves.
#pragma once

#include <device/launch.hpp>
#include <device/walk.cuh>

#include "kernels/args_layers.hpp"

namespace sslcuda::cuda {

// Where the elements of a set are: runs of `length` neighbours, which begin `stride` apart.
struct SetMap {
  int64_t sets, count;           // count: elements of a set
  int64_t length, stride, step;  // step: from the start of a set to that of the next
};

inline SetMap batch_map(int64_t n, int64_t c, int64_t plane) {
  return {c, n * plane, plane, c * plane, plane};
}

// Sets that lie one behind the other.
inline SetMap dense_map(int64_t sets, int64_t count) { return {sets, count, count, count, count}; }

// One set a block, the elements of neighbouring threads being neighbours.
struct WideSetTile {
  static constexpr int kLanes = 256, kSets = 1;
  static constexpr bool kAcross = false;
  static constexpr int64_t kChunk = 4096;
};

// For short sets.
struct NarrowSetTile {
  static constexpr int kLanes = 32, kSets = 8;
  static constexpr bool kAcross = false;
  static constexpr int64_t kChunk = 512;
};

// For runs of one element: neighbouring threads have neighbouring sets.
struct ColumnSetTile {
  static constexpr int kLanes = 8, kSets = 32;
  static constexpr bool kAcross = true;
  static constexpr int64_t kChunk = 256;
};

template <class Tile>
inline constexpr int kSetThreads = Tile::kLanes* Tile::kSets;

template <class Tile, class Value>
struct SetSmem {
  Value value[kSetThreads<Tile>];
};

// source.add(value, set, at) takes element `at` into a value; merge(value, other) is of the Value.
// sink(set, chunk, value) gets the result from one thread.
template <class Tile, class Source, class Sink>
__global__ void __launch_bounds__(kSetThreads<Tile>)
    norm_sum_kernel(const SetMap map, int64_t chunk_size, const Source source, const Sink sink) {
  using Value = typename Source::Value;
  auto& smem = simt::shared<SetSmem<Tile, Value>>();
  const int thread = threadIdx.x;
  const int lane = Tile::kAcross ? thread / Tile::kSets : thread % Tile::kLanes;
  const int place = Tile::kAcross ? thread % Tile::kSets : thread / Tile::kLanes;
  const int64_t groups = ceil_div(map.sets, Tile::kSets);
  const int64_t chunk = blockIdx.x / groups;
  const int64_t set = blockIdx.x % groups * Tile::kSets + place;
  Value value{};
  if (set < map.sets) {
    const int64_t first = chunk * chunk_size, end = min(map.count, first + chunk_size);
    Walk walk(first + lane, Tile::kLanes, map.length);
    for (int64_t k = first + lane; k < end; k += Tile::kLanes, walk.next()) {
      source.add(value, set, set * map.step + walk.row * map.stride + walk.column);
    }
  }
  constexpr int kApart = Tile::kAcross ? Tile::kSets : 1;  // from a lane to the next
  for (int half = Tile::kLanes / 2; half > 0; half /= 2) {
    smem.value[thread] = value;
    __syncthreads();
    if (lane < half) merge(value, smem.value[thread + half * kApart]);
    __syncthreads();
  }
  if (lane == 0 && set < map.sets) sink(set, chunk, value);
}

// Of which the partial values of chunks are made: [chunks, sets].
template <class Value>
struct PartialSink {
  Value* partial;
  int64_t sets;
  __device__ void operator()(int64_t set, int64_t chunk, const Value& value) const {
    partial[chunk * sets + set] = value;
  }
};

template <class V>
struct PartialSource {
  using Value = V;
  const Value* partial;
  __device__ void add(Value& value, int64_t, int64_t at) const { merge(value, partial[at]); }
};

}  // namespace sslcuda::cuda
