// device_memory.hpp - GPU memory that a peer keeps for itself.
#pragma once

#include <cstddef>

#include "perf/src/cuda_check.hpp"

namespace sslcuda::perf {

class DeviceMemory {
 public:
  explicit DeviceMemory(size_t bytes) : bytes_(bytes) { must(cudaMalloc(&data_, bytes)); }
  ~DeviceMemory() { cudaFree(data_); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  void upload(const void* from) const {
    must(cudaMemcpy(data_, from, bytes_, cudaMemcpyHostToDevice));
  }

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

}  // namespace sslcuda::perf
