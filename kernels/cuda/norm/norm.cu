// norm.cu - choice of tiles and launches: sums over chunks, over sets, then the tensor once more.
#include "kernels/cuda/norm/norm_gradient.cuh"
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {
namespace {

enum class SetTile { kWide, kNarrow, kColumn };

SetTile tile_of(const SetMap& map) {
  if (map.length == 1) return SetTile::kColumn;
  return map.count <= NarrowSetTile::kChunk ? SetTile::kNarrow : SetTile::kWide;
}

// Calls visit(tile) with the tile for these sets.
template <class Visit>
auto visit_tile(const SetMap& map, const Visit& visit) {
  switch (tile_of(map)) {
    case SetTile::kWide:
      return visit(WideSetTile{});
    case SetTile::kNarrow:
      return visit(NarrowSetTile{});
    default:
      return visit(ColumnSetTile{});
  }
}

int64_t chunks_of(const SetMap& map) {
  return visit_tile(map, [&](auto tile) { return ceil_div(map.count, tile.kChunk); });
}

template <class Tile, class Source, class Sink>
cudaError_t launch_chunks(cudaStream_t stream, const SetMap& map, int64_t chunk_size,
                          const Source& source, const Sink& sink) {
  const int64_t blocks = ceil_div(map.sets, Tile::kSets) * ceil_div(map.count, chunk_size);
  return simt::launch(
      norm_sum_kernel<Tile, Source, Sink>,
      {grid_1d(blocks), kSetThreads<Tile>, sizeof(SetSmem<Tile, typename Source::Value>), stream},
      map, chunk_size, source, sink);
}

// Sums of sets that one block each is enough for.
template <class Source, class Sink>
cudaError_t launch_small_sums(cudaStream_t stream, const SetMap& map, const Source& source,
                              const Sink& sink) {
  return visit_tile(map, [&](auto tile) {
    return launch_chunks<decltype(tile)>(stream, map, map.count, source, sink);
  });
}

// Sums of any sets; `partial` has [chunks, sets] values where there are several chunks.
template <class Source, class Sink>
cudaError_t launch_sums(cudaStream_t stream, const SetMap& map, const Source& source,
                        typename Source::Value* partial, const Sink& sink) {
  using Value = typename Source::Value;
  const int64_t chunks = chunks_of(map);
  if (chunks == 1) return launch_small_sums(stream, map, source, sink);
  SSLCUDA_TRY(visit_tile(map, [&](auto tile) {
    return launch_chunks<decltype(tile)>(stream, map, tile.kChunk, source,
                                         PartialSink<Value>{partial, map.sets});
  }));
  return launch_small_sums(stream, batch_map(chunks, map.sets, 1), PartialSource<Value>{partial},
                           sink);
}

template <class Value>
size_t partial_bytes(const SetMap& map) {
  return chunks_of(map) > 1 ? chunks_of(map) * map.sets * sizeof(Value) : 0;
}

SetMap sets_of(const NormShape& s) {
  return s.per_image() ? dense_map(s.sets(), s.count()) : batch_map(s.n, s.c, s.plane);
}

struct ForwardWorkspace {
  ForwardWorkspace(const NormForwardArgs& a, void* base) {
    WorkspaceLayout layout(base);
    const int64_t sets = a.shape.sets();
    statistics.mean = a.mean ? a.mean : layout.floats(sets);
    statistics.rstd = a.rstd ? a.rstd : layout.floats(sets);
    statistics.rest = layout.floats(sets);
    partial = static_cast<Moments*>(
        layout.bytes(a.training ? partial_bytes<Moments>(sets_of(a.shape)) : 0));
    used = layout.used();
  }

  SetStatistics statistics;
  Moments* partial;
  size_t used;
};

struct BackwardWorkspace {
  BackwardWorkspace(const NormBackwardArgs& a, void* base) {
    WorkspaceLayout layout(base);
    const NormShape& s = a.shape;
    sets.offset = layout.floats(s.sets());
    sets.slope = layout.floats(s.sets());
    const SetMap summed = summed_sets(s);
    partial = static_cast<GradientSums*>(layout.bytes(partial_bytes<GradientSums>(summed)));
    planes = static_cast<GradientSums*>(
        layout.bytes(s.per_image() ? s.n * s.c * sizeof(GradientSums) : 0));
    used = layout.used();
  }

  // What the pass over the tensor sums.
  static SetMap summed_sets(const NormShape& s) {
    return s.per_image() ? dense_map(s.n * s.c, s.plane) : batch_map(s.n, s.c, s.plane);
  }

  SetGradient sets;
  GradientSums *partial, *planes;
  size_t used;
};

template <class Kernel, class Args, class Sets>
cudaError_t launch_planes(cudaStream_t stream, Kernel kernel, const Args& a, const Sets& sets) {
  const int lanes = row_lanes(a.shape.plane);
  return simt::launch(kernel, row_launch(a.shape.n * a.shape.c, lanes, stream), a, sets, lanes);
}

cudaError_t launch_gradient_sums(cudaStream_t stream, const NormBackwardArgs& a,
                                 const BackwardWorkspace& w) {
  const NormShape& s = a.shape;
  const auto count = static_cast<float>(s.count());
  const SetMap summed = BackwardWorkspace::summed_sets(s);
  const int64_t set_channels = s.set_channels();
  const GradientSource source{a.x, a.y, a.grad_y, a.mean, a.activation, set_channels};
  if (!s.per_image()) {
    return launch_sums(
        stream, summed, source, w.partial,
        BatchGradientSink{a.weight, a.rstd, count, a.grad_weight, a.grad_bias, w.sets});
  }
  SSLCUDA_TRY(
      launch_sums(stream, summed, source, w.partial, PlaneSink{w.planes, a.rstd, set_channels}));
  if (a.grad_x) {
    SSLCUDA_TRY(launch_small_sums(stream, dense_map(s.sets(), set_channels),
                                  GroupSource{w.planes, a.weight, s.c},
                                  GroupSink{a.rstd, count, w.sets}));
  }
  if (!a.grad_weight && !a.grad_bias) return cudaSuccess;
  return launch_small_sums(stream, batch_map(s.n, s.c, 1), PartialSource<GradientSums>{w.planes},
                           ChannelSink{a.grad_weight, a.grad_bias});
}

}  // namespace

size_t norm_forward_workspace(const NormForwardArgs& a) {
  return ForwardWorkspace(a, nullptr).used;
}

int norm_forward(const Exec& exec, const NormForwardArgs& a) {
  constexpr int kThreads = RowTile::kThreads;
  const cudaStream_t stream = stream_of(exec);
  const ForwardWorkspace w(a, exec.workspace);
  if (a.training) {
    const SetMap map = sets_of(a.shape);
    SSLCUDA_TRY(launch_sums(stream, map, MomentSource{a.x, map.step}, w.partial,
                            StatisticsSink{a.x, map.step, w.statistics, a.eps, a.momentum,
                                           a.running_mean, a.running_var}));
  } else {
    SSLCUDA_TRY(simt::launch(running_statistics_kernel<RowTile>,
                             {grid_1d(ceil_div(a.shape.c, kThreads)), kThreads, 0, stream}, a,
                             w.statistics));
  }
  return launch_planes(stream, normalize_kernel, a, w.statistics);
}

size_t norm_backward_workspace(const NormBackwardArgs& a) {
  return BackwardWorkspace(a, nullptr).used;
}

int norm_backward(const Exec& exec, const NormBackwardArgs& a) {
  const cudaStream_t stream = stream_of(exec);
  const BackwardWorkspace w(a, exec.workspace);
  if (a.training || a.grad_weight || a.grad_bias) {
    SSLCUDA_TRY(launch_gradient_sums(stream, a, w));
  }
  if (!a.grad_x) return cudaSuccess;
  return a.training ? launch_planes(stream, norm_gradient_kernel<true>, a, w.sets)
                    : launch_planes(stream, norm_gradient_kernel<false>, a, w.sets);
}

}  // namespace sslcuda::cuda
