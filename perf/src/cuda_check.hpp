// cuda_check.hpp - CUDA errors as exceptions, and time between two events.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace sslcuda::perf {

inline void must(cudaError_t error) {
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
  }
}

class EventPair {
 public:
  EventPair() {
    must(cudaEventCreate(&start_));
    must(cudaEventCreate(&stop_));
  }
  ~EventPair() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  EventPair(const EventPair&) = delete;
  EventPair& operator=(const EventPair&) = delete;

  void start(cudaStream_t stream) const { must(cudaEventRecord(start_, stream)); }
  // Of what was queued since then; waits for it.
  float milliseconds_since_start(cudaStream_t stream) const {
    must(cudaEventRecord(stop_, stream));
    must(cudaEventSynchronize(stop_));
    float milliseconds = 0;
    must(cudaEventElapsedTime(&milliseconds, start_, stop_));
    return milliseconds;
  }

 private:
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace sslcuda::perf
