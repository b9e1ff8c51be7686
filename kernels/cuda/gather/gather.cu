// gather.cu - launches; rows of bytes go 16 at a time where width and addresses allow.
#include "kernels/cuda/gather/gather.cuh"

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

namespace {

template <class Convert>
cudaError_t launch_gather(const Exec& exec, int64_t n, int64_t width, const void* rows,
                          const RowSource& source, const Convert& convert, void* y) {
  const int lanes = row_lanes(width);
  return simt::launch(gather_kernel<Convert>, row_launch(n, lanes, stream_of(exec)), n, width,
                      static_cast<const typename Convert::In*>(rows), source, lanes, convert,
                      static_cast<typename Convert::Out*>(y));
}

bool is_vector_aligned(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % sizeof(uint4) == 0;
}

}  // namespace

int gather_images(const Exec& exec, const GatherImagesArgs& a) {
  return launch_gather(exec, a.n, a.width, a.images, a.source, NormalizePixel{a.mean, a.std}, a.y);
}

int gather_rows(const Exec& exec, const GatherRowsArgs& a) {
  constexpr int64_t kBytes = sizeof(uint4);
  if (a.row_bytes % kBytes == 0 && is_vector_aligned(a.rows) && is_vector_aligned(a.y)) {
    return launch_gather(exec, a.n, a.row_bytes / kBytes, a.rows, a.source, CopyVector{}, a.y);
  }
  return launch_gather(exec, a.n, a.row_bytes, a.rows, a.source, CopyByte{}, a.y);
}

}  // namespace sslcuda::cuda
