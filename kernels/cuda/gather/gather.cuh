// gather.cuh - y[i,:] = convert(rows[r(i),:]), rows picked by index. Reads and writes a row once.
#pragma once

#include <device/rows.cuh>

namespace sslcuda::cuda {

// r(i), or -1 for an index that is out of range.
__device__ __forceinline__ int64_t source_row(const RowSource& source, int64_t i) {
  const int64_t length = source.indices_count;
  const int64_t start = source.cursor ? *source.cursor % length : 0;
  if (start < 0) return -1;
  const int64_t position = (start + i % length) % length;
  const int64_t row = source.indices ? source.indices[position] : position;
  return row >= 0 && row < source.count ? row : -1;
}

// Conversions have a value for the rows of bad indices.
struct NormalizePixel {
  using In = uint8_t;
  using Out = float;
  float mean, std;
  __device__ float operator()(uint8_t pixel) const {
    return (static_cast<float>(pixel) / 255.0f - mean) / std;
  }
  __device__ float bad() const { return NAN; }
};

struct CopyByte {
  using In = uint8_t;
  using Out = uint8_t;
  __device__ uint8_t operator()(uint8_t byte) const { return byte; }
  __device__ uint8_t bad() const { return 0xff; }
};

struct CopyVector {
  using In = uint4;
  using Out = uint4;
  __device__ uint4 operator()(uint4 bytes) const { return bytes; }
  __device__ uint4 bad() const { return {~0u, ~0u, ~0u, ~0u}; }
};

// width in elements of Convert::In
template <class Convert>
__global__ void __launch_bounds__(RowTile::kThreads)
    gather_kernel(int64_t n, int64_t width, const typename Convert::In* rows,
                  const RowSource source, int lanes, const Convert convert,
                  typename Convert::Out* y) {
  const RowShare share = row_share(lanes);
  for (int64_t i = share.first_row; i < n; i += share.row_step) {
    const int64_t row = source_row(source, i);
    for (int64_t k = share.lane; k < width; k += lanes) {
      y[i * width + k] = row < 0 ? convert.bad() : convert(rows[row * width + k]);
    }
  }
}

}  // namespace sslcuda::cuda
