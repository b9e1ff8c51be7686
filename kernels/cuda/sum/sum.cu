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

template <class T>
cudaError_t launch_column_sum_of(cudaStream_t stream, void* workspace, const T* x, int64_t rows,
                                 int64_t columns, T* out) {
  const int64_t chunks = ceil_div(rows, ColumnSumTile::kChunk);
  const SumStore<T> store{out};
  if (chunks == 1) return launch_column_chunks(stream, x, rows, columns, rows, store);
  const auto partial = static_cast<float*>(workspace);
  SSLCUDA_TRY(launch_column_chunks(stream, x, rows, columns, ColumnSumTile::kChunk,
                                   SumStore<float>{partial}));
  return launch_column_chunks(stream, static_cast<const float*>(partial), chunks, columns, chunks,
                              store);
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
