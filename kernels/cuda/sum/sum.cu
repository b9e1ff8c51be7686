// sum.cu - launches.
#include "kernels/cuda/sum/sum.cuh"

namespace sslcuda::cuda {

cudaError_t launch_sum(cudaStream_t stream, const float* values, int64_t count,
                       const SumScale& scale, float* out) {
  return simt::launch(sum_kernel<SumTile>,
                      {grid_1d(1), SumTile::kThreads, sizeof(BlockReduceSmem), stream}, values,
                      count, scale, out);
}

namespace {

template <class In, class Out>
cudaError_t launch_chunks(cudaStream_t stream, const In* x, int64_t rows, int64_t columns,
                          int64_t chunk_rows, Out* out) {
  using Tile = ColumnSumTile;
  const int64_t blocks = ceil_div(columns, Tile::kColumns) * ceil_div(rows, chunk_rows);
  return simt::launch(column_sum_kernel<Tile, In, Out>,
                      {grid_1d(blocks), Tile::kThreads, sizeof(ColumnSumSmem<Tile>), stream}, x,
                      rows, columns, chunk_rows, out);
}

template <class T>
cudaError_t launch_column_sum_of(cudaStream_t stream, void* workspace, const T* x, int64_t rows,
                                 int64_t columns, T* out) {
  const int64_t chunks = ceil_div(rows, ColumnSumTile::kChunk);
  if (chunks == 1) return launch_chunks(stream, x, rows, columns, rows, out);
  const auto partial = static_cast<float*>(workspace);
  SSLCUDA_TRY(launch_chunks(stream, x, rows, columns, ColumnSumTile::kChunk, partial));
  return launch_chunks(stream, partial, chunks, columns, chunks, out);
}

}  // namespace

size_t column_sum_workspace(int64_t rows, int64_t columns) {
  const int64_t chunks = ceil_div(rows, ColumnSumTile::kChunk);
  return chunks > 1 ? align_up(chunks * columns * sizeof(float)) : 0;
}

cudaError_t launch_column_sum(cudaStream_t stream, void* workspace, const void* x, int64_t rows,
                              int64_t columns, void* out, DType dtype) {
  return visit_storage(dtype, [&](auto storage) {
    using T = decltype(storage);
    return launch_column_sum_of(stream, workspace, static_cast<const T*>(x), rows, columns,
                                static_cast<T*>(out));
  });
}

}  // namespace sslcuda::cuda
