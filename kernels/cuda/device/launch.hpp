// launch.hpp - what the host side of every op needs: error return, grids, pieces of a workspace.
#pragma once

#include <device/simt.cuh>

#include <algorithm>

#include "kernels/backend.hpp"
#include "kernels/math.hpp"

// Returns a failed cudaError_t from the calling function.
#define SSLCUDA_TRY(...)                                                                \
  do {                                                                                  \
    if (const cudaError_t error_ = (__VA_ARGS__); error_ != cudaSuccess) return error_; \
  } while (false)

namespace sslcuda::cuda {

// Grids are one-dimensional, the only direction without a limit of 65535. Kernels whose work could
// exceed this limit loop over it.
inline dim3 grid_1d(int64_t blocks) {
  constexpr int64_t kLimit = (int64_t{1} << 31) - 1;
  return dim3(static_cast<unsigned>(std::min(blocks, kLimit)));
}

inline cudaStream_t stream_of(const Exec& exec) { return static_cast<cudaStream_t>(exec.stream); }

// Cuts a workspace into arrays. With a null base it only adds up the bytes, so one function lays
// out the workspace both for the query and for the launch.
class WorkspaceLayout {
 public:
  explicit WorkspaceLayout(void* base) : base_(reinterpret_cast<uintptr_t>(base)) {}

  float* floats(int64_t count) { return static_cast<float*>(bytes(count * sizeof(float))); }

  void* bytes(size_t count) {
    void* const piece = reinterpret_cast<void*>(base_ + used_);
    used_ += align_up(count);
    return piece;
  }

  size_t used() const { return used_; }

 private:
  uintptr_t base_;
  size_t used_ = 0;
};

}  // namespace sslcuda::cuda
