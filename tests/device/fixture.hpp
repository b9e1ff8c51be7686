// fixture.hpp - a test that needs a GPU of some compute capability, and is skipped without. The
// emulator has all of them.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

namespace sslcuda::test {

template <int kMajor>
class DeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) GTEST_SKIP() << "no GPU";
    cudaDeviceProp properties;
    ASSERT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
    const bool fits = kMajor == 9 ? properties.major == 9 : properties.major >= kMajor;
    if (!fits) {  // the kernels for sm_90a run on no later GPU either
      GTEST_SKIP() << properties.name << " has compute capability " << properties.major << "."
                   << properties.minor;
    }
  }
};

}  // namespace sslcuda::test
