// cuda_device_absent.cpp - stands in for cuda_device.cpp in a build without CUDA.
#include "perf/src/device.hpp"

namespace sslcuda::perf {

std::unique_ptr<Device> cuda_device(const Library&) {
  throw std::runtime_error("this build has no CUDA");
}

}  // namespace sslcuda::perf
