// device_array.hpp - an array in device memory for a test; failures of the runtime fail the test.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <vector>

namespace sslcuda::test {

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : DeviceArray(std::vector<T>(count)) {}

  explicit DeviceArray(const std::vector<T>& values) : count_(values.size()) {
    EXPECT_EQ(cudaMalloc(&memory_, bytes()), cudaSuccess);
    EXPECT_EQ(cudaMemcpyAsync(memory_, values.data(), bytes(), cudaMemcpyHostToDevice, nullptr),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  }

  ~DeviceArray() { EXPECT_EQ(cudaFree(memory_), cudaSuccess); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return static_cast<T*>(memory_); }

  // After all that was launched has run.
  std::vector<T> values() const {
    std::vector<T> values(count_);
    EXPECT_EQ(cudaMemcpyAsync(values.data(), memory_, bytes(), cudaMemcpyDeviceToHost, nullptr),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
    return values;
  }

 private:
  size_t bytes() const { return count_ * sizeof(T); }

  const size_t count_;
  void* memory_ = nullptr;
};

}  // namespace sslcuda::test

// The launch is accepted, and the kernel ends without a fault.
#define EXPECT_RUNS(launch)                                       \
  do {                                                            \
    const cudaError_t error_ = (launch);                          \
    EXPECT_EQ(error_, cudaSuccess) << cudaGetErrorString(error_); \
    const cudaError_t ended_ = cudaStreamSynchronize(nullptr);    \
    EXPECT_EQ(ended_, cudaSuccess) << cudaGetErrorString(ended_); \
  } while (false)
